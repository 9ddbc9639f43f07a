"""A signed line outside the database shows what the database alone cannot: a cut tail, a rewritten past."""

import base64
import json
import stat
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured

from governance import ledger
from governance.core import canonical
from governance.ledger import checkpoint, guards
from governance.ledger.models import LedgerEntry, LedgerHead
from governance.ledger.verbs import Verb
from governance.ledger.verify import Problem, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings):
    """The one file checkpoints go to."""
    return settings.MANDATE_CHECKPOINT_SINKS[0]


@pytest.fixture
def signed(fill, at):
    """Thirteen entries, a checkpoint over them, and the entry that tells of it."""
    fill(13)
    assert checkpoint.make(at) is True


def problems() -> list[str]:
    """What verification says, in words, guards aside."""
    return [str(problem) for problem in verify().problems if "guard" not in problem.what]


def test_a_checkpoint_is_one_signed_line(fill, at, sink, settings):
    fill(5)
    head = LedgerHead.objects.get()

    checkpoint.make(at)

    (line,) = sink.read_text().splitlines()
    said = json.loads(line)
    signature = base64.b64decode(said.pop("signature"))
    assert said == {
        "at": "2026-11-20T09:30:00.000125Z",
        "chain": head.chain,
        "key": said["key"],
        "root": head.root,
        "size": 5,
    }
    (public,) = (settings.MANDATE_HOME / "checkpoint_key.pub").read_text().split()
    Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(signature, canonical.encode(said))


def test_a_checkpoint_is_itself_on_record(signed, sink):
    entry = LedgerEntry.objects.get(verb=Verb.CHECKPOINT_MADE)

    assert (entry.seq, entry.actor, entry.detail["size"]) == (14, "system:checkpoint", 13)
    assert entry.detail["took"] == [checkpoint.sink_id(sink)]
    assert str(sink) not in bytes(entry.leaf).decode()
    assert (verify().ok, verify().checkpoints) == (True, 1)


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 12, 13])
def test_a_tail_cut_behind_a_checkpoint_is_named_from_its_first_entry(cut, signed, attacker):
    with attacker.at_work():
        attacker.rebuild(upto=13 - cut)

        assert verify(checkpoints=[]).seqs == []
        assert verify().seqs == list(range(14 - cut, 14))
        assert (
            verify().first.what
            == "is missing: the checkpoint of 2026-11-20T09:30:00.000125Z was signed over 13 entries"
        )


def test_a_ledger_that_ends_before_its_last_checkpoint_is_said_to_be_rolled_back(signed, attacker):
    with attacker.at_work():
        attacker.rebuild(upto=10)
        guards.install()

        assert str(verify()) == (
            "The ledger was rolled back: it ends at entry 10, and the checkpoint of 2026-11-20T09:30:00.000125Z"
            " was signed over 13."
        )
    with attacker.at_work():
        attacker.rebuild(upto=9)
        attacker.run("UPDATE governance_ledgerentry SET verb = 'stop.lifted' WHERE seq = 4")

        found = verify()
        assert f"was signed over 13. {len(found.problems) - 4} more problems." in str(found)
        assert found.seqs == [4, 10, 11, 12, 13]
    assert verify().beyond is None


@pytest.mark.slow
def test_any_tail_of_two_thousand_entries_is_missed(person, at, attacker):
    for _ in range(21):
        with ledger.act(by=person, at=at) as say:
            for n in range(100):
                say(Verb.RECORD_UPDATED, None, n=n)
    checkpoint.make(at)
    with attacker.at_work():
        for cut in [1, 2, 3, 10, 99, 100, 500, 1023, 1024, 1025, 1999, 2000]:
            with attacker.at_work():
                attacker.rebuild(upto=2100 - cut)

                assert verify().first.seq == 2101 - cut


def test_a_tail_cut_without_touching_the_head_is_named_without_any_checkpoint(fill, attacker):
    fill(13)
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry WHERE seq > 9")

        assert verify(checkpoints=[]).seqs == [10, 11, 12, 13]


def test_a_past_rewritten_from_end_to_end_no_longer_has_the_root_that_was_signed(signed, attacker):
    with attacker.at_work():
        attacker.rebuild(lambda row: {**row, "actor": "person:666"} if row["seq"] == 4 else row)

        assert verify(checkpoints=[]).seqs == []
        assert problems() == [
            "Entry 13 or one before it was rewritten after the checkpoint of 2026-11-20T09:30:00.000125Z was signed"
        ]


def test_entries_recorded_after_a_checkpoint_are_no_problem(signed, fill, at):
    fill(7)
    checkpoint.make(at)
    fill(3)

    assert (verify().ok, verify().checkpoints) == (True, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line.replace('"size":13', '"size":12'), "carries a signature that does not fit it"),
        (lambda line: line.replace('"root":"', '"root":"0'), "carries a signature that does not fit it"),
        (lambda line: line[:40], "cannot be read"),
        (lambda line: "[]", "cannot be read"),
        (lambda line: line.replace('"key":"', '"key":"0'), "is signed with a key unknown here"),
    ],
)
def test_an_altered_line_is_named(change, said, signed, sink):
    sink.write_text(change(sink.read_text().strip()) + "\n")

    verdict = verify()

    assert not verdict.ok
    assert f"Line 1 of {sink} {said}" in verdict.problems[0].what


def test_a_sink_that_lost_the_last_checkpoint_is_named(signed, sink):
    sink.write_text("")
    assert problems() == [f"{sink} no longer holds the last checkpoint written to it"]

    sink.unlink()
    assert problems() == [f"{sink} no longer holds the last checkpoint written to it"]


def test_a_sink_added_later_owes_nothing_yet(signed, sink, settings, tmp_path):
    settings.MANDATE_CHECKPOINT_SINKS = [sink, tmp_path / "later.log"]

    assert verify().ok


def test_the_checkpoints_of_another_ledger_are_not_taken_for_ours(signed, attacker, sink):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerentry")
        attacker.run("DELETE FROM governance_ledgerhead")
        LedgerHead.objects.create(pk=1)

        assert problems() == [f"Line 1 of {sink} is a checkpoint of another ledger"]


def test_a_copy_takes_the_checkpoints_that_belong_to_it_and_none_that_came_after(signed, fill, at, sink, settings):
    other = settings.MANDATE_HOME / "other.log"
    settings.MANDATE_CHECKPOINT_SINKS = [sink, other, settings.MANDATE_HOME / "never.log"]
    sink.write_text("not a checkpoint\n" + sink.read_text())
    before, size = checkpoint.lengths(), LedgerHead.objects.get().size
    checkpoint.make(at)  # over what is copied
    fill(1)
    checkpoint.make(at)  # over more

    gathered = checkpoint.gathered(size, before).splitlines()

    kept = [json.loads(line)["size"] for line in gathered[1:]]
    assert (gathered[0], kept) == (b"not a checkpoint", [13, 14])
    assert checkpoint.gathered(13, before).splitlines() == gathered[:2]
    assert len(checkpoint.gathered(100, {}).splitlines()) == 3


def test_the_key_is_made_once_and_only_its_owner_can_read_it(signed, at, settings):
    path = settings.MANDATE_HOME / "checkpoint_key"
    made = path.read_text()

    checkpoint.make(at)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == made
    assert len((settings.MANDATE_HOME / "checkpoint_key.pub").read_text().split()) == 1


def test_a_new_key_keeps_the_old_lines_valid(signed, at, settings):
    settings.MANDATE_CHECKPOINT_KEY = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()

    checkpoint.make(at)

    assert (verify().ok, verify().checkpoints) == (True, 2)
    assert len(checkpoint.known_keys()) == 2


@pytest.mark.parametrize("key", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_is_none_is_refused_in_a_sentence(key, fill, at, settings):
    fill(1)
    settings.MANDATE_CHECKPOINT_KEY = key

    with pytest.raises(
        ImproperlyConfigured,
        match=r"MANDATE_CHECKPOINT_KEY holds no Ed25519 private key. Expected 32 random bytes in base64",
    ):
        checkpoint.make(at)


def test_a_sink_that_refuses_is_logged_and_noted_and_costs_nothing_else(fill, at, settings, tmp_path, caplog):
    fill(3)
    good, bad = tmp_path / "good.log", tmp_path / "folder"
    bad.mkdir()
    settings.MANDATE_CHECKPOINT_SINKS = [bad, good]

    assert checkpoint.make(at) is False

    assert len(good.read_text().splitlines()) == 1
    assert f"The checkpoint file {bad} cannot be written" in caplog.text
    assert LedgerEntry.objects.get(verb=Verb.CHECKPOINT_MADE).detail["refused"] == [checkpoint.sink_id(bad)]
    assert f"The last checkpoint could not be written to {bad}." in checkpoint.warnings()
    bad.rmdir()
    assert verify().ok


def test_keeping_checkpoints_never_raises(fill, at, settings, caplog):
    fill(1)
    settings.MANDATE_CHECKPOINT_KEY = "not base64!"

    assert checkpoint.keep(at) is False
    assert "No checkpoint of the ledger was made: MANDATE_CHECKPOINT_KEY holds no" in caplog.text


def test_a_checkpoint_is_due_five_minutes_after_the_last_when_there_is_something_new(fill, at):
    assert checkpoint.due(at) is False
    fill(1)
    assert checkpoint.keep(at) is True
    assert checkpoint.keep(at) is False

    later = at + timedelta(minutes=5)
    assert checkpoint.due(later) is False  # The entry about the checkpoint itself is nothing new.
    fill(1)
    assert checkpoint.due(later - timedelta(microseconds=1)) is False
    assert checkpoint.due(later) is True


def test_a_checkpoint_is_due_at_once_after_a_thousand_entries(fill, person, at):
    fill(1)
    checkpoint.make(at)
    with ledger.act(by=person, at=at) as say:
        for n in range(998):
            say(Verb.RECORD_UPDATED, None, n=n)
    assert checkpoint.due(at) is False

    fill(1)

    assert checkpoint.due(at) is True


def test_an_administrator_is_warned_when_every_sink_lies_with_the_data(settings, tmp_path):
    (warning,) = checkpoint.warnings()
    assert warning.startswith(f"Every checkpoint file is inside the data folder ({tmp_path}/checkpoints.log).")

    settings.MANDATE_CHECKPOINT_SINKS = [
        *settings.MANDATE_CHECKPOINT_SINKS,
        tmp_path.parent / "elsewhere.log",
    ]
    assert checkpoint.warnings() == []

    settings.MANDATE_CHECKPOINT_SINKS = []
    (warning,) = checkpoint.warnings()
    assert warning.startswith("Checkpoints of the ledger go nowhere.")


def test_guards_that_are_down_are_a_problem_even_when_every_entry_is_right(signed):
    with guards.lowered():
        verdict = verify()

    assert not verdict.ok
    assert verdict.seqs == []
    assert isinstance(verdict.first, Problem)
