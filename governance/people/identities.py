"""Who somebody is at the company's OpenID provider, and the functions it gives them.

Words: *identity* (issuer and subject: what the provider calls somebody for ever), *provided* (a function that
came from the provider). A person is known by the identity they first came with; a function given here by hand
is never one that is provided, and the provider takes back only what it gave.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from governance import ledger
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked
from governance.ledger import Verb
from governance.people import actions
from governance.people.models import Identity, Person, Provided, address
from governance.people.oidc import Claims


class NotLetIn(Exception):
    """The provider vouches for somebody, and they do not come in here. `why` is for the log; `person` whom it concerns."""

    def __init__(self, why: str, person: Person | None = None):
        self.why, self.person = why, person
        super().__init__(why)


def recognise(claims: Claims, *, at: datetime) -> Person:
    """Return who came, remembering their identity the first time. Raises NotLetIn.

    The first time they are found by a verified e-mail address; from then on by issuer and subject alone, and
    another subject with the same address is refused. One act.
    """
    with ledger.act(by="system:company", at=at) as say:
        known = Identity.objects.filter(issuer=claims.issuer, subject=claims.subject).select_related("person").first()
        if known is not None:
            if not known.person.is_active:
                raise NotLetIn("they have left", known.person)
            return known.person
        if not claims.verified or not claims.email:
            raise NotLetIn("the provider has not verified their e-mail address")
        found = Person.objects.filter(email=address(claims.email)).first()
        if found is None:
            raise NotLetIn("nobody here has this e-mail address")
        person = found.locked()
        if not person.is_active:
            raise NotLetIn("they have left", person)
        if Identity.objects.filter(issuer=claims.issuer, person=person).exists():
            raise NotLetIn("another subject came with this e-mail address before", person)
        made = Identity.objects.create(person=person, issuer=claims.issuer, subject=claims.subject, linked_at=at)
        say(Verb.SIGN_IN_LINKED, person, identity=made.pk)
    return person


def forget(person: Person, *, by: Person, at: datetime) -> None:
    """Forget who `person` is at the provider, so that the next to come with their address is they.

    By another administrator, when the provider made them anew; every session of theirs ends. Raises Conflict
    when nothing is remembered.
    """
    actions.require_administrator(by)
    if person.pk == by.pk:
        raise Refused(_("Nobody does this for themselves. Ask another administrator."))
    with ledger.act(by=by, at=at) as say:
        person = person.locked()
        if not Identity.objects.filter(person=person).delete()[0]:
            raise Conflict(_("%(name)s has not signed in through the company yet.") % {"name": person.name})
        person.end_sessions()
        say(Verb.SIGN_IN_UNLINKED, person)


def provide(person: Person, groups: frozenset[str], *, at: datetime) -> list[str]:
    """Give `person` the functions that their groups at the provider mean, and take back those they no longer mean.

    Each is an act of its own, with the guards of every such act; returns in words what was refused. What was
    given here by hand stays as it is. One query when nothing changes.
    """
    if not settings.OIDC_FUNCTIONS:
        return []
    wanted = {function for group, function in settings.OIDC_FUNCTIONS if group in groups}
    came = set(Provided.objects.filter(person=person).values_list("function", flat=True))
    refused = []
    for function in sorted(came - wanted):
        refused += _try(_take_back, person, function, at)
    for function in sorted(wanted - came):
        refused += _try(_give, person, function, at)
    return refused


def _try(act, person: Person, function: str, at: datetime) -> list[str]:
    try:
        act(person, function, at)
    except Blocked as blocked:
        return [str(blocker.message) for blocker in blocked.blockers]
    return []


def _give(person: Person, function: str, at: datetime) -> None:
    with ledger.act(by="system:company", at=at) as say:
        if actions.put_in(person, function, say):
            Provided.objects.get_or_create(person=person, function=function)


def _take_back(person: Person, function: str, at: datetime) -> None:
    with ledger.act(by="system:company", at=at) as say:
        actions.take_out(person, function, say)
        Provided.objects.filter(person=person, function=function).delete()
