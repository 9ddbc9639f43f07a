"""The page of chosen initiatives: what is done to them together, what will happen to each, and what did.

Rows are chosen on the catalog or in the queue, by ticking them or as everything the list shows. The page lists
what would be done; the POST does it to those listed, each at the version that was shown.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from governance import policy
from governance.core import export, lists
from governance.core.http import Request, go
from governance.gates import triage
from governance.initiatives import bulk, catalog, forms_chosen
from governance.initiatives.models import Initiative

#: Keys that one sentence names; the rest is counted.
NAMED = 20
#: Rows that the page lists open; the rest is folded away.
SHOWN = 40


@dataclass(frozen=True)
class Deed:
    """Something that is done to many: the words of its button, the form it needs, the act, what is said of those done, and a note."""

    button: Any
    form: type
    act: Callable[..., bulk.Act]
    told: Callable[[int, dict[str, Any]], str]
    note: Any
    most: int = bulk.MOST


def _said(one: str, many: str) -> Callable[[int, dict[str, Any]], str]:
    """Return what says in words how many it was done to."""
    return lambda n, values: (
        ngettext(one, many, n) % {"n": n, **{name: getattr(value, "name", value) for name, value in values.items()}}
    )


def _asked(n: int, values: dict[str, Any]) -> str:
    words = {"n": n, "name": values["person"].name, "days": policy.current().windows["offer_wd"]}
    return (
        ngettext(
            "%(name)s is asked to own %(n)d, and has %(days)s working days to accept. Until then nothing changes.",
            "%(name)s is asked to own %(n)d, and has %(days)s working days to accept each. Until then nothing changes.",
            n,
        )
        % words
    )


DEEDS: dict[str, Deed] = {
    "unit": Deed(
        gettext_lazy("Put them into this unit"),
        forms_chosen.ToUnit,
        lambda values, **who: bulk.belong_to(values["unit"], **who),
        _said("%(n)d belongs to %(unit)s now.", "%(n)d belong to %(unit)s now."),
        gettext_lazy("Each is amended and on record by itself, where you may amend it. What it says besides stays."),
    ),
    "offer": Deed(
        gettext_lazy("Ask this person"),
        forms_chosen.ToPerson,
        lambda values, **who: bulk.offer_to(values["person"], **who),
        _asked,
        gettext_lazy(
            "An offer of each, which they accept or decline one by one. Nobody’s place is taken, and no other offer ends."
        ),
        bulk.MOST_OFFERS,
    ),
    "tag": Deed(
        gettext_lazy("Put this tag on"),
        forms_chosen.OneTag,
        lambda values, **who: bulk.tag(values["tag"], **who),
        _said("%(n)d carries the tag “%(tag)s” now.", "%(n)d carry the tag “%(tag)s” now."),
        gettext_lazy("Where you may amend it. Tags decide nothing."),
    ),
    "untag": Deed(
        gettext_lazy("Take this tag off"),
        forms_chosen.OneTag,
        lambda values, **who: bulk.untag(values["tag"], **who),
        _said("%(n)d no longer carries the tag “%(tag)s”.", "%(n)d no longer carry the tag “%(tag)s”."),
        gettext_lazy("Where you may amend it. Tags decide nothing."),
    ),
    "watch": Deed(
        gettext_lazy("Watch them"),
        forms_chosen.Nothing,
        lambda values, **who: bulk.watch(**who),
        _said("You watch %(n)d more.", "You watch %(n)d more."),
        gettext_lazy("You get one line each morning, and only if somebody said something."),
    ),
    "mute": Deed(
        gettext_lazy("Mute them"),
        forms_chosen.Nothing,
        lambda values, **who: bulk.mute(**who),
        _said("%(n)d is muted: you hear of no comments on it.", "%(n)d are muted: you hear of no comments on them."),
        gettext_lazy("What waits for you and what binds you still reaches you."),
    ),
}


# --- Which ones -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """The initiatives somebody chose, of those they may see, and the list they came from."""

    listing: lists.Listing
    asked: lists.Chosen
    everything: bool
    numbers: list[int]
    total: int

    @property
    def back_url(self) -> str:
        """Return the address of the list they came from."""
        return lists.address(self.listing, self.asked)


def _chosen(request: Request, data: QueryDict, most: int) -> Chosen:
    """Return what an address chooses: the rows it names, or the first `most` of all that its list shows. Two queries, and those of the list."""
    listing = _listing(request)
    asked = lists.choose(listing, data)
    rows = lists.narrowed(listing, asked)
    everything = data.get("all") == "1"
    if everything:
        found = lists.ordered(listing, asked, rows)
        numbers = list(found.values_list("number", flat=True)[: most + 1])
        total = len(numbers) if len(numbers) <= most else rows.order_by().count()
        return Chosen(listing, asked, True, numbers[:most], total)
    sent = _numbers(data.getlist("row"))
    seen = Initiative.objects.visible_to(request.user, request.at).filter(number__in=sent)
    numbers = list(seen.order_by("number").values_list("number", flat=True))
    return Chosen(listing, asked, False, numbers[:most], len(numbers))


def _listing(request: Request) -> lists.Listing:
    """Return the list that rows are chosen from: the queue where the address says so, else the catalog."""
    if request.GET.get("of") == "triage":
        return triage.listing(request.user, request.at, path=reverse("gates:triage"))
    company = request.installation.company
    return catalog.listing(request.user, request.at, path=reverse("catalog:list"), company=company)


def _numbers(sent: list[str]) -> list[int]:
    """Return the numbers of initiatives in what was sent, at most as many as are done at a time."""
    return [int(text) for text in sent[: bulk.MOST] if re.fullmatch(r"[1-9][0-9]{0,8}", text)]


def _seen(text: str) -> dict[int, int]:
    """Return the numbers, each with the version that was shown, of "42.7 43.1". At most as many as are done at a time."""
    pairs = re.findall(r"(?<!\S)([1-9][0-9]{0,8})\.([1-9][0-9]{0,8})(?!\S)", text[: bulk.MOST * 20])
    return {int(number): int(version) for number, version in pairs[: bulk.MOST]}


# --- The page ---------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def chosen(request: Request) -> HttpResponseBase:
    """Show what would be done to the chosen ones; POST does it to those that were shown, and says what became of each."""
    do = request.GET.get("do", "")
    if do in export.KINDS and request.method != "POST":
        return go(_file(request, do))
    deed = DEEDS.get(do)
    if request.method == "POST":
        if deed is None:
            raise Http404
        return _do(request, deed)
    return _page(request, deed, deed.form() if deed else None, _chosen(request, request.GET, _most(deed)))


def _most(deed: Deed | None) -> int:
    return deed.most if deed else bulk.MOST


def _file(request: Request, kind: str) -> str:
    """Return the address of the chosen ones as a file: of the list itself where everything on it was chosen."""
    listing = _listing(request)
    asked = lists.choose(listing, request.GET)
    query = lists.question(listing, asked)
    if request.GET.get("all") == "1":
        return f"{listing.path.rstrip('/')}.{kind}{query}"
    rows = urlencode([("row", number) for number in _numbers(request.GET.getlist("row"))])
    columns = urlencode({"columns": ",".join(asked.columns)}, safe=",") if asked.columns else ""
    address = reverse("catalog:chosen_file", args=[kind])
    return f"{address}?{'&'.join(part for part in (rows, columns) if part)}"


@require_safe
def as_file(request: Request, kind: str) -> HttpResponseBase:
    """Return the chosen ones as a file with the columns of the catalog. Two queries, and those of who may see what."""
    numbers = _numbers(request.GET.getlist("row"))
    visible = Initiative.objects.visible_to(request.user, request.at).filter(number__in=numbers)
    company, at = request.installation.company, request.at
    listing = catalog.listing(request.user, at, path=reverse("catalog:list"), company=company, rows=visible)
    return export.as_file(kind, listing, request.GET, "chosen", company=company, at=at)


def _do(request: Request, deed: Deed) -> HttpResponse:
    """Do it to the rows that were shown, and lead back to their list with what became of each."""
    seen = _seen(request.POST.get("rows", ""))
    found = _chosen(request, _naming(request, seen), deed.most)
    form = deed.form(request.POST)
    if not form.is_valid() or not found.numbers:
        return _page(request, deed, form, found, status=422)
    wanted = {number: seen[number] for number in found.numbers}
    outcome = bulk.each(
        wanted, deed.act(form.cleaned_data, by=request.user, at=request.at), by=request.user, at=request.at
    )
    if not (outcome.done or outcome.same):
        return _page(request, deed, form, found, outcome=outcome, status=403 if outcome.is_refused else 409)
    if outcome.done:
        messages.success(request, deed.told(len(outcome.done), form.cleaned_data))
    if outcome.same:
        n = len(outcome.same)
        messages.info(request, ngettext("%(n)d was so already.", "%(n)d were so already.", n) % {"n": n})
    for sentence in _left(outcome):
        messages.warning(request, sentence)
    return go(found.back_url)


def _naming(request: Request, seen: dict[int, int]) -> QueryDict:
    """Return the question of the list, with exactly these rows chosen."""
    data = request.GET.copy()
    data.pop("all", None)
    data.setlist("row", [str(number) for number in seen])
    return data


def _left(outcome: bulk.Outcome) -> list[str]:
    """Return what was left as it is and why, one sentence for each reason."""
    said = []
    for reason, keys in outcome.left.items():
        words = {"n": len(keys), "keys": ", ".join(keys[:NAMED]), "more": len(keys) - NAMED, "why": reason}
        text = ngettext("%(n)d was left as it is: %(keys)s", "%(n)d were left as they are: %(keys)s", len(keys)) % words
        if len(keys) > NAMED:
            text += ngettext(" and %(more)d more", " and %(more)d more", len(keys) - NAMED) % words
        said.append(_("%(left)s. %(why)s") % {"left": text, "why": reason})
    return said


def _page(
    request: Request,
    deed: Deed | None,
    form: Any,
    found: Chosen,
    *,
    outcome: bulk.Outcome | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the chosen ones, what would be done to them, and why it was not. One query."""
    rows = list(Initiative.objects.filter(number__in=found.numbers).select_related("unit").order_by("number"))
    context = {
        "deed": deed,
        "title": bulk.WORDS[request.GET["do"]] if deed else _("Chosen initiatives"),
        "form": form,
        "first": rows[:SHOWN],
        "rest": rows[SHOWN:],
        "n": len(rows),
        "total": found.total,
        "most": _most(deed),
        "rows": " ".join(f"{one.number}.{one.version}" for one in rows),
        "left": _left(outcome) if outcome else [],
        "back_url": found.back_url,
    }
    return render(request, "catalog/chosen.html", context, status=status)
