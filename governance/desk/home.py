"""Home: what needs me, by when, and what happens if I do nothing. Turns `mine.Mine` into rows; asks nothing itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core import kept
from governance.core.rules import Blocker
from governance.desk import mine as facts
from governance.desk.mine import MOST, Mine
from governance.desk.queries import DAY_90_SHOWN
from governance.desk.rows import Item, Section, section
from governance.gates import queries as gates
from governance.gates.models import Decision
from governance.gates.questions import QUESTIONS
from governance.initiatives import catalog, many, material
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.initiatives.roles import together
from governance.people import functions
from governance.people.functions import Function
from governance.raci.models import Role, Row
from governance.reviews import cadence
from governance.templatetags.mandate import money, span

#: How long before its planned day a gate is shown.
SOON = timedelta(days=14)
#: Blockers that have a row of their own: an acceptance to renew, a budget for Finance to look at, a postmortem.
_OWN_ROWS = ("owner.void", "budget.open", "postmortem")
#: Blockers that have one where the person they wait for was asked to accept.
_OFFERED = ("owner.offered", "roles.accepted")


@dataclass(frozen=True)
class Held:
    """One system under somebody's stop authority, and whether a stop of it is asked and not confirmed."""

    initiative: Initiative
    unconfirmed: bool
    deputy_for: str


@dataclass(frozen=True)
class Home:
    """What the home page shows."""

    decide: Section
    sign: Section
    do: Section
    waiting: Section
    held: list[Held]

    @property
    def is_clear(self) -> bool:
        """Whether nothing needs this person."""
        return not (self.decide.items or self.sign.items or self.do.items)


def build(mine: Mine) -> Home:
    """Return the home page of one person. At most a query for each function the rules name, and one to count heads."""
    with kept.asking_once():
        decide = [*_decisions(mine), *_handed_over(mine)]
        sign = [
            *_offers(mine),
            *_void(mine),
            *_sign_offs(mine),
            *_figures(mine),
            *_budgets(mine),
            *_checks(mine),
            *_tiers(mine),
        ]
        do = [
            *_stops(mine),
            *_wishes(mine),
            *_moves(mine),
            *_reviews(mine),
            *_postmortems(mine),
            *_stopped(mine),
            *_leavers(mine),
            *_owners(mine),
            *_triage(mine),
        ]
        waiting = [*_asked(mine), *_named(mine), *_claims(mine)]
    return Home(
        section(_("Decide"), decide, most=MOST),
        section(_("Sign"), sign, most=MOST),
        section(_("Do"), do, most=MOST),
        section(_("Waiting on others"), waiting, most=MOST),
        _held(mine),
    )


def _named_on(initiative: Initiative) -> str:
    """Return what a row calls an initiative."""
    return f"{initiative.key} {initiative.name}"


def _about(initiative: Initiative) -> dict[str, Any]:
    """Return the badges of a row about an initiative."""
    return {
        "stage": str(initiative.stage),
        "has_tier": True,
        "tier": initiative.tier,
        "capability": initiative.capability,
    }


def _page(name: str, initiative: Initiative, anchor: str = "") -> str:
    return reverse(name, args=[initiative.key]) + (f"#{anchor}" if anchor else "")


def _whose(due: datetime | None, at: datetime) -> str:
    return "overdue" if due is not None and due <= at else "mine"


def _asks(person: Any) -> str:
    return _("%(name)s asks.") % {"name": person.name} if person else _("The clock asks.")


# --- Decide -----------------------------------------------------------------------------------


def is_near(decision: Decision, at: datetime) -> bool:
    """Whether a question is worth a row at `at`: all but a day 90 that is still far."""
    return decision.kind != "day_90" or decision.due_at <= at + DAY_90_SHOWN


def _decisions(mine: Mine) -> Iterator[Item]:
    for decision in mine.to_decide():
        if not is_near(decision, mine.at):
            continue
        question, initiative, over = QUESTIONS[decision.kind], decision.initiative, mine.at >= decision.due_at
        told = [_("You are Accountable."), _asks(decision.asked_by)]
        if over:
            told.append(_("The Escalation owner was asked to get it decided."))
        told += _missing(decision, initiative, mine.at)
        if decision.kind == "funding" and (budget := getattr(initiative, "budget", None)):
            words = {"amount": money(budget.asked, budget.currency), "months": budget.months}
            told.append(
                (
                    _("%(amount)s for %(months)s months is approved.")
                    if budget.approved is not None
                    else _("%(amount)s for %(months)s months is asked for and not approved.")
                )
                % words
            )
        yield Item(
            _("%(verb)s · %(initiative)s") % {"verb": question.verb, "initiative": _named_on(initiative)},
            decision.get_absolute_url(),
            "diamond-open",
            _whose(decision.due_at, mine.at),
            **_about(initiative),
            facts=told,
            due=decision.final_at if over else decision.due_at,
            consequence=_if_silent(question, over=over),
            action=_("Review and decide"),
        )


def _missing(decision: Decision, initiative: Initiative, at: datetime) -> list[str]:
    """Return how far a Pass is from possible, in words; the facts are at hand, so nothing is asked."""
    requirements = gates.requirements(decision, initiative, at)
    if not requirements or "_matrix" not in initiative.__dict__:
        return []
    holds = sum(1 for _rule, found in requirements if not found)
    if decision.kind == "funding":
        return [_("%(yes)s of %(all)s questions are Yes.") % {"yes": holds, "all": len(requirements)}]
    missing = len(requirements) - holds
    return [
        ngettext("%(n)s requirement is not met.", "%(n)s requirements are not met.", missing) % {"n": missing}
        if missing
        else _("Every requirement is met.")
    ]


def _if_silent(question: Any, *, over: bool) -> str:
    """Return what happens when nobody answers; once it was handed over, the hand-over is behind us."""
    if over:
        return _("If nobody decides by then it closes as No pass. %(then)s") % {"then": question.no_pass_words}
    return _("If nobody decides: %(then)s") % {"then": question.if_silent}


def _handed_over(mine: Mine) -> Iterator[Item]:
    for decision in mine.to_get_decided():
        question, initiative = QUESTIONS[decision.kind], decision.initiative
        decides = gates.decider(decision, initiative)
        told = [
            _("You are Escalation owner."),
            _("%(name)s has not answered.") % {"name": decides.name} if decides else _("Nobody is Accountable."),
        ]
        yield Item(
            _("Get it decided · %(verb)s · %(initiative)s")
            % {"verb": question.verb, "initiative": _named_on(initiative)},
            decision.get_absolute_url(),
            "diamond-open",
            "overdue",
            **_about(initiative),
            facts=told,
            due=decision.final_at,
            consequence=_if_silent(question, over=True),
            action=_("See what is left to do"),
        )


# --- Sign -------------------------------------------------------------------------------------


def _offers(mine: Mine) -> Iterator[Item]:
    seen = set()
    for offer in mine.offers():
        row, role = Row(offer.row), Role(offer.role)
        if (key := (offer.initiative_id, together(row, role), role)) in seen:
            continue
        seen.add(key)
        owns = role == Role.ACCOUNTABLE and len(together(row, role)) > 1
        words = {"initiative": _named_on(offer.initiative), "role": role.label, "row": row.label}
        yield Item(
            (
                _("Answer: will you own %(initiative)s?")
                if owns
                else _("Answer: will you be %(role)s for %(row)s of %(initiative)s?")
            )
            % words,
            reverse("initiatives:answer_offer", args=[offer.initiative.key, offer.pk]),
            "person",
            _whose(offer.answer_by, mine.at),
            **_about(offer.initiative),
            facts=[
                _("%(name)s named you.") % {"name": offer.assigned_by.name}
                if offer.assigned_by
                else _("You were named.")
            ],
            due=offer.answer_by,
            due_word=_("answer by"),
            consequence=_("If you do not answer, the role stays vacant and the Portfolio office is told."),
            action=_("Answer"),
        )


def _void(mine: Mine) -> Iterator[Item]:
    for accepted in mine.accepted(Row.GO_LIVE, Role.ACCOUNTABLE):
        initiative = accepted.initiative
        if initiative.is_retiring or accepted.material_sha256 == material.digest(initiative):
            continue
        due = min(
            (d.due_at for d in mine.decisions if d.initiative_id == initiative.pk and d.kind in ("funding", "go_live")),
            default=None,
        )
        yield Item(
            _("Accept again: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("initiatives:matrix", initiative, "accept"),
            "sign",
            _whose(due, mine.at),
            **_about(initiative),
            facts=[_("Something material changed since you accepted.")],
            due=due,
            consequence=_("Until you accept again, its gates cannot pass."),
            action=_("See what changed"),
        )


def _sign_offs(mine: Mine) -> Iterator[Item]:
    for row in mine.sign_offs:
        words = {"function": functions.label(row.function), "initiative": _named_on(row.initiative)}
        yield Item(
            _("Sign off for %(function)s: %(initiative)s") % words,
            reverse("gates:sign_off", args=[row.initiative.key, row.decision.number, row.function]),
            "sign",
            _whose(row.due_at, mine.at),
            **_about(row.initiative),
            facts=[row.decision.get_kind_display(), _asks(row.asked_by)],
            due=row.due_at,
            consequence=_("Silence counts as not signed: without you it cannot pass."),
            action=_("Look and sign"),
        )


def _grouped(rows: Iterable[Any]) -> list[list[Any]]:
    """Return rows about one initiative together, in the order they came."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.initiative_id].append(row)
    return list(found.values())


def _figures(mine: Mine) -> Iterator[Item]:
    for rows in _grouped(mine.figures):
        initiative, first = rows[0].initiative, rows[0]
        title = ngettext("Confirm a figure: %(initiative)s", "Confirm %(n)s figures: %(initiative)s", len(rows)) % {
            "n": len(rows),
            "initiative": _named_on(initiative),
        }
        yield Item(
            title,
            _page("initiatives:outcome", initiative, f"figure-{first.number}"),
            "sign",
            _whose(first.gate_due_at, mine.at),
            **_about(initiative),
            facts=[_("%(name)s supplied it.") % {"name": first.supplied_by.name}],
            due=first.gate_due_at,
            consequence=_("Until then it counts as claimed, and the funding gate cannot pass on it."),
            action=_("Look and confirm"),
        )


def _budgets(mine: Mine) -> Iterator[Item]:
    budget: Any  # with the deadline of the gate that waits for it
    for budget in mine.budgets:
        initiative = budget.initiative
        words = {"amount": money(budget.asked, budget.currency), "months": budget.months, "name": budget.asked_by.name}
        yield Item(
            _("Approve a budget: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("initiatives:budget", initiative),
            "sign",
            _whose(budget.gate_due_at, mine.at),
            **_about(initiative),
            facts=[_("%(name)s asks for %(amount)s for %(months)s months.") % words],
            due=budget.gate_due_at,
            consequence=_("Until then the funding gate cannot pass."),
            action=_("Look and approve"),
        )


def _checks(mine: Mine) -> Iterator[Item]:
    controls = policy.current().controls
    for rows in _grouped(mine.checks):
        initiative = rows[0].initiative
        title = ngettext("Confirm a control: %(initiative)s", "Confirm %(n)s controls: %(initiative)s", len(rows)) % {
            "n": len(rows),
            "initiative": _named_on(initiative),
        }
        yield Item(
            title,
            _page("initiatives:controls", initiative, rows[0].ref),
            "sign",
            _whose(rows[0].gate_due_at, mine.at),
            **_about(initiative),
            facts=[", ".join(controls[row.ref].title for row in rows[:4])],
            due=rows[0].gate_due_at,
            consequence=_("Until then it cannot go live."),
            action=_("Look and confirm"),
        )


def _tiers(mine: Mine) -> Iterator[Item]:
    for initiative in mine.tiers:
        yield Item(
            _("Confirm the tier: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("initiatives:tier", initiative),
            "sign",
            stage=str(initiative.stage),
            capability=initiative.capability,
            facts=[_("Tier %(tier)s is proposed.") % {"tier": initiative.tier_proposed}],
            consequence=_("Until then its pilot cannot start."),
            action=_("Look and confirm"),
        )


# --- Do ---------------------------------------------------------------------------------------


def _stops(mine: Mine) -> Iterator[Item]:
    for stop in mine.stops:
        if stop.confirmed_at is None:
            who = stop.asked_by.name if stop.asked_by else _("The clock")
            yield Item(
                _("Say whether it stopped: %(initiative)s") % {"initiative": _named_on(stop.initiative)},
                _page("gates:confirm_stop", stop.initiative),
                "stop",
                "overdue",
                facts=[
                    _("%(name)s asked for the stop %(span)s ago.")
                    % {"name": who, "span": span(mine.at - stop.asked_at)}
                ],
                since=stop.asked_at,
                consequence=_("Until somebody confirms it, it may still be running."),
                action=_("Confirm the stop"),
            )


def _wishes(mine: Mine) -> Iterator[Item]:
    for wish in mine.wishes:
        yield Item(
            _("Stop it, or say why not: %(initiative)s") % {"initiative": _named_on(wish.initiative)},
            _page("gates:stop", wish.initiative),
            "stop",
            "overdue",
            **_about(wish.initiative),
            facts=[_("%(name)s asks you to stop it: %(saw)s") % {"name": wish.person.name, "saw": wish.saw}],
            since=wish.at,
            consequence=_("It is still running. After an hour the CTO and the COO are told."),
            action=_("Answer"),
        )


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
    """What blocks the next step of what this person moves or answers for, and is theirs; or that it can be asked for now."""
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
                _("Ask: %(verb)s · %(initiative)s") % {"verb": question.verb, "initiative": _named_on(initiative)},
                f"{_page('gates:ask', initiative)}?kind={kind}",
                "diamond-open",
                _whose(due, mine.at),
                **_about(initiative),
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
    }.get(str(initiative.stage), "")


def _is_time(initiative: Initiative, due: datetime | None, at: datetime) -> bool:
    """Whether the next step is worth a row: a pilot is left to run until its gate or its day 90 comes near."""
    if initiative.stage != Stage.PILOT:
        return True
    planned = initiative.gate_on is not None and initiative.gate_on <= (at + SOON).date()
    return planned or due is None or due <= at + DAY_90_SHOWN


def _to_clear(mine: Mine, initiative: Initiative, own: list[Blocker], due: datetime | None) -> Item:
    """Return the row that says what this person has to clear."""
    if len(own) == 1:
        title, url, action = (
            _("%(what)s: %(initiative)s")
            % {"what": own[0].action or _("Clear one thing"), "initiative": _named_on(initiative)},
            own[0].url,
            _("Clear it"),
        )
    else:
        title, url, action = (
            _("Clear %(n)s things: %(initiative)s") % {"n": len(own), "initiative": _named_on(initiative)},
            _page("initiatives:show", initiative, "blockers"),
            _("See what is missing"),
        )
    told = [own[0].message] + ([_("And %(n)s more.") % {"n": len(own) - 1}] if len(own) > 1 else [])
    return Item(
        title,
        url,
        "unmet",
        _whose(due, mine.at),
        **_about(initiative),
        facts=told,
        due=due,
        consequence=_until_then(initiative),
        action=action,
    )


def _can_ask(mine: Mine, initiative: Initiative, found: list[Blocker]) -> str:
    """Return the kind of question this person can ask now because nothing but signatures is missing, or ""."""
    kind = {"idea": "pilot_go", "discovered": "pilot_go", "pilot": "funding", "build": "go_live"}.get(
        str(initiative.stage), ""
    )
    rows = (Row.PILOT, Row.GO_LIVE) if kind == "funding" else (QUESTIONS[kind].row,) if kind else ()
    asked = any(d.kind == kind for d in initiative.__dict__.get("_brought_decisions", ()))
    missing = [b for b in found if not b.code.startswith("sign_off")]
    return (
        kind
        if not asked and not missing and any(mine.role(initiative.pk, row, Role.RESPONSIBLE) for row in rows)
        else ""
    )


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


def _reviews(mine: Mine) -> Iterator[Item]:
    owned = [a.initiative for a in mine.accepted(Row.GO_LIVE, Role.ACCOUNTABLE)]
    for initiative in {one.pk: one for one in (*owned, *mine.workflows)}.values():
        tier = policy.current().tiers.get(initiative.tier)
        due = initiative.review_due_at
        if (
            due is None
            or tier is None
            or initiative.is_retiring
            or initiative.stage != Stage.PRODUCTION
            or cadence.reminder_at(due, tier.review_d) > mine.at
        ):
            continue
        after = ngettext(
            "%(n)s day late it goes to the Escalation owner.",
            "%(n)s days late it goes to the Escalation owner.",
            tier.escalate_review_after_d,
        ) % {"n": tier.escalate_review_after_d}
        yield Item(
            _("Review: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("reviews:do", initiative),
            "review",
            _whose(due, mine.at),
            **_about(initiative),
            facts=[_("Five questions, about 4 minutes.")],
            due=due,
            consequence=after,
            action=_("Start the review"),
        )


def _postmortems(mine: Mine) -> Iterator[Item]:
    answers = {
        a.initiative_id: a.initiative
        for a in (*mine.accepted(Row.PILOT, Role.ACCOUNTABLE), *mine.accepted(Row.GO_LIVE, Role.ACCOUNTABLE))
    }
    for initiative in answers.values():
        if not initiative.is_retiring or (
            initiative.live_since and mine.role(initiative.pk, Row.GO_LIVE, Role.ACCOUNTABLE) is None
        ):
            continue
        retirement = getattr(initiative, "retirement", None)
        due = retirement.due_at if retirement else None
        yield Item(
            _("Write what was learned: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("gates:postmortem", initiative),
            "pen",
            _whose(due, mine.at),
            **_about(initiative),
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
            _("Say what happens to it: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("initiatives:show", initiative),
            "stop",
            _whose(due, mine.at),
            **_about(initiative),
            facts=[_("Restart it, take it back to the pilot, or retire it.")],
            due=due,
            consequence=_(
                "It stays stopped. After that day the Escalation owner and the Portfolio office are told every week."
            ),
            action=_("Open"),
        )


def _leavers(mine: Mine) -> Iterator[Item]:
    for rows in _grouped(mine.leavers):
        initiative = rows[0].initiative
        told = [
            _("%(name)s left: %(role)s for %(row)s.")
            % {"name": a.person.name, "role": a.get_role_display(), "row": a.get_row_display()}
            for a in rows[:3]
        ]
        yield Item(
            _("Name somebody else: %(initiative)s") % {"initiative": _named_on(initiative)},
            _page("initiatives:matrix", initiative, f"{rows[0].row}-{rows[0].role}"),
            "person",
            **_about(initiative),
            facts=told,
            consequence=_("Until then the row is vacant and its next gate cannot pass."),
            action=_("Name somebody"),
        )


def _owners(mine: Mine) -> Iterator[Item]:
    """The ownership clock, one row for a unit: for the Portfolio office the top units, for a leader the units they lead."""
    window = timedelta(days=policy.current().windows["ownership_d"])
    office = mine.is_in(Function.PORTFOLIO)
    tops = catalog.Tree.of(mine.units.values()).tops(mine.company) if office else {}
    grouped: dict[tuple[str, str], tuple[int, datetime | None]] = {}
    for unit_id, n, first in mine.unowned:
        led = None if office else facts.nearest_led(mine, unit_id)
        key = (led.slug, led.name) if led else tops.get(unit_id, ("none", _("no unit")))
        there, since = grouped.get(key, (0, None))
        grouped[key] = (there + n, min(filter(None, (since, first)), default=None))
    for (slug, name), (n, first) in grouped.items():
        due = first + window if first else None
        yield Item(
            ngettext("Name an owner: %(n)s initiative of %(unit)s", "Name owners: %(n)s initiatives of %(unit)s", n)
            % {"n": n, "unit": name},
            f"{reverse('catalog:list')}?unit={slug}&waits=owner",
            "person",
            _whose(due, mine.at),
            facts=[_("In use, and nobody has accepted to answer for the result.")],
            due=due,
            consequence=_("On that day the COO is told."),
            action=_("See them"),
        )


def _triage(mine: Mine) -> Iterator[Item]:
    if mine.triage:
        title = ngettext(
            "Say where it stands: %(n)s initiative of unknown stage",
            "Say where they stand: %(n)s initiatives of unknown stage",
            mine.triage,
        ) % {"n": mine.triage}
        yield Item(
            title,
            f"{reverse('catalog:list')}?stage=triage",
            "info",
            facts=[_("The register did not say.")],
            consequence=_("Until then no clock runs for them and they are in no count."),
            action=_("See them"),
        )


# --- Waiting on others ------------------------------------------------------------------------


def _asked(mine: Mine) -> Iterator[Item]:
    for decision in mine.asked():
        initiative = decision.initiative
        decides = gates.decider(decision, initiative) if "_matrix" in initiative.__dict__ else None
        yield Item(
            _("%(verb)s · %(initiative)s")
            % {"verb": QUESTIONS[decision.kind].verb, "initiative": _named_on(initiative)},
            decision.get_absolute_url(),
            "waiting",
            "theirs",
            facts=[_("%(name)s decides.") % {"name": decides.name} if decides else _("Its Accountable decides.")],
            due=decision.due_at,
        )


def _named(mine: Mine) -> Iterator[Item]:
    seen = set()
    for offer in mine.offers_made:
        row, role = Row(offer.row), Role(offer.role)
        if (key := (offer.initiative_id, together(row, role), role)) in seen:
            continue
        seen.add(key)
        words = {
            "name": offer.person.name,
            "role": role.label,
            "row": row.label,
            "initiative": _named_on(offer.initiative),
        }
        yield Item(
            _("%(name)s, %(role)s for %(row)s: %(initiative)s") % words,
            _page("initiatives:matrix", offer.initiative, f"{offer.row}-{offer.role}"),
            "waiting",
            "theirs",
            due=offer.answer_by,
            due_word=_("answers by"),
        )


def _claims(mine: Mine) -> Iterator[Item]:
    """What this person supplied or asked for, and a function has not looked at yet."""
    me = mine.person.pk
    for initiative in {a.initiative_id: a.initiative for a in mine.roles}.values():
        told = []
        if any(
            m.supplied_by_id == me and m.confirmed_at is None and not m.returned_because
            for m in initiative.__dict__.get("_measurements", ())
        ):
            told.append(_("Your figure waits for Finance."))
        if (budget := initiative.__dict__.get("_budget")) and budget.asked_by_id == me and budget.approved_at is None:
            told.append(_("The budget you asked for waits for Finance."))
        if waits := [
            c
            for c in initiative.__dict__.get("_brought_checks", ())
            if c.supplied_by_id == me and c.confirmed_at is None and not c.returned_because and c.waived_by_id is None
        ]:
            told.append(
                ngettext(
                    "%(n)s control you supplied waits for a look.",
                    "%(n)s controls you supplied wait for a look.",
                    len(waits),
                )
                % {"n": len(waits)}
            )
        if told:
            yield Item(_named_on(initiative), _page("initiatives:show", initiative), "waiting", "theirs", facts=told)
    for wish in mine.wishes_made:
        yield Item(
            _("Your wish to stop it: %(initiative)s") % {"initiative": _named_on(wish.initiative)},
            _page("initiatives:show", wish.initiative),
            "waiting",
            "theirs",
            facts=[_("Nobody has answered yet.")],
        )


# --- Under your stop authority ----------------------------------------------------------------


def _held(mine: Mine) -> list[Held]:
    """Return what this person may stop: A and E of halt, pilots whose workflow they own, and for whom they are deputy."""
    unconfirmed = {stop.initiative_id for stop in mine.stops if stop.confirmed_at is None}
    wanted = {*Stage.in_use(), Stage.STOPPED.value}
    found: dict[int, Held] = {}

    def hold(initiative: Initiative, deputy_for: str = "") -> None:
        if initiative.stage in wanted:
            found.setdefault(initiative.pk, Held(initiative, initiative.pk in unconfirmed, deputy_for))

    for assignment in mine.roles:
        if assignment.row == Row.HALT and assignment.role in (Role.ACCOUNTABLE, Role.ESCALATION):
            hold(assignment.initiative)
    for initiative in mine.workflows:
        if initiative.stage in (Stage.PILOT, Stage.FUNDING):
            hold(initiative)
    for assignment in mine.deputised:
        hold(assignment.initiative, assignment.person.name)
    return sorted(found.values(), key=lambda one: one.initiative.number)
