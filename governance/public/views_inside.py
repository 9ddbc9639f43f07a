"""The public register inside: what people outside read or would read, what is kept back and why, and its switch."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.core import lists
from governance.core.http import Request, go
from governance.initiatives.finding import find
from governance.initiatives.models import Initiative
from governance.public import actions, queries, rules, views
from governance.public.forms import Open, Withhold


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request) -> HttpResponse:
    """Show which initiatives are listed and why the others are not; open and close the register."""
    register = queries.register()
    form = Open(request.POST or None, initial={"contact": register.contact})
    if request.method == "POST":
        if request.POST.get("do") == "close":
            actions.close_register(by=request.user, at=request.at)
            messages.success(request, _("The public register is closed. Nobody outside can read it."))
            return go("public:inside")
        if not actions.may_open(request.user) or form.is_valid():
            contact = form.cleaned_data["contact"] if form.is_valid() else ""
            actions.open_register(contact=contact, by=request.user, at=request.at)
            messages.success(request, _("People outside can read the public register."))
            return go("public:inside")
    shown = lists.show(_listing(request), request.GET)
    context = {
        "register": register,
        "form": form,
        "shown": shown,
        "rows": [{"initiative": row, "kept_back": rules.keeping_back(row)} for row in shown.rows],
        "rules": rules.RULES,
        "told": rules.TOLD,
        "listed": lists.in_digits(sum(queries.counts().values())),
        "may_open": actions.may_open(request.user),
        "minutes": views.KEPT_S // 60,
    }
    return render(request, "public/inside.html", context, status=422 if form.errors else 200)


def _listing(request: Request) -> lists.Listing:
    """Return what this person sees, by whether people outside read it. Queries as visible_to."""
    visible = Initiative.objects.visible_to(request.user, request.at)
    told = (
        lists.Option("yes", _("Listed"), ~rules.KEPT_BACK),
        lists.Option("no", _("Not listed"), rules.KEPT_BACK),
    )
    return lists.Listing(
        path=reverse("public:inside"),
        rows=rules.marked(visible),
        facets=(
            lists.Facet("listed", _("Outside"), told),
            lists.Facet("why", _("Why not"), tuple(lists.Option(r.code, r.title, r.holds) for r in rules.RULES)),
        ),
        sorts=(lists.Sort("name", _("Name"), "name"),),
        sort="name",
        key="number",
        dress=lambda rows: rules.explained(rules.marked(rows)).select_related("unit"),
    )


@require_safe
def preview(request: Request) -> HttpResponse:
    """Show the register as people outside read it, or would. Three queries and one."""
    return views.as_page(request, queries.register(), preview=True)


@require_safe
def preview_file(request: Request) -> StreamingHttpResponse:
    """Give the file as people outside get it, or would."""
    return views.csv_of(request, queries.register())


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: Request, number: int) -> HttpResponse:
    """Show what people outside read of one initiative, and why nothing; withhold it, or lift that."""
    initiative = find(request, number)
    row = queries.withheld(initiative)
    form = Withhold(request.POST or None)
    if request.method == "POST":
        if request.POST.get("do") == "lift":
            actions.lift(initiative, by=request.user, at=request.at)
            messages.success(request, _("It is withheld no longer. The rules alone say whether it is listed."))
            return go("public:one", initiative.key)
        if not actions.may_withhold(request.user, initiative, request.at) or form.is_valid():
            reason = form.cleaned_data["reason"] if form.is_valid() else ""
            actions.withhold(initiative, reason, by=request.user, at=request.at)
            messages.success(request, _("Withheld. People outside read nothing of it."))
            return go("public:one", initiative.key)
    context: dict[str, Any] = {
        "initiative": initiative,
        "form": form,
        "withheld": row,
        "entry": queries.entry(initiative),
        "kept_back": rules.keeping_back(
            rules.explained(rules.marked(Initiative.objects.filter(pk=initiative.pk))).get()
        ),
        "may_withhold": row is None and actions.may_withhold(request.user, initiative, request.at),
        "may_lift": row is not None and actions.may_lift(request.user, initiative, request.at),
    }
    return render(request, "public/one.html", context, status=422 if form.errors else 200)
