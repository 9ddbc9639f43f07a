"""Opening and closing the public register, and keeping an initiative off it."""

from datetime import datetime

from django.utils.translation import gettext as _

from governance import ledger
from governance.core.errors import Conflict, Refused
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.people import functions
from governance.people.functions import Function
from governance.public.models import PublicRegister, Withheld
from governance.raci import grants
from governance.raci.grants import May


def may_open(person) -> bool:
    """Return whether `person` may open and close the register. One query for their functions, kept on the person."""
    return functions.has(person, Function.PORTFOLIO)


def _require_office(person) -> None:
    if not may_open(person):
        whose = functions.whose(Function.PORTFOLIO)
        raise Refused(_("Only the Portfolio office opens and closes the public register."), whose)


def open_register(*, contact: str, by, at: datetime) -> PublicRegister:
    """Let people outside read the register from now on, or say anew where they may ask. Raises Refused."""
    _require_office(by)
    with ledger.act(by=by, at=at) as say:
        register = PublicRegister.objects.select_for_update().get(pk=1)
        opens = register.open_since is None
        if opens or register.contact != contact:
            register.open_since, register.contact = register.open_since or at, contact
            register.save()
            say(Verb.PUBLIC_OPENED if opens else Verb.PUBLIC_CHANGED, register, text={"contact": contact})
    return register


def close_register(*, by, at: datetime) -> PublicRegister:
    """Let nobody outside read it any more. Raises Refused."""
    _require_office(by)
    with ledger.act(by=by, at=at) as say:
        register = PublicRegister.objects.select_for_update().get(pk=1)
        if register.open_since is not None:
            register.open_since = None
            register.save()
            say(Verb.PUBLIC_CLOSED, register)
    return register


def may_withhold(person, initiative: Initiative, at: datetime) -> bool:
    """Return whether `person` may keep it off the register: whoever may restrict it. Queries as grants.held_by."""
    return May.RESTRICT in grants.held_by(person, initiative, at)


def may_lift(person, initiative: Initiative, at: datetime) -> bool:
    """Return whether `person` may lift that: whoever may lift a restriction, and the Portfolio office. Queries as grants.held_by."""
    return May.UNRESTRICT in grants.held_by(person, initiative, at) or may_open(person)


def withhold(initiative: Initiative, reason: str, *, by, at: datetime) -> Withheld:
    """Keep an initiative off the public register, with a reason. Raises Refused, and Conflict when it is withheld already."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        if not may_withhold(by, initiative, at):
            raise Refused(_("Only who may restrict it withholds it from the public register."))
        if Withheld.objects.filter(initiative=initiative, lifted_at=None).exists():
            raise Conflict(_("It is withheld already."))
        made = Withheld.objects.create(initiative=initiative, reason=reason, by=by, at=at)
        say(Verb.PUBLIC_WITHHELD, made, text={"reason": reason})
    return made


def lift(initiative: Initiative, *, by, at: datetime) -> None:
    """Let the rules alone say whether it is listed. Raises Refused, and Conflict when it is not withheld."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        if not may_lift(by, initiative, at):
            raise Refused(
                _("Only who may lift a restriction, and the Portfolio office, put it on the public register again.")
            )
        row = Withheld.objects.filter(initiative=initiative, lifted_at=None).first()
        if row is None:
            raise Conflict(_("It is not withheld."))
        row.lifted_at, row.lifted_by = at, by
        row.save(update_fields=["lifted_at", "lifted_by"])
        say(Verb.PUBLIC_LIFTED, row)
