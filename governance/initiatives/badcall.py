"""The bad-call line: if it makes a bad call, who is paged, what breaks, how fast it is rolled back.

One sentence from data. What nobody has written down stands in it as a blank, and leads to its field for
whoever may fill it.
"""

import re

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.core.words import mid_sentence
from governance.raci import queries as raci
from governance.raci.models import Role, Row


def parts(initiative, *, may_amend: bool = False, may_propose: bool = False) -> list[dict]:
    """Return the sentence as pieces for `core/_badcall.html`: text, or a label that may be missing and may lead somewhere.

    No query beyond the matrix, which is kept on the instance.
    """
    amend = reverse("initiatives:amend", args=[initiative.key]) if may_amend else ""
    matrix = reverse("initiatives:matrix", args=[initiative.key]) if may_propose else ""
    paged = raci.matrix(initiative).escalation(Row.HALT)
    pieces = {
        "who": _said(paged.name) if paged else _blank(_nobody(initiative), matrix and f"{matrix}#halt-E"),
        "what": _said(mid_sentence(initiative.breaks.rstrip(". ")))
        if initiative.breaks
        else _blank(_("what breaks is not written down"), amend and f"{amend}#id_breaks"),
        "time": _said(length(initiative.rollback_minutes))
        if initiative.rollback_minutes
        else _blank(_("nobody has said how many minutes"), amend and f"{amend}#id_rollback_minutes"),
    }
    sentence = _("If this makes a bad call, %(who)s is paged, %(what)s, and we can roll back in %(time)s.")
    out: list[dict] = []
    for piece in re.split(r"%\((who|what|time)\)s", sentence):
        out.append(pieces.get(piece, {"text": piece}))
    return [piece for piece in out if piece.get("text") or piece.get("label")]


def in_words(initiative) -> str:
    """Return the sentence as plain text. No query beyond the matrix."""
    return "".join(piece.get("text") or piece["label"] for piece in parts(initiative))


def length(minutes: int) -> str:
    """Return how long a roll-back takes: "10 minutes", "3 hours", "2 days"."""
    if minutes % (24 * 60) == 0:
        return ngettext("%(n)d day", "%(n)d days", minutes // (24 * 60)) % {"n": minutes // (24 * 60)}
    if minutes % 60 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def _nobody(initiative) -> str:
    offer = raci.matrix(initiative).offer(Row.HALT, Role.ESCALATION)
    return _("nobody yet (%(name)s was asked)") % {"name": offer.person.name} if offer else _("nobody")


def _said(text: str) -> dict:
    return {"text": text}


def _blank(label: str, url: str) -> dict:
    return {"label": label, "url": url, "missing": True}
