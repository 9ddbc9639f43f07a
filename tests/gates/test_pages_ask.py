"""Asking: who may, what stands in the way, and the question that comes of it."""

import pytest
from django.urls import reverse

from governance.gates.models import Decision
from governance.initiatives.models import Initiative
from tests.gates.pages import words


def ask_page(tale, kind: str = "") -> str:
    url = reverse("gates:ask", args=[tale.initiative.key])
    return f"{url}?kind={kind}" if kind else url


def ready_to_ask(tale):
    """A pilot with a figure and a budget, whose funding gate nobody asked for yet."""
    return tale.to_pilot().measure().ask_budget()


def test_the_lead_asks_for_funding_and_lands_on_the_question(client, fresh_story, cast, sign_in):
    tale = fresh_story("funding", way=ready_to_ask)
    sign_in(client, cast.lead)
    page = words(client.get(ask_page(tale, "funding")))
    assert "Is it worth production money, on the pilot's evidence?" in page
    assert "Ask Priya Nair" in page

    empty = client.post(ask_page(tale, "funding"), {"recommendation": " "})
    assert empty.status_code == 422
    assert "Say what you recommend, and why." in words(empty)
    assert tale.fresh.stage == "pilot"
    done = client.post(ask_page(tale, "funding"), {"recommendation": "It pays for itself."})

    asked = tale.decision("funding")
    assert (done.status_code, done["Location"]) == (303, asked.get_absolute_url())
    assert (asked.asked_by, asked.recommendation, tale.fresh.stage) == (cast.lead, "It pays for itself.", "funding")
    assert "Asked. Priya Nair has it until" in words(client.get(done["Location"]))


def test_asking_twice_in_the_same_words_is_one_question(client, fresh_story, cast, sign_in, entries):
    tale = fresh_story("funding", way=ready_to_ask)
    sign_in(client, cast.lead)
    first = client.post(ask_page(tale, "funding"), {"recommendation": "It pays."})
    before = entries()

    second = client.post(ask_page(tale, "funding"), {"recommendation": "It pays."})

    assert (second.status_code, second["Location"]) == (303, first["Location"])
    assert (entries(), Decision.objects.filter(kind="funding").count()) == (before, 1)


def test_whoever_decides_reads_who_must_ask_instead(client, fresh_story, cast, sign_in):
    tale = fresh_story("funding", way=ready_to_ask)
    sign_in(client, cast.owner)

    page = client.get(ask_page(tale, "funding"))

    assert page.status_code == 403
    assert "You will decide this, so someone else must ask: Sam Doyle." in words(page)
    assert client.post(ask_page(tale, "funding"), {"recommendation": "Mine."}).status_code == 403
    assert not Decision.objects.filter(kind="funding").exists()


@pytest.mark.parametrize("who", ["staff", "escalation", "finance", "compliance", "office", "admin"])
def test_others_read_who_can_ask(client, fresh_story, cast, sign_in, who):
    tale = fresh_story("funding", way=ready_to_ask)
    sign_in(client, getattr(cast, who))

    page = client.get(ask_page(tale, "funding"))

    assert page.status_code == 403
    assert "Sam Doyle can ask this." in words(page)
    for sent in ({"recommendation": "Me."}, {}):
        assert client.post(ask_page(tale, "funding"), sent).status_code == 403
    assert tale.fresh.stage == "pilot"


def test_what_blocks_asking_is_explained(client, fresh_story, cast, sign_in):
    tale = fresh_story("pilot")
    sign_in(client, cast.lead)

    said = words(client.get(ask_page(tale, "funding")))
    assert "Nobody has added a figure from the pilot." in said
    assert "Your question" not in said
    refused = client.post(ask_page(tale, "funding"), {"recommendation": "Now."})
    assert refused.status_code == 409
    assert (tale.fresh.stage, Decision.objects.filter(kind="funding").count()) == ("pilot", 0)
    assert "Production go-live cannot be asked while it is at Pilot." in words(client.get(ask_page(tale, "go_live")))


def test_a_question_that_is_open_already_is_shown_instead(client, at_gate, cast, sign_in):
    sign_in(client, cast.lead)

    page = words(client.get(ask_page(at_gate, "funding")))

    assert "This is asked already. See the question" in page


def test_without_a_kind_the_page_lists_what_this_stage_knows(client, fresh_story, cast, sign_in):
    tale = fresh_story("production")
    for who, sentence in (
        ("lead", "Change it in production"),
        ("owner", "You decide this, so someone else must ask: Sam Doyle"),
        ("staff", "Sam Doyle can ask"),
    ):
        sign_in(client, getattr(cast, who))
        page = client.get(ask_page(tale))
        assert page.status_code == 200
        assert sentence in words(page)
        assert "Start the pilot" not in words(page)


def test_nobody_asks_what_the_clock_asks(client, fresh_story, cast, sign_in):
    from governance.core import clock
    from governance.core.errors import Refused
    from governance.gates import actions

    tale = fresh_story("pilot")
    sign_in(client, cast.lead)

    assert client.get(ask_page(tale, "day_90")).status_code == 404
    assert client.post(ask_page(tale, "day_90"), {"recommendation": "x"}).status_code == 404
    assert client.get(ask_page(tale, "nonsense")).status_code == 404
    with pytest.raises(Refused, match="the clock does"):
        actions.ask(tale.fresh, "day_90", by=cast.staff, at=clock.now())


def test_a_change_of_tier_names_the_tier_and_the_harm(client, fresh_story, cast, sign_in):
    tale = fresh_story("production")
    sign_in(client, cast.lead)
    page = words(client.get(ask_page(tale, "tier_change")))
    assert "Tier 3: Production changes A mistake reaches running systems or many people at once." in page
    assert "Tier 2: Workflow actions" not in page

    wrong = client.post(ask_page(tale, "tier_change"), {"to": "7", "why": "More people."})
    assert wrong.status_code == 422
    none = client.post(ask_page(tale, "tier_change"), {"why": "More people."})
    assert "Choose the tier it belongs in." in words(none)
    done = client.post(ask_page(tale, "tier_change"), {"to": "3", "why": "It reaches many people now."})

    assert done.status_code == 303
    assert tale.fresh.tier == 3
    assert "From tier 2 to tier 3: A mistake reaches running systems or many people at once." in words(
        client.get(done["Location"])
    )


def test_a_change_in_production_that_widens_goes_to_the_business_owner(client, fresh_story, cast, sign_in):
    tale = fresh_story("production")
    sign_in(client, cast.lead)

    narrow = client.post(ask_page(tale, "modification"), {"what": "Shorter letters.", "why": "Readers asked."})
    wide = client.post(
        ask_page(tale, "modification"), {"what": "Refunds to €100.", "why": "Waiting times.", "widens": "on"}
    )

    assert "Lena Kraus" in words(client.get(narrow["Location"]))
    assert "Only Priya Nair can answer this." in words(client.get(wide["Location"]))
    assert Decision.objects.filter(kind="modification").count() == 2


def test_a_restart_says_cause_fix_and_evidence(client, fresh_story, cast, sign_in):
    tale = fresh_story("stopped")
    sign_in(client, cast.lead)

    missing = client.post(ask_page(tale, "restart"), {"cause": "A retry.", "fix": "Keys."})
    assert missing.status_code == 422
    assert "Enter the evidence that the fix works" in words(missing)
    done = client.post(ask_page(tale, "restart"), {"cause": "A retry.", "fix": "Keys.", "evidence": "400 replays."})

    assert done.status_code == 303
    said = words(client.get(done["Location"]))
    assert "The cause A retry. The fix Keys. The evidence that the fix works 400 replays." in said


def test_a_restricted_one_is_not_there(client, at_gate, cast, sign_in):
    Initiative.objects.filter(pk=at_gate.initiative.pk).update(restricted=True)
    sign_in(client, cast.staff)

    assert client.get(ask_page(at_gate)).status_code == 404
    assert client.post(ask_page(at_gate, "funding")).status_code == 404
