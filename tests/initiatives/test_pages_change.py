"""Changing what it says, its tier, who sees it, and whether it may expand."""

import pytest
from django.urls import reverse

from governance.core import clock
from governance.initiatives import actions, material
from governance.initiatives.actions import AMENDABLE
from governance.initiatives.forms import SECTIONS
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.raci import queries as raci
from governance.raci.models import Role, Row
from tests.gates.pages import hidden, words
from tests.make import AT
from tests.web import Page


@pytest.fixture
def amend_form(read, cast):
    """Return a function that gives what the amend form would send as it stands, with some fields changed."""

    def fill(tale, who=None, **changes) -> dict:
        response = read(tale, who or cast.lead, "amend")
        form = next(f for f in Page(response.content.decode(), "/").forms if "version" in f.names)
        return form.data(**changes)

    return fill


# Amending


def test_every_field_people_may_change_is_on_the_page_once():
    assert sorted(name for _title, names in SECTIONS for name in names) == sorted(AMENDABLE)


def test_amending_saves_what_changed_and_nothing_else(fresh_story, amend_form, send, cast):
    tale = fresh_story("idea")
    before = Initiative.objects.values().get()

    done = send(
        tale,
        cast.lead,
        "amend",
        **amend_form(tale, known_limits="Believes everybody.", rollback_minutes="20", scope_until="2026-12-24"),
    )

    after = Initiative.objects.values().get()
    assert (done.status_code, done["Location"]) == (303, "/initiatives/AI-1/")
    assert {k for k in before if before[k] != after[k]} == {
        "known_limits",
        "rollback_minutes",
        "scope_until",
        "version",
    }
    assert LedgerEntry.objects.get(verb="initiative.amended").detail["fields"] == [
        "known_limits",
        "rollback_minutes",
        "scope_until",
    ]


def test_saving_without_a_change_records_nothing(fresh_story, amend_form, send, cast, entries):
    tale = fresh_story("idea")
    data = amend_form(tale)
    before = (entries(), tale.fresh.version)

    assert send(tale, cast.lead, "amend", **data).status_code == 303

    assert (entries(), tale.fresh.version) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": " "}, "Enter name"),
        ({"name": "x" * 201}, "Name has 201 characters and may have 200. Shorten it by 1."),
        ({"rollback_minutes": "0"}, "Minutes until it is rolled back is “0”. Enter 1 or more."),
        (
            {"rollback_minutes": "soon"},
            "Minutes until it is rolled back is “soon”. Enter a whole number, for example 12.",
        ),
        ({"scope_until": "Christmas"}, "Last day of the pilot is “Christmas”. Enter a date, for example 2026-11-20."),
        ({"unit": "999999"}, "which is not one of the choices. Choose one from the list."),
        ({"capability": "can_fly"}, "Capability is “can_fly”, which is not one of the choices."),
        ({"scope_people": "-4"}, "How many people take part is “-4”. Enter 0 or more."),
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(
    change, sentence, fresh_story, amend_form, send, cast, entries
):
    tale = fresh_story("idea")
    data = {**amend_form(tale, purpose="What I typed."), **change}
    before = entries()

    response = send(tale, cast.lead, "amend", **data)

    assert (response.status_code, entries()) == (422, before)
    assert sentence in words(response)
    assert "What I typed." in response.content.decode()
    assert tale.fresh.purpose != "What I typed."
    assert "<title>Error:" in response.content.decode()


def test_fields_that_are_not_the_forms_are_not_changed(fresh_story, amend_form, send, cast):
    tale = fresh_story("idea")

    send(
        tale,
        cast.lead,
        "amend",
        **amend_form(tale, name="Refunds"),
        stage="production",
        tier="0",
        restricted="on",
        number="99",
        registrant=str(cast.staff.pk),
    )

    now = tale.fresh
    assert (now.name, now.stage, now.tier, now.restricted, now.number, now.registrant) == (
        "Refunds",
        "idea",
        None,
        False,
        1,
        cast.lead,
    )


def test_somebody_elses_save_is_shown_beside_mine_and_mine_is_kept(fresh_story, amend_form, send, cast):
    tale = fresh_story("idea")
    data = amend_form(tale, known_limits="Mine.", fallback="Also mine.")
    actions.amend(tale.fresh, {"known_limits": "Theirs."}, by=cast.office, at=tale.at, seen_version=tale.fresh.version)

    response = send(tale, cast.lead, "amend", **data)

    page = words(response)
    assert response.status_code == 409
    assert "Somebody saved this while you were writing Your text is safe in the form below." in page
    assert "Known limits Theirs. Mine." in page
    assert "What people do while it is stopped Refunds go to the desk queue. Also mine." in page
    assert tale.fresh.known_limits == "Theirs."
    assert hidden(response, "version") == str(tale.fresh.version)
    again = Page(response.content.decode(), "/").forms
    done = send(tale, cast.lead, "amend", **next(f for f in again if "version" in f.names).data())
    assert (done.status_code, tale.fresh.known_limits) == (303, "Mine.")


def test_a_material_change_says_first_whose_acceptance_it_cancels(fresh_story, amend_form, says, send, cast, entries):
    tale = fresh_story("pilot")
    assert (
        "A change of capability, tools it may use, what it is for cancels the acceptance of Priya Nair (business owner)."
        in says(tale, cast.lead, "amend")
    )
    data, before = amend_form(tale, tools="billing.refund\r\nmail.send"), entries()

    asked = send(tale, cast.lead, "amend", **data)

    page = words(asked)
    assert (asked.status_code, entries(), tale.fresh.tools) == (200, before, "billing.refund")
    assert (
        "This cancels 1 acceptance You change tools it may use. Priya Nair (business owner) accepted it as it was, and would have to accept again."
        in page
    )
    assert "Save and ask again" in page
    done = send(tale, cast.lead, "amend", **data, confirmed="yes")
    assert (done.status_code, "mail.send" in tale.fresh.tools) == (303, True)
    assert raci.matrix(tale.fresh).accepted(Row.GO_LIVE, Role.ACCOUNTABLE).material_sha256 != material.digest(
        tale.fresh
    )


def test_a_change_of_words_that_are_not_material_asks_nothing(fresh_story, amend_form, send, cast):
    tale = fresh_story("pilot")

    assert send(tale, cast.lead, "amend", **amend_form(tale, known_limits="More.")).status_code == 303


def test_an_open_gate_locks_what_is_material_and_shows_it_as_text(fresh_story, read, amend_form, send, cast):
    tale = fresh_story("funding")
    html = read(tale, cast.lead, "amend").content.decode()
    for name in material.LOCKED:
        assert f'name="{name}"' not in html
    assert "Funding gate is open, so these cannot change. Sam Doyle, who asked, can withdraw it." in words(
        read(tale, cast.lead, "amend")
    )
    assert "billing.refund" in html

    send(tale, cast.lead, "amend", **amend_form(tale, known_limits="More."), tools="everything", purpose="Another")

    assert (tale.fresh.known_limits, tale.fresh.tools) == ("More.", "billing.refund")


@pytest.mark.parametrize("who", ["staff", "escalation", "finance", "compliance", "admin", "auditor"])
def test_who_does_not_amend_is_told_whose_it_is(who, fresh_story, read, send, cast, entries):
    tale = fresh_story("production")
    before = entries()

    for response in (read(tale, getattr(cast, who), "amend"), send(tale, getattr(cast, who), "amend", name="Mine")):
        assert response.status_code == 403
        assert "Sam Doyle" in words(response)

    assert (entries(), tale.fresh.name) == (before, "Support refunds")


# The tier


def test_a_tier_is_proposed_then_confirmed_by_the_function_it_belongs_to(fresh_story, says, send, cast):
    tale = fresh_story("idea", tier_proposed=None)
    assert "Propose this tier" in says(tale, cast.lead, "tier")
    send(tale, cast.lead, "tier", do="propose", tier="3", reason="It reaches many customers.")
    assert tale.fresh.tier_proposed == 3
    page = says(tale, cast.compliance, "tier")
    assert "Tier 3 is proposed. You can confirm it, or set another one while confirming." in page
    assert "12 controls Sign-off: Security Review every 14 days Compliance confirms it" in page
    assert (
        "Tier 2: A mistake changes a record or moves money that can be moved back. For example: Issue small refunds; Route and close tickets."
        in page
    )

    done = send(tale, cast.compliance, "tier", do="confirm", tier="2")

    assert (done.status_code, tale.fresh.tier, tale.fresh.tier_confirmed_by) == (303, 2, cast.compliance)
    assert "confirmed by Miriam Osei" in says(tale, cast.staff, "tier")


@pytest.mark.parametrize("who", ["lead", "office", "security", "staff", "admin"])
def test_nobody_else_confirms_a_tier(who, fresh_story, says, send, cast, entries):
    tale = fresh_story("idea")
    assert "Confirm this tier" not in says(tale, getattr(cast, who), "tier")
    before = entries()

    response = send(tale, getattr(cast, who), "tier", do="confirm", tier="2")

    assert (response.status_code, entries(), tale.fresh.tier) == (403, before, None)
    assert "Tier 2 is confirmed by Compliance, and by nobody who is Responsible or Accountable here." in words(response)


def test_confirming_another_tier_than_ones_own_function_confirms_is_refused_at_the_field(fresh_story, send, cast):
    tale = fresh_story("idea", tier_proposed=1)

    response = send(tale, cast.office, "tier", do="confirm", tier="3")

    assert (response.status_code, tale.fresh.tier) == (422, None)
    assert "Tier 3 is confirmed by Compliance" in words(response)


def test_a_confirmed_tier_leads_to_the_decision(fresh_story, read, send, cast, entries):
    tale = fresh_story("pilot")
    html = read(tale, cast.lead, "tier").content.decode()
    assert f'href="{reverse("gates:ask", args=["AI-1"])}?kind=tier_change"' in html
    assert "Propose this tier" not in html
    before = entries()

    response = send(tale, cast.lead, "tier", do="propose", tier="0")

    assert (response.status_code, entries(), tale.fresh.tier) == (409, before, 2)
    assert "Tier 2 is confirmed. It changes through a decision now." in words(response)


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        ({"do": "propose"}, 422, "Choose the worst that a mistake can do."),
        ({"do": "propose", "tier": "9"}, 422, "is “9”, which is not one of the choices."),
        ({"do": "nonsense", "tier": "1"}, 404, ""),
    ],
)
def test_bad_input_about_a_tier_gets_a_sentence(data, status, sentence, fresh_story, send, cast, entries):
    tale = fresh_story("idea")
    before = entries()

    response = send(tale, cast.lead, "tier", **data)

    assert (response.status_code, entries(), tale.fresh.tier_proposed) == (status, before, 2)
    assert sentence in words(response)


# Who sees it


def test_restricting_says_who_will_still_see_it_and_makes_it_disappear(fresh_story, says, read, send, cast):
    tale = fresh_story("production")
    page = says(tale, cast.lead, "restrict")
    for name in (
        "Dana Roth",
        "Lena Kraus",
        "Priya Nair",
        "Sam Doyle",
        "Compliance",
        "Portfolio office",
        "Auditors",
        "Finance",
    ):
        assert name in page

    done = send(tale, cast.lead, "restrict", restricted="yes")

    assert (done.status_code, tale.fresh.restricted) == (303, True)
    assert read(tale, cast.staff).status_code == 404
    assert "Restricted" in says(tale, cast.lead)
    assert send(tale, cast.lead, "restrict", restricted="no").status_code == 403
    send(tale, cast.owner, "restrict", restricted="no")
    assert tale.fresh.restricted is False


def test_who_may_not_restrict_is_refused(fresh_story, read, send, cast, entries):
    tale = fresh_story("production")
    before = entries()

    assert read(tale, cast.staff, "restrict").status_code == 403
    assert send(tale, cast.staff, "restrict", restricted="yes").status_code == 403

    assert (entries(), tale.fresh.restricted) == (before, False)


# Pausing the rollout


def test_the_rollout_is_paused_with_a_reason_and_resumed(fresh_story, says, send, cast):
    tale = fresh_story("production")
    assert "It runs on for those who use it, and must not expand" in says(tale, cast.workflow, "pause")

    empty = send(tale, cast.workflow, "pause", because=" ")
    done = send(tale, cast.workflow, "pause", because="Three people do most of the work.")

    assert (empty.status_code, done.status_code, tale.fresh.rollout_paused_because) == (
        422,
        303,
        "Three people do most of the work.",
    )
    assert "Lena Kraus paused it: Three people do most of the work." in says(tale, cast.owner, "pause")
    assert send(tale, cast.owner, "pause", do="resume").status_code == 303
    assert tale.fresh.rollout_paused_at is None
    assert send(tale, cast.owner, "pause", do="resume").status_code == 409


def test_only_who_may_stop_and_the_workflow_owner_pause(fresh_story, read, send, cast, entries):
    tale = fresh_story("production")
    before = entries()

    for who in (cast.lead, cast.staff, cast.finance, cast.admin):
        assert read(tale, who, "pause").status_code == 403
        assert send(tale, who, "pause", because="Mine.").status_code == 403

    assert (entries(), tale.fresh.rollout_paused_at) == (before, None)


def test_what_is_not_running_cannot_be_paused(fresh_story, says, send, cast):
    tale = fresh_story("stopped")

    assert "Nothing is rolling out: it is at Stopped." in says(tale, cast.owner, "pause")
    assert send(tale, cast.owner, "pause", because="x").status_code == 409


@pytest.mark.parametrize("name", ["amend", "tier", "restrict", "pause"])
def test_these_pages_ask_little_and_write_nothing(
    name, fresh_story, client, sign_in, cast, entries, django_assert_max_num_queries
):
    fresh_story("production", tier_proposed=4)
    sign_in(client, cast.owner)
    before = entries()

    with django_assert_max_num_queries(20):
        assert client.get(reverse(f"initiatives:{name}", args=["AI-1"])).status_code == 200

    assert entries() == before
    assert clock.wall() > AT
