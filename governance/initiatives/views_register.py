"""Beginning one: registering an idea, one question a page, and reporting AI found in use."""

import secrets
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core.http import Request, go
from governance.initiatives import actions, forms, search
from governance.initiatives.models import Initiative
from governance.people.models import Unit

#: The questions, page by page; page 4 shows similar initiatives, page 5 the answers.
QUESTIONS = {1: forms.WhatWork, 2: forms.WhoToday, 3: forms.WhatHarm}
LAST = 5
_DRAFT, _SENT = "register_draft", "register_sent"
#: How many similar initiatives are shown.
SIMILAR = 5


@require_http_methods(["GET", "POST"])
def register(request: Request) -> HttpResponse:
    """Register an idea in five pages. What was answered lies in the session, so it survives leaving the page."""
    draft = dict(request.session.get(_DRAFT) or {})
    page = _page(request.GET.get("page"), draft)
    if request.method == "GET":
        return _ask(request, page, draft)
    if "token" in request.POST:  # The last page's button; also pressed twice, when the draft is gone.
        return _send(request, draft)
    if page in QUESTIONS:
        form = _form(page, request, request.POST)
        if not form.is_valid():
            return _ask(request, page, draft, form, status=422)
        draft |= {name: getattr(value, "pk", value) for name, value in form.cleaned_data.items()}
        draft.setdefault("token", secrets.token_urlsafe(12))
        request.session[_DRAFT] = draft
        back_to_answers = request.POST.get("then") == "answers" and _complete(draft)
        return go(_url(LAST if back_to_answers else page + 1))
    draft["looked"] = True
    request.session[_DRAFT] = draft
    return go(_url(LAST))


def _send(request: Request, draft: dict[str, Any]) -> HttpResponse:
    """Register what the draft says, once; a second click leads to the first one's initiative."""
    sent = request.session.get(_SENT) or {}
    if not _complete(draft):
        token = request.POST.get("token", "")
        return go("initiatives:show", sent[token]) if token and token in sent else go(_url(1))
    values = {
        name: draft[name]
        for name in ("name", "purpose", "today", "could_go_wrong", "tier_proposed")
        if draft.get(name) not in (None, "")
    }
    initiative = actions.register(
        {**values, "unit": Unit.objects.active().filter(pk=draft.get("unit")).first()}, by=request.user, at=request.at
    )
    request.session[_SENT] = {draft.get("token", ""): initiative.key}
    request.session.pop(_DRAFT, None)
    return go("initiatives:show", initiative.key)


def _url(page: int) -> str:
    return f"{reverse('initiatives:register')}?page={page}"


def _page(text: str | None, draft: dict[str, Any]) -> int:
    """Return the page that is meant: the one asked for, but none beyond the first question not answered yet."""
    reached = 1 + ("purpose" in draft) + ("today" in draft) + ("tier_proposed" in draft) + bool(draft.get("looked"))
    wanted = int(text) if text and text.isdecimal() and len(text) < 3 else reached if text is None and draft else 1
    return max(1, min(wanted, reached, LAST))


def _complete(draft: dict[str, Any]) -> bool:
    return all(name in draft for name in ("purpose", "name", "today", "tier_proposed"))


def _form(page: int, request: Request, data=None, initial=None):
    """Return the form of one page."""
    more = {"person": request.user} if page == 2 else {}
    return QUESTIONS[page](
        data, initial={name: value for name, value in (initial or {}).items() if value is not None}, **more
    )


def _ask(request: Request, page: int, draft: dict[str, Any], form=None, status: int = 200) -> HttpResponse:
    """Show one page."""
    context: dict[str, Any] = {
        "page": page,
        "last": LAST,
        "back_url": _url(page - 1) if page > 1 else "",
        "then": request.GET.get("then") or request.POST.get("then") or "",
    }
    if page in QUESTIONS:
        context["form"] = form or _form(page, request, initial=draft)
        return render(request, "initiatives/register.html", context, status=status)
    if page == 4:
        found, of_unit = similar(request.user, draft)
        return render(request, "initiatives/register_similar.html", {**context, "found": found, "of_unit": of_unit})
    unit = Unit.objects.filter(pk=draft.get("unit")).first() if draft.get("unit") else None
    tier = policy.current().tiers.get(draft.get("tier_proposed"))
    harm = next((words for value, words in forms.HARMS if value == str(draft.get("tier_proposed"))), "")
    answers = [
        {"label": _("What work would improve?"), "value": draft.get("purpose"), "url": _url(1)},
        {"label": _("A short name for it"), "value": draft.get("name"), "url": _url(1)},
        {"label": _("Who does it today, and how often?"), "value": draft.get("today"), "url": _url(2)},
        {"label": _("Which unit is it for?"), "value": unit.name if unit else _("Not provided"), "url": _url(2)},
        {
            "label": _("What could go wrong?"),
            "value": f"{harm}. {draft.get('could_go_wrong', '')}".strip(),
            "url": _url(3),
        },
    ]
    for answer in answers:
        answer["url"] += "&then=answers"
    return render(
        request,
        "initiatives/register_check.html",
        {**context, "answers": answers, "tier": tier, "token": draft.get("token", "")},
    )


def similar(person, draft: dict[str, Any]) -> tuple[list[Initiative], list[Initiative]]:
    """Return what looks like this idea, and what else the same unit has, of what `person` may see. At most three queries."""
    visible = Initiative.objects.visible_to(person).exclude(stage="triage").select_related("unit", "workflow_owner")
    words = [w for w in search.words(draft.get("name", "")) if len(w) > 3] or search.words(draft.get("name", ""))
    found: dict[int, Initiative] = {}
    for query in (" ".join(words), *sorted(words, key=len, reverse=True)[:1]):
        if query and len(found) < SIMILAR:
            found |= {one.pk: one for one in search.matching(visible, query).order_by("-number")[:SIMILAR]}
    shown = list(found.values())[:SIMILAR]
    of_unit = (
        list(visible.filter(unit_id=draft["unit"]).exclude(pk__in=found).order_by("-number")[:SIMILAR])
        if draft.get("unit")
        else []
    )
    return shown, of_unit


@require_http_methods(["GET", "POST"])
def report_found(request: Request) -> HttpResponse:
    """Report AI found in use: four questions, nobody is blamed; then what happens in the next 30 days."""
    days = policy.current().windows["ownership_d"]
    if request.method == "GET" and (thanks := request.GET.get("thanks")):
        number = int(thanks[3:]) if thanks[:3] == "AI-" and thanks[3:].isdecimal() and len(thanks) < 13 else 0
        found = Initiative.objects.visible_to(request.user).filter(number=number, registrant=request.user).first()
        if found is not None:
            return render(
                request,
                "initiatives/found_thanks.html",
                {"initiative": found, "days": days, "reminders": policy.current().windows["ownership_reminders_d"]},
            )
    form = forms.Found(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        initiative = actions.report_found(form.values(), by=request.user, at=request.at)
        return go(f"{reverse('initiatives:report_found')}?thanks={initiative.key}")
    return render(
        request, "initiatives/found.html", {"form": form, "days": days}, status=422 if request.method == "POST" else 200
    )
