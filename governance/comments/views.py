"""Reading and writing comments, and choosing what to hear of."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.comments import forms, queries
from governance.comments.models import Comment, Hears
from governance.core import lists
from governance.core.errors import Conflict
from governance.core.http import Request, go, ours
from governance.core.rules import Blocked
from governance.gates.settling import settle
from governance.initiatives import comments as acts
from governance.initiatives import watching as hearing
from governance.initiatives.finding import find
from governance.initiatives.models import Initiative
from governance.raci import queries as raci


def _find(request: Request, number: int) -> Initiative:
    """Return the initiative; a POST first writes what time did to its open questions."""
    initiative = find(request, number)
    if request.method == "POST" and settle(initiative, at=request.at):
        initiative = find(request, number)
    return initiative


def _comment(initiative: Initiative, number: int) -> Comment:
    """Return one of its comments. Raises Http404 when it has none of that number."""
    found = queries.find(initiative.pk, number)
    if found is None:
        raise Http404
    found.initiative = initiative
    return found


def _before(request: Request) -> int | None:
    """Return the number of a comment that an address names, or None for anything that is none."""
    text = request.GET.get("before", "")
    return int(text) if text.isdecimal() and len(text) <= 9 else None


# Saying something


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request, number: int) -> HttpResponse:
    """Show what was said, by thread, newest last; POST opens a thread."""
    initiative = _find(request, number)
    form = forms.Say(request.POST if request.method == "POST" else None, like=acts.somebody(initiative, request.user))
    if request.method == "POST" and form.is_valid():
        said = _said(request, initiative, form)
        if said is not None:
            return go(f"{reverse('comments:list', args=[initiative.key])}#c{said.number}")
    before = _before(request)
    threads, earlier = queries.threads(initiative.pk, before)
    context = {
        "initiative": initiative,
        "form": form,
        "threads": threads,
        "before": before,
        "earlier": earlier,
        "hearing": hearing.of(initiative, request.user),
    }
    return render(request, "comments/list.html", context, status=422 if form.errors else 200)


def _said(request: Request, initiative: Initiative, form: forms.Say, answers: int | None = None) -> Comment | None:
    """Write what the form says and return it; None where a mention cannot be, with the reasons on the form."""
    try:
        said = acts.write(initiative, form.cleaned_data["text"], by=request.user, at=request.at, answers=answers)
    except Blocked as blocked:
        form.add_error("text", [str(b.message) for b in blocked.blockers])
        return None
    if told := ", ".join(p.name for p in said.mentioned.order_by("name", "pk")):
        messages.success(request, _("Your comment is here. Told of it: %(names)s.") % {"names": told})
    else:
        messages.success(request, _("Your comment is here."))
    return said


@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: Request, number: int, nth: int) -> HttpResponse:
    """Show one thread; POST replies in it, resolves it or opens it again. A reply's number leads to its thread."""
    initiative = _find(request, number)
    opener = _comment(initiative, nth)
    if not opener.opens and request.method != "POST":
        return go(opener)
    do = request.POST.get("do", "reply")
    data = request.POST if request.method == "POST" and do == "reply" else None
    form = forms.Say(data, label=_("Reply"), like=acts.somebody(initiative, request.user))
    if request.method == "POST":
        if do in ("resolve", "reopen"):
            return _settled(request, initiative, opener, do)
        if do != "reply":
            raise Http404
        if form.is_valid():
            said = _said(request, initiative, form, answers=opener.thread)
            if said is not None:
                return go(said)
    before = _before(request)
    shown = queries.thread(opener if opener.opens else _comment(initiative, opener.thread), before)
    context = {
        "initiative": initiative,
        "form": form,
        "thread": shown,
        "before": before,
        "earlier_url": f"?before={shown.replies[0].number}" if shown.hidden else "",
    }
    return render(request, "comments/thread.html", context, status=422 if form.errors else 200)


def _settled(request: Request, initiative: Initiative, opener: Comment, do: str) -> HttpResponse:
    """Resolve a thread or open it again, and lead back to it."""
    act = acts.resolve if do == "resolve" else acts.reopen
    opener = act(initiative, opener.number, by=request.user, at=request.at)
    messages.success(request, _("The thread is resolved.") if do == "resolve" else _("The thread is open again."))
    return go(opener)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, number: int, nth: int) -> HttpResponse:
    """Change one's own comment; what it said before stays readable."""
    initiative = _find(request, number)
    comment = _comment(initiative, nth)
    acts.require_author(request.user, comment)
    data = request.POST if request.method == "POST" else None
    like = acts.somebody(initiative, request.user)
    form = forms.Edit(data, initial={"text": comment.text, "version": comment.version}, like=like)
    conflict, status = None, 200
    if form.is_valid():
        values = form.cleaned_data
        try:
            acts.edit(initiative, nth, values["text"], by=request.user, at=request.at, seen_version=values["version"])
        except Blocked as blocked:
            form.add_error("text", [str(b.message) for b in blocked.blockers])
        except Conflict as changed:
            conflict, status, comment = changed, 409, _comment(initiative, nth)
            form = forms.Edit({"text": values["text"], "version": comment.version}, like=like)
        else:
            messages.success(request, _("Saved. The earlier text stays readable under your comment."))
            return go(comment)
    context = {"initiative": initiative, "comment": comment, "form": form, "conflict": conflict}
    return render(request, "comments/edit.html", context, status=422 if form.errors and status == 200 else status)


# Hearing of it


@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: Request, number: int) -> HttpResponse:
    """Show whether the reader hears of comments, and why; POST watches or mutes."""
    initiative = _find(request, number)
    if request.method == "POST":
        do = request.POST.get("do")
        if do not in ("watch", "mute"):
            raise Http404
        act = hearing.watch if do == "watch" else hearing.mute
        act(initiative, by=request.user, at=request.at)
        said = _("You watch %(key)s.") if do == "watch" else _("%(key)s is muted: you hear of no comments on it.")
        messages.success(request, said % {"key": initiative.key})
        back = request.POST.get("next", "")
        return go(back if ours(back) else initiative)
    context = {"initiative": initiative, "hearing": hearing.of(initiative, request.user)}
    return render(request, "comments/watch.html", context)


@require_safe
def watching(request: Request) -> HttpResponse:
    """Show what the reader watches, and what they muted. At most twelve queries."""
    me = request.user
    listing = lists.Listing(
        path=request.path,
        rows=hearing.heard_of_by(me, request.at).annotate(hears=hearing.said_by(me)),
        facets=(
            lists.Facet(
                "muted",
                _("Watching"),
                (
                    lists.Option("no", _("Watched"), ~Q(hears=Hears.MUTED) | Q(hears=None)),
                    lists.Option("yes", _("Muted"), Q(hears=Hears.MUTED)),
                ),
            ),
        ),
        sorts=(lists.Sort("number", _("Newest first"), "number", descending=True),),
        sort="-number",
        dress=lambda rows: rows.annotate(hears=hearing.said_by(me)),
    )
    shown = lists.show(listing, request.GET)
    return render(request, "comments/watching.html", {"shown": shown, "lines": _lines(shown.rows, me)})


def _lines(rows: list[Any], me) -> list[dict[str, Any]]:
    """Return initiatives with whether the reader hears of each, and why. One query."""
    raci.prefetch(rows)
    return [{"initiative": i, "hearing": hearing.hearing(i, me, i.hears)} for i in rows]
