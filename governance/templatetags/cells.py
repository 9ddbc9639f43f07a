"""What a row of the catalog says, column by column: fifty rows of nine cells are the most a page draws.

In Python because a template asks each of them the same ten questions; `format_html` escapes whatever came from
people, as everywhere.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django import template
from django.template.defaultfilters import yesno
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from governance.core.words import plain, shortened
from governance.templatetags.mandate import capability, deadline, icon, in_line, stage, tier, to_host, when

register = template.Library()

#: How much of a text a cell shows.
SHOWN = 240


@register.simple_tag
def pick(one: Any) -> SafeString:
    """Return the box that chooses one initiative of a list, for catalog/_choose.html."""
    label = _("Choose %(key)s %(name)s") % {"key": one.key, "name": one.name}
    return format_html('<input type="checkbox" name="row" value="{}" form="chosen" aria-label="{}">', one.number, label)


@register.simple_tag(takes_context=True)
def cells(context: Mapping, row: dict[str, Any]) -> SafeString:
    """Return a row's cells: `row` holds initiative, owner, next, stop_unconfirmed and cells (column, label, says).

    The name carries the key unless the context's `keyed` says that the key has a column of its own.
    """
    return SafeString("".join(_cell(context, row, cell) for cell in row["cells"]))


def _cell(context: Mapping, row: dict[str, Any], cell: dict[str, Any]) -> SafeString:
    kind = cell["column"].kind
    if kind == "name":
        return _name(row["initiative"], keyed=bool(context.get("keyed")))
    css = _CLASS.get(kind) or ("wide" if cell["column"].reads else "")
    says = _SAY.get(kind, _text)(context, row, cell["says"])
    return format_html('<td{} data-label="{}">{}</td>', _class(css), cell["label"], says)


def _class(css: str) -> SafeString:
    return format_html(' class="{}"', css) if css else SafeString("")


def _name(one: Any, *, keyed: bool) -> SafeString:
    """Return the heading of a row: key and name, and what must be known of it at a glance."""
    key = SafeString("") if keyed else format_html('<span class="key">{}</span> ', one.key)
    marks = [(one.is_retiring, _("Retiring")), (one.rollout_paused_at, _("Rollout paused"))]
    marks += [(one.evidence_missing, _("Evidence missing"))]
    lock = SafeString("")
    if one.restricted:
        lock = format_html(' {}<span class="small muted">{}</span>', icon("lock"), _("Restricted"))
    said = SafeString(
        "".join(format_html(' <span class="small muted">{}</span>', words) for held, words in marks if held)
    )
    return format_html(
        '<th scope="row"><a href="{}">{}{}</a>{}{}</th>', one.get_absolute_url(), key, one.name, lock, said
    )


# What each kind says: of the page's context, the row, and the column's value


def _tick(context: Mapping, row: dict[str, Any], says: Any) -> SafeString:
    drawing, word = (icon("met", "state-ok"), _("yes")) if says else (icon("unmet", "state-mute"), _("no"))
    return format_html('{}<span class="vh">{}</span>', drawing, word)


def _next(context: Mapping, row: dict[str, Any], says: Any) -> SafeString | str:
    following = row["next"]
    return deadline(context, following.due_at, word=following.what, was=following.what) if following else ""


def _capability(context: Mapping, row: dict[str, Any], says: Any) -> SafeString:
    name = row["initiative"].capability
    return capability(name) if name else format_html('<span class="muted">{}</span>', _("Not known"))


def _stage(context: Mapping, row: dict[str, Any], says: Any) -> SafeString:
    name = row["initiative"].stage
    if not row["stop_unconfirmed"]:
        return stage(name)
    badge = stage(name, word=_("Stop asked"))
    return format_html('<span>{} <span class="late small">{}</span></span>', badge, _("not confirmed"))


def _owner(context: Mapping, row: dict[str, Any], says: Any) -> SafeString | str:
    return row["owner"] or format_html('<span class="late">{}</span>', _("No owner"))


def _text(context: Mapping, row: dict[str, Any], says: Any) -> str:
    return "" if says is None else shortened(str(says), SHOWN)


_CLASS = {"tick": "tick", "next": "next", "amount": "num", "number": "num"}
_SAY: dict[str, Callable[[Mapping, dict[str, Any], Any], Any]] = {
    "tick": _tick,
    "next": _next,
    "capability": _capability,
    "stage": _stage,
    "owner": _owner,
    "amount": lambda context, row, says: plain(says),
    "number": lambda context, row, says: "" if says is None else says,
    "key": lambda context, row, says: format_html('<span class="key">{}</span>', row["initiative"].key),
    "tier": lambda context, row, says: tier(row["initiative"].tier, short=True),
    "when": lambda context, row, says: when(context, says, relative=False),
    "yes": lambda context, row, says: "" if says is None else yesno(says),
    "address": lambda context, row, says: in_line(says),
    "link": lambda context, row, says: to_host(says),
}
