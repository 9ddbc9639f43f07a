"""The single map: what a role on a row may do, and what else people may do by standing right.

`GRANTS` is the map; the assigner, the checks, the lists, `/help/who-may/` and the tests all read it.
Accepting or assigning writes guardian rows on the initiative, stepping down removes them, in the same
transaction, through `rebuild` alone. Rights that follow from a function, a vacancy, a deputy or the tier
are computed at the moment of asking and never stored.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from governance import policy
from governance.core import clock
from governance.core.prepared import KEY, Hole, Prepared
from governance.people import deputies, functions
from governance.people.functions import Function
from governance.raci import queries
from governance.raci.models import Assignment, InitiativeGroupPermission, InitiativeUserPermission, Role, Row


class May(StrEnum):
    """Everything somebody may do to an initiative. The first group is stored with guardian, the rest is computed."""

    SEE = "see"
    AMEND = "amend"
    PROPOSE = "propose"
    ASK_PILOT = "ask_pilot"
    ASK_GO_LIVE = "ask_go_live"
    ASK_MODIFICATION = "ask_modification"
    ASK_HALT = "ask_halt"
    DECIDE_PILOT = "decide_pilot"
    DECIDE_GO_LIVE = "decide_go_live"
    DECIDE_MODIFICATION = "decide_modification"
    DECIDE_HALT = "decide_halt"
    STOP = "stop"
    PAUSE = "pause"
    # Computed
    ASK_FUNDING = "ask_funding"
    CONFIRM_TIER = "confirm_tier"
    SIGN_OFF = "sign_off"
    CONFIRM = "confirm"
    APPROVE_BUDGET = "approve_budget"
    RESTRICT = "restrict"
    UNRESTRICT = "unrestrict"
    RETIRE = "retire"
    CLOSE = "close"
    PLACE = "place"
    CORRECT = "correct"
    ADMIT = "admit"
    CONFIRM_STOP = "confirm_stop"

    def check(self, initiative, person) -> bool:
        """Return whether `person` may do this to `initiative` now; what a transition asks. Queries as held_by."""
        return self in held_by(person, initiative)

    @property
    def words(self):
        """Return what this permission is called on pages."""
        return WORDS[self]


WORDS = {
    May.SEE: _("see it"),
    May.AMEND: _("amend what it says"),
    May.PROPOSE: _("propose names"),
    May.ASK_PILOT: _("ask for the pilot go"),
    May.ASK_GO_LIVE: _("ask for go-live"),
    May.ASK_MODIFICATION: _("ask for a change"),
    May.ASK_HALT: _("ask for a restart"),
    May.DECIDE_PILOT: _("decide the pilot go"),
    May.DECIDE_GO_LIVE: _("decide funding and go-live"),
    May.DECIDE_MODIFICATION: _("decide a change in production"),
    May.DECIDE_HALT: _("decide restart and the way back"),
    May.STOP: _("stop it"),
    May.PAUSE: _("pause the rollout"),
    May.ASK_FUNDING: _("ask for funding"),
    May.CONFIRM_TIER: _("confirm its tier"),
    May.SIGN_OFF: _("sign off"),
    May.CONFIRM: _("confirm a control or a figure"),
    May.APPROVE_BUDGET: _("approve its budget"),
    May.RESTRICT: _("restrict who sees it"),
    May.UNRESTRICT: _("lift the restriction"),
    May.RETIRE: _("retire it"),
    May.CLOSE: _("close it"),
    May.PLACE: _("say where it stands"),
    May.CORRECT: _("correct its stage"),
    May.ADMIT: _("admit it from a register"),
    May.CONFIRM_STOP: _("confirm that it stopped"),
}

#: (row, role) → what its holder may do, once accepted where acceptance is needed.
GRANTS: dict[tuple[Row, Role], frozenset[May]] = {
    (Row.PILOT, Role.RESPONSIBLE): frozenset({May.SEE, May.AMEND, May.ASK_PILOT}),
    (Row.PILOT, Role.ACCOUNTABLE): frozenset({May.SEE, May.AMEND, May.DECIDE_PILOT}),
    (Row.PILOT, Role.CONSULTED): frozenset({May.SEE}),
    (Row.PILOT, Role.INFORMED): frozenset({May.SEE}),
    (Row.PILOT, Role.ESCALATION): frozenset({May.SEE}),
    (Row.GO_LIVE, Role.RESPONSIBLE): frozenset({May.SEE, May.AMEND, May.ASK_GO_LIVE}),
    (Row.GO_LIVE, Role.ACCOUNTABLE): frozenset({May.SEE, May.AMEND, May.PROPOSE, May.DECIDE_GO_LIVE}),
    (Row.GO_LIVE, Role.CONSULTED): frozenset({May.SEE}),
    (Row.GO_LIVE, Role.INFORMED): frozenset({May.SEE}),
    (Row.GO_LIVE, Role.ESCALATION): frozenset({May.SEE}),
    (Row.MODIFICATION, Role.RESPONSIBLE): frozenset({May.SEE, May.AMEND, May.ASK_MODIFICATION}),
    (Row.MODIFICATION, Role.ACCOUNTABLE): frozenset({May.SEE, May.AMEND, May.DECIDE_MODIFICATION}),
    (Row.MODIFICATION, Role.CONSULTED): frozenset({May.SEE}),
    (Row.MODIFICATION, Role.INFORMED): frozenset({May.SEE}),
    (Row.MODIFICATION, Role.ESCALATION): frozenset({May.SEE}),
    (Row.HALT, Role.RESPONSIBLE): frozenset({May.SEE, May.AMEND, May.ASK_HALT}),
    (Row.HALT, Role.ACCOUNTABLE): frozenset({May.SEE, May.AMEND, May.DECIDE_HALT, May.STOP, May.PAUSE}),
    (Row.HALT, Role.CONSULTED): frozenset({May.SEE}),
    (Row.HALT, Role.INFORMED): frozenset({May.SEE}),
    (Row.HALT, Role.ESCALATION): frozenset({May.SEE, May.STOP, May.PAUSE, May.ASK_HALT}),
}

#: What somebody may do while they are named and have not answered: the person may stop, not decide.
OFFERED_GRANTS: dict[tuple[Row, Role], frozenset[May]] = {
    (row, role): frozenset({May.SEE, May.STOP}) if row is Row.HALT else frozenset({May.SEE})
    for row in Row
    for role in (Role.ACCOUNTABLE, Role.ESCALATION)
}

#: What the workflow owner and the registrant hold, stored beside the matrix.
WORKFLOW_OWNER = frozenset({May.SEE, May.AMEND, May.PAUSE})
REGISTRANT = frozenset({May.SEE})

STORED = frozenset(set().union(*GRANTS.values(), *OFFERED_GRANTS.values()))


# Asking


def held_by(person, initiative, at: datetime | None = None) -> frozenset[May]:
    """Return everything `person` may do to `initiative` at `at` (the clock's now when not given).

    Guardian's rows and standing rights, for active people only; nobody holds anything for being an
    administrator or a superuser. Three queries: stored rows, the matrix (kept on the instance), deputies; one
    more where it is restricted and the person is somebody's deputy.
    """
    if person is None or not getattr(person, "is_active", False):
        return frozenset()
    at = at or clock.now()
    held = {May(codename) for codename in _stored(person, initiative)}
    held |= _standing(person, initiative, at)
    if initiative.restricted and May.SEE not in held and not _stands_in_for_who_sees(person, initiative, at):
        return frozenset()
    return frozenset(held | {May.SEE})


def _stands_in_for_who_sees(person, initiative, at: datetime) -> bool:
    """Return whether `person` is the active deputy of somebody who was granted to see it, also through a group."""
    if not deputies.active_for(person, at):
        return False
    return type(initiative).objects.filter(pk=initiative.pk, pk__in=seen_by(eyes(person, at))).exists()


def _stored(person, initiative) -> set[str]:
    """Return the codenames guardian holds for this person, in person or through a group. One query."""
    return {codename for (codename,) in _STORED.ask(person=person.pk, initiative=initiative.pk)}


def _stored_rows(person: Hole, initiative: Hole) -> QuerySet:
    user = InitiativeUserPermission.objects.filter(user=person, content_object=initiative)
    group = InitiativeGroupPermission.objects.filter(group__user=person, content_object=initiative)
    return user.values_list("permission__codename").union(group.values_list("permission__codename"))


_STORED: Prepared[tuple[str]] = Prepared(_stored_rows, person=KEY, initiative=KEY)


def _standing(person, initiative, at: datetime) -> set[May]:
    """Return what follows from functions, vacancies, deputies and the tier. At most two queries."""
    mine = functions.of(person)
    matrix = queries.matrix(initiative)
    rights: set[May] = set()
    office, compliance = Function.PORTFOLIO in mine, Function.COMPLIANCE in mine
    owner = matrix.accountable(Row.HALT) or matrix.accountable(Row.GO_LIVE)
    if mine & functions.SEES_ALL:
        rights.add(May.SEE)
    # Names and words
    if office or (initiative.registrant_id == person.pk and initiative.stage in ("idea", "discovered")):
        rights.add(May.PROPOSE)
    if office and not matrix.has_accountable:
        rights.add(May.AMEND)
    if initiative.registrant_id == person.pk and initiative.stage == "idea":
        rights.add(May.AMEND)
    # The funding question may be asked by the Responsible of pilot or of go-live
    if any(matrix.holds(person, row, Role.RESPONSIBLE, mine) for row in (Row.PILOT, Row.GO_LIVE)):
        rights.add(May.ASK_FUNDING)
    # Stopping: easy, and always somebody's
    away_for = deputies.active_for(person, at)
    if owner is not None and owner.pk in away_for:
        rights |= {May.STOP, May.SEE}
    stands_in = any(p.pk in away_for for p in matrix.people)
    if stands_in:
        rights.add(May.SEE)
    if initiative.stage in ("pilot", "funding") and initiative.workflow_owner_id == person.pk:
        rights.add(May.STOP)
    if matrix.accountable(Row.HALT) is None and (office or compliance):
        rights.add(May.STOP)
    if initiative.tier == 4 and (compliance or Function.SECURITY in mine):
        rights.add(May.STOP)
    # Confirming and signing off: Consulted of the function, in person or through the group that stands there
    if matrix.consulted_functions(person, mine, (Row.GO_LIVE, Row.HALT, Row.PILOT)):
        rights |= {May.CONFIRM, May.SIGN_OFF}
    if Function.FINANCE in mine:
        rights |= {May.APPROVE_BUDGET, May.CONFIRM}
    if confirms_tier(mine, initiative) and not matrix.is_on_it(person, mine):
        rights.add(May.CONFIRM_TIER)
    # Restriction, the ends, and the register
    if initiative.registrant_id == person.pk or office or compliance or matrix.is_on_it(person, mine):
        rights.add(May.RESTRICT)
    if compliance or (matrix.accountable(Row.GO_LIVE) or None) == person:
        rights.add(May.UNRESTRICT)
    retires = queries.retirer(initiative)
    if retires == person or (retires is None and office):
        rights.add(May.RETIRE)
    if initiative.registrant_id == person.pk or office:
        rights.add(May.CLOSE)
    if office:
        rights |= {May.PLACE, May.CORRECT}
    if initiative.stage == "stopped" and (
        office or compliance or stands_in or matrix.is_named(person) or initiative.workflow_owner_id == person.pk
    ):
        rights.add(May.CONFIRM_STOP)
    return rights


def confirms_tier(mine: frozenset[str], initiative) -> bool:
    """Return whether one of these functions confirms the proposed tier (Portfolio office 0-1, Compliance 2-4)."""
    tier = policy.current().tiers.get(initiative.tier_proposed)
    return tier is not None and bool(set(tier.tier_confirmed_by) & mine)


def who(initiative, may: May, at: datetime) -> list:
    """Return the active people who hold a stored permission, each once, and the workflow owner where it is theirs, too.

    For sentences such as "Only Priya N can pass this gate." Two queries at most.
    """
    matrix = queries.matrix(initiative)
    people = [a.person for a in matrix.standing if a.person and may in GRANTS[Row(a.row), Role(a.role)]]
    if may in WORKFLOW_OWNER and initiative.workflow_owner is not None:
        people.append(initiative.workflow_owner)
    return list({p.pk: p for p in people if p.is_active}.values())


def eyes(person, at: datetime | None = None) -> list[int]:
    """Return the ids of those whose grants `person` looks with: their own, and those they are active deputy of. One query at most."""
    return [person.pk, *sorted(deputies.active_for(person, at or clock.now()))]


def seen_by(people: Sequence[Any]):
    """Return the initiatives that any of `people` was granted to see, in person or through a group. No query.

    A subquery for `pk IN (…)`: user rows UNION group rows, one codename. `people` are ids, or their holes.
    """
    see = Permission.objects.filter(
        codename=May.SEE, content_type__app_label="governance", content_type__model="initiative"
    ).values("pk")
    users = InitiativeUserPermission.objects.filter(user__pk__in=people, permission__in=see).values("content_object_id")
    groups = InitiativeGroupPermission.objects.filter(group__user__pk__in=people, permission__in=see).values(
        "content_object_id"
    )
    return users.union(groups)


# Writing


class Wanted(NamedTuple):
    """The guardian rows an initiative's matrix asks for: (holder id, codename)."""

    people: frozenset[tuple[int, str]]
    groups: frozenset[tuple[int, str]]


def wanted(initiative, assignments: Iterable[Assignment]) -> Wanted:
    """Return the rows that the matrix, the workflow owner and the registrant ask for. No query."""
    people: set[tuple[int, str]] = set()
    groups: set[tuple[int, str]] = set()
    for assignment in assignments:
        if assignment.ended_at is not None:
            continue
        table = GRANTS if assignment.accepted_at is not None else OFFERED_GRANTS
        for may in table[Row(assignment.row), Role(assignment.role)]:
            if assignment.person_id:
                people.add((assignment.person_id, may.value))
            else:
                groups.add((assignment.group_id, may.value))
    if initiative.workflow_owner_id:
        people |= {(initiative.workflow_owner_id, may.value) for may in WORKFLOW_OWNER}
    if initiative.registrant_id:
        people |= {(initiative.registrant_id, may.value) for may in REGISTRANT}
    return Wanted(frozenset(people), frozenset(groups))


def rebuild(initiative) -> None:
    """Make guardian's rows of this initiative equal what its matrix asks for. Nothing else writes them.

    Inside the caller's transaction; three queries, and three more where something changes.
    """
    queries.forget(initiative)
    target = wanted(initiative, Assignment.objects.filter(initiative_id=initiative.pk, ended_at=None))
    for model, field, rows in (
        (InitiativeUserPermission, "user_id", target.people),
        (InitiativeGroupPermission, "group_id", target.groups),
    ):
        stored = model.objects.filter(content_object_id=initiative.pk)
        there = {
            (holder, codename): pk for holder, codename, pk in stored.values_list(field, "permission__codename", "pk")
        }
        if gone := [pk for key, pk in there.items() if key not in rows]:
            model.objects.filter(pk__in=gone).delete()
        if new := [key for key in sorted(rows) if key not in there]:
            permissions = dict(_permissions().values_list("codename", "pk"))
            model.objects.bulk_create(
                [
                    model(**{field: holder}, permission_id=permissions[codename], content_object_id=initiative.pk)
                    for holder, codename in new
                ]
            )


def _permissions():
    """Return the permissions of Initiative."""
    return Permission.objects.filter(content_type__app_label="governance", content_type__model="initiative")


def differences() -> list[str]:
    """Return every difference between guardian's tables and the matrix, in words; an empty list is a proof.

    Reads everything in four queries; what `manage.py check_grants` prints.
    """
    from django.apps import apps

    found: list[str] = []
    by_initiative: dict[int, list[Assignment]] = {}
    for assignment in Assignment.objects.filter(ended_at=None).iterator():
        by_initiative.setdefault(assignment.initiative_id, []).append(assignment)
    initiatives = apps.get_model("governance", "Initiative").objects.filter(
        Q(workflow_owner__isnull=False) | Q(registrant__isnull=False) | Q(pk__in=by_initiative.keys())
    )
    want_people, want_groups, names = set(), set(), {}
    for initiative in initiatives.only("pk", "number", "workflow_owner_id", "registrant_id").iterator():
        rows = wanted(initiative, by_initiative.get(initiative.pk, []))
        names[initiative.pk] = f"AI-{initiative.number}"
        want_people |= {(initiative.pk, *row) for row in rows.people}
        want_groups |= {(initiative.pk, *row) for row in rows.groups}
    have_people = set(
        InitiativeUserPermission.objects.values_list("content_object_id", "user_id", "permission__codename")
    )
    have_groups = set(
        InitiativeGroupPermission.objects.values_list("content_object_id", "group_id", "permission__codename")
    )
    for label, want, have in (("person", want_people, have_people), ("group", want_groups, have_groups)):
        for pk, holder, codename in sorted(have - want):
            found.append(
                f"{names.get(pk, f'initiative {pk}')}: {label} {holder} holds {codename}, which the matrix does not give."
            )
        for pk, holder, codename in sorted(want - have):
            found.append(
                f"{names.get(pk, f'initiative {pk}')}: {label} {holder} lacks {codename}, which the matrix gives."
            )
    return found
