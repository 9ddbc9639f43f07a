"""Whatever is changed in the record, verification names it; what was not touched is not named."""

import json

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as how_many
from hypothesis import strategies as st

from governance.ledger import checkpoint, guards, tree, verify
from governance.ledger.models import LedgerEntry, LedgerHead
from tests.ledger.conftest import NAMES, Attacker, leaf_of

pytestmark = pytest.mark.django_db

SIZE = 13

INTEGERS = {"seq", "subject_id", "initiative_id"}
RUNS_OF_BYTES = {"leaf", "leaf_hash", "nodes"}


@pytest.fixture
def small(fill):
    """A ledger of thirteen entries: full subtrees of 8 and 4, and one entry alone."""
    fill(SIZE)
    assert verify.verify().ok


def flipped(column: str, value, index: int, bit: int):
    """Return `value` with one bit changed; what is NULL comes to hold something."""
    if column in INTEGERS:
        return 1 << bit if value is None else value ^ (1 << bit)
    if value is None:
        return "x"
    if column in RUNS_OF_BYTES:
        changed = bytearray(value) or bytearray(32)
        changed[index % len(changed)] ^= 1 << bit % 8
        return bytes(changed)
    if not value:
        return "x"
    if connection.vendor == "sqlite":
        changed = bytearray(value.encode())
        changed[index % len(changed)] ^= 1 << bit % 8
        return bytes(changed)  # Stored as text: it may no longer be UTF-8, as on a real disk.
    letters = list(value)
    letter = letters[index % len(letters)]
    letters[index % len(letters)] = chr(max(ord(letter) ^ (1 << bit % 7), 1))
    return "".join(letters)


def change(attacker: Attacker, seq: int, column: str, index: int, bit: int) -> None:
    """Change one bit of one column of one entry."""
    value = flipped(column, attacker.read(seq)[column], index, bit)
    as_text = column not in INTEGERS | RUNS_OF_BYTES and connection.vendor == "sqlite"
    place = "CAST(%s AS TEXT)" if as_text else "%s"
    attacker.run(f"UPDATE governance_ledgerentry SET {column} = {place} WHERE seq = %s", value, seq)


def flip_and_look(attacker: Attacker, seq: int, column: str, index: int, bit: int) -> None:
    """Change one bit, and expect that entry to be named: alone, unless its number itself has changed."""
    with attacker.at_work():
        change(attacker, seq, column, index, bit)
        verdict = verify.verify()

    assert not verdict.ok
    if column == "seq":
        assert set(verdict.seqs) == {seq, seq ^ (1 << bit)}
    else:
        assert verdict.seqs == [seq]
    assert verdict.first.seq <= seq


@pytest.mark.parametrize("column", [name for name in NAMES if name != "seq"])
def test_a_change_to_any_column_of_any_entry_is_named(column, small, attacker):
    for seq in range(1, SIZE + 1):
        flip_and_look(attacker, seq, column, index=seq, bit=0)


a_flip = given(
    seq=st.integers(1, SIZE),
    column=st.sampled_from(NAMES),
    index=st.integers(0, 2000),
    bit=st.integers(0, 40),
)


@how_many(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@a_flip
def test_any_bit_of_any_column_is_named(small, attacker, seq, column, index, bit):
    assume(column != "seq" or seq ^ (1 << bit) > SIZE)  # Otherwise the number is taken, or none.
    flip_and_look(attacker, seq, column, index, bit)


@pytest.mark.slow
@pytest.mark.timeout(900)
@how_many(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@a_flip
def test_ten_thousand_bits_of_any_column_are_named(small, attacker, seq, column, index, bit):
    assume(column != "seq" or seq ^ (1 << bit) > SIZE)
    flip_and_look(attacker, seq, column, index, bit)


@pytest.mark.parametrize("column", ["size", "root", "frontier", "chain"])
def test_a_change_to_the_head_is_named_and_no_entry_is_blamed_for_it(column, small, attacker):
    value = {"size": SIZE - 1, "root": "0" * 64, "frontier": b"x" * 96, "chain": "0" * 32}[column]
    with attacker.at_work():
        attacker.run(f"UPDATE governance_ledgerhead SET {column} = %s", value)
        verdict = verify.verify()

    said = [str(problem) for problem in verdict.problems if "guard" not in problem.what]
    assert (
        said
        == {
            "size": [
                "The head's root is not the root of its 12 entries",
                f"Entry {SIZE} is not among the 12 entries the head counts",
            ],
            "root": ["The head's root is not the root of its 13 entries"],
            "frontier": ["The head's root is not the root of its 13 entries"],
            "chain": ["The head names another ledger than the entries do"],
        }[column]
    )


def test_a_missing_head_is_named(small, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerhead")

        assert str(verify.verify()) == "The ledger is not whole. The head row is missing."


@pytest.mark.parametrize("seq", range(1, SIZE))
def test_a_deleted_entry_is_named_alone(seq, small, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq = %s", seq)
        verdict = verify.verify()

    assert verdict.seqs == [seq]
    assert verdict.first == verify.Problem(seq, "is missing")


@pytest.mark.parametrize(("first", "last"), [(1, 2), (2, 7), (1, 12), (4, 4), (5, 8), (8, 11)])
def test_a_deleted_run_of_entries_is_named_to_the_last(first, last, small, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq BETWEEN %s AND %s", first, last)

        assert verify.verify().seqs == list(range(first, last + 1))


def test_two_changes_far_apart_are_both_named(small, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq = 3")
        attacker.run("UPDATE governance_ledgerentry SET actor = 'person:1' WHERE seq = 10")

        assert verify.verify().seqs == [3, 10]


def test_a_gap_hides_nothing_above_it(small, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq = 2")
        nodes = bytes(attacker.read(8)["nodes"])
        attacker.run("UPDATE governance_ledgerentry SET nodes = %s WHERE seq = 8", nodes[:64] + b"x" * 32)

        assert verify.verify().seqs == [2, 8]


def test_a_gap_hides_nothing_before_it(small, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq = 10")
        frontier = b"x" * 32 + bytes(LedgerHead.objects.get().frontier)[32:]
        attacker.run(
            "UPDATE governance_ledgerhead SET frontier = %s, root = %s",
            frontier,
            tree.root(tree.unpacked(frontier)).hex(),
        )
        verdict = verify.verify()

    assert verdict.seqs == [10]
    assert f"The head's root is not the root of its {SIZE} entries" in map(str, verdict.problems)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps the kind of a column")
@pytest.mark.parametrize(
    ("column", "value"),
    [("subject_id", 5.5), ("initiative_id", "forty"), ("leaf", 7), ("nodes", 7.5)],
)
def test_a_value_of_another_kind_is_named(column, value, small, attacker):
    with attacker.at_work():
        attacker.run(f"UPDATE governance_ledgerentry SET {column} = %s WHERE seq = 2", value)

        assert verify.verify().seqs == [2]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 9), (6, 8), (1, SIZE)])
def test_swapped_entries_are_named_both(one, other, small, attacker):
    with attacker.at_work():
        for before, after in (one, 1000), (other, one), (1000, other):
            attacker.run("UPDATE governance_ledgerentry SET seq = %s WHERE seq = %s", after, before)

        assert verify.verify().seqs == [one, other]


def push_up(attacker: Attacker, after: int) -> None:
    """Make room behind entry `after`."""
    for seq in range(SIZE, after, -1):
        attacker.run("UPDATE governance_ledgerentry SET seq = %s WHERE seq = %s", seq + 1, seq)
    attacker.run("UPDATE governance_ledgerhead SET size = size + 1")


@pytest.mark.parametrize("after", [1, 4, 7, 12])
def test_an_inserted_entry_is_named_first(after, small, attacker):
    with attacker.at_work():
        push_up(attacker, after)
        forged = {**attacker.read(after), "seq": after + 1, "actor": "person:666"}
        forged["leaf"] = leaf_of(forged, LedgerHead.objects.get().chain)
        attacker.write(forged)
        verdict = verify.verify()

    assert verdict.seqs == list(range(after + 1, SIZE + 2))


@pytest.mark.parametrize("after", [1, 4, 7, 12])
def test_a_duplicated_entry_is_named_first(after, small, attacker):
    with attacker.at_work():
        push_up(attacker, after)
        attacker.write({**attacker.read(after), "seq": after + 1})
        verdict = verify.verify()

    assert verdict.seqs == list(range(after + 1, SIZE + 2))


def test_entries_added_past_the_head_are_named(small, attacker):
    with attacker.at_work():
        attacker.write({**attacker.read(SIZE), "seq": SIZE + 1})
        attacker.write({**attacker.read(SIZE), "seq": 2**40})
        verdict = verify.verify()

    named = {problem.seq for problem in verdict.problems if "not among" in problem.what}
    assert named == {SIZE + 1, 2**40}


@pytest.mark.parametrize("seq", range(1, SIZE + 1))
def test_an_entry_forged_together_with_its_leaf_and_hash_does_not_fit_the_tree(seq, small, attacker):
    with attacker.at_work():
        forged = {**attacker.read(seq), "actor": "person:666"}
        forged["leaf"] = leaf_of(forged, LedgerHead.objects.get().chain)
        forged["leaf_hash"] = verify.sha256(b"\x00" + forged["leaf"]).digest()
        attacker.run(
            "UPDATE governance_ledgerentry SET actor = %s, leaf = %s, leaf_hash = %s WHERE seq = %s",
            forged["actor"],
            forged["leaf"],
            forged["leaf_hash"],
            seq,
        )
        verdict = verify.verify()

    blamed = [problem for problem in verdict.problems if "guard" not in problem.what]
    if seq == SIZE:
        assert [problem.what for problem in blamed] == [f"The head's root is not the root of its {SIZE} entries"]
    else:
        assert {f"(from entry {first})" in blamed[0].what for first in (seq, seq - 1)} == {True, False}


def test_an_entry_moved_to_another_initiative_or_person_is_named(small, attacker):
    with attacker.at_work():
        attacker.run("UPDATE governance_ledgerentry SET initiative_id = 99 WHERE seq = 2")
        attacker.run("UPDATE governance_ledgerentry SET actor = 'withheld' WHERE seq = 5")
        verdict = verify.verify()

    assert [str(problem) for problem in verdict.problems[:2]] == [
        "Entry 2 has columns that are not what its leaf says: initiative_id",
        "Entry 5 has columns that are not what its leaf says: actor",
    ]


def test_half_an_erasure_and_a_late_text_are_named(small, attacker):
    with attacker.at_work():
        attacker.run("UPDATE governance_ledgerentry SET text = NULL WHERE seq = 2")
        attacker.run("UPDATE governance_ledgerentry SET text_salt = NULL WHERE seq = 4")
        attacker.run('UPDATE governance_ledgerentry SET text = \'{"reason":"x"}\' WHERE seq = 6')
        attacker.run("UPDATE governance_ledgerentry SET text = '{\"reason\":\"x\"}', text_salt = 'y' WHERE seq = 7")

        assert verify.verify().seqs == [2, 4, 6, 7]


def test_the_list_of_problems_has_an_end_and_says_how_many_more(small, attacker, monkeypatch):
    monkeypatch.setattr(verify, "LISTED", 5)
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq > 2")
        verdict = verify.verify()

    assert (len(verdict.problems), verdict.more > 5) == (5, True)


def test_a_head_that_claims_a_million_million_entries_is_answered_at_once(small, attacker):
    with attacker.at_work():
        attacker.run("UPDATE governance_ledgerhead SET size = %s", 10**12)
        verdict = verify.verify()

    assert verdict.first == verify.Problem(SIZE + 1, "is missing")
    assert verdict.more > 10**11


def test_the_empty_ledger_is_whole():
    assert str(verify.verify()) == "The ledger is whole: 0 entries, root e3b0c44298fc1c14, 0 signed checkpoints agree."


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9])
def test_batches_of_any_size_read_the_same(size, small, monkeypatch, attacker):
    monkeypatch.setattr(verify, "BATCH", size)

    assert verify.verify().ok
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq BETWEEN 3 AND 7")
        attacker.run("UPDATE governance_ledgerentry SET detail = '{}' WHERE seq = 9")

        assert verify.verify().seqs == [3, 4, 5, 6, 7, 9]


def test_entries_recorded_while_it_reads_are_no_problem(small, fill):
    class Busy(verify.Live):
        def rows(self, after, upto):
            fill(1)
            return super().rows(after, upto)

    verdict = verify.verify_source(Busy())

    assert verdict.ok
    assert verdict.size == SIZE
    assert LedgerEntry.objects.count() == SIZE + 1


def test_a_checkpoint_signed_while_it_reads_is_no_problem(small, fill, at):
    class Busy(verify.Live):
        def head(self):
            found = super().head()
            fill(1)
            checkpoint.make(at)
            return found

    assert verify.verify_source(Busy(), settings.MANDATE_CHECKPOINT_SINKS).ok


def test_the_command_says_one_sentence_and_exits_with_0_when_whole(small, capsys):
    call_command("verify_ledger")

    root = LedgerHead.objects.get().root[:16]
    assert capsys.readouterr().out == f"The ledger is whole: 13 entries, root {root}, 0 signed checkpoints agree.\n"


def test_the_command_names_the_first_wrong_entry_and_exits_with_1(small, attacker, capsys):
    with attacker.at_work():
        attacker.run("UPDATE governance_ledgerentry SET verb = 'stop.lifted' WHERE seq = 4")
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq = 9")
        with pytest.raises(SystemExit) as ended:
            call_command("verify_ledger")

    assert ended.value.code == 1
    expected = f"{1 + len(guards._SQLITE if connection.vendor == 'sqlite' else guards._POSTGRESQL)} more problems"
    assert (
        capsys.readouterr().out
        == f"The ledger is not whole. Entry 4 has columns that are not what its leaf says: verb. {expected}.\n"
    )


def test_the_command_says_so_when_there_is_no_ledger_to_read(monkeypatch):
    monkeypatch.setattr(verify, "HEAD_SQL", "SELECT size FROM no_such_table")

    with pytest.raises(
        CommandError, match=r"The ledger cannot be read: .*no_such_table(.|\n)*run `manage.py migrate` first"
    ):
        call_command("verify_ledger")


def test_the_command_speaks_json(small, attacker, capsys):
    call_command("verify_ledger", "--json")
    whole = json.loads(capsys.readouterr().out)
    with attacker.at_work():
        attacker.run("UPDATE governance_ledgerentry SET verb = 'stop.lifted' WHERE seq = 4")
        with pytest.raises(SystemExit):
            call_command("verify_ledger", "--json")
    broken = json.loads(capsys.readouterr().out)

    assert {key: whole[key] for key in ("ok", "size", "problems", "more", "checkpoints")} == {
        "ok": True,
        "size": 13,
        "problems": [],
        "more": 0,
        "checkpoints": 0,
    }
    assert whole["rolled_back"] is False
    assert whole["root"] == LedgerHead.objects.get().root
    assert broken["ok"] is False
    assert broken["problems"][0] == {"seq": 4, "what": "has columns that are not what its leaf says: verb"}
