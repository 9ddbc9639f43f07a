"""The gate pages that are read: the list, the question, the record. What changes something is in views_answer.py."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.core import export, kept, lists
from governance.core.http import Request
from governance.core.words import mid_sentence
from governance.gates import actions, changes, queries, sheets
from governance.gates.finding import find_decision
from governance.gates.models import Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives.finding import find
from governance.initiatives.models import Initiative
from governance.policy import current
from governance.proof import queries as proof
from governance.raci import queries as raci

# The list


@require_safe
def index(request: Request) -> HttpResponse:
    """Show every open question the person may see, the next due first. `mine`, `due` and `kind` narrow it.

    At most seven queries of its own, however many there are.
    """
    at, me = request.at, request.user
    shown = lists.show(_listing(me, at), request.GET)
    context = {
        "shown": shown,
        "items": [_row(d, me, at) for d in shown.rows],
        "tabs": _tabs(shown),
        "files": export.links(shown.listing, shown.query),
        "mine": "mine" in shown.chosen.values,
    }
    return render(request, "gates/list.html", context)


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the same list as a file. Two queries for each 500 questions, and those of who may see what."""
    at, company = request.at, request.installation.company
    return export.as_file(kind, _listing(request.user, at), request.GET, "gates", company=company, at=at)


def _listing(me, at) -> lists.Listing:
    """Return what may be asked of the list of open questions. One query for those that wait for `me`."""
    # Nobody's key comes along: counting with an empty list counts nothing at all.
    mine = [0, *queries.with_person(me, at)]
    return lists.Listing(
        path=reverse("gates:list"),
        sort="due",
        sorts=(lists.Sort("due", _("Due"), "due_at"),),
        rows=Decision.objects.open().filter(final_at__gt=at, initiative__in=Initiative.objects.visible_to(me, at)),
        facets=(
            lists.Facet("mine", _("Whose"), (lists.Option("1", _("Yours"), Q(pk__in=mine)),)),
            lists.Facet(
                "due",
                _("Due"),
                (
                    lists.Option("week", _("In 7 days"), Q(due_at__lte=at + timedelta(days=7))),
                    lists.Option("late", _("Late"), Q(due_at__lte=at)),
                ),
            ),
            lists.Facet(
                "kind", _("Kind"), tuple(lists.Option(value, label, Q(kind=value)) for value, label in Kind.choices)
            ),
        ),
        dress=lambda rows: rows.select_related("initiative", "asked_by"),
        bring=lambda rows: raci.prefetch([d.initiative for d in rows]),
        columns=_columns(at),
    )


def _columns(at) -> list[lists.Column]:
    """Return what the list of open questions says of one in a file. No query: the matrix is there."""
    column = lists.Column

    def name(person) -> str | None:
        return person.name if person else None

    return [
        column("gate", _("Gate"), lambda d: f"{d.initiative.key}/{d.number}", width=10),
        column("key", _("Key"), lambda d: d.initiative.key, width=9),
        column("name", _("Name"), lambda d: d.initiative.name, width=36),
        column("kind", _("Kind"), lambda d: d.get_kind_display(), width=24),
        column("tier", _("Tier"), lambda d: d.initiative.tier, width=6),
        column("capability", _("Capability"), lambda d: d.initiative.get_capability_display()),
        column("decides", _("Who decides"), lambda d: name(queries.decider(d, d.initiative)), width=24),
        column("asked_by", _("Asked by"), lambda d: name(d.asked_by), width=24),
        column("asked_at", _("Asked at"), lambda d: d.asked_at, width=26),
        column("due_at", _("Due"), lambda d: d.due_at, width=26),
        column("is_late", _("Late"), lambda d: d.due_at <= at),
        column("final_at", _("Closes at"), lambda d: d.final_at, width=26),
        column("address", _("Address"), lambda d: f"{settings.SITE_URL}{d.get_absolute_url()}", width=44),
    ]


def _tabs(shown: lists.Shown) -> list[dict[str, Any]]:
    """Return the views people ask for most; each is an address of the same list."""
    at_hand = {name: shown.chosen.values.get(name, ()) for name in ("mine", "due", "kind")}
    wanted = (
        (_("All open"), shown.listing.path, not any(at_hand.values())),
        (_("Yours"), shown.only(mine="1"), bool(at_hand["mine"]) and not at_hand["due"]),
        (_("Due in 7 days"), shown.only(due="week"), at_hand["due"] == ("week",) and not at_hand["mine"]),
        (_("Late"), shown.only(due="late"), at_hand["due"] == ("late",) and not at_hand["mine"]),
    )
    return [{"label": label, "url": url, "current": current} for label, url, current in wanted]


def _row(decision: Decision, me, at) -> dict[str, Any]:
    """Return one row of the list. No query: the matrix is there."""
    initiative, question = decision.initiative, QUESTIONS[decision.kind]
    decides, part = queries.decider(decision, initiative), actions.roles_for(decision, me, initiative)
    handed = decision.state_at(at) == "handed_over"
    mine = part == "decider" or (part == "escalation" and handed)
    if decides is None:
        facts = [_("Nobody is Accountable, so nobody can decide")]
    else:
        facts = [_("You decide") if decides == me else _("%(name)s decides") % {"name": decides.name}]
    if handed:
        owner = queries.escalation_owner(decision, initiative)
        facts.append(_("With %(name)s to get it decided") % {"name": owner.name if owner else _("nobody")})
    elif decision.asked_by:
        facts.append(_("asked by %(name)s") % {"name": decision.asked_by.name})
    if decision.kind in (Kind.PILOT_GO, Kind.FUNDING, Kind.GO_LIVE):
        icon = "diamond-open"
    else:
        icon = "clock" if decision.kind == Kind.DAY_90 else "review"
    words = {"verb": question.verb, "key": initiative.key, "name": initiative.name}
    whose = "mine" if mine else "theirs"
    return {
        "title": _("%(verb)s · %(key)s %(name)s") % words,
        "url": decision.get_absolute_url(),
        "icon": icon,
        "whose": "overdue" if handed else whose,
        "has_tier": True,
        "tier": initiative.tier,
        "capability": initiative.capability,
        "facts": facts,
        "due": decision.final_at if handed else decision.due_at,
        "due_word": _("closes") if handed else "",
        "consequence": _("If nobody answers: %(silent)s") % {"silent": mid_sentence(question.if_silent)}
        if mine
        else "",
        "action": _("Review and decide") if part == "decider" else _("Open") if mine else "",
    }


# One question


@require_safe
def decision(request: Request, number: int, nth: int) -> HttpResponse:
    """Show one question: what it needs, who decides, until when; or the record of how it was answered."""
    initiative = find(request, number)
    asked = find_decision(initiative, nth)
    at, me = request.at, request.user
    state, question = asked.state_at(at), QUESTIONS[asked.kind]
    part = actions.roles_for(asked, me, initiative)
    context: dict[str, Any] = {
        "initiative": initiative,
        "decision": asked,
        "question": question,
        "state": state,
        "part": part,
        "row": queries.row_of(asked).label,
        "decides": queries.decider(asked, initiative),
        "escalation": queries.escalation_owner(asked, initiative) if question.hands_over else None,
        "told": sheets.told(asked, initiative),
        "money": sheets.money_lines(initiative),
        "policy": asked.policy_version or current().number,
    }
    if asked.is_open:
        with kept.asking_once():
            proof.bring(initiative)
            answers, context["sign_offs"] = (
                sheets.answers(asked, initiative, at, me),
                sheets.sign_off_rows(asked, initiative, me),
            )
        may_answer = part == "decider" and asked.asked_by_id != me.pk and state != Closed.LAPSED
        context |= {
            "answers": answers,
            "met": sum(a.met for a in answers),
            "silence": sheets.silence(asked, initiative, at),
            "lapsed": state == Closed.LAPSED,
            "cannot": sheets.cannot(answers),
            "may_answer": may_answer,
            "may_withdraw": state != Closed.LAPSED and queries.may_withdraw(asked, initiative, me),
            "may_extend": queries.may_extend(asked, part, state),
        }
        return render(request, "gates/decision.html", context)
    context |= {
        "ended": sheets.how_it_ended(asked),
        "recorded": sheets.recorded(asked),
        "sign_offs": sheets.sign_off_rows(asked, initiative, me),
        "seal": sheets.seal(asked.signature, initiative, asked.policy_version),
    }
    if asked.signature_id:
        context |= {"matches": sheets.matches(asked), "moved": changes.since(asked, initiative, at)}
    return render(request, "gates/record.html", context)


@require_safe
def latest(request: Request, number: int, kind: str) -> HttpResponse:
    """Lead to the open question of a kind, or to the newest one."""
    initiative = find(request, number)
    if kind not in Kind.values:
        raise Http404
    newest = Decision.objects.filter(initiative=initiative, kind=kind).order_by("closed", "-number").first()
    if newest is None:
        raise Http404
    newest.initiative = initiative
    return redirect(newest)
