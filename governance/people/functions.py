"""Functions: standing duties in the organisation, kept as groups with fixed slugs."""

from django.db import models
from django.db.models import F, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.core import kept
from governance.core.prepared import KEY, Hole, Prepared


class Function(models.TextChoices):
    """Every function Mandate knows; the value is the group's name for ever."""

    ADMINISTRATORS = "administrators", _("Administrators")
    PORTFOLIO = "portfolio-office", _("Portfolio office")
    COMPLIANCE = "compliance", _("Compliance")
    SECURITY = "security", _("Security")
    LEGAL = "legal", _("Legal")
    PRIVACY = "privacy", _("Privacy")
    FINANCE = "finance", _("Finance")
    AUDITORS = "auditors", _("Auditors")
    CTO = "cto", _("CTO")
    COO = "coo", _("COO")
    CEO = "ceo", _("CEO")


#: So many people of a function are named in a sentence.
NAMED = 4

#: Functions that see every initiative, restricted ones too (DESIGN section 3). Administrators do not.
SEES_ALL = frozenset({Function.COMPLIANCE, Function.PORTFOLIO, Function.AUDITORS})


def ensure(using: str = "default") -> None:
    """Make the group of every function in the database `using`. Idempotent."""
    from django.contrib.auth.models import Group

    for function in Function:
        Group.objects.using(using).get_or_create(name=function.value)


def label(slug: str):
    """Return the words for a group: a function's label, or the group's own name."""
    return Function(slug).label if slug in Function.values else slug


def of(person) -> frozenset[str]:
    """Return the slugs of every group `person` is in, functions and others. One query, kept on the instance.

    A request holds one instance of the person, so membership is read once a request; an inactive
    person is in none.
    """
    if person is None or not getattr(person, "is_active", False) or person.pk is None:
        return frozenset()
    # By attribute, because a page's person comes wrapped, more than once: the wrappers share the instance.
    if getattr(person, "_functions", None) is None:
        person._functions = frozenset(_NAMES.ask(person=person.pk))
    return person._functions


def _names(person: Hole) -> QuerySet:
    from django.contrib.auth.models import Group

    return Group.objects.filter(user=person).values_list("name", flat=True)


_NAMES: Prepared[str] = Prepared(_names, person=KEY)


def has(person, *wanted: str) -> bool:
    """Return whether `person` is in any of the functions `wanted`. One query at most."""
    return bool(of(person) & {str(getattr(w, "value", w)) for w in wanted})


def members(function: str):
    """Return the active people of `function`, by name. Lazy queryset; where answers are kept (core/kept.py) a list, all functions asked at once."""
    from governance.people.models import Person

    slug = str(getattr(function, "value", function))
    if kept.asked_once():
        return kept.answer("members", _everybody).get(slug, [])
    return Person.objects.active().filter(groups__name=slug).order_by("name", "pk")


def _everybody() -> dict[str, list]:
    """Return the active people of every function, by name. One query."""
    from governance.people.models import Person

    found: dict[str, list] = {}
    rows = Person.objects.active().filter(groups__name__in=Function.values).annotate(slug=F("groups__name"))
    for person in rows.order_by("name", "pk"):
        found.setdefault(person.slug, []).append(person)
    return found


def whose(*wanted: str) -> str:
    """Return functions with who is in them, for a refusal: "Administrators (Al Minh), Auditors (nobody yet)". One query."""
    from governance.people.models import Person

    slugs = [str(getattr(w, "value", w)) for w in wanted]
    people: dict[str, list[str]] = {slug: [] for slug in slugs}
    for slug, name in (
        Person.objects.active()
        .filter(groups__name__in=slugs)
        .order_by("name", "pk")
        .values_list("groups__name", "name")
    ):
        people[slug].append(name)
    return ", ".join(f"{label(slug)} ({_listed(names)})" for slug, names in people.items())


def _listed(names: list[str]) -> str:
    """Return names for a sentence, the first few of many."""
    if not names:
        return gettext("nobody yet")
    first = ", ".join(names[:NAMED])
    return (
        gettext("%(names)s and %(n)s more") % {"names": first, "n": len(names) - NAMED} if len(names) > NAMED else first
    )


def holder(function: str):
    """Return the one active person of a function that exactly one person holds (CTO, COO, CEO), or None."""
    found = list(members(function)[:2])
    return found[0] if len(found) == 1 else None
