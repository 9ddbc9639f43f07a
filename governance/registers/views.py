"""The pages of lists coming in: bring one, look at it, mend a row, import it, take it back. For the Portfolio office and administrators."""

from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.core import lists
from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.initiatives.catalog import key_in
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.registers import apply, bringing, gaps, mapping, ours, profiles, undo
from governance.registers.columns import called
from governance.registers.forms import Bring, BringBack, Columns, Mend, OwnProfile, Words
from governance.registers.models import Batch, Kind, Origin, State
from governance.registers.profile import OWN
from governance.registers.profiles import OURS
from governance.registers.words import change_words, problem_words, twin_words

#: Imports on the list of imports.
SHOWN = 30


def find(request: Request, number: int) -> Batch:
    """Return the import of that number. Raises Http404, and Refused where it is not this person's to handle. Two queries."""
    batch = Batch.objects.select_related("person").filter(kind=Kind.REGISTER, number=number).first()
    if batch is None:
        profiles.may_import(request.user)
        raise Http404
    bringing.may_handle(request.user, batch)
    return batch


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request) -> HttpResponse:
    """Show the lists that came in, newest first, and take another one."""
    profiles.may_import(request.user)
    form = Bring(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        batch = bringing.receive(
            file.chunks(),
            file.name,
            form.cleaned_data["profile"],
            form.cleaned_data["encoding"],
            by=request.user,
            at=request.at,
        )
        return go(batch)
    brought = (
        Batch.objects.filter(kind=Kind.REGISTER).exclude(profile=OURS).select_related("person").order_by("-number")
    )
    context = {"form": form, "batches": brought[:SHOWN]}
    return render(request, "registers/index.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edited(request: Request) -> HttpResponse:
    """Take an export of the catalog that somebody changed in a spreadsheet, and show those they brought before."""
    form = BringBack(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        return go(bringing.receive(file.chunks(), file.name, OURS, by=request.user, at=request.at))
    brought = Batch.objects.filter(profile=OURS, person=request.user).order_by("-number")
    context = {"form": form, "batches": brought[:SHOWN]}
    return render(request, "registers/edited.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: Request, number: int) -> HttpResponse:
    """Show where an import stands and what would become of each row; have it imported, or set it aside."""
    one = find(request, number)
    if request.method == "POST":
        act = bringing.set_aside if request.POST.get("do") == "set_aside" else bringing.begin
        act(one, by=request.user, at=request.at)
        return go(one)
    if one.state == State.MAPPING and not request.htmx:
        return go(reverse("registers:columns", args=[one.number]))
    context: dict[str, Any] = {"batch": one, "profile": _title(one.profile), "is_ours": one.profile == OURS}
    if one.is_under_way or one.state == State.RECEIVING:
        context["progress"] = _progress(one)
    elif not request.htmx and one.rows.exists():
        context |= _preview(request, one)
    if request.htmx and "progress" not in context:
        return HttpResponse(headers={"HX-Refresh": "true"})  # it is done: the whole page is another one
    context["can_undo"] = undo.is_possible(one, request.at)
    template = "registers/_progress.html" if request.htmx else "registers/batch.html"
    return render(request, template, context)


def _title(profile: str) -> str:
    """Return what a profile calls its register; empty where nobody has said what its columns mean."""
    if not profile:
        return ""
    if profile == OURS:
        return _("an export of the catalog")
    try:
        return profiles.load(profile).title
    except profiles.Unreadable:
        return profile


def _progress(one: Batch) -> dict[str, int]:
    """Return how far a worker got. One query."""
    rows = one.rows.all()
    done = rows.filter(applied=True).count() if one.state == State.APPLYING else rows.count()
    return {"done": done, "of": one.records, "percent": min(100 * done // one.records, 100) if one.records else 0}


def _preview(request: Request, one: Batch) -> dict[str, Any]:
    """Return the rows of an import as its page lists them: narrowed by what becomes of them."""
    shown = lists.show(_listing(one), request.GET)
    titles = called(one.layout.get("titles", []))
    visible = Initiative.objects.visible_to(request.user, request.at)
    gone = apply.no_longer_listed(one).filter(initiative__in=visible)
    # Whoever brought the list may see more than whoever reads its page: what is here is shown to who may see it.
    seen = _seen(one, shown.rows, visible)
    named = {int(row.twin[5:]) for row in shown.rows if row.twin.startswith("here:")}
    known = set(visible.filter(number__in=named).values_list("number", flat=True)) if named else set()
    return {
        "shown": shown,
        "rows": [
            {
                "row": row,
                "name": row.values.get("fields", {}).get("name", ""),
                "unit": " / ".join(row.values.get("unit", [])),
                "stage": Stage(row.values["stage"]).label if row.values.get("stage") in Stage.values else "",
                "changes": [change_words(c) for c in row.changes] if (row.identity, row.occurrence) in seen else [],
                "problems": [problem_words(problem, titles) for problem in row.problems],
                "twin": None
                if row.twin.startswith("here:") and int(row.twin[5:]) not in known
                else twin_words(row.twin, one),
            }
            for row in shown.rows
        ],
        "ready": one.rows.exclude(how__in=_left_out(one)).count() if one.state == State.READY else 0,
        "refused": one.rows.filter(how="refused").count(),
        "gone": _gone(one),
        "gone_names": [origin.initiative for origin in gone[:5]] if one.state == State.READY else [],
    }


def _seen(one: Batch, rows: list[Any], visible: Any) -> set[tuple[str, int]]:
    """Return the identities, with their turns, of the rows that are about something `visible`. One query."""
    identities = {row.identity for row in rows}
    if one.profile == OURS:
        numbers = {number for identity in identities if (number := key_in(identity)) is not None}
        return {(f"AI-{number}", 1) for number in visible.filter(number__in=numbers).values_list("number", flat=True)}
    mine = Origin.objects.filter(profile=one.profile, identity__in=identities, initiative__in=visible)
    return set(mine.values_list("identity", "occurrence"))


def _listing(one: Batch) -> lists.Listing:
    what: tuple[lists.Option, ...] = (
        lists.Option("new", _("New"), Q(how="created")),
        lists.Option("changed", _("Changed"), Q(how="updated")),
        lists.Option("unchanged", _("Unchanged"), Q(how="unchanged")),
        lists.Option("needs", _("Needs you"), Q(needs=True)),
        lists.Option("twin", _("Possible duplicate"), ~Q(twin="")),
        lists.Option("noted", _("Cell not read"), ~Q(problems=[])),
        lists.Option("skipped", _("No initiative"), Q(how="skipped")),
        lists.Option("refused", _("Left out"), Q(how="refused")),
    )
    if one.profile == OURS:
        kept = {option.value: option for option in what}
        noted = lists.Option("noted", _("With a remark"), ~Q(problems=[]))
        what = (*(kept[name] for name in ("changed", "unchanged", "needs")), noted, kept["refused"])
    return lists.Listing(
        path=reverse("registers:batch", args=[one.number]),
        rows=one.rows.all(),
        facets=(lists.Facet("what", _("What becomes of it"), what),),
        sorts=(lists.Sort("record", _("Row"), "record"),),
        sort="record",
        key="record",
    )


def _left_out(one: Batch) -> tuple[str, ...]:
    """Return what becomes of the rows that an import leaves out. Of an export of ours, what nobody changed is one of them."""
    return ("refused", "skipped", "unchanged") if one.profile == OURS else ("refused", "skipped")


def _gone(one: Batch) -> int:
    """Return how many records are no longer listed. One query."""
    return apply.no_longer_listed(one).count() if one.state == State.READY else one.counts.get("gone", 0)


def _mapping(request: Request, number: int) -> Batch:
    """Return a list that waits to be told what its columns mean. Raises Conflict for another one."""
    one = find(request, number)
    if one.state != State.MAPPING:
        raise Conflict(_("This list is not waiting for that any more: %(state)s.") % {"state": one.get_state_display()})
    return one


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: Request, number: int) -> HttpResponse:
    """Show what stands in each column of a list, and take what each one is."""
    one = _mapping(request, number)
    if request.POST.get("do") == "set_aside":
        bringing.set_aside(one, by=request.user, at=request.at)
        return go(one)
    fitting = profiles.fitting(one.layout["titles"])
    if request.POST.get("as") in fitting:
        bringing.mean(one, request.POST["as"], by=request.user, at=request.at)
        return go(one)
    there, draft = mapping.seen(one.layout), one.layout.get("draft", {})
    said = draft.get("columns") or {str(place): likely for place, likely in mapping.likely(there).items()}
    form = Columns(request.POST or None, columns=there, said=said, header=one.layout["shape"]["header"])
    if request.method == "POST" and form.is_valid():
        header = form.cleaned_data["header"]
        bringing.say_columns(one, {**draft, "columns": form.said}, header=header, by=request.user, at=request.at)
        again = header != one.layout["shape"]["header"]
        return go(one if again else reverse("registers:words", args=[one.number]))
    context = {"batch": one, "form": form, "fitting": fitting}
    return render(request, "registers/columns.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def words(request: Request, number: int) -> HttpResponse:
    """Ask what the words of a list mean, keep the profile this makes, and have the list read under it."""
    one = _mapping(request, number)
    there, draft = mapping.seen(one.layout), one.layout.get("draft", {})
    if next(mapping.wrong(there, draft), None):
        return go(reverse("registers:columns", args=[one.number]))
    file = PurePath(one.file_name).stem
    form = Words(request.POST or None, columns=there, draft=draft, file=file)
    if request.method == "POST" and form.is_valid():
        text = mapping.toml(form.cleaned_data["title"], one.layout, {**draft, **form.said})
        try:
            bringing.mean(one, form.cleaned_data["name"], text, by=request.user, at=request.at)
        except profiles.Unreadable as why:
            form.add_error(None, str(why))
        else:
            return go(one)
    many = [c.name for c in mapping.meant(there, draft, mapping.STAGE) if c.words is None]
    context = {"batch": one, "form": form, "many": many}
    return render(request, "registers/words.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def profile_list(request: Request) -> HttpResponse:
    """Show every profile there is, and take one that somebody wrote."""
    profiles.may_import(request.user)
    form = OwnProfile(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            kept = profiles.keep(*form.name_and_text, by=request.user, at=request.at)
        except profiles.Unreadable as why:
            form.add_error("file", str(why))
        else:
            messages.success(request, _("The profile %(name)s is kept.") % {"name": kept.name})
            return go(reverse("registers:profiles"))
    shipped = profiles.shipped()
    listed = [(name, profiles.load(name).title, name in shipped) for name in profiles.names()]
    return render(
        request, "registers/profiles.html", {"form": form, "profiles": listed}, status=422 if form.errors else 200
    )


@require_safe
def profile_file(request: Request, name: str) -> HttpResponse:
    """Return the text of a profile as a file, to be read, changed and brought back."""
    profiles.may_import(request.user)
    if name not in profiles.names():
        raise Http404
    response = HttpResponse(profiles.text_of(name), content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.toml"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def row(request: Request, number: int, record: int) -> HttpResponse:
    """Show one row of a list with its cells, and take other ones in their place."""
    one = find(request, number)
    staged = one.rows.filter(record=record).first()
    if staged is None or not staged.cells:
        raise Http404
    titles, places = called(one.layout["titles"]), one.layout["places"]
    if one.profile == OURS:
        places = {name: place for name, place in places.items() if name in ours.MENDABLE or name.startswith(OWN)}
    columns = [
        (place, titles[place], staged.cells[place])
        for place in sorted(set(places.values()))
        if place < len(staged.cells)
    ]
    form = Mend(request.POST or None, columns=columns)
    if request.method == "POST" and form.is_valid():
        bringing.mend(one, record, form.cells, by=request.user, at=request.at)
        return go(f"{one.get_absolute_url()}?what=needs")
    context = {
        "batch": one,
        "row": staged,
        "form": form,
        "problems": [problem_words(problem, titles) for problem in staged.problems],
        "can_mend": one.state == State.READY,
    }
    return render(request, "registers/row.html", context, status=422 if form.errors else 200)


@require_safe
def report(request: Request, number: int) -> HttpResponse:
    """Show what a list says and does not say about what is in use: one page, also on paper."""
    one = find(request, number)
    if one.profile == OURS or not one.rows.exists():
        raise Http404
    return render(
        request, "registers/report.html", {"batch": one, "profile": _title(one.profile), "report": gaps.report(one)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: Request, number: int) -> HttpResponse:
    """Say what taking an import back means, and do it."""
    one = find(request, number)
    if request.method == "POST":
        bringing.take_back(one, by=request.user, at=request.at)
        return go(one)
    return render(request, "registers/take_back.html", {"batch": one, "can_undo": undo.is_possible(one, request.at)})
