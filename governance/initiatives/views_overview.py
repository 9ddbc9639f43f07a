"""The page of one initiative: where it stands, what blocks it, who answers, whether one may use it."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.comments import forms as comment_forms
from governance.comments import queries as comments
from governance.core import kept
from governance.core.http import Request
from governance.gates import queries as gates
from governance.gates import stuck
from governance.gates.models import Decision
from governance.initiatives import badcall, history, own, watching
from governance.initiatives import comments as talking
from governance.initiatives import views_overview_next as following
from governance.initiatives import views_overview_rail as rail
from governance.initiatives import views_overview_standing as standing
from governance.initiatives.finding import find
from governance.initiatives.lifecycle import Stage
from governance.ledger import queries as ledger
from governance.outcomes import queries as outcomes
from governance.outcomes import words
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import OFFERED, Role, Row

#: What comes along with the initiative itself.
JOINED = ("origin", "retirement", "outcome", "budget__asked_by", "budget__approved_by")


@require_safe
def show(request: Request, number: int) -> HttpResponse:
    """Show the whole initiative on one page. Writes nothing; at most 20 queries."""
    me, at = request.user, request.at
    initiative = _with_facts(find(request, number, *JOINED, hears=watching.said_by(me)))
    held = grants.held_by(me, initiative, at)
    decisions = gates.decisions_of(initiative)
    initiative.__dict__["_brought_decisions"] = [d for d in decisions if d.is_open]
    with kept.asking_once():
        context = _context(initiative, decisions, me, held, at)
    return render(request, "initiatives/show.html", context)


def _with_facts(initiative):
    """Put outcome and budget, which came along, where the rules look for them, and units where they are the same one."""
    initiative.__dict__["_outcome"] = getattr(initiative, "outcome", None)
    initiative.__dict__["_budget"] = getattr(initiative, "budget", None)
    mine = (initiative.building_unit, initiative.unit, initiative.receiving_unit)
    units = {unit.pk: unit for unit in mine if unit is not None}
    for assignment in raci.matrix(initiative).rows:
        if assignment.person is not None and assignment.person.unit_id in units:
            assignment.person.unit = units[assignment.person.unit_id]
    return initiative


def _context(initiative, decisions: list[Decision], me, held, at: datetime) -> dict[str, Any]:
    """Return what the page shows."""
    badcall_parts = None
    if initiative.stage != Stage.RETIRED:
        badcall_parts = badcall.parts(initiative, may_amend=May.AMEND in held, may_propose=May.PROPOSE in held)
    is_reviewed = initiative.stage == Stage.PRODUCTION and not initiative.is_retiring
    return {
        "initiative": initiative,
        "badges": standing.badges(initiative, at),
        "may_use": standing.may_i_use_it(initiative),
        "ask_whom": standing.ask_whom(initiative),
        "badcall": badcall_parts,
        "rail": rail.places(initiative, decisions, at),
        "rail_summary": rail.summary(initiative, decisions, at),
        "next": following.what_is_next(initiative, decisions, me, held, at),
        "stuck": stuck.diagnose(initiative, at),
        "open": following.open_questions(initiative, decisions, me, at),
        "people": people(initiative, at),
        "money": numbers(initiative),
        "decisions": [decision_line(d) for d in decisions if not d.is_open][:5],
        "reviews": reviews(initiative),
        "next_review": initiative.review_due_at if is_reviewed else None,
        "days": happened(initiative),
        "own": own.said_of(initiative),
        **talk(initiative, me),
        **standing.over_all(initiative, held),
        **following.to_do(initiative, decisions, me, held),
    }


def happened(initiative) -> list[dict]:
    """Return the newest of its history by day, without the comments, which stand on the page. Two queries at most."""
    entries = ledger.for_initiative(initiative.pk, limit=10, verbs=history.all_but_comments())
    return history.days(history.lines(entries, initiative))


def talk(initiative, me) -> dict[str, Any]:
    """Return the newest comments, how many there are, a form to write one, and whether the reader hears of them. One query."""
    said = comments.latest(initiative.pk)
    for comment in said:
        comment.initiative = initiative
    return {
        "said": said,
        "said_count": said[-1].number if said else 0,
        "say": comment_forms.Say(like=talking.somebody(initiative, me)),
        "hearing": watching.hearing(initiative, me, initiative.hears),
    }


# Who answers, and the numbers


def people(initiative, at: datetime) -> dict:
    """Return the people strip: who answers, who moves it, who is paged, and offers nobody answered. No query beyond the matrix."""
    matrix = raci.matrix(initiative)
    leads = list({p.pk: p for row in (Row.PILOT, Row.GO_LIVE) for p in matrix.responsible(row)}.values())
    offers: dict[tuple, Any] = {}
    for offer in matrix.offers:
        if Role(offer.role) in OFFERED:
            asked = _("%(role)s for %(row)s") % {"role": offer.get_role_display(), "row": offer.get_row_display()}
            if offer.role == Role.ACCOUNTABLE and offer.row in (Row.GO_LIVE, Row.HALT):
                asked = _("business owner")
            late = offer.answer_by is not None and at >= offer.answer_by
            offers.setdefault((offer.person_id, asked), {"offer": offer, "words": asked, "late": late})
    return {
        "owner": matrix.owner,
        "workflow_owner": initiative.workflow_owner,
        "leads": leads,
        "escalation": matrix.escalation(Row.HALT),
        "offers": list(offers.values()),
        "left": [a.person for a in matrix.standing if a.person and not a.person.is_active],
    }


def numbers(initiative) -> dict:
    """Return outcome and money as the page says them. Three queries, kept on the instance."""
    outcome, budget = outcomes.outcome(initiative), outcomes.budget(initiative)
    figures = [m for m in outcomes.measurements(initiative) if not m.returned_because] if outcome else []
    newest = figures[0] if figures else None
    values = [m.value for m in reversed(figures)]
    if outcome is not None and outcome.baseline is not None:
        values.insert(0, outcome.baseline)
    return {
        "baseline": words.figure(outcome, outcome.baseline) if outcome else "",
        "now": words.figure(outcome, newest.value) if newest else "",
        "target": words.figure(outcome, outcome.target) if outcome else "",
        "threshold": words.figure(outcome, outcome.threshold) if outcome else "",
        "outcome": outcome,
        "budget": budget,
        "newest": newest,
        "values": values,
        "trend": trend(outcome, values),
        "meets": outcome.meets(newest.value) if outcome and newest else None,
    }


def trend(outcome, values: list) -> str:
    """Return what the little picture says in words."""
    if outcome is None or len(values) < 2:
        return ""
    first, last = values[0], values[-1]
    said = {"metric": outcome.metric, "first": words.figure(outcome, first), "last": words.figure(outcome, last)}
    if last < first:
        return _("%(metric)s fell from %(first)s to %(last)s") % said
    if last > first:
        return _("%(metric)s rose from %(first)s to %(last)s") % said
    return _("%(metric)s stayed at %(last)s") % said


def decision_line(decision: Decision) -> dict:
    """Return one closed decision as the list says it."""
    if decision.outcome == "pass":
        state = "met"
    else:
        state = "not_needed" if decision.closed in ("withdrawn", "overtaken") else "not_met"
    return {
        "kind": decision.get_kind_display(),
        "words": decision.get_outcome_display() if decision.closed == "decided" else decision.get_closed_display(),
        "url": decision.get_absolute_url(),
        "at": decision.closed_at,
        "who": decision.decided_by.name if decision.decided_by else "",
        "state": state,
    }


def reviews(initiative) -> list:
    """Return the last three reviews. One query, none before it was ever live or due."""
    if initiative.live_since is None and initiative.review_due_at is None:
        return []
    return list(initiative.reviews.select_related("done_by").order_by("-number")[:3])
