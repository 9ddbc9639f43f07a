"""What somebody answers for, as their page and the page that records their leaving say it."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.people.models import Person
from governance.raci.models import OFFERED, Assignment, Role, Row

#: So many initiatives are listed for one person.
MOST = 60
#: The roles people answer with; being consulted or informed is not answering.
ANSWERS = (Role.ACCOUNTABLE, Role.ESCALATION, Role.RESPONSIBLE)


def roles(person: Person, me, at: datetime) -> tuple[list[dict[str, Any]], bool]:
    """Return what `person` answers for, of what `me` may see, by initiative, and whether there is more than is listed.

    The newest 60 that are not retired. Two queries, and those of visible_to.
    """
    named = Q(assignments__person=person, assignments__ended_at=None, assignments__role__in=ANSWERS) | Q(
        workflow_owner=person
    )
    visible = Initiative.objects.visible_to(me, at).exclude(stage=Stage.RETIRED)
    found = list(visible.filter(pk__in=Initiative.objects.filter(named).values("pk")).order_by("-number")[: MOST + 1])
    rows: dict[int, list[Assignment]] = {i.pk: [] for i in found[:MOST]}
    for a in Assignment.objects.filter(initiative__in=rows, person=person, ended_at=None, role__in=ANSWERS).order_by(
        "row", "role", "pk"
    ):
        rows[a.initiative_id].append(a)
    return [_held(i, rows[i.pk], person) for i in found[:MOST]], len(found) > MOST


def _held(initiative: Initiative, rows: list[Assignment], person: Person) -> dict[str, Any]:
    """Return one initiative with what `person` is there, in words, and whether they can stop it. No query."""
    workflow = initiative.workflow_owner_id == person.pk
    stops = any(a.row == Row.HALT and a.role in OFFERED for a in rows) or (
        workflow and initiative.stage in (Stage.PILOT, Stage.FUNDING)
    )
    standing = [a for a in rows if a.accepted_at is not None]
    said = _words(standing) + ([_("Workflow owner")] if workflow else [])
    asked = [
        _("was asked to be %(role)s") % {"role": words} for words in _words([a for a in rows if a.accepted_at is None])
    ]
    return {
        "initiative": initiative,
        "roles": said + asked,
        "binding": workflow or any(a.role in OFFERED for a in rows),
        "stops": stops and initiative.is_running,
    }


def _words(rows: list[Assignment]) -> list[str]:
    """Return roles in words, each once: the business owner's two rows are one, and a role held on every row is said so."""
    by_role: dict[str, list[Row]] = {}
    for a in rows:
        by_role.setdefault(a.role, []).append(Row(a.row))
    said = []
    for role in ANSWERS:
        on = by_role.get(role, [])
        if role == Role.ACCOUNTABLE and {Row.GO_LIVE, Row.HALT} <= set(on):
            said.append(_("Business owner"))
            on = [row for row in on if row not in (Row.GO_LIVE, Row.HALT)]
        if len(on) == len(Row):
            said.append(_("%(role)s for all decisions") % {"role": role.label})
        elif on:
            said.append(
                _("%(role)s for %(rows)s") % {"role": role.label, "rows": ", ".join(str(row.label) for row in on)}
            )
    return said
