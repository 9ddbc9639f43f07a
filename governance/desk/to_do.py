"""Rows under Do: stops to confirm, next steps to clear or ask for, reviews, postmortems, owners to name."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core.rules import Blocker
from governance.desk import mine as facts
from governance.desk.mine import Mine
from governance.desk.queries import DAY_90_SHOWN
from governance.desk.rows import Item, about, grouped, named, page, whose
from governance.gates.questions import QUESTIONS
from governance.initiatives import catalog, many
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.people.functions import Function
from governance.raci.models import Role, Row
from governance.reviews import cadence
from governance.templatetags.mandate import span

#: How long before its planned day a gate is shown.
SOON = timedelta(days=14)
#: Blockers that have a row of their own: an acceptance to renew, a budget for Finance to look at, a postmortem.
_OWN_ROWS = ("owner.void", "budget.open", "postmortem")
#: Blockers that have one where the person they wait for was asked to accept.
_OFFERED = ("owner.offered", "roles.accepted")


def rows(mine: Mine) -> Iterator[Item]:
    """Yield what this person is to do."""
    yield from _stops(mine)
    yield from _wishes(mine)
    yield from _moves(mine)
    yield from _reviews(mine)
    yield from _postmortems(mine)
    yield from _stopped(mine)
    yield from _leavers(mine)
    yield from _owners(mine)
    yield from _triage(mine)


# Stops


def _stops(mine: Mine) -> Iterator[Item]:
    for stop in mine.stops:
        if stop.confirmed_at is None:
            who = stop.asked_by.name if stop.asked_by else _("The clock")
            ago = {"name": who, "span": span(mine.at - stop.asked_at)}
            yield Item(
                _("Say whether it stopped: %(initiative)s") % {"initiative": named(stop.initiative)},
                page("gates:confirm_stop", stop.initiative),
                "stop",
                "overdue",
                facts=[_("%(name)s asked for the stop %(span)s ago.") % ago],
                since=stop.asked_at,
                consequence=_("Until somebody confirms it, it may still be running."),
                action=_("Confirm the stop"),
            )


def _wishes(mine: Mine) -> Iterator[Item]:
    for wish in mine.wishes:
        yield Item(
            _("Stop it, or say why not: %(initiative)s") % {"initiative": named(wish.initiative)},
            page("gates:stop", wish.initiative),
            "stop",
            "overdue",
            **about(wish.initiative),
            facts=[_("%(name)s asks you to stop it: %(saw)s") % {"name": wish.person.name, "saw": wish.saw}],
            since=wish.at,
            consequence=_("It is still running. After an hour the CTO and the COO are told."),
            action=_("Answer"),
        )


# The next step of what this person moves or answers for


def _until_then(initiative: Initiative) -> str:
    """Return what does not happen while something is missing."""
    return {
        "idea": _("Until then the pilot cannot start."),
        "discovered": _("Until then it cannot become a pilot."),
        "pilot": _("Until then funding cannot be asked for."),
        "funding": _("Until then the funding gate cannot pass."),
        "build": _("Until then it cannot go live."),
        "stopped": _("Until then it cannot start again."),
    }.get(str(initiative.stage), "")


def _moves(mine: Mine) -> Iterator[Item]:
    """Yield what blocks a next step and is theirs to clear, or that it can be asked for now."""
    offered = {offer.initiative_id for offer in mine.offers()}
    for initiative in mine.moved():
        due = _move_due(mine, initiative)
        if initiative.is_retiring or not _is_time(initiative, due, mine.at):
            continue
        elsewhere = (*_OWN_ROWS, *(_OFFERED if initiative.pk in offered else ()))
        found = many.blockers(initiative, mine.at)
        own = [b for b in found if mine.person.pk in b.person_ids and not b.code.startswith(elsewhere)]
        if own:
            yield _to_clear(mine, initiative, own, due)
        elif kind := _can_ask(mine, initiative, found):
            question = QUESTIONS[kind]
            yield Item(
                _("Ask: %(verb)s · %(initiative)s") % {"verb": question.verb, "initiative": named(initiative)},
                f"{page('gates:ask', initiative)}?kind={kind}",
                "diamond-open",
                whose(due, mine.at),
                **about(initiative),
                facts=[_("Nothing stands in the way of asking.")],
                due=due,
                consequence=_if_nobody_asks(initiative),
                action=_("Ask"),
            )


def _if_nobody_asks(initiative: Initiative) -> str:
    """Return what happens when nobody asks the next question."""
    return {
        "idea": _("If nobody asks, it stays an idea."),
        "discovered": _("If nobody asks, it stays found in use, and no pilot begins."),
        "pilot": _("If nobody asks by then, day 90 stops and retires it."),
        "build": _("If nobody asks, it stays in build."),
        "stopped": _("If nobody asks, it stays stopped."),
    }.get(str(initiative.stage), "")


def _is_time(initiative: Initiative, due: datetime | None, at: datetime) -> bool:
    """Whether the next step is worth a row: a pilot is left to run until its gate or its day 90 comes near."""
    if initiative.stage != Stage.PILOT:
        return True
    planned = initiative.gate_on is not None and initiative.gate_on <= (at + SOON).date()
    return planned or due is None or due <= at + DAY_90_SHOWN


def _to_clear(mine: Mine, initiative: Initiative, own: list[Blocker], due: datetime | None) -> Item:
    """Return the row that says what this person has to clear."""
    first, told = own[0], [own[0].message]
    if len(own) == 1:
        words = {"what": first.action or _("Clear one thing"), "initiative": named(initiative)}
        title, url, action = _("%(what)s: %(initiative)s") % words, first.url, _("Clear it")
    else:
        title = _("Clear %(n)s things: %(initiative)s") % {"n": len(own), "initiative": named(initiative)}
        url, action = page("initiatives:show", initiative, "blockers"), _("See what is missing")
        told.append(_("And %(n)s more.") % {"n": len(own) - 1})
    return Item(
        title,
        url,
        "unmet",
        whose(due, mine.at),
        **about(initiative),
        facts=told,
        due=due,
        consequence=_until_then(initiative),
        action=action,
    )


def _can_ask(mine: Mine, initiative: Initiative, found: list[Blocker]) -> str:
    """Return the kind of question this person can ask now because nothing but signatures is missing, or ""."""
    following = {
        "idea": "pilot_go",
        "discovered": "pilot_go",
        "pilot": "funding",
        "build": "go_live",
        "stopped": "restart",
    }
    kind = following.get(str(initiative.stage), "")
    if any(stop.initiative_id == initiative.pk and stop.confirmed_at is None for stop in mine.stops):
        return ""
    if not kind or any(not b.code.startswith("sign_off") for b in found):
        return ""
    if any(d.kind == kind for d in initiative.__dict__.get("_brought_decisions", ())):
        return ""
    asking = (Row.PILOT, Row.GO_LIVE) if kind == "funding" else (QUESTIONS[kind].row,)
    return kind if any(mine.role(initiative.pk, row, Role.RESPONSIBLE) for row in asking) else ""


def _move_due(mine: Mine, initiative: Initiative) -> datetime | None:
    """Return by when the next step is wanted: its open question's deadline, else what the stage allows."""
    kind = {
        "idea": "pilot_go",
        "discovered": "pilot_go",
        "pilot": "day_90",
        "funding": "funding",
        "build": "go_live",
        "stopped": "restart",
    }.get(str(initiative.stage))
    asked = next((d for d in initiative.__dict__.get("_brought_decisions", ()) if d.kind == kind), None)
    if asked is not None:
        return asked.due_at if asked.due_at > mine.at else asked.final_at
    if initiative.stage == Stage.BUILD:
        return initiative.stage_since + timedelta(days=policy.current().windows["build_d"])
    return None


# What runs, and what has ended


def _reviews(mine: Mine) -> Iterator[Item]:
    owned = [a.initiative for a in mine.accepted(Row.GO_LIVE, Role.ACCOUNTABLE)]
    for initiative in {one.pk: one for one in (*owned, *mine.workflows)}.values():
        tier = policy.current().tiers.get(initiative.tier)
        due = initiative.review_due_at
        if due is None or tier is None or initiative.is_retiring or initiative.stage != Stage.PRODUCTION:
            continue
        if cadence.reminder_at(due, tier.review_d) > mine.at:
            continue
        n = tier.escalate_review_after_d
        after = ngettext(
            "%(n)s day late it goes to the Escalation owner.", "%(n)s days late it goes to the Escalation owner.", n
        )
        yield Item(
            _("Review: %(initiative)s") % {"initiative": named(initiative)},
            page("reviews:do", initiative),
            "review",
            whose(due, mine.at),
            **about(initiative),
            facts=[_("Five questions, about 4 minutes.")],
            due=due,
            consequence=after % {"n": n},
            action=_("Start the review"),
        )


def _postmortems(mine: Mine) -> Iterator[Item]:
    held = (*mine.accepted(Row.PILOT, Role.ACCOUNTABLE), *mine.accepted(Row.GO_LIVE, Role.ACCOUNTABLE))
    for initiative in {a.initiative_id: a.initiative for a in held}.values():
        if not initiative.is_retiring:
            continue
        if initiative.live_since and mine.role(initiative.pk, Row.GO_LIVE, Role.ACCOUNTABLE) is None:
            continue  # It was live, so the business owner writes it.
        retirement = getattr(initiative, "retirement", None)
        due = retirement.due_at if retirement else None
        yield Item(
            _("Write what was learned: %(initiative)s") % {"initiative": named(initiative)},
            page("gates:postmortem", initiative),
            "pen",
            whose(due, mine.at),
            **about(initiative),
            facts=[_("A draft with dates and numbers is ready.")],
            due=due,
            consequence=_("It is retired when the postmortem is published, not before."),
            action=_("Write it"),
        )


def _stopped(mine: Mine) -> Iterator[Item]:
    window = timedelta(days=policy.current().windows["stopped_d"])
    asked = {d.initiative_id for d in mine.decisions if d.kind in ("restart", "back_to_pilot")}
    unconfirmed = {stop.initiative_id for stop in mine.stops if stop.confirmed_at is None}
    for accepted in mine.accepted(Row.HALT, Role.ACCOUNTABLE):
        initiative = accepted.initiative
        if initiative.stage != Stage.STOPPED or initiative.is_retiring or initiative.pk in asked | unconfirmed:
            continue
        due = initiative.stage_since + window
        yield Item(
            _("Say what happens to it: %(initiative)s") % {"initiative": named(initiative)},
            page("initiatives:show", initiative),
            "stop",
            whose(due, mine.at),
            **about(initiative),
            facts=[_("Restart it, take it back to the pilot, or retire it.")],
            due=due,
            consequence=_(
                "It stays stopped. After that day the Escalation owner and the Portfolio office are told every week."
            ),
            action=_("Open"),
        )


# For the Portfolio office, and for those who lead a unit


def _leavers(mine: Mine) -> Iterator[Item]:
    for roles in grouped(mine.leavers):
        initiative = roles[0].initiative
        told = []
        for a in roles[:3]:
            words = {"name": a.person.name, "role": a.get_role_display(), "row": a.get_row_display()}
            told.append(_("%(name)s left: %(role)s for %(row)s.") % words)
        yield Item(
            _("Name somebody else: %(initiative)s") % {"initiative": named(initiative)},
            page("initiatives:matrix", initiative, f"{roles[0].row}-{roles[0].role}"),
            "person",
            **about(initiative),
            facts=told,
            consequence=_("Until then the row is vacant and its next gate cannot pass."),
            action=_("Name somebody"),
        )


def _owners(mine: Mine) -> Iterator[Item]:
    """Yield the ownership clock, one row for a unit: the top units for the office, for a leader those they lead."""
    window = timedelta(days=policy.current().windows["ownership_d"])
    office = mine.is_in(Function.PORTFOLIO)
    tops = catalog.Tree.of(mine.units.values()).tops(mine.company) if office else {}
    by_unit: dict[tuple[str, str], tuple[int, datetime | None]] = {}
    for unit_id, n, first in mine.unowned:
        led = None if office else facts.nearest_led(mine, unit_id)
        key = (led.slug, led.name) if led else tops.get(unit_id, ("none", _("no unit")))
        there, since = by_unit.get(key, (0, None))
        by_unit[key] = (there + n, min(filter(None, (since, first)), default=None))
    for (slug, name), (n, first) in by_unit.items():
        due = first + window if first else None
        says = ngettext("Name an owner: %(n)s initiative of %(unit)s", "Name owners: %(n)s initiatives of %(unit)s", n)
        yield Item(
            says % {"n": n, "unit": name},
            f"{reverse('catalog:list')}?unit={slug}&waits=owner",
            "person",
            whose(due, mine.at),
            facts=[_("In use, and nobody has accepted to answer for the result.")],
            due=due,
            consequence=_("On that day the COO is told."),
            action=_("See them"),
        )


def _triage(mine: Mine) -> Iterator[Item]:
    if mine.triage:
        title = ngettext("Triage: %(n)s initiative", "Triage: %(n)s initiatives", mine.triage) % {"n": mine.triage}
        yield Item(
            title,
            reverse("gates:triage"),
            "info",
            facts=[_("Stage not known, no name, no unit, or found in use and nobody asked to own it.")],
            consequence=_("Until then no question can be asked about them, and nobody is called when one goes wrong."),
            action=_("Work the queue"),
        )
