"""The pages of people coming in: bring a directory, say which column is which, look at it, import it. For administrators."""

from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core import lists
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.people import actions
from governance.people.models import Person
from governance.people.proving import kept, need_proof
from governance.registers import directory
from governance.registers.columns import called
from governance.registers.directory_columns import LABELS
from governance.registers.directory_weigh import CHANGED, GONE, LEAVES, LEFT_OUT, NEW, SKIPPED, UNCHANGED
from governance.registers.forms_directory import Begin, BringDirectory, Columns
from governance.registers.models import Batch, Kind, Staged, State
from governance.registers.views import SHOWN
from governance.registers.words import problem_words

#: What becomes of somebody, in the order of the page.
BECOMES = {
    NEW: gettext_lazy("New"),
    CHANGED: gettext_lazy("Changed"),
    UNCHANGED: gettext_lazy("Unchanged"),
    LEAVES: gettext_lazy("Leaves"),
    GONE: gettext_lazy("No longer listed"),
    SKIPPED: gettext_lazy("Not here, and has left"),
    LEFT_OUT: gettext_lazy("Left out"),
}
#: Rows that are looked at for samples, and samples of a column.
LOOKED_AT, SAMPLES = 40, 3


def find(number: int) -> Batch:
    """Return the directory of that number. Raises Http404. One query."""
    found = Batch.objects.select_related("person").filter(kind=Kind.DIRECTORY, number=number).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request) -> HttpResponse:
    """Show the directories that came in, newest first, and take another one."""
    actions.require_administrator(request.user)
    form = BringDirectory(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        return go(directory.receive(file.chunks(), file.name, by=request.user, at=request.at))
    batches = Batch.objects.filter(kind=Kind.DIRECTORY).select_related("person").order_by("-number")[:SHOWN]
    context = {"form": form, "batches": batches}
    return render(request, "registers/directories.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, number: int) -> HttpResponse:
    """Show where a directory stands and what would become of everybody; have it imported, or set it aside."""
    actions.require_administrator(request.user)
    one = find(number)
    if request.method == "POST" and request.POST.get("do") == "set_aside":
        directory.set_aside(one, by=request.user, at=request.at)
        return go(one)
    counts = dict(one.rows.order_by().values_list("how").annotate(n=Count("pk")))
    form = _begin(request, one, counts)
    if request.method == "POST":
        proof = need_proof(request)
        if isinstance(proof, HttpResponse):
            return proof
        if form.is_valid():
            try:
                directory.begin(one, **form.cleaned_data, by=request.user, at=request.at)
            except Blocked as blocked:
                form.add_error("confirmed", [str(reason.message) for reason in blocked.blockers])
            else:
                return go(one)
    context: dict[str, Any] = {"batch": one, "form": form, "counts": counts}
    if one.is_under_way or one.state == State.RECEIVING:
        context["progress"] = _progress(one)
    elif not request.htmx and counts:
        context |= _preview(request, one)
    if request.htmx and "progress" not in context:
        return HttpResponse(headers={"HX-Refresh": "true"})  # it is done: the whole page is another one
    template = "registers/_progress.html" if request.htmx else "registers/directory.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _begin(request: Request, one: Batch, counts: dict[str, int]) -> Begin:
    """Return the form that has it imported. One query, and none but while it is ready."""
    leaving, gone = counts.get(LEAVES, 0), counts.get(GONE, 0)
    may = one.state == State.READY and (leaving or gone)
    confirm = bool(may) and (leaving + gone) * directory.MANY > Person.objects.active().count()
    data = request.POST if request.method == "POST" else None
    new = counts.get(NEW, 0)
    return Begin(data, initial=kept(request), new=new, gone=gone, leaving=leaving, confirm=confirm)


def _progress(one: Batch) -> dict[str, int]:
    """Return how far a worker got. One query."""
    rows = one.rows.all()
    if one.state == State.APPLYING:
        changing = rows.filter(how__in=(NEW, CHANGED, LEAVES, LEFT_OUT)).aggregate(
            of=Count("pk"), done=Count("pk", filter=Q(applied=True))
        )
        done, of = changing["done"], changing["of"]
    else:
        done, of = rows.count(), one.records
    return {"done": done, "of": of, "percent": min(100 * done // of, 100) if of else 0}


def _preview(request: Request, one: Batch) -> dict[str, Any]:
    """Return everybody in a directory as its page lists them: narrowed by what becomes of them."""
    shown = lists.show(_listing(one), request.GET)
    titles = called(one.layout.get("titles", []))
    found = [str(label) for name, label in LABELS.items() if name in one.layout.get("columns", {})]
    return {
        "shown": shown,
        "rows": [
            {
                "row": row,
                "become": BECOMES.get(row.how, ""),
                "number": row.record if row.cells else None,
                "changes": [
                    _change_words(change) for change in row.changes if (row.how, change["field"]) != (NEW, "name")
                ],
                "problems": [problem_words(problem, titles) for problem in row.problems],
            }
            for row in shown.rows
        ],
        "found": found,
        "has_address": "email" in one.layout.get("columns", {}),
        "ready": one.rows.filter(how__in=(NEW, CHANGED, LEAVES)).count() if one.state == State.READY else 0,
    }


def _change_words(change: dict[str, Any]) -> dict[str, Any]:
    """Return one change as a page shows it."""
    name, rules = change["field"], policy.current()
    here, says = (rules.grade_word(change[side]) if name == "grade" else change[side] for side in ("here", "says"))
    return {"field": str(LABELS[name]), "here": here, "says": says or _("nothing")}


def _listing(one: Batch) -> lists.Listing:
    what = (
        *(lists.Option(how, words, Q(how=how)) for how, words in BECOMES.items()),
        lists.Option("needs", _("Needs you"), Q(needs=True)),
        lists.Option("twin", _("Called like somebody else"), ~Q(twin="")),
    )
    return lists.Listing(
        path=reverse("registers:directory", args=[one.number]),
        rows=one.rows.all(),
        facets=(lists.Facet("what", _("What becomes of them"), what),),
        sorts=(lists.Sort("record", _("Row"), "record"),),
        sort="record",
        key="record",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: Request, number: int) -> HttpResponse:
    """Show which column of a directory is which, and take another answer; everybody is then looked at again."""
    actions.require_administrator(request.user)
    one = find(number)
    if "titles" not in one.layout:
        raise Http404
    first = list(one.rows.exclude(cells=[]).order_by("record")[:LOOKED_AT])
    titles = called(one.layout["titles"])
    form = Columns(
        request.POST or None, initial=one.layout["columns"], titles=titles, samples=_samples(first, len(titles))
    )
    if request.method == "POST" and form.is_valid():
        directory.choose(one, form.places, by=request.user, at=request.at)
        return go(one)
    context = {"batch": one, "form": form, "can_choose": one.state == State.READY}
    return render(request, "registers/directory_columns.html", context, status=422 if form.errors else 200)


def _samples(rows: list[Staged], width: int) -> dict[int, list[str]]:
    """Return a few different cells of each column, the first of them. No query."""
    found: dict[int, list[str]] = {}
    for place in range(width):
        cells = (row.cells[place].strip() for row in rows if place < len(row.cells))
        found[place] = list(dict.fromkeys(cell for cell in cells if cell))[:SAMPLES]
    return found
