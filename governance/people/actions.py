"""Keeping people, units, functions and deputies true. Nobody changes their own grade, unit or function.

Locks are taken in one order: the function's group, the person, the units by key, the ledger last. They are
"no key" locks, so that a row pointing at a locked one never waits.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import ledger
from governance.core import canonical, clock
from governance.core.errors import Conflict, Refused
from governance.core.models import Installation
from governance.core.rules import Blocked, Blocker
from governance.ledger import Verb
from governance.people import calendars, functions, second_factor, units
from governance.people.functions import Function
from governance.people.models import Deputy, Invitation, Person, Provided, Unit

#: What an administrator sets on a person; what people set on themselves.
ADMINISTERED = (
    "email",
    "name",
    "title",
    "grade",
    "job_family",
    "unit",
    "manager",
    "phone",
    "time_zone",
    "language",
    "spend_limit",
    "is_functional_lead",
)
OWN = ("phone", "time_zone", "language")
#: What nobody changes on themselves, administrators included.
NOT_ONES_OWN = ("grade", "unit", "job_family", "spend_limit", "is_functional_lead", "manager")
#: What an administrator sets on a unit.
UNIT_FIELDS = ("name", "parent", "leader", "is_active", "time_zone", "working_days", "closes_at", "holidays")
#: How long an invitation stands.
INVITATION = timedelta(days=7)
#: Functions that exactly one active person holds.
SOLE = (Function.CTO, Function.COO, Function.CEO)


def require_administrator(by) -> None:
    """Raise Refused unless `by` is an administrator. One query, kept on the person; one more to say who is."""
    if not functions.has(by, Function.ADMINISTRATORS):
        raise Refused(_("Administrators keep people, units and functions."), functions.whose(Function.ADMINISTRATORS))


def _ask_another(message: str) -> Refused:
    return Refused(message, functions.whose(Function.ADMINISTRATORS))


def refuse_ones_own(person: Person, names: Iterable[str], *, by) -> None:
    """Raise Refused when `by` would change what nobody changes on themselves."""
    if person.pk == by.pk and (own := sorted(set(names) & set(NOT_ONES_OWN))):
        words = ", ".join(str(getattr(Person._meta.get_field(name), "verbose_name", name)) for name in own)
        raise _ask_another(_("Nobody changes their own %(what)s. Ask another administrator.") % {"what": words})


# People


@contextmanager
def _one_address() -> Iterator[None]:
    """Turn the database's refusal of an address that somebody else took meanwhile into a sentence."""
    try:
        yield
    except IntegrityError as error:
        if "one_person_per_address" not in str(error):
            raise
        raise Conflict(
            _("Somebody has this e-mail address already. Addresses of people who left stay taken.")
        ) from error


def _works_here(person: Person) -> None:
    """Raise Conflict when the person has left."""
    if not person.is_active:
        raise Conflict(_("%(name)s left on %(day)s.") % {"name": person.name, "day": person.left_on})


def add(values: dict[str, Any], *, by, at: datetime) -> Person:
    """Add a person; an invitation lets them set a password. Only ADMINISTERED fields count.

    Raises Conflict when the address is taken.
    """
    require_administrator(by)
    with _one_address(), ledger.act(by=by, at=at) as say:
        person = Person(**{name: values[name] for name in ADMINISTERED if name in values}, joined_at=at)
        person.set_unusable_password()
        person.save(force_insert=True)
        say(
            Verb.PERSON_ADDED,
            person,
            grade=person.grade,
            unit=person.unit_id,
            text={"name": person.name, "email": person.email},
        )
    return person


def change(person: Person, values: dict[str, Any], *, by, at: datetime, seen_version: int) -> Person:
    """Change a person. Administrators change others; people change their own phone, zone and language.

    Raises Refused for one's own grade, unit or function, Blocked when they would manage themselves,
    Conflict when they left, when the address is taken, or when somebody saved since `seen_version`.
    """
    with _one_address(), ledger.act(by=by, at=at) as say:
        person = person.locked()
        changed = {
            name: values[name] for name in ADMINISTERED if name in values and values[name] != getattr(person, name)
        }
        refuse_ones_own(person, changed, by=by)
        if person.pk != by.pk or set(changed) - set(OWN):
            require_administrator(by)
        _works_here(person)
        if not changed:
            return person
        if person.version != seen_version:
            raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
        _no_circle(person, changed.get("manager"))
        before = {name: _word(getattr(person, name)) for name in changed}
        for name, value in changed.items():
            setattr(person, name, value)
        person.version += 1
        person.save()
        if "email" in changed:
            _close_links(person)
            # allauth keeps addresses of its own: with the old one nobody signs in or resets a password any more.
            EmailAddress.objects.filter(user=person).delete()
        say(
            Verb.PERSON_CHANGED,
            person,
            fields=sorted(changed),
            text={"before": before, "after": {name: _word(value) for name, value in changed.items()}},
        )
    return person


def _word(value: Any) -> str:
    """Return a value of a person or a unit as the record keeps it beside the leaf."""
    if isinstance(value, Person | Unit):
        return value.name
    return "" if value is None or value is False else _("yes") if value is True else str(value)


def _no_circle(person: Person, manager: Person | None) -> None:
    """Raise Blocked when `manager` reports to `person`, directly or through others. One query a level."""
    above, seen = manager, set()
    while above is not None and above.pk not in seen:
        if above.pk == person.pk:
            said = {"manager": manager.name if manager else "", "name": person.name}
            raise Blocked(
                [
                    Blocker(
                        "manager.loop",
                        _("%(manager)s reports to %(name)s, directly or through others, so cannot be their manager.")
                        % said,
                    )
                ]
            )
        seen.add(above.pk)
        above = above.manager


def leave(person: Person, *, left_on: date, by, at: datetime) -> Person:
    """Deactivate a person: no sign-in, no rights, no functions; the session ends with the next request. Never deleted.

    What they were Accountable or Escalation owner of becomes a task of the Portfolio office at once,
    because it is a question of who is active. It counts at once, so `left_on` cannot be still to come.
    """
    require_administrator(by)
    if person.pk == by.pk:
        raise _ask_another(_("Nobody deactivates themselves. Ask another administrator."))
    with ledger.act(by=by, at=at) as say:
        administrators = Group.objects.select_for_update(no_key=True).get(name=Function.ADMINISTRATORS.value)
        person = person.locked()
        _works_here(person)
        if left_on > calendars.today_of(person, at):
            said = {"name": person.name, "day": left_on}
            raise Blocked(
                [
                    Blocker(
                        "leave.early",
                        _(
                            "%(day)s is still to come. %(name)s loses every right the moment this is recorded, so record it on their last day."
                        )
                        % said,
                    )
                ]
            )
        _one_stays(administrators, person)
        person.is_active, person.left_on = False, left_on
        person.version += 1
        person.save()
        _close_links(person)
        say(Verb.PERSON_LEFT, person, left_on=left_on)
        for group in person.groups.order_by("pk"):
            say(Verb.FUNCTION_REVOKED, person, function=group.name)
        person.groups.clear()
        Provided.objects.filter(person=person).delete()
        second_factor.drop(person, say)
    return person


def come_back(person: Person, *, by, at: datetime) -> Person:
    """Make somebody who left active again: the same person, with the roles nobody took over meanwhile.

    They get no function back, no second factor and no password: an invitation sets a new one. Raises Conflict when they never left.
    """
    require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        person = person.locked()
        if person.is_active:
            raise Conflict(_("%(name)s works here already.") % {"name": person.name})
        left_on = person.left_on
        person.is_active, person.left_on = True, None
        person.set_unusable_password()
        person.version += 1
        person.save()
        say(
            Verb.PERSON_CHANGED,
            person,
            fields=["is_active", "left_on"],
            text={"before": {"left_on": str(left_on)}, "after": {"left_on": ""}},
        )
    return person


def end_other_sessions(person: Person, *, at: datetime) -> Person:
    """End every session of one's own; the one it is asked from goes on where its page renews it. Returns the person as they are now."""
    with ledger.act(by=person, at=at) as say:
        person = person.locked()
        person.end_sessions()
        say(Verb.SESSIONS_ENDED, person)
    return Person.objects.get(pk=person.pk)


# Units


def unit_digest(unit: Unit) -> str:
    """Return a digest of what a unit says, by which a form tells whether somebody saved meanwhile."""
    return canonical.digest(
        {name: getattr(unit, f"{name}_id", None) or _plain(getattr(unit, name)) for name in UNIT_FIELDS}
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool | list) or value is None else str(value)


def save_unit(unit: Unit, *, by, at: datetime, seen: str = "") -> Unit:
    """Save a new or a changed unit.

    Raises Blocked with every reason when it would stand below itself or is retired while people or units
    are in it, Refused when administrators make themselves its leader, Conflict when it changed since the
    form with the digest `seen` was shown. Reads the whole tree in one query.
    """
    require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        parents = dict(Unit.objects.select_for_update(no_key=True).order_by("pk").values_list("pk", "parent_id"))
        old = Unit.objects.select_related("parent", "leader").get(pk=unit.pk) if unit.pk else None
        if old is not None and seen and unit_digest(old) != seen:
            raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
        changed = [name for name in UNIT_FIELDS if old is None or getattr(unit, name) != getattr(old, name)]
        if not changed:
            return unit
        if "leader" in changed and unit.leader_id == by.pk:
            raise _ask_another(_("Nobody makes themselves the leader of a unit. Ask another administrator."))
        if "parent" in changed and by.pk in _leaders(unit.parent) - _leaders(old.parent if old else None):
            raise _ask_another(_("Nobody puts a unit below one that they lead. Ask another administrator."))
        if reasons := list(_unit_blockers(unit, old, parents)):
            raise Blocked(reasons)
        unit.slug = unit.slug or _free_slug(unit.name)
        unit.save()
        before = {name: _word(getattr(old, name)) for name in changed} if old else {}
        text = {
            "name": unit.name,
            "before": before,
            "after": {name: _word(getattr(unit, name)) for name in changed} if old else {},
        }
        say(
            Verb.UNIT_CHANGED if old else Verb.UNIT_ADDED,
            unit,
            parent=unit.parent_id,
            leader=unit.leader_id,
            fields=changed,
            text=text,
        )
    return unit


def _leaders(unit: Unit | None) -> set[int | None]:
    """Return the keys of who leads `unit` and every unit above it. A query a level."""
    return {above.leader_id for above in units.line(unit)}


def _unit_blockers(unit: Unit, old: Unit | None, parents: dict[int, int | None]) -> Iterator[Blocker]:
    """Yield every reason a unit cannot be saved so. Two queries at most."""
    above, seen = unit.parent_id, set()
    while above is not None and above not in seen:
        if above == unit.pk:
            yield Blocker(
                "unit.loop",
                _("%(name)s cannot stand below itself. Choose another unit above it.") % {"name": unit.name},
            )
            break
        seen.add(above)
        above = parents.get(above)
    if unit.is_active and unit.parent is not None and not unit.parent.is_active:
        yield Blocker(
            "unit.parent", _("%(parent)s is retired. Choose a unit that still exists.") % {"parent": unit.parent.name}
        )
    if unit.leader is not None and not unit.leader.is_active and (old is None or old.leader_id != unit.leader_id):
        yield Blocker(
            "unit.leader", _("%(name)s has left. Choose somebody who works here.") % {"name": unit.leader.name}
        )
    if unit.is_active or not unit.pk:
        return
    if people := Person.objects.active().filter(unit=unit.pk).count():
        words = ngettext(
            "%(n)s person works in %(name)s. Move them first, then retire it.",
            "%(n)s people work in %(name)s. Move them first, then retire it.",
            people,
        )
        yield Blocker("unit.people", words % {"n": people, "name": unit.name})
    if below := list(Unit.objects.active().filter(parent=unit.pk).order_by("name").values_list("name", flat=True)[:5]):
        yield Blocker(
            "unit.units",
            _("%(units)s: below %(name)s. Move or retire them first.") % {"units": ", ".join(below), "name": unit.name},
        )


def _free_slug(name: str) -> str:
    """Return a slug for a new unit that no other has. One query; the caller holds the units' locks."""
    stem = slugify(name)[:70] or "unit"
    taken = set(Unit.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


# Functions


def grant_function(person: Person, function: str, *, by, at: datetime) -> None:
    """Put a person into a function. CTO, COO and CEO have one holder: the earlier one gives it up first."""
    require_administrator(by)
    if person.pk == by.pk:
        raise _ask_another(_("Nobody gives themselves a function. Ask another administrator."))
    with ledger.act(by=by, at=at) as say:
        put_in(person, function, say)


def put_in(person: Person, function: str, say) -> bool:
    """Put a person into a function, inside the caller's act; return whether they were not in it. Raises Blocked."""
    group = Group.objects.select_for_update(no_key=True).get(name=Function(function).value)
    person = person.locked()
    if not person.is_active:
        raise Blocked(
            [Blocker("left", _("%(name)s has left. Choose somebody who works here.") % {"name": person.name})]
        )
    holder = Person.objects.active().filter(groups=group).exclude(pk=person.pk).first()
    if function in SOLE and holder is not None:
        raise Blocked(
            [
                Blocker(
                    "function.held",
                    _("%(name)s is %(function)s. Take it from them first: one person holds it.")
                    % {"name": holder.name, "function": Function(function).label},
                    holder.name,
                )
            ]
        )
    if person.groups.filter(pk=group.pk).exists():
        return False
    person.groups.add(group)
    say(Verb.FUNCTION_GRANTED, person, function=Function(function).value)
    return True


def revoke_function(person: Person, function: str, *, by, at: datetime) -> None:
    """Take a person out of a function. The last administrator stays; nobody gives up their own."""
    require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        take_out(person, function, say, by=by)


def take_out(person: Person, function: str, say, *, by: Person | None = None) -> None:
    """Take a person out of a function, inside the caller's act. Raises Blocked for the last administrator.

    `by` is who does it, and is refused their own; nobody where the company's provider took it back.
    """
    group = Group.objects.select_for_update(no_key=True).get(name=Function(function).value)
    person = person.locked()
    if function == Function.ADMINISTRATORS:
        _one_stays(group, person)
    if by is not None and person.pk == by.pk:
        raise _ask_another(_("Nobody takes a function from themselves. Ask another administrator."))
    Provided.objects.filter(person=person, function=Function(function).value).delete()
    if person.groups.filter(pk=group.pk).exists():
        person.groups.remove(group)
        say(Verb.FUNCTION_REVOKED, person, function=Function(function).value)


def _one_stays(administrators: Group, person: Person) -> None:
    """Raise Blocked when nobody but `person` is an active administrator. One query; the group is locked."""
    if not Person.objects.active().filter(groups=administrators).exclude(pk=person.pk).exists():
        raise Blocked(
            [
                Blocker(
                    "function.last",
                    _("%(name)s is the last administrator. Name another one first.") % {"name": person.name},
                )
            ]
        )


# Deputies


def name_deputy(person: Person, deputy: Person, *, starts_on: date, ends_on: date, by, at: datetime) -> Deputy:
    """Name who may stop for `person` while they are away; by the person or an administrator.

    Raises Blocked with every reason it cannot be.
    """
    if person.pk != by.pk:
        require_administrator(by)
        if deputy.pk == by.pk:
            raise _ask_another(_("Nobody names themselves the deputy of somebody else. Ask another administrator."))
    with ledger.act(by=by, at=at) as say:
        if reasons := list(_deputy_blockers(person, deputy, starts_on, ends_on, at)):
            raise Blocked(reasons)
        made = Deputy.objects.create(person=person, deputy=deputy, starts_on=starts_on, ends_on=ends_on)
        say(Verb.DEPUTY_NAMED, made, person=person.pk, deputy=deputy.pk, starts_on=starts_on, ends_on=ends_on)
    return made


def _deputy_blockers(person: Person, deputy: Person, starts_on: date, ends_on: date, at: datetime) -> Iterator[Blocker]:
    """Yield every reason `deputy` cannot stand in for `person` on these days. One query, and those of calendars.zone_of."""
    if deputy.pk == person.pk:
        yield Blocker("deputy.self", _("Nobody stands in for themselves. Choose somebody else as deputy."))
    for somebody in (person, deputy):
        if not somebody.is_active:
            yield Blocker(
                "deputy.left", _("%(name)s has left. Choose somebody who works here.") % {"name": somebody.name}
            )
    if ends_on < starts_on:
        yield Blocker(
            "deputy.order",
            _("Until is %(end)s and From is %(start)s. The last day must not be before the first.")
            % {"start": starts_on, "end": ends_on},
        )
    elif ends_on < calendars.today_of(person, at):
        yield Blocker(
            "deputy.over", _("Until is %(end)s, which is over. Enter today or a later day.") % {"end": ends_on}
        )
    same = (
        Deputy.objects.filter(
            person=person, deputy=deputy, ended_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on
        )
        .order_by("pk")
        .first()
    )
    if same is not None:
        said = {"name": deputy.name, "start": same.starts_on, "end": same.ends_on}
        yield Blocker(
            "deputy.twice",
            _("%(name)s is deputy from %(start)s to %(end)s already. End that first, or choose other days.") % said,
        )


def end_deputy(deputy: Deputy, *, by, at: datetime) -> None:
    """End a deputy's time now; by the person they stand in for or an administrator. Ending it twice is ending it once."""
    if deputy.person_id != by.pk:
        require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        if Deputy.objects.filter(pk=deputy.pk, ended_at=None).update(ended_at=at):
            say(Verb.DEPUTY_ENDED, deputy, person=deputy.person_id, deputy=deputy.deputy_id)


# Links


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _close_links(person: Person) -> None:
    """Make every link that was made for `person` useless. One statement."""
    Invitation.objects.filter(person=person, used_at=None, expires_at__gt=clock.wall()).update(expires_at=clock.wall())


def invite(person: Person, *, by, at: datetime) -> str:
    """Make a one-time link's token with which `person` sets a password; earlier ones stop working. Shown once.

    Raises Conflict when they left, Refused for a link to one's own account.
    """
    require_administrator(by)
    if person.pk == by.pk:
        raise _ask_another(_("Nobody makes a link for themselves. Change your password, or ask another administrator."))
    token = secrets.token_urlsafe(32)
    with ledger.act(by=by, at=at) as say:
        person = person.locked()
        _works_here(person)
        _close_links(person)
        made = Invitation.objects.create(
            person=person, token_digest=_digest(token), made_at=clock.wall(), expires_at=clock.wall() + INVITATION
        )
        say(Verb.INVITATION_MADE, made, person=person.pk)
    return token


def invitation(token: str) -> Invitation | None:
    """Return the invitation a token opens, or None when it is unknown, used, over, or its person left. One query."""
    return (
        Invitation.objects.filter(
            token_digest=_digest(token), used_at=None, expires_at__gt=clock.wall(), person__is_active=True
        )
        .select_related("person")
        .first()
    )


def use_invitation(token: str, password: str, *, at: datetime) -> Person:
    """Set the password of the person invited; the link works once. Raises Conflict when it is over."""
    hashed = make_password(password)  # slow on purpose, so before anything is locked
    with ledger.act(by="system:invitation", at=at) as say:
        found = invitation(token)
        # The person first, as whoever deactivates them does: the other order deadlocks on PostgreSQL.
        person = found.person.locked() if found is not None else None
        if (
            person is None
            or not person.is_active
            or not Invitation.objects.filter(pk=found.pk, used_at=None, expires_at__gt=clock.wall()).update(
                used_at=clock.wall()
            )
        ):
            raise Conflict(_("This link was used or is over. Ask an administrator for a new one."))
        person.password = hashed
        person.save(update_fields=["password"])
        say(Verb.INVITATION_USED, found, person=person.pk)
    return person


def set_up_waits(token: str) -> bool:
    """Return whether `token` is the one-time set-up link of this installation and was not used. One query."""
    digest = Installation.objects.filter(pk=1).values_list("setup_digest", flat=True).first()
    return bool(digest) and secrets.compare_digest(digest, _digest(token))


def set_up(token: str, *, company: str, time_zone: str, name: str, email: str, password: str, at: datetime) -> Person:
    """Use the one-time set-up link: the company, its zone, a first unit, and the first person, an administrator
    who also keeps the portfolio. Raises Conflict when the link was used."""
    hashed = make_password(password)  # slow on purpose, so before anything is locked
    with ledger.act(by="system:setup", at=at) as say:
        installation = Installation.objects.select_for_update().filter(pk=1).first()
        if installation is None or not set_up_waits(token):
            raise Conflict(_("This set-up link was used or is not this installation's."))
        installation.company, installation.time_zone = company, time_zone
        installation.setup_digest, installation.setting_up = "", True
        installation.save()
        unit = Unit.objects.create(name=company, slug="company", time_zone=time_zone)
        person = Person(email=email, name=name, unit=unit, joined_at=at, password=hashed)
        person.save(force_insert=True)
        person.groups.set(Group.objects.filter(name__in=[Function.ADMINISTRATORS.value, Function.PORTFOLIO.value]))
        say(Verb.INSTALLATION_MADE, installation, text={"company": company})
        say(Verb.UNIT_ADDED, unit, text={"name": unit.name})
        say(Verb.PERSON_ADDED, person, text={"name": name, "email": person.email})
        for function in (Function.ADMINISTRATORS, Function.PORTFOLIO):
            say(Verb.FUNCTION_GRANTED, person, function=function.value)
    return person
