"""What a row of the catalog says, column by column: fifty rows of nine cells are the most a page draws.

In Python because a template asks each of them the same ten questions. What is the same on every row is made once,
and whatever came from people is escaped, as everywhere: by `format_html`, or where a cell is closed.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from django import template
from django.template.defaultfilters import yesno
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from governance.core.lists import Column
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
def catalog_rows(context: Mapping, rows: Iterable[Mapping[str, Any]], columns: Iterable[Column]) -> SafeString:
    """Return the rows of the table: `rows` hold initiative, owner, next and stop_unconfirmed, `columns` what to say of each.

    The name carries the key unless the key has a column of its own.
    """
    columns = list(columns)
    keyed = any(column.kind == "key" for column in columns)
    draws = [_drawing(context, column, keyed) for column in columns]
    return SafeString(
        "".join(
            f'<tr data-row><td class="pick">{pick(row["initiative"])}</td>{"".join([draw(row) for draw in draws])}</tr>\n'
            for row in rows
        )
    )


def _drawing(context: Mapping, column: Column, keyed: bool) -> Callable[[Mapping[str, Any]], str]:
    """Return what draws a column's cell of one row after the other."""
    if column.kind == "name":
        return partial(_name, keyed=keyed)
    css = _CLASS.get(column.kind) or ("wide" if column.reads else "")
    opened = format_html('<td{} data-label="{}">', _class(css), column.short or column.label)
    says = _SAY.get(column.kind, _text)
    return lambda row: f"{opened}{conditional_escape(says(context, row, column))}</td>"


def _class(css: str) -> SafeString:
    return format_html(' class="{}"', css) if css else SafeString("")


def _name(row: Mapping[str, Any], *, keyed: bool) -> SafeString:
    """Return the heading of a row: key and name, and what must be known of it at a glance."""
    one = row["initiative"]
    key = SafeString("") if keyed else format_html('<span class="key">{}</span> ', one.key)
    said = _marks(
        one.restricted, one.is_retiring, one.rollout_paused_at is not None, bool(one.evidence_missing), get_language()
    )
    return format_html('<th scope="row"><a href="{}">{}{}</a>{}</th>', one.get_absolute_url(), key, one.name, said)


@lru_cache(maxsize=256)
def _marks(restricted: bool, retiring: bool, paused: bool, missing: bool, language: str | None) -> SafeString:
    """Return what must be known of a row at a glance, in the language that is on."""
    lock = format_html(' {}<span class="small muted">{}</span>', icon("lock"), _("Restricted"))
    marks = [(retiring, _("Retiring")), (paused, _("Rollout paused")), (missing, _("Evidence missing"))]
    said = format_html_join("", ' <span class="small muted">{}</span>', ((words,) for held, words in marks if held))
    return SafeString(lock + said) if restricted else said


# What each kind says: of the page's context, the row, and the column


def _tick(context: Mapping, row: Mapping[str, Any], column: Column) -> SafeString:
    return _ticked(bool(column.value(row["initiative"])), get_language())


@lru_cache(maxsize=64)
def _ticked(yes: bool, language: str | None) -> SafeString:
    """Return a tick or a cross in the language that is on, which is named so that each has its own."""
    drawing, word = (icon("met", "state-ok"), _("yes")) if yes else (icon("unmet", "state-mute"), _("no"))
    return format_html('{}<span class="vh">{}</span>', drawing, word)


def _next(context: Mapping, row: Mapping[str, Any], column: Column) -> SafeString | str:
    following = row["next"]
    return deadline(context, following.due_at, word=following.what, was=following.what) if following else ""


def _capability(context: Mapping, row: Mapping[str, Any], column: Column) -> SafeString:
    name = row["initiative"].capability
    return capability(name) if name else format_html('<span class="muted">{}</span>', _("Not known"))


def _stage(context: Mapping, row: Mapping[str, Any], column: Column) -> SafeString:
    name = row["initiative"].stage
    if not row["stop_unconfirmed"]:
        return stage(name)
    badge = stage(name, word=_("Stop asked"))
    return format_html('<span>{} <span class="late small">{}</span></span>', badge, _("not confirmed"))


def _owner(context: Mapping, row: Mapping[str, Any], column: Column) -> SafeString | str:
    return row["owner"] or format_html('<span class="late">{}</span>', _("No owner"))


def _number(context: Mapping, row: Mapping[str, Any], column: Column) -> Any:
    says = column.value(row["initiative"])
    return "" if says is None else says


def _yes(context: Mapping, row: Mapping[str, Any], column: Column) -> Any:
    says = column.value(row["initiative"])
    return "" if says is None else yesno(says)


def _text(context: Mapping, row: Mapping[str, Any], column: Column) -> str:
    says = column.value(row["initiative"])
    return "" if says is None else shortened(str(says), SHOWN)


_CLASS = {"tick": "tick", "next": "next", "amount": "num", "number": "num"}
_SAY: dict[str, Callable[[Mapping, Mapping[str, Any], Column], Any]] = {
    "tick": _tick,
    "next": _next,
    "capability": _capability,
    "stage": _stage,
    "owner": _owner,
    "amount": lambda context, row, column: plain(column.value(row["initiative"])),
    "number": _number,
    "key": lambda context, row, column: format_html('<span class="key">{}</span>', row["initiative"].key),
    "tier": lambda context, row, column: tier(row["initiative"].tier, short=True),
    "when": lambda context, row, column: when(context, column.value(row["initiative"]), relative=False),
    "yes": _yes,
    "address": lambda context, row, column: in_line(column.value(row["initiative"])),
    "link": lambda context, row, column: to_host(column.value(row["initiative"])),
}
