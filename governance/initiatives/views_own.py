"""The pages on which the Portfolio office looks after the own columns."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.initiatives import catalog, own, own_keeping
from governance.initiatives.forms_own import Change, Make
from governance.initiatives.models import OwnColumn, OwnValue

#: Which field of a form a reason belongs to; the others stand over it.
_FIELD = {"own.title": "title"}


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request) -> HttpResponse:
    """Show the own columns in their order, the retired ones last; move, retire or bring one back. Two queries of its own."""
    own_keeping.require_office(request.user)
    problem = ""
    if request.method == "POST":
        try:
            _do(request, _find(request.POST.get("column", "")))
        except Blocked as blocked:
            problem = str(blocked)
        else:
            return go("catalog:columns")
    filled = dict(OwnValue.objects.order_by().values_list("column").annotate(n=Count("pk")))
    rows = [{"column": column, "filled": filled.get(column.pk, 0)} for column in own.columns(retired=True)]
    in_use = [row for row in rows if not row["column"].is_retired]
    context = {
        "in_use": in_use,
        "retired": [row for row in rows if row["column"].is_retired],
        "problem": problem,
        "most": own_keeping.MOST,
        "room": len(in_use) < own_keeping.MOST,
    }
    return render(request, "catalog/columns.html", context, status=409 if problem else 200)


def _do(request: Request, column: OwnColumn) -> None:
    """Do what a button of the list asks. Raises Http404 for one that is none."""
    do, said = request.POST.get("do"), {"by": request.user, "at": request.at}
    if do in ("up", "down"):
        own_keeping.move(column, do == "down", **said)
    elif do == "retire":
        own_keeping.retire(column, **said)
        words = _("%(column)s is retired. What was said in it stays on the pages of the initiatives.")
        messages.success(request, words % {"column": column.title})
    elif do == "back":
        own_keeping.bring_back(column, taken=_taken(request), **said)
        messages.success(request, _("%(column)s is in use again.") % {"column": column.title})
    else:
        raise Http404


def _taken(request: Request) -> list[str]:
    """Return the titles of the catalog's other columns: in a file two of one title could not be told apart. No query."""
    return [str(title) for column in catalog.columns(request.at) for title in (column.label, column.short) if title]


def _find(key: str) -> OwnColumn:
    """Return the own column of that key with its choices. Raises Http404. One query."""
    column = next((one for one in own.columns(retired=True) if one.key == key), None)
    if column is None:
        raise Http404
    return column


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Request) -> HttpResponse:
    """Make an own column."""
    own_keeping.require_office(request.user)
    form = Make(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = own_keeping.make(**form.cleaned_data, taken=_taken(request), by=request.user, at=request.at)
        except Blocked as blocked:
            for reason in blocked.blockers:
                form.add_error({**_FIELD, "own.choices": "choices"}.get(reason.code), str(reason.message))
        else:
            words = _("%(column)s is made. Whoever may amend an initiative can fill it in now.")
            messages.success(request, words % {"column": made.title})
            return go("catalog:columns")
    return render(request, "catalog/column_add.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def column(request: Request, key: str) -> HttpResponse:
    """Change what a column is called and what helps with it; add, order and retire its choices."""
    own_keeping.require_office(request.user)
    there = _find(key)
    if "choice" in request.POST:
        return _choice(request, there)
    form = Change(request.POST if request.method == "POST" else None, column=there)
    if request.method != "POST":
        return _page(request, there, form)
    if not form.is_valid():
        return _page(request, there, form, status=422)
    said = dict(form.cleaned_data)
    try:
        own_keeping.change(
            there, seen_version=said.pop("version"), **said, taken=_taken(request), by=request.user, at=request.at
        )
    except Blocked as blocked:
        for reason in blocked.blockers:
            form.add_error({**_FIELD, "own.choices": "more"}.get(reason.code), str(reason.message))
        return _page(request, there, form, status=422)
    except Conflict as conflict:
        fresh = _find(key)
        data = request.POST.copy()
        data["version"] = str(fresh.version)
        again = Change(data, column=fresh)
        again.is_valid()
        return _page(request, fresh, again, conflict=conflict, theirs=_theirs(fresh, again), status=409)
    messages.success(request, _("Saved."))
    return go("catalog:column", key)


def _page(request: Request, there: OwnColumn, form: Change, *, status: int = 200, **more: Any) -> HttpResponse:
    """Show a column with its choices, and how often each was chosen. One query."""
    chosen = dict(OwnValue.objects.filter(column=there).order_by().values_list("choice").annotate(n=Count("pk")))
    choices = [{"choice": choice, "filled": chosen.get(choice.pk, 0)} for choice in there.all_choices]
    context = {
        "column": there,
        "form": form,
        "in_use": [row for row in choices if row["choice"].retired_at is None],
        "retired": [row for row in choices if row["choice"].retired_at is not None],
        **more,
    }
    return render(request, "catalog/column.html", context, status=status)


def _theirs(fresh: OwnColumn, form: Change) -> list[dict[str, Any]]:
    """Return what is there now beside what was typed, for every field that differs."""
    return [
        {
            "label": form.fields[name].label,
            "theirs": getattr(fresh, name) or "–",
            "yours": form.cleaned_data[name] or "–",
        }
        for name in ("title", "help")
        if name in form.cleaned_data and form.cleaned_data[name] != getattr(fresh, name)
    ]


def _choice(request: Request, there: OwnColumn) -> HttpResponse:
    """Do what a button beside a choice asks. Raises Http404 for one that is none."""
    choice = next((one for one in there.all_choices if one.key == request.POST["choice"]), None)
    do = request.POST.get("do", "")
    if choice is None or do not in ("up", "down", "retire", "back"):
        raise Http404
    try:
        own_keeping.change_choice(choice, do, by=request.user, at=request.at)
    except Blocked as blocked:
        form = Change(column=there)
        return _page(request, there, form, problem=str(blocked), status=409)
    return go("catalog:column", there.key)
