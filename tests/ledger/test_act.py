"""An act happens and is recorded, both or neither."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from governance import ledger
from governance.core import canonical
from governance.ledger import tree
from governance.ledger.models import LedgerEntry, LedgerHead
from governance.ledger.verbs import Verb
from governance.ledger.verify import verify

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class Broken(Exception):
    """Something went wrong in the middle of an act."""


def break_off(name: str, *, by, at) -> None:
    """An act that makes a group, says so, and fails."""
    with ledger.act(by=by, at=at) as say:
        say(Verb.RECORD_CREATED, Group.objects.create(name=name))
        raise Broken


def recorded() -> list[tuple]:
    """Everything on record, as (actor, verb, subject kind)."""
    return list(LedgerEntry.objects.order_by("seq").values_list("actor", "verb", "subject_kind"))


def test_an_act_records_who_did_what_to_what_and_when(person, at):
    with ledger.act(by=person, at=at) as say:
        group = Group.objects.create(name="Finance")
        say(
            Verb.FUNCTION_GRANTED,
            group,
            initiative=42,
            person_id=9,
            until=date(2027, 1, 31),
            limit=Decimal("10.50"),
            text={"reason": "Joins"},
        )

    entry = LedgerEntry.objects.get()
    assert (entry.seq, entry.at, entry.actor, entry.person_id, entry.verb) == (
        1,
        at,
        "person:17",
        17,
        Verb.FUNCTION_GRANTED,
    )
    assert (entry.subject_kind, entry.subject_id, entry.initiative_id) == ("group", group.pk, 42)
    assert entry.detail == {"limit": "10.50", "person_id": 9, "until": "2027-01-31"}
    assert entry.text == {"reason": "Joins"}


def test_the_leaf_is_canonical_json_with_every_column_inside_and_no_text(person, at):
    with ledger.act(by=person, at=at) as say:
        say(
            Verb.DECISION_ANSWERED,
            Group(pk=3),
            initiative=42,
            outcome="pass",
            label='naïve "x" \\ ✓',
            text={"reason": "Because"},
        )

    entry, head = LedgerEntry.objects.get(), LedgerHead.objects.get()
    leaf = bytes(entry.leaf)
    assert leaf == canonical.encode(json.loads(leaf))
    assert json.loads(leaf) == {
        "actor": "person:17",
        "at": "2026-11-20T09:30:00.000125Z",
        "chain": head.chain,
        "detail": {"label": 'naïve "x" \\ ✓', "outcome": "pass"},
        "initiative": 42,
        "recorded_at": entry.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "seq": 1,
        "subject": "group:3",
        "text": entry.text_digest,
        "verb": "decision.answered",
    }
    assert bytes(entry.leaf_hash) == tree.leaf_hash(leaf)
    assert (head.size, head.root) == (1, tree.leaf_hash(leaf).hex())


def test_the_database_dates_the_record_itself(person, at):
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        stored = cursor.fetchone()[0]
    before = stored if isinstance(stored, datetime) else datetime.fromisoformat(f"{stored}+00:00")

    with ledger.act(by=person, at=at) as say:
        say(Verb.POLICY_SET, None)

    assert before <= LedgerEntry.objects.get().recorded_at < before + timedelta(minutes=1)


def test_the_same_text_never_has_the_same_digest_twice(person, at):
    with ledger.act(by=person, at=at) as say:
        say(Verb.STOP_ASKED, Group(pk=1), text={"reason": "Harm"})
        say(Verb.STOP_ASKED, Group(pk=1), text={"reason": "Harm"})

    digests = set(LedgerEntry.objects.values_list("text_digest", flat=True))
    assert len(digests) == 2


def test_a_text_without_words_is_no_text(person, at):
    with ledger.act(by=person, at=at) as say:
        say(Verb.STOP_ASKED, Group(pk=1), text={"reason": "", "note": None})

    assert LedgerEntry.objects.values_list("text", "text_salt", "text_digest").get() == (None, None, "")


def test_words_of_the_interface_are_kept_as_they_read_now(person, at):
    with ledger.act(by=person, at=at) as say:
        after = {
            "purpose": gettext_lazy("Claims"),
            "tools": {"b", "a"},
            "due": at,
            "share": Decimal("0.10"),
            "unit": None,
        }
        say(
            Verb.INITIATIVE_AMENDED,
            Group(pk=1),
            text={"reason": gettext_lazy("Harm"), "after": after, "list": ("a", 1)},
        )

    assert LedgerEntry.objects.get().text == {
        "reason": "Harm",
        "after": {
            "purpose": "Claims",
            "tools": ["a", "b"],
            "due": "2026-11-20T09:30:00.000125Z",
            "share": "0.10",
            "unit": None,
        },
        "list": ["a", 1],
    }


def test_the_person_may_still_be_a_promise_of_one(person, at):
    with ledger.act(by=SimpleLazyObject(lambda: person), at=at) as say:
        say(Verb.STOP_ASKED, SimpleLazyObject(lambda: Group(pk=5)), subject=3, verb="x")

    assert recorded() == [("person:17", "stop.asked", "group")]
    assert LedgerEntry.objects.get().detail == {"subject": 3, "verb": "x"}


def test_a_subject_may_be_saved_after_it_is_spoken_of(person, at):
    with ledger.act(by=person, at=at) as say:
        group = Group(name="Legal")
        say(Verb.FUNCTION_GRANTED, group, initiative=group_with_history(group))
        group.save()

    assert LedgerEntry.objects.values_list("subject_id", "initiative_id").get() == (group.pk, group.pk)


def group_with_history(group: Group) -> Group:
    """The group itself, standing in for an initiative that gets its key later."""
    return group


def test_a_subject_that_is_gone_when_the_act_closes_keeps_its_key(person, at):
    group = Group.objects.create(name="Legal")
    key = group.pk

    with ledger.act(by=person, at=at) as say:
        say(Verb.RECORD_GONE, group)
        group.delete()

    assert LedgerEntry.objects.get().subject_id == key


def test_a_subject_that_was_never_saved_stops_the_act(person, at):
    def forgetful():
        with ledger.act(by=person, at=at) as say:
            Group.objects.create(name="Finance")
            say(Verb.FUNCTION_GRANTED, Group(name="Legal"))

    with pytest.raises(TypeError, match="group, was not saved before the act closed"):
        forgetful()

    assert not Group.objects.filter(name="Finance").exists()
    assert recorded() == []


def test_what_belongs_to_an_initiative_is_in_its_history(person, at):
    child = Group(pk=3)
    child.initiative_id = 42

    with ledger.act(by=person, at=at) as say:
        say(Verb.DECISION_ASKED, child)
        say(Verb.POLICY_SET, Group(pk=3))

    assert list(LedgerEntry.objects.order_by("seq").values_list("initiative_id", flat=True)) == [42, None]


def test_nothing_said_writes_nothing_and_locks_nothing(person, at, django_assert_num_queries):
    with django_assert_num_queries(2), ledger.act(by=person, at=at):  # SAVEPOINT, RELEASE
        pass

    assert LedgerHead.objects.get().size == 0


def test_any_number_of_entries_costs_three_statements(person, at, django_assert_num_queries):
    with django_assert_num_queries(2 + 3), ledger.act(by=person, at=at) as say:
        for n in range(50):
            say(Verb.RECORD_CREATED, Group(pk=n))

    assert LedgerHead.objects.get().size == 50
    assert verify().ok


def test_an_act_that_raises_leaves_nothing_behind(person, at):
    with pytest.raises(Broken):
        break_off("Finance", by=person, at=at)

    assert not Group.objects.filter(name="Finance").exists()
    assert recorded() == []
    assert LedgerHead.objects.get().size == 0


def test_an_act_whose_entry_cannot_be_written_does_not_happen(person, at):
    fault = {
        "sqlite": [
            "CREATE TRIGGER fault BEFORE INSERT ON governance_ledgerentry BEGIN SELECT RAISE(ABORT, 'no room left'); END"
        ],
        "postgresql": [
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE unique_violation; END'",
            "CREATE TRIGGER fault BEFORE INSERT ON governance_ledgerentry FOR EACH ROW EXECUTE FUNCTION fault()",
        ],
    }
    with connection.cursor() as cursor:
        for statement in fault[connection.vendor]:
            cursor.execute(statement)

    with pytest.raises(IntegrityError), ledger.act(by=person, at=at) as say:
        say(Verb.FUNCTION_GRANTED, Group.objects.create(name="Finance"))

    assert not Group.objects.filter(name="Finance").exists()
    assert recorded() == []


def test_without_a_head_nothing_happens_and_the_message_says_how_to_mend_it(person, at, attacker):
    with attacker.at_work():
        attacker.run("DELETE FROM governance_ledgerhead")

        with (
            pytest.raises(RuntimeError, match=r"no head row.*manage.py migrate"),
            ledger.act(by=person, at=at) as say,
        ):
            say(Verb.FUNCTION_GRANTED, Group.objects.create(name="Finance"))

        assert not Group.objects.filter(name="Finance").exists()


def test_an_inner_act_joins_the_outer_one_and_keeps_its_own_actor_and_moment(person, at):
    later = at + timedelta(days=1)

    with ledger.act(by=person, at=at) as say:
        say(Verb.DECISION_ASKED, Group(pk=1))
        with ledger.act(by="system:sweep", at=later) as say_inside:
            say_inside(Verb.DECISION_LAPSED, Group(pk=1))
        say(Verb.DECISION_WITHDRAWN, Group(pk=1))
        assert recorded() == []

    assert [(e.actor, e.verb, e.at) for e in LedgerEntry.objects.order_by("seq")] == [
        ("person:17", "decision.asked", at),
        ("system:sweep", "decision.lapsed", later),
        ("person:17", "decision.withdrawn", at),
    ]
    assert LedgerEntry.objects.values("recorded_at").distinct().count() == 1


def test_an_inner_act_that_fails_takes_its_entries_with_it_and_spares_the_outer_one(person, at):
    with ledger.act(by=person, at=at) as say:
        say(Verb.IMPORT_BEGAN, None)
        with pytest.raises(Broken):
            break_off("Row 1", by="import:5", at=at)
        with ledger.act(by="import:5", at=at) as say_inside:
            say_inside(Verb.RECORD_CREATED, Group.objects.create(name="Row 2"))

    assert recorded() == [("person:17", "import.began", ""), ("import:5", "record.created", "group")]
    assert list(Group.objects.filter(name__startswith="Row").values_list("name", flat=True)) == ["Row 2"]


def test_an_outer_act_that_fails_takes_the_inner_one_with_it(person, at):
    def outer():
        with ledger.act(by=person, at=at):
            with ledger.act(by="import:5", at=at) as say:
                say(Verb.RECORD_CREATED, Group.objects.create(name="Row 1"))
            raise Broken

    with pytest.raises(Broken):
        outer()

    assert recorded() == []
    assert not Group.objects.filter(name="Row 1").exists()


def test_say_inside_a_bare_atomic_block_is_refused_because_that_block_may_roll_back(person, at):
    with (
        pytest.raises(RuntimeError, match=r"inner ledger.act"),
        ledger.act(by=person, at=at) as say,
        transaction.atomic(),
    ):
        say(Verb.DECISION_ASKED, Group(pk=1))

    assert recorded() == []


def test_say_after_the_act_has_closed_is_refused(person, at):
    with ledger.act(by=person, at=at) as say:
        pass

    with pytest.raises(RuntimeError, match="this act has closed"):
        say(Verb.DECISION_ASKED, Group(pk=1))


@pytest.mark.django_db(transaction=True)
def test_what_runs_on_commit_opens_an_act_of_its_own(person, at):
    def afterwards():
        with ledger.act(by="system:sweep", at=at) as say:
            say(Verb.NOTICE_FAILED, None)

    with ledger.act(by=person, at=at) as say:
        say(Verb.DECISION_ASKED, Group(pk=1))
        transaction.on_commit(afterwards)

    assert [verb for _, verb, _ in recorded()] == ["decision.asked", "notice.failed"]
    assert verify().ok


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("Maria", "'Maria' names nobody"),
        ('system:"x"', "names nobody"),
        ("system:" + "x" * 60, "names nobody"),
        (None, "None is no person"),
        (Group(pk=1), "is no person"),
    ],
)
def test_an_actor_the_ledger_does_not_know_is_refused(by, said, at):
    with pytest.raises(TypeError, match=said), ledger.act(by=by, at=at):
        Group.objects.create(name="Finance")

    assert not Group.objects.filter(name="Finance").exists()


def test_a_naive_moment_is_refused(person, at):
    with (
        pytest.raises(TypeError, match="pass an aware datetime"),
        ledger.act(by=person, at=at.replace(tzinfo=None)),
    ):
        pass


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"reason": "x" * 201}, r"reason holds 201 characters.*text=\{'reason': …\}"),
        ({"owner": Group(pk=1)}, r"owner is a group.*owner_id=….pk"),
        ({"blob": b"x"}, "blob is a bytes"),
        ({"people": [1, object()]}, "people is a object"),
        ({"text": "free text"}, "text is a str"),
    ],
)
def test_a_leaf_takes_ids_codes_numbers_dates_and_digests_only(arguments, said, person, at):
    with pytest.raises((TypeError, ValueError), match=said), ledger.act(by=person, at=at) as say:
        say(Verb.DECISION_ASKED, Group(pk=1), **arguments)

    assert recorded() == []


def test_a_verb_that_is_not_in_the_list_is_refused(person, at):
    with (
        pytest.raises(ValueError, match=r"'decision.guessed' is no verb of the ledger"),
        ledger.act(by=person, at=at) as say,
    ):
        say("decision.guessed", Group(pk=1))


def test_a_subject_that_is_no_model_is_refused(person, at):
    with pytest.raises(TypeError, match="Pass the model instance"), ledger.act(by=person, at=at) as say:
        say(Verb.DECISION_ASKED, 17)


def test_every_verb_has_a_phrase_and_a_text_that_a_leaf_can_hold_unescaped():
    for verb in Verb:
        assert str(verb.label)[0].islower(), verb
        assert str(verb.label).strip(".") == str(verb.label), verb
        assert verb.value.replace(".", "").replace("_", "").isalpha(), verb


@pytest.mark.parametrize(
    "change",
    [
        lambda: LedgerEntry().save(),
        lambda: LedgerEntry().delete(),
        lambda: LedgerEntry.objects.create(),
        lambda: LedgerEntry.objects.bulk_create([]),
        lambda: LedgerEntry.objects.all().update(actor="withheld"),
        lambda: LedgerEntry.objects.filter(seq=1).delete(),
    ],
)
def test_the_model_offers_no_way_to_change_an_entry(change):
    with pytest.raises(TypeError, match="The ledger only grows"):
        change()
