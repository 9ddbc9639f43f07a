"""What rules say it with: a blocker, the people it is put to, and the page where they clear it."""

from django.urls import reverse

from governance.core.rules import Blocker
from governance.people.functions import Function
from governance.raci import queries as raci
from governance.raci.models import Row


def page(name: str, initiative, anchor: str = "") -> str:
    """Return the address of a page of this initiative, at a field."""
    return reverse(name, args=[initiative.key]) + (f"#{anchor}" if anchor else "")


def offer_page(initiative, offer) -> str:
    """Return the address of the page that answers an offer, or accepts again."""
    return reverse("initiatives:answer_offer", args=[initiative.key, offer.pk])


def names(people) -> str:
    """Return names as a list in words."""
    return ", ".join(p.name for p in people)


def movers(initiative) -> list:
    """Return who moves it: the Responsible of pilot and go-live, once each."""
    matrix = raci.matrix(initiative)
    return list({p.pk: p for row in (Row.PILOT, Row.GO_LIVE) for p in matrix.responsible(row)}.values())


def blocker(code, message, people=(), function: Function | None = None, url="", since=None, action="") -> Blocker:
    """Return a blocker put to people, or to a function where nobody is named."""
    people = [p for p in people if p is not None]
    who = names(people) or (str(function.label) if function else "")
    return Blocker(code, str(message), who, url, since, frozenset(p.pk for p in people), str(action))


def namers(initiative) -> list:
    """Return who proposes names: the registrant at idea, then the business owner."""
    owner = raci.matrix(initiative).owner
    registrant = initiative.registrant
    if owner:
        return [owner]
    return [registrant] if registrant and registrant.is_active and initiative.stage in ("idea", "discovered") else []
