"""The catalog's page and its files: the same list, narrowed by the same address."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from governance.core import export, lists
from governance.core.http import Request
from governance.initiatives import catalog
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative


@require_safe
def show(request: Request) -> HttpResponse:
    """Show the catalog; only its list when a part is asked for. A key typed into the search leads to its page.

    Four queries of its own whatever the size; one more for a key, two more when nothing is found.
    """
    visible = Initiative.objects.visible_to(request.user, request.at)
    number = catalog.key_in(request.GET.get("q", ""))
    if number is not None and not request.htmx and visible.filter(number=number).exists():
        return redirect("initiatives:show", number)
    counts = catalog.stage_counts(visible)
    shown = lists.show(_listing(request, rows=visible, size=sum(counts.values())), request.GET)
    guess = catalog.did_you_mean(visible, shown.chosen.q) if shown.chosen.q and not shown.total else ""
    context = {
        "shown": shown,
        "rows": [_row(initiative, shown, request.at) for initiative in shown.rows],
        "keyed": any(column.kind == "key" for column in shown.shows),
        "headline": _headline(shown, counts),
        "size": sum(counts.values()),
        "guess": guess,
        "guess_url": lists.address(shown.listing, shown.chosen, q=guess) if guess else "",
        "files": export.links(shown.listing, shown.query),
    }
    return render(request, "catalog/_list.html" if _wants_part(request) else "catalog/list.html", context)


def _listing(request: Request, **known: Any) -> lists.Listing:
    return catalog.listing(
        request.user, request.at, path=reverse("catalog:list"), company=request.installation.company, **known
    )


def _wants_part(request: Request) -> bool:
    """Return whether htmx asks for the list alone; a page brought back from history is asked for whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request and request.htmx.target == "catalog"


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


def _row(initiative: Any, shown: lists.Shown, at) -> dict[str, Any]:
    """Return one row as `catalog/_list.html` reads it: a cell for each column, its heading the name. No query."""
    return {
        "initiative": initiative,
        "owner": initiative.owner_name,
        "next": catalog.next_deadline(initiative, at),
        "stop_unconfirmed": initiative.stage == Stage.STOPPED and initiative.stop_unconfirmed,
        "cells": [{"column": c, "label": c.short or c.label, "says": c.value(initiative)} for c in shown.shows],
    }


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the same list as a file. Two queries, and those of who may see what."""
    company, at = request.installation.company, request.at
    return export.as_file(kind, _listing(request), request.GET, "catalog", company=company, at=at)
