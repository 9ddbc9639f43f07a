"""Saved views of the catalog: keeping the question at hand under a name, and looking after those there are."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.core import lists
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.initiatives import catalog, saved
from governance.initiatives.forms_saved import Save
from governance.initiatives.models import SavedView


def _listing(request: Request, tree: catalog.Tree) -> lists.Listing:
    """Return the catalog, to read questions with. Queries as visible_to."""
    return catalog.listing(
        request.user, request.at, path=reverse("catalog:list"), company=request.installation.company, tree=tree
    )


@require_http_methods(["GET", "HEAD", "POST"])
def save(request: Request) -> HttpResponse:
    """Show what the question at hand holds, and keep it under a name. Without a question, lead to the catalog."""
    listing = _listing(request, catalog.Tree.read())
    question = lists.question(listing, lists.choose(listing, request.GET))
    if not question and request.method != "POST":
        return redirect("catalog:list")
    form = Save(request.POST if request.method == "POST" else None, unit=request.user.unit)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        unit = request.user.unit if said["whose"] == "unit" else None
        try:
            made = saved.save(
                said["name"],
                question,
                unit=unit,
                replace=said["replace"],
                opens=said["opens"],
                by=request.user,
                at=request.at,
            )
        except Blocked as blocked:
            form.add_error("name", [str(b.message) for b in blocked.blockers])
        else:
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": made.name})
            return go(listing.path + made.question)
    context = {
        "form": form,
        "asks": saved.in_words(listing, request.GET),
        "back_url": f"{listing.path}{question}",
    }
    return render(request, "catalog/save_view.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request) -> HttpResponse:
    """Show the views somebody may open or looks after; remove one, or let the catalog open with one. At most eight queries."""
    tree = catalog.Tree.read()
    views = saved.kept_by(request.user, tree.line(request.user.unit_id))
    if request.method == "POST":
        return _change(request, tree, views)
    listing, may = _listing(request, tree), saved.may_change
    rows = [
        {
            "view": view,
            "url": f"{listing.path}{view.question}",
            "asks": saved.in_words(listing, QueryDict(view.question[1:])),
            "may_change": may(view, request.user),
            "mine": view.person_id == request.user.pk,
            "offered": view.unit_id is None or view.unit_id in tree.line(request.user.unit_id),
        }
        for view in views
    ]
    return render(request, "catalog/views.html", {"rows": rows})


def _change(request: Request, tree: catalog.Tree, views: Any) -> HttpResponse:
    """Do what a button of the page asks. Raises Http404 for a view that is not theirs to see."""
    if "opens" in request.POST:
        wanted = request.POST["opens"]
        offered = saved.offered_to(request.user, tree.line(request.user.unit_id))
        saved.open_with(_find(offered, wanted) if wanted else None, by=request.user)
        messages.success(request, _("Saved."))
    else:
        view = _find(views, request.POST.get("remove", ""))
        saved.remove(view, by=request.user, at=request.at)
        messages.success(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    return go("catalog:views")


def _find(views: Any, sent: str) -> SavedView:
    """Return the view whose number was sent. Raises Http404."""
    view = saved.by_number(views, sent)
    if view is None:
        raise Http404
    return view
