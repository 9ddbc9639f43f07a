"""The catalog's page and its files: the same list, narrowed by the same address."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from governance.core import export, lists
from governance.core.http import Request
from governance.initiatives import bulk, catalog, saved, sight, tags
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative, SavedView


@require_safe
def show(request: Request) -> HttpResponse:
    """Show the catalog; only its list when a part is asked for. A key typed into the search leads to its page.

    Six queries of its own whatever the size; one more for a key, two more when nothing is found, and one alone where
    there is nothing to see. When nothing is asked and somebody's catalog opens with a view, it leads there.
    """
    seen = sight.seen(request.user, request.at, counted=request.GET.get("counts") == "1")
    tree = catalog.Tree.read() if seen.size else catalog.Tree({})
    views = saved.offered_to(request.user, tree.line(request.user.unit_id)) if seen.size else []
    first = next((view for view in views if view.opens), None)  # type: ignore[attr-defined]
    if first is not None and not request.GET:
        return redirect(request.path + first.question)
    number = catalog.key_in(request.GET.get("q", ""))
    if number is not None and not request.htmx and _may_see(request, number):
        return redirect("initiatives:show", number)
    tagged = tags.facet(seen.tags, tags.asked(request.GET))
    everything = f"{request.path}?view=all" if first is not None else ""
    shown = lists.show(
        _listing(
            request,
            rows=seen.rows,
            size=seen.size,
            tree=tree,
            tagged=tagged,
            own_columns=None if seen.size else [],
            everything=everything,
        ),
        request.GET,
    )
    guess = catalog.did_you_mean(seen.rows, shown.chosen.q) if shown.chosen.q and not shown.total else ""
    context = {
        "shown": shown,
        "rows": [_row(initiative, request.at) for initiative in shown.rows],
        "headline": _headline(shown, seen.stages) if seen.stages is not None else [],
        "size": seen.size,
        "guess": guess,
        "guess_url": lists.address(shown.listing, shown.chosen, q=guess) if guess else "",
        "tabs": _tabs(shown, views),
        "asks": shown.query,
        "keeps": bool(views),
        "files": export.links(shown.listing, shown.query),
        "deeds": bulk.choices(),
    }
    return render(request, "catalog/_list.html" if _wants_part(request) else "catalog/list.html", context)


def _may_see(request: Request, number: int) -> bool:
    return Initiative.objects.visible_to(request.user, request.at).filter(number=number).exists()


def _listing(request: Request, **known: Any) -> lists.Listing:
    """Return the catalog for whoever asks. Queries as catalog.listing."""
    return catalog.listing(
        request.user, request.at, path=reverse("catalog:list"), company=request.installation.company, **known
    )


def _tabs(shown: lists.Shown, views: list[SavedView]) -> list[dict[str, Any]]:
    """Return the views to choose from: those everybody has, then the saved ones; each is an address of the same list."""
    wanted = [*((words, question) for question, words in saved.built_in().items())]
    wanted += [(view.name, view.question) for view in views]
    return [
        {
            "label": words,
            "url": f"{shown.listing.path}{question}" if question else shown.everything_url,
            "current": question == shown.query,
        }
        for words, question in wanted
    ]


def _wants_part(request: Request) -> bool:
    """Return whether htmx asks for the list alone; a page brought back from history is asked for whole."""
    part = request.htmx.target in ("catalog", "facet-counts")
    return bool(request.htmx) and not request.htmx.history_restore_request and part


def _headline(shown: lists.Shown, counts: dict[str, int]) -> list[dict[str, str]]:
    """Return how many are at each stage, most lived-in first, each with the list of them."""
    return [
        {
            "words": words % {"n": lists.in_digits(counts[stage]), "count": counts[stage]},
            "url": shown.only(stage=stage.value),
        }
        for stage, words in catalog.STAGE_COUNTS.items()
        if counts.get(stage)
    ]


def _row(initiative: Any, at) -> dict[str, Any]:
    """Return one row as `catalog_rows` draws it. No query."""
    return {
        "initiative": initiative,
        "owner": initiative.owner_name or None,
        "next": catalog.next_deadline(initiative, at),
        "stop_unconfirmed": initiative.stage == Stage.STOPPED and initiative.stop_unconfirmed,
    }


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the same list as a file. Two queries, and those of who may see what."""
    company, at = request.installation.company, request.at
    return export.as_file(kind, _listing(request), request.GET, "catalog", company=company, at=at)
