"""What every template can say without loading anything: icons, moments, money, states, tiers, stages.

Nothing here asks the database. Markup is built with `format_html`, so whatever came from people is
escaped; the only hand-made safe strings are the drawings in `icons.py`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from governance.core.words import money, plain
from governance.templatetags.icons import BREAK, ICONS

register = template.Library()


# --- Icons ------------------------------------------------------------------------------------


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, css: str = "") -> SafeString:
    """Return the drawing called `name` as inline SVG, hidden from screen readers: a word stands beside it.

    Raises KeyError for a name that is not drawn, so that a typo fails its page's test.
    """
    return format_html(
        '<svg class="{}" viewBox="0 0 16 16" width="16" aria-hidden="true">{}</svg>',
        f"icon {css}" if css else "icon",
        ICONS[name],
    )


# --- Moments ----------------------------------------------------------------------------------


def zone_word(instant: datetime) -> str:
    """Return the short name of the active zone at `instant` ("CET"), or "UTC+3" where a zone has none."""
    word = timezone.localtime(instant).tzname() or "UTC"
    return word if word[0].isalpha() else f"UTC{word}"


def moment(instant: datetime | date, at: datetime | None = None) -> str:
    """Return "Thu 20 Nov, 17:00 CET" in the active zone; a date has no time and no zone.

    The year is added when it is not `at`'s.
    """
    year = timezone.localtime(at).year if at is not None else None
    return _moment(instant, year, timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=4096)
def _moment(instant: datetime | date, year: int | None, zone: tzinfo, language: str | None) -> str:
    """Return a moment in the zone and the language that are on: lists say the same few hundred again and again."""
    here = timezone.localtime(instant, zone) if isinstance(instant, datetime) else instant
    far = year is not None and here.year != year
    day = formats.date_format(here, "D j M Y" if far else "D j M")
    if not isinstance(instant, datetime):
        return day
    return _("%(day)s, %(time)s %(zone)s") % {
        "day": day,
        "time": formats.date_format(here, "H:i"),
        "zone": zone_word(instant),
    }


def span(gap: timedelta) -> str:
    """Return how long `gap` is, in one unit: "40 min", "5 h", "12 d", "7 months". The sign is dropped."""
    minutes = int(abs(gap).total_seconds() // 60)
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)d h", "%(n)d h", minutes // 60) % {"n": minutes // 60}
    days = minutes // (24 * 60)
    if days < 100:
        return ngettext("%(n)d d", "%(n)d d", days) % {"n": days}
    if days < 730:
        return ngettext("%(n)d month", "%(n)d months", days // 30) % {"n": days // 30}
    return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}


def _gap(instant: datetime | date, at: datetime) -> timedelta:
    """Return how far `instant` lies ahead of `at`; whole days where `instant` is a date."""
    if isinstance(instant, datetime):
        return instant - at
    return instant - timezone.localtime(at).date()


def _ago(instant: datetime | date, at: datetime) -> str:
    gap = _gap(instant, at)
    if not isinstance(instant, datetime) and not gap:
        return _("today")
    if abs(gap) < timedelta(minutes=1):
        return _("now")
    return span(gap) if gap > timedelta() else _("%(span)s ago") % {"span": span(gap)}


def _moment_html(instant: datetime | date, at: datetime | None) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', instant.isoformat(), moment(instant, at))


@register.simple_tag(takes_context=True)
def when(
    context: Mapping, instant: datetime | date | None, at: datetime | None = None, relative: bool = True
) -> SafeString | str:
    """Say a moment: absolute with its zone first, then how far it is. `at` is the page's moment unless given.

    Empty for None. Dates are said as days.
    """
    at = at or context.get("at")
    if instant is None or instant == "":
        return ""
    if at is None or not relative:
        return _moment_html(instant, at)
    return format_html('{} <span class="ago">({})</span>', _moment_html(instant, at), _ago(instant, at))


@register.simple_tag(takes_context=True)
def deadline(
    context: Mapping, instant: datetime | date | None, at: datetime | None = None, word: str = "", was: str = ""
) -> SafeString | str:
    """Say a deadline: "due Thu 20 Nov, 17:00 CET (2 d)", "was due … (3 d late)" once it has passed.

    `word` and `was` replace "due" and "was due". The class is `late`, `soon` (48 h or less) or neither.
    """
    at = at or context.get("at")
    if instant is None or instant == "":
        return ""
    if at is None:
        return format_html('<span class="deadline">{} {}</span>', word or _("due"), _moment_html(instant, None))
    gap = _gap(instant, at)
    late = gap < timedelta() if not isinstance(instant, datetime) else gap <= timedelta()
    soon = not late and gap <= timedelta(hours=48)
    return format_html(
        '<span class="deadline{}">{} {} <span class="ago">({})</span></span>',
        " late" if late else " soon" if soon else "",
        (was or _("was due")) if late else (word or _("due")),
        _moment_html(instant, at),
        _("%(span)s late") % {"span": span(gap)} if late else _ago(instant, at),
    )


@register.filter
def clock(instant: datetime | None) -> str:
    """Return the time of day with seconds, "14:02:19", in the active zone; for timelines grouped by day."""
    return formats.date_format(timezone.localtime(instant), "H:i:s") if instant else ""


@register.filter
def length_of(start: datetime | None, end: datetime | None) -> str:
    """Return how long from `start` to `end`: "12 d"."""
    return span(end - start) if start and end else ""


@register.filter
def said(instant: datetime | date | None, at: datetime | None = None) -> str:
    """Return a moment as plain text, for e-mails: "Thu 20 Nov, 17:00 CET (2 d)"; without `at` nothing in brackets."""
    if instant is None or instant == "":
        return ""
    return f"{moment(instant, at)} ({_ago(instant, at)})" if at else moment(instant)


# --- Money and numbers ------------------------------------------------------------------------

register.filter(money)
register.filter(plain)


# --- States: a glyph and a word, always both --------------------------------------------------

#: state → (icon, class, word). The word may name who or until when.
STATES: dict[str, tuple[str, str, Any]] = {
    "met": ("met", "ok", gettext_lazy("Met")),
    "not_met": ("unmet", "bad", gettext_lazy("Not met")),
    "waiting": ("waiting", "warn", gettext_lazy("Waiting")),
    "expired": ("expired", "bad", gettext_lazy("Expired")),
    "waived": ("waived", "warn", gettext_lazy("Waived")),
    "not_needed": ("not-needed", "mute", gettext_lazy("Not needed")),
    "not_measured": ("not-measured", "mute", gettext_lazy("Not measured")),
}


@register.simple_tag
def state(name: str, who: str = "", until: date | None = None, word: str = "") -> SafeString:
    """Return a state as glyph and word: met, not_met, waiting (who), expired, waived (until), not_needed, not_measured.

    `word` replaces the word where a page has a better one ("Confirmed", "Signed").
    """
    drawing, css, said = STATES[name]
    if word:
        said = word
    elif name == "waiting" and who:
        said = _("Waiting on %(who)s") % {"who": who}
    elif name == "waived" and until:
        said = _("Waived until %(day)s") % {"day": moment(until)}
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', css, icon(drawing), said)


@register.filter
def tone(name: str) -> str:
    """Return the colour class of a state: ok, bad, warn or mute."""
    return STATES[name][1] if name in STATES else "mute"


#: stage → (icon, class). What pages call it is the lifecycle's to say.
STAGES: dict[str, tuple[str, str]] = {
    "triage": ("not-measured", "found"),
    "discovered": ("dot-open", "found"),
    "idea": ("dot-open", "idea"),
    "pilot": ("dot-here", "pilot"),
    "funding": ("diamond-open", "gate"),
    "build": ("dot-here", "build"),
    "production": ("dot", "live"),
    "stopped": ("square", "stopped"),
    "retired": ("not-needed", "retired"),
}


@lru_cache(maxsize=256)
def _badge(drawing: str, css: str, label: SafeString) -> SafeString:
    """Return a badge: a list has the same few on every row."""
    return render_to_string("core/_badge.html", {"icon": drawing, "tone": css, "label": label})


@register.simple_tag
def stage(name: str, word: str = "") -> SafeString:
    """Show a stage as a badge. `word` replaces its label ("Stop asked, not confirmed")."""
    from governance.initiatives.lifecycle import Stage

    drawing, css = STAGES[name]
    return _badge(drawing, css, conditional_escape(word or Stage(name).label))


@register.simple_tag
def capability(name: str | None) -> SafeString:
    """Show what it may do: Draft only (outlined, pen), Can act (solid, square), or that nobody knows."""
    from governance.initiatives.models import Capability

    if not name:
        return _badge("square-open", "unset", conditional_escape(_("Capability not known")))
    acts = name == Capability.CAN_ACT
    return _badge("square" if acts else "pen", "acts" if acts else "draft", conditional_escape(Capability(name).label))


@register.simple_tag
def tier(number: int | None, word: str = "", short: bool = False) -> SafeString:
    """Show a tier: five notches, its number and, unless `short`, the word "Tier". None is "Tier not set".

    `word` is the policy's title of the tier ("Customers rely on it").
    """
    return _tier(number, conditional_escape(word), short, get_language())


@lru_cache(maxsize=256)
def _tier(number: int | None, word: SafeString, short: bool, language: str | None) -> SafeString:
    """Return a tier in the language that is on, which is named so that each has its own."""
    full = -1 if number is None else number
    notches = [
        "".join(f"M{6 * place}.5.5h4v12h-4z" for place in range(5) if (place <= full) is filled)
        for filled in (True, False)
    ]
    said = {"tier": number, "word": word, "short": short, "full": notches[0], "bare": notches[1]}
    return render_to_string("core/_tier.html", said)


# --- People and text --------------------------------------------------------------------------


@register.filter
def initials(name: Any) -> str:
    """Return up to two initials of a name: "Priya Nair" → "PN"."""
    words = re.findall(r"\w+", str(getattr(name, "name", name) or ""))
    return "".join(word[0] for word in ([words[0], words[-1]] if len(words) > 1 else words[:1])).upper()


_ADDRESS = re.compile(r"(https?://[^\s<>\"']+)")
_TRAILING = ".,;:!?)]}”’»"


def _with_links(line: str) -> SafeString:
    parts: list[tuple[SafeString | str]] = []
    for place, part in enumerate(_ADDRESS.split(line)):
        if place % 2 == 0:
            parts.append((part,))
            continue
        address = part.rstrip(_TRAILING)
        parts.append((format_html('<a href="{}" rel="noreferrer nofollow">{}</a>', address, address),))
        parts.append((part[len(address) :],))
    return format_html_join("", "{}", parts)


@register.filter
def linked(text: str | None) -> SafeString | str:
    """Return plain text as paragraphs with line breaks; http and https addresses become links. Everything is escaped."""
    if not text:
        return ""
    paragraphs = [p for p in re.split(r"\n\s*\n", str(text).replace("\r\n", "\n").strip()) if p.strip()]
    lines = [format_html_join(BREAK, "{}", ((_with_links(line),) for line in p.split("\n"))) for p in paragraphs]
    return format_html_join("\n", "<p>{}</p>", ((line,) for line in lines))


@register.filter
def in_line(text: str | None) -> SafeString | str:
    """Return one line of text, escaped, with its http and https addresses as links."""
    return _with_links(str(text)) if text else ""


@register.filter
def to_host(link: str | None) -> SafeString | str:
    """Return a link that says where it leads: the host of an http or https address. Anything else stays text."""
    try:
        parts = urlsplit(link or "")
    except ValueError:
        return link or ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return link or ""
    return format_html('<a href="{}" rel="noopener noreferrer nofollow">{}</a>', link, parts.hostname)


@register.filter
def digest(value: str | None) -> str:
    """Return the short form of a digest: "9f2c…71ab"."""
    return f"{value[:4]}…{value[-4:]}" if value and len(value) > 12 else value or ""


# --- Blockers, whose they are -----------------------------------------------------------------


@register.filter
def yours(blockers: Iterable[Any], me: Any) -> list[Any]:
    """Return the blockers that `me` can clear, in their order."""
    return [b for b in blockers if me is not None and getattr(me, "pk", None) in b.person_ids]


@register.filter
def others(blockers: Iterable[Any], me: Any) -> list[Any]:
    """Return the blockers that somebody else can clear, in their order."""
    return [b for b in blockers if me is None or getattr(me, "pk", None) not in b.person_ids]


# --- Pictures of numbers ----------------------------------------------------------------------


@register.inclusion_tag("core/_spark.html")
def spark(values: Iterable[Decimal | float], sentence: str, target: Decimal | float | None = None) -> dict[str, Any]:
    """Draw a line of 96 × 20 for `values`, oldest first, said in words by `sentence`. Nothing for fewer than two values."""
    points = [float(value) for value in values]
    reach = points + ([float(target)] if target is not None else [])
    if len(points) < 2:
        return {"sentence": sentence, "path": ""}
    low, high = min(reach), max(reach)
    height = (high - low) or 1.0

    def y(value: float) -> str:
        return f"{17 - 14 * (value - low) / height:.1f}"

    step = 88 / (len(points) - 1)
    path = " ".join(
        f"{'M' if place == 0 else 'L'}{2 + place * step:.1f} {y(value)}" for place, value in enumerate(points)
    )
    return {
        "sentence": sentence,
        "path": path,
        "end_y": y(points[-1]),
        "target_y": y(float(target)) if target is not None else "",
    }
