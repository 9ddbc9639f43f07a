"""The record in words: a sentence for every verb, by day and by kind, paged; and one signature."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from governance import ledger
from governance.core import clock
from governance.gates import actions as gates
from governance.initiatives import actions, history, roles
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.ledger.models import LedgerEntry
from governance.signatures import actions as signatures
from governance.signatures.models import Signature
from tests.make import AT, WAYS, make_initiative


def nothing(**detail) -> history.Told:
    """What an entry tells once its words are erased and its people unknown."""
    return history.Told(detail, {}, {}, {})


@pytest.mark.parametrize("verb", list(Verb), ids=lambda verb: verb.value)
def test_every_verb_has_a_sentence_even_when_its_words_are_erased(verb, db):
    said = history.sentence(verb, nothing())

    assert said
    assert said[0].islower()
    assert "None" not in said
    assert "%(" not in said
    assert history.detail(verb, nothing()) == ""


@pytest.mark.parametrize("verb", list(Verb), ids=lambda verb: verb.value)
def test_every_verb_belongs_to_the_whole_and_to_one_kind_at_most(verb):
    kinds = [name for name in history.TYPES if verb.value in history.of_type(name)]

    assert len(kinds) <= 1
    assert verb.value in history.of_type("")


#: What an entry holds, and what it says.
SAID = {
    (Verb.INITIATIVE_MOVED, (("step", "go_live"), ("left", "build"), ("entered", "production"))): "took it live",
    (
        Verb.INITIATIVE_MOVED,
        (("step", "restart"), ("left", "stopped"), ("entered", "pilot")),
    ): "restarted it: it is at Pilot again",
    (
        Verb.INITIATIVE_MOVED,
        (("step", "correct"), ("left", "production"), ("entered", "idea")),
    ): "corrected the record: Production → Idea",
    (Verb.DECISION_ANSWERED, (("kind", "funding"), ("outcome", "no_pass"))): "decided No pass on Funding gate",
    (
        Verb.ROLE_OFFERED,
        (("row", "halt"), ("role", "E"), ("person", 7), ("answer_by", "2026-03-10T17:00:00.000000Z")),
    ): "asked Priya Nair to be Escalation owner for Halt / roll back, answer by Tue 10 Mar, 17:00 UTC",
    (
        Verb.ROLE_ASSIGNED,
        (("row", "workflow"), ("role", "owner"), ("person", 7), ("before", None)),
    ): "named Priya Nair workflow owner",
    (
        Verb.ROLE_ASSIGNED,
        (("row", "go_live"), ("role", "C"), ("group", 3)),
    ): "put Finance down as Consulted for Production go-live",
    (
        Verb.MEASUREMENT_ADDED,
        (("value", "2.65"), ("starts_on", "2026-03-05"), ("ends_on", "2026-04-03"), ("cases", 1204)),
    ): "claimed 2.65 for Thu 5 Mar to Fri 3 Apr, 1,204 cases",
    (Verb.BUDGET_APPROVED, (("approved", "84000.00"), ("currency", "EUR"))): "approved €84,000",
    (Verb.CONTROL_WAIVED, (("ref", "T2.1"), ("until", "2026-04-03"))): "set “Tool allowlist” aside until Fri 3 Apr",
    (Verb.STOP_ASKED, (("reason", "wrong_results"),)): "asked to stop it: wrong results",
    (Verb.SIGNOFF_REFUSED, (("function", "security"),)): "did not sign off for Security",
    (Verb.INITIATIVE_TIER_CONFIRMED, (("proposed", 2), ("tier", 3))): "confirmed tier 3, where 2 was proposed",
    (Verb.REFUSED, (("what", "stop"), ("codes", ("refused",)))): "tried to stop it and was refused",
    (Verb.INITIATIVE_AMENDED, (("fields", ("purpose", "tools")),)): "changed what it is for, tools it may use",
}


@pytest.mark.parametrize(
    ("verb", "detail", "said"),
    [(verb, dict(detail), said) for (verb, detail), said in SAID.items()],
    ids=[f"{v.value} {i}" for i, (v, _d) in enumerate(SAID)],
)
def test_what_an_entry_says(verb, detail, said, db):
    with timezone.override(UTC):
        assert history.sentence(verb, history.Told(detail, {}, {7: "Priya Nair"}, {3: "Finance"})) == said


def test_a_change_says_from_and_to():
    told = history.Told({"fields": ["purpose"]}, {"before": {"purpose": "Old words"}, "after": {"purpose": ""}})

    assert history.detail(Verb.INITIATIVE_AMENDED, told) == "What it is for: Old words → –"


@pytest.mark.parametrize("stage", list(WAYS))
def test_the_whole_life_reads_as_sentences(stage, story, says, cast):
    page = says(story(stage), cast.staff, "history")

    assert "Sam Doyle registered it as an idea" in page
    assert "None" not in page
    assert "%(" not in page


def test_a_life_is_told_in_order_with_who_and_why(story, says, cast):
    page = says(story("production"), cast.staff, "history")

    told = [
        "took it live",
        "decided Pass on Production go-live Because. A lot.",
        "Miriam Osei confirmed tier 2",
        "registered it as an idea",
    ]
    assert [page.index(one) for one in told] == sorted(page.index(one) for one in told)
    assert "Tomas Berg approved €84,000 Cost centre CC-4410, reference B-991" in page


def test_people_and_clocks_look_different(story, read, cast):
    tale = story("funding")
    gates.settle(tale.fresh, at=AT + timedelta(days=90))

    html = read(tale, cast.staff, "history").content.decode()

    machines = " ".join(re.findall(r'<li class="event by-machine[^"]*">.*?</li>', html, re.S))
    # It lapsed, it went back to its pilot, and day 90 went on counting.
    assert machines.count("The clock") == html.count("by-machine") == 3
    assert "closed Funding gate as No pass: nobody answered in time" in machines
    assert "Sam Doyle" not in machines


def test_one_kind_can_be_read_alone(story, says, cast):
    page = says(story("production"), cast.staff, "history", type="numbers")

    assert "Sam Doyle claimed 2.65" in page
    assert "took it live" not in page
    assert "registered it" not in page
    assert says(story("idea"), cast.staff, "history", type="reviews").count("No event of this kind.") == 1


def test_an_unknown_kind_or_page_shows_everything(story, says, cast):
    tale = story("idea")

    for query in ({"type": "nonsense"}, {"before": "x"}, {"before": "9" * 30}, {"before": "-1"}):
        assert "registered it as an idea" in says(tale, cast.staff, "history", **query)


def test_a_long_history_is_paged_by_entry_and_nothing_is_lost_or_twice(
    cast, client, sign_in, django_assert_max_num_queries
):
    tale = make_initiative(cast, "idea")
    with ledger.act(by=cast.lead, at=AT) as say:
        for n in range(220):
            say(Verb.INITIATIVE_TIER_PROPOSED, tale.initiative, tier=n % 5)
    sign_in(client, cast.staff)
    address, seen = reverse("initiatives:history", args=["AI-1"]), 0
    pages = 0

    while address:
        with django_assert_max_num_queries(20):
            html = client.get(address).content.decode()
        seen += html.count('<li class="event')
        pages += 1
        older = re.search(r'href="([^"]+)" rel="next"', html)
        address = older[1].replace("&amp;", "&") if older else ""

    assert (pages, seen) == (3, LedgerEntry.objects.filter(initiative_id=tale.initiative.pk).count())


def test_the_history_of_a_restricted_one_is_not_there_for_others(story, read, cast):
    tale = story("idea")
    actions.set_restricted(tale.fresh, True, by=cast.lead, at=AT)

    assert read(tale, cast.staff, "history").status_code == 404


# Signatures


def test_a_signature_shows_what_was_signed_and_that_it_matches(story, says, cast):
    tale = story("production")
    signature = Signature.objects.get(meaning="budget")

    page = says(tale, cast.staff, "seal", signature.pk)

    assert "I approve €84,000 for 12 months from cost centre CC-4410, reference B-991." in page
    assert "Tomas Berg, Finance partner approved a budget" in page
    assert "with their password" in page
    assert "Matches: what is stored is what was signed." in page
    assert signature.seal_sha256 in page
    entry = LedgerEntry.objects.get(verb=Verb.BUDGET_APPROVED)
    assert f"entry {entry.seq}" in page
    assert "asked 84000.00" in page


def test_altered_bytes_no_longer_match(story, says, cast):
    tale = story("production")
    signature = Signature.objects.get(meaning="budget")
    Signature.objects.filter(pk=signature.pk).update(statement=signature.statement.replace("84,000", "94,000"))

    page = says(tale, cast.staff, "seal", signature.pk)

    assert "No longer matches: what is stored is not what was signed." in page
    assert not signatures.matches(Signature.objects.get(pk=signature.pk))


def test_a_void_signature_says_why_and_still_matches(story, says, cast):
    tale = story("production")
    mine = tale.fresh.assignments.get(row="modification", role="A")
    roles.end(mine, by=cast.office, at=AT, because="Somebody else does it now.")

    page = says(tale, cast.staff, "seal", mine.signature_id)

    assert "Void by rule: Somebody else does it now." in page
    assert "Matches:" in page


def test_a_signature_belongs_to_its_initiative(story, read, cast):
    tale = story("production")
    signature = Signature.objects.filter(initiative=tale.initiative).first()
    other = make_initiative(cast, "idea", name="Another")

    assert read(other, cast.staff, "seal", signature.pk).status_code == 404
    assert read(tale, cast.staff, "seal", signature.pk + 10_000).status_code == 404


def test_reading_the_history_writes_nothing(story, read, cast, entries):
    tale = story("production")
    before = (entries(), Initiative.objects.values().get(pk=tale.initiative.pk))

    read(tale, cast.staff, "history")

    assert (entries(), Initiative.objects.values().get(pk=tale.initiative.pk)) == before
    assert clock.wall() > datetime(2026, 1, 1, tzinfo=UTC)
