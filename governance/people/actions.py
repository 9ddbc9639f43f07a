"""Keeping people, units, functions and deputies true. Nobody changes their own grade, unit or function."""

import hashlib
import secrets
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from governance import ledger
from governance.core import clock
from governance.core.errors import Conflict, Refused
from governance.core.models import Installation
from governance.core.rules import Blocked, Blocker
from governance.ledger import Verb
from governance.people import functions
from governance.people.functions import Function
from governance.people.models import Deputy, Invitation, Person, Unit

#: What an administrator sets on a person; what people set on themselves.
ADMINISTERED = ("email", "name", "title", "grade", "job_family", "unit", "manager", "phone", "time_zone", "language", "spend_limit", "is_functional_lead")
OWN = ("phone", "time_zone", "language")
#: What nobody changes on themselves, administrators included.
NOT_ONES_OWN = ("grade", "unit", "job_family", "spend_limit", "is_functional_lead", "manager")
#: How long an invitation stands.
INVITATION = timedelta(days=7)
#: Functions that exactly one active person holds.
SOLE = (Function.CTO, Function.COO, Function.CEO)


def require_administrator(by) -> None:
    """Raise Refused unless `by` is an administrator. One query."""
    if not functions.has(by, Function.ADMINISTRATORS):
        raise Refused(_("Administrators keep people and units."), str(Function.ADMINISTRATORS.label))


def add(values: dict, *, by, at: datetime) -> Person:
    """Add a person; an invitation lets them set a password. Only ADMINISTERED fields count."""
    require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        person = Person(**{name: values[name] for name in ADMINISTERED if name in values}, joined_at=at)
        person.set_unusable_password()
        person.save(force_insert=True)
        say(Verb.PERSON_ADDED, person, grade=person.grade, unit=person.unit_id, text={"name": person.name, "email": person.email})
    return person


def change(person: Person, values: dict, *, by, at: datetime, seen_version: int) -> Person:
    """Change a person. Administrators change others; people change their own phone, zone and language.

    Raises Refused for one's own grade, unit or function, Conflict when somebody saved since `seen_version`.
    """
    with ledger.act(by=by, at=at) as say:
        person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
        changed = {name: values[name] for name in ADMINISTERED if name in values and values[name] != getattr(person, name)}
        if not changed:
            return person
        if person.pk == by.pk:
            if own := sorted(set(changed) & set(NOT_ONES_OWN)):
                raise Refused(_("Nobody changes their own %(what)s. Ask another administrator.") % {"what": ", ".join(own)}, str(Function.ADMINISTRATORS.label))
            if set(changed) - set(OWN):
                require_administrator(by)
        else:
            require_administrator(by)
        if person.version != seen_version:
            raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
        before = {name: str(getattr(person, name) or "") for name in changed}
        for name, value in changed.items():
            setattr(person, name, value)
        person.version += 1
        person.save()
        if "email" in changed:
            # allauth keeps addresses of its own: with the old one nobody signs in or resets a password any more.
            EmailAddress.objects.filter(user=person).delete()
        say(Verb.PERSON_CHANGED, person, fields=sorted(changed), text={"before": before, "after": {name: str(value or "") for name, value in changed.items()}})
    return person


def leave(person: Person, *, left_on: date, by, at: datetime) -> Person:
    """Deactivate a person: no sign-in, no rights, sessions end with the next request. Never deleted.

    What they were Accountable or Escalation owner of becomes a task of the Portfolio office at once,
    because it is a question of who is active.
    """
    require_administrator(by)
    if person.pk == by.pk:
        raise Refused(_("Nobody deactivates themselves. Ask another administrator."), str(Function.ADMINISTRATORS.label))
    with ledger.act(by=by, at=at) as say:
        person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
        if not person.is_active:
            raise Conflict(_("%(name)s left on %(day)s.") % {"name": person.name, "day": person.left_on})
        person.is_active, person.left_on = False, left_on
        person.version += 1
        person.save()
        say(Verb.PERSON_LEFT, person, left_on=left_on)
    return person


def save_unit(unit: Unit, *, by, at: datetime) -> Unit:
    """Save a new or a changed unit. Raises Blocked when it would stand below itself."""
    require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        above, new = unit.parent, unit.pk is None
        while above is not None:
            if above.pk == unit.pk:
                raise Blocked([Blocker("unit.loop", _("%(name)s cannot stand below itself. Choose another unit above it.") % {"name": unit.name})])
            above = above.parent
        unit.save()
        say(Verb.UNIT_ADDED if new else Verb.UNIT_CHANGED, unit, parent=unit.parent_id, leader=unit.leader_id, text={"name": unit.name})
    return unit


def grant_function(person: Person, function: str, *, by, at: datetime) -> None:
    """Put a person into a function. CTO, COO and CEO have one holder: the earlier one gives it up first."""
    require_administrator(by)
    if person.pk == by.pk:
        raise Refused(_("Nobody gives themselves a function. Ask another administrator."), str(Function.ADMINISTRATORS.label))
    with ledger.act(by=by, at=at) as say:
        group = Group.objects.select_for_update().get(name=Function(function).value)
        if not person.is_active:
            raise Blocked([Blocker("left", _("%(name)s has left. Choose somebody who works here.") % {"name": person.name})])
        holder = Person.objects.active().filter(groups=group).exclude(pk=person.pk).first()
        if function in SOLE and holder is not None:
            raise Blocked([Blocker("function.held", _("%(name)s is %(function)s. Take it from them first: one person holds it.") % {"name": holder.name, "function": Function(function).label}, holder.name)])
        if not person.groups.filter(pk=group.pk).exists():
            person.groups.add(group)
            say(Verb.FUNCTION_GRANTED, person, function=str(function))


def revoke_function(person: Person, function: str, *, by, at: datetime) -> None:
    """Take a person out of a function. The last administrator stays."""
    require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        group = Group.objects.select_for_update().get(name=Function(function).value)
        others = Person.objects.active().filter(groups=group).exclude(pk=person.pk)
        if function == Function.ADMINISTRATORS and not others.exists():
            raise Blocked([Blocker("function.last", _("%(name)s is the last administrator. Name another one first.") % {"name": person.name})])
        if person.groups.filter(pk=group.pk).exists():
            person.groups.remove(group)
            say(Verb.FUNCTION_REVOKED, person, function=str(function))


def name_deputy(person: Person, deputy: Person, *, starts_on: date, ends_on: date, by, at: datetime) -> Deputy:
    """Name who may stop for `person` while they are away; by the person or an administrator."""
    if person.pk != by.pk:
        require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        made = Deputy(person=person, deputy=deputy, starts_on=starts_on, ends_on=ends_on)
        made.full_clean()
        made.save()
        say(Verb.DEPUTY_NAMED, made, person=person.pk, deputy=deputy.pk, starts_on=starts_on, ends_on=ends_on)
    return made


def end_deputy(deputy: Deputy, *, by, at: datetime) -> None:
    """End a deputy's time now."""
    if deputy.person_id != by.pk:
        require_administrator(by)
    with ledger.act(by=by, at=at) as say:
        if Deputy.objects.filter(pk=deputy.pk, ended_at=None).update(ended_at=at):
            say(Verb.DEPUTY_ENDED, deputy, person=deputy.person_id, deputy=deputy.deputy_id)


# Links


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invite(person: Person, *, by, at: datetime) -> str:
    """Make a one-time link's token with which `person` sets a password; earlier ones stop working. Shown once."""
    require_administrator(by)
    if not person.is_active:
        raise Conflict(_("%(name)s has left.") % {"name": person.name})
    token = secrets.token_urlsafe(32)
    with ledger.act(by=by, at=at) as say:
        Invitation.objects.filter(person=person, used_at=None).update(expires_at=clock.wall())
        made = Invitation.objects.create(person=person, token_digest=_digest(token), made_at=clock.wall(), expires_at=clock.wall() + INVITATION)
        say(Verb.INVITATION_MADE, made, person=person.pk)
    return token


def invitation(token: str) -> Invitation | None:
    """Return the invitation a token opens, or None when it is unknown, used, over, or its person left. One query."""
    return Invitation.objects.filter(token_digest=_digest(token), used_at=None, expires_at__gt=clock.wall(), person__is_active=True).select_related("person").first()


def use_invitation(token: str, password: str, *, at: datetime) -> Person:
    """Set the password of the person invited; the link works once. Raises Conflict when it is over."""
    with ledger.act(by="system:invitation", at=at) as say:
        found = invitation(token)
        if found is None or not Invitation.objects.filter(pk=found.pk, used_at=None).update(used_at=clock.wall()):
            raise Conflict(_("This link was used or is over. Ask an administrator for a new one."))
        found.person.set_password(password)
        found.person.save(update_fields=["password"])
        say(Verb.INVITATION_USED, found, person=found.person_id)
    return found.person


def set_up(token: str, *, company: str, time_zone: str, name: str, email: str, password: str, at: datetime) -> Person:
    """Use the one-time set-up link: the company, its zone, a first unit, and the first person, an administrator
    who also keeps the portfolio. Raises Conflict when the link was used."""
    with ledger.act(by="system:setup", at=at) as say:
        installation = Installation.objects.select_for_update().filter(pk=1).first()
        if installation is None or not installation.setup_digest or not secrets.compare_digest(installation.setup_digest, _digest(token)):
            raise Conflict(_("This set-up link was used or is not this installation's."))
        installation.company, installation.time_zone, installation.setup_digest = company, time_zone, ""
        installation.save()
        unit = Unit.objects.create(name=company, slug="company", time_zone=time_zone)
        person = Person(email=email, name=name, unit=unit, joined_at=at)
        person.set_password(password)
        person.save(force_insert=True)
        person.groups.set(Group.objects.filter(name__in=[Function.ADMINISTRATORS.value, Function.PORTFOLIO.value]))
        say(Verb.INSTALLATION_MADE, installation, text={"company": company})
        say(Verb.UNIT_ADDED, unit, text={"name": unit.name})
        say(Verb.PERSON_ADDED, person, text={"name": name, "email": person.email})
    return person
