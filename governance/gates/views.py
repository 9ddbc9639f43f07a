"""The gate pages that are read: the list, the question, the record. What changes something is in views_answer.py."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.core.http import Request
from governance.gates import actions, changes, queries, sheets
from governance.gates.finding import find_decision
from governance.gates.models import Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives.finding import find
from governance.initiatives.models import Initiative
from governance.policy import current
from governance.raci import queries as raci

#: Rows on one page of the list.
PAGE = 40


# The list


@require_safe
def index(request: Request) -> HttpResponse:
    """Show every open question the person may see, the next due first. `mine`, `due` and `kind` narrow it.

    At most nine queries of its own, however many there are.
    """
    at, me = request.at, request.user
    asked = {"mine": request.GET.get("mine") == "1", "due": request.GET.get("due", ""), "kind": request.GET.get("kind", "")}
    if asked["due"] not in ("", "week", "late") or asked["kind"] not in ("", *Kind.values):
        raise Http404
    every = Decision.objects.open().filter(final_at__gt=at, initiative__in=Initiative.objects.visible_to(me))
    mine = [*queries.waiting_for(me, at).values_list("pk", flat=True), *queries.handed_over_to(me, at).values_list("pk", flat=True)]
    week = Q(due_at__lte=at + timedelta(days=7))
    counts = every.aggregate(all=Count("pk"), week=Count("pk", filter=week), late=Count("pk", filter=Q(due_at__lte=at)), mine=Count("pk", filter=Q(pk__in=mine)))
    rows = every.filter(pk__in=mine) if asked["mine"] else every
    rows = rows.filter(week) if asked["due"] == "week" else rows.filter(due_at__lte=at) if asked["due"] == "late" else rows
    if asked["kind"]:
        rows = rows.filter(kind=asked["kind"])
    chosen = "mine" if asked["mine"] else asked["due"] or "all"
    page = _page(request, rows.select_related("initiative", "asked_by").order_by("due_at", "pk"), counts[chosen] if not asked["kind"] else None)
    raci.prefetch([d.initiative for d in page["rows"]])
    context = {
        "items": [_row(d, me, at) for d in page["rows"]], "pager": page["pager"], "tabs": _tabs(asked, counts), "facets": _facets(request, asked["kind"]),
        "asked": asked, "applied": [{"label": Kind(asked["kind"]).label, "url": _with(request, kind=None)}] if asked["kind"] else [],
    }  # fmt: skip
    return render(request, "gates/list.html", context)


def _page(request: Request, rows, total: int | None) -> dict[str, Any]:
    """Return one page of `rows` and the pager. One query, and one to count where the total is not known."""
    total = rows.count() if total is None else total
    last = max((total + PAGE - 1) // PAGE, 1)
    wanted = request.GET.get("page", "1")
    number = min(int(wanted), last) if wanted.isdecimal() and len(wanted) < 8 and int(wanted) else 1
    first = (number - 1) * PAGE
    found = list(rows[first : first + PAGE])
    words = _("%(first)s–%(last)s of %(total)s") % {"first": first + 1, "last": first + len(found), "total": total} if found else ""
    pages = [{"number": n, "url": _with(request, page=n), "current": n == number} for n in range(1, last + 1) if n in (1, last) or abs(n - number) <= 3] if last > 1 else []
    pager = {"words": words, "previous_url": _with(request, page=number - 1) if number > 1 else "", "next_url": _with(request, page=number + 1) if number < last else "", "pages": pages}
    return {"rows": found, "pager": pager}


def _with(request: Request, **changed: Any) -> str:
    """Return the address of this list with some parameters changed; None takes one away. The page starts anew."""
    asked = request.GET.copy()
    asked.pop("page", None)
    for name, value in changed.items():
        asked.pop(name, None)
        if value not in (None, ""):
            asked[name] = str(value)
    return f"?{asked.urlencode()}" if asked else request.path


def _tabs(asked: dict[str, Any], counts: dict[str, int]) -> list[dict[str, Any]]:
    extra = f"&kind={asked['kind']}" if asked["kind"] else ""
    here = "mine" if asked["mine"] else asked["due"] or "all"
    wanted = (("all", _("All open"), "?" + extra.lstrip("&")), ("mine", _("Yours"), f"?mine=1{extra}"), ("week", _("Due in 7 days"), f"?due=week{extra}"), ("late", _("Late"), f"?due=late{extra}"))
    return [{"label": label, "url": url, "current": name == here, "count": counts[name]} for name, label, url in wanted]


def _facets(request: Request, kind: str) -> list[dict[str, Any]]:
    options = [{"label": label, "count": None, "url": _with(request, kind=None if value == kind else value), "on": value == kind} for value, label in Kind.choices]
    return [{"label": _("Kind"), "chosen": Kind(kind).label if kind else "", "options": options}]


def _row(decision: Decision, me, at) -> dict[str, Any]:
    """Return one row of the list. No query: the matrix is there."""
    initiative, question = decision.initiative, QUESTIONS[decision.kind]
    decides, part = queries.decider(decision, initiative), actions.roles_for(decision, me, initiative)
    handed = decision.state_at(at) == "handed_over"
    mine = part == "decider" or (part == "escalation" and handed)
    facts = [_("%(name)s decides") % {"name": decides.name} if decides and decides != me else _("You decide") if decides else _("Nobody is Accountable, so nobody can decide")]
    if handed:
        owner = queries.escalation_owner(decision, initiative)
        facts.append(_("With %(name)s to get it decided") % {"name": owner.name if owner else _("nobody")})
    elif decision.asked_by:
        facts.append(_("asked by %(name)s") % {"name": decision.asked_by.name})
    return {
        "title": _("%(verb)s · %(key)s %(name)s") % {"verb": question.verb, "key": initiative.key, "name": initiative.name}, "url": decision.get_absolute_url(),
        "icon": "diamond-open" if decision.kind in (Kind.PILOT_GO, Kind.FUNDING, Kind.GO_LIVE) else "clock" if decision.kind == Kind.DAY_90 else "review",
        "whose": "overdue" if handed else "mine" if mine else "theirs", "has_tier": True, "tier": initiative.tier, "capability": initiative.capability, "facts": facts,
        "due": decision.final_at if handed else decision.due_at, "due_word": _("closes") if handed else "", "consequence": question.if_silent if mine else "",
        "action": _("Review and decide") if part == "decider" else _("Open") if mine else "",
    }  # fmt: skip


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
        "initiative": initiative, "decision": asked, "question": question, "state": state, "part": part, "row": queries.row_of(asked).label,
        "decides": queries.decider(asked, initiative), "escalation": queries.escalation_owner(asked, initiative) if question.hands_over else None,
        "told": sheets.told(asked, initiative), "money": sheets.money_lines(initiative), "sign_offs": sheets.sign_off_rows(asked, me), "policy": asked.policy_version or current().number,
    }  # fmt: skip
    if asked.is_open:
        answers = sheets.answers(asked, initiative, at, me)
        may_answer = part == "decider" and asked.asked_by_id != me.pk and state != Closed.LAPSED
        context |= {
            "answers": answers, "met": sum(a.met for a in answers), "silence": sheets.silence(asked, initiative, at), "lapsed": state == Closed.LAPSED,
            "cannot": sheets.cannot(answers), "may_answer": may_answer, "may_withdraw": state != Closed.LAPSED and queries.may_withdraw(asked, initiative, me), "may_extend": queries.may_extend(asked, part, state),
        }  # fmt: skip
        return render(request, "gates/decision.html", context)
    context |= {"ended": sheets.how_it_ended(asked), "recorded": sheets.recorded(asked), "seal": sheets.seal(asked.signature, initiative, asked.policy_version)}
    if asked.signature_id:
        context |= {"matches": sheets.matches(asked), "moved": changes.since(asked, initiative, at)}
    return render(request, "gates/record.html", context)


@require_safe
def latest(request: Request, number: int, kind: str) -> HttpResponse:
    """Lead to the open question of a kind, or to the newest one."""
    initiative = find(request, number)
    newest = Decision.objects.filter(initiative=initiative, kind=kind).order_by("closed", "-number").first() if kind in Kind.values else None
    if newest is None:
        raise Http404
    newest.initiative = initiative
    return redirect(newest)
