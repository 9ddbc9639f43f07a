"""What a gate page says: each requirement with its answer in words, the clock, the money. Nothing is written here.

Pages read it, and nobody else: the domain never needs these words.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import policy
from governance.core import canonical
from governance.core.rules import Blocker, Rule
from governance.core.words import mid_sentence, money, plain
from governance.gates import queries
from governance.gates.models import Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives import badcall, rules
from governance.initiatives.models import Capability, Initiative
from governance.initiatives.queries import claimed
from governance.outcomes import queries as outcomes
from governance.people import functions
from governance.people.proof import how_proved
from governance.proof import queries as proof
from governance.proof.models import SignOff
from governance.raci import queries as raci
from governance.raci.models import OFFERED, Role, Row
from governance.signatures import actions as signatures
from governance.templatetags.mandate import moment

#: So many reasons are shown under one requirement; more are folded away.
FEW = 4


@dataclass(frozen=True)
class Answer:
    """One requirement as the page asks it: a title, yes or no, and what that rests on or what is missing."""

    code: str
    title: str
    met: bool
    says: str = ""
    blockers: tuple[Blocker, ...] = ()

    @property
    def first(self) -> tuple[Blocker, ...]:
        """Return the blockers that are in sight: all of a few, three of many."""
        return self.blockers if len(self.blockers) <= FEW else self.blockers[: FEW - 1]

    @property
    def rest(self) -> tuple[Blocker, ...]:
        """Return the blockers that are folded away."""
        return self.blockers[len(self.first) :]

    @property
    def state(self) -> str:
        """Return the state's name for the glyph."""
        return "met" if self.met else "not_met"

    @property
    def word(self) -> str:
        """Return the word beside the glyph: a question is answered, a requirement is met."""
        if self.title.endswith("?"):
            return _("Yes") if self.met else _("No")
        return _("Met") if self.met else _("Not met")


def answers(decision: Decision, initiative: Initiative, at: datetime, person=None) -> list[Answer]:
    """Return every requirement of an open question with its answer at `at`, what `person` can clear first. Costs the rules' queries."""
    rows = queries.requirements(decision, initiative, at)
    return [_answer(rule, _mine_first(found, person) if person else found, initiative, at) for rule, found in rows]


def _mine_first(found: Iterable[Blocker], person) -> list[Blocker]:
    return sorted(claimed(found, person), key=lambda blocker: person.pk not in blocker.person_ids)


def asked_of_pass(kind: str, initiative: Initiative, at: datetime) -> list[Answer]:
    """Return what a Pass of `kind` would need if it were asked now. Costs the rules' queries."""
    return [_answer(rule, list(rule.blockers(initiative, at)), initiative, at) for rule in _rules_of(kind, initiative)]


def _rules_of(kind: str, initiative) -> list[Rule]:
    from governance.initiatives import steps

    name = QUESTIONS[kind].step(initiative)
    found = next((row.rules for row in steps.table() if row.name == name), [])
    # What is written when asking, and what is asked for by asking, is not missing before.
    return [rule for rule in found if not isinstance(rule, rules.RestartExplained | rules.SignedOff)]


def _answer(rule: Rule, found: Iterable[Blocker], initiative, at: datetime) -> Answer:
    found = tuple(found)
    says = _SAYS[rule.code](initiative, at) if not found and rule.code in _SAYS else ""
    return Answer(rule.code, str(rule.title), not found, says, found)


def recorded(decision: Decision) -> list[Answer]:
    """Return the requirements as the snapshot of a signed answer holds them. No query."""
    titles = {rule.code: str(rule.title) for rule in rules.ALL}
    rows = (decision.snapshot or {}).get("requirements", ())
    return [Answer(row["code"], titles.get(row["code"], row["code"]), row["met"]) for row in rows]


def cannot(found: Iterable[Answer]) -> str:
    """Return the sentence that stands where the Pass button would, or "" when it may pass."""
    blockers = [blocker for answer in found for blocker in answer.blockers]
    if not blockers:
        return ""
    first = blockers[0]
    reason = first.message.rstrip(".")
    reason = reason[:1].lower() + reason[1:] if _is_common(reason) else reason
    if not first.who or first.who in reason:
        words = _("Cannot pass: %(reason)s") % {"reason": reason}
    else:
        words = _("Cannot pass: %(reason)s (%(who)s)") % {"reason": reason, "who": first.who}
    if more := len(blockers) - 1:
        words += ngettext(", and %(n)d more", ", and %(n)d more", more) % {"n": more}
    return words


def _is_common(words: str) -> bool:
    """Return whether the first word is an ordinary one, so that it may begin small inside a sentence."""
    return words.split(" ", 1)[0] in ("Nobody", "The", "No", "It", "Every")


def then(decision: Decision, initiative: Initiative, outcome: str, at: datetime) -> list[str]:
    """Return what follows from an answer, in sentences: what it does, what it asks for next, who is told. Two queries at most."""
    question, passes = QUESTIONS[decision.kind], outcome == "pass"
    lines = [str(question.pass_words if passes else question.no_pass_words)]
    if passes and decision.kind == Kind.PILOT_GO and raci.matrix(initiative).accountable(Row.PILOT) is None:
        lines.append(_("By passing you accept to be Accountable for %(row)s.") % {"row": Row.PILOT.label})
    if passes and decision.kind == Kind.FUNDING:
        asked = len(policy.current().controls_for(initiative.tier, initiative.capability))
        lines.append(
            ngettext(
                "%(n)d control is looked at before it can go live.",
                "%(n)d controls are looked at before it can go live.",
                asked,
            )
            % {"n": asked}
        )
    if passes and decision.kind == Kind.GO_LIVE and initiative.tier is not None:
        days = policy.current().tiers[initiative.tier].review_d
        lines.append(
            ngettext("Its first review is due in %(n)d day.", "Its first review is due in %(n)d days.", days)
            % {"n": days}
        )
    decides, others = queries.decider(decision, initiative), [*raci.matrix(initiative).people, decision.asked_by]
    told = {p.pk: p.name for p in others if p is not None and p.is_active and p != decides}
    if told:
        lines.append(_("Told: %(names)s.") % {"names": ", ".join(sorted(told.values()))})
    return lines


# What a met requirement rests on


def _day(day) -> str:
    return date_format(day, "j M Y")


def _outcome_words(initiative, at) -> str:
    outcome = outcomes.outcome(initiative)
    return _("%(metric)s: %(baseline)s %(unit)s before AI, target %(target)s, the gate asks for %(threshold)s.") % {
        "metric": outcome.metric,
        "unit": outcome.unit,
        "baseline": plain(outcome.baseline),
        "target": plain(outcome.target),
        "threshold": plain(outcome.threshold),
    }


def _evidence_words(initiative, at) -> str:
    outcome = outcomes.outcome(initiative)
    rule, first_day = rules.EvidenceInBusinessTerms, outcomes.counts_from(outcome)
    for figure in outcomes.measurements(initiative):
        if figure.starts_on >= first_day and outcome.meets(figure.value) and rule.stands(initiative, figure):
            return _(
                "%(metric)s: %(before)s → %(after)s %(unit)s over %(cases)s cases, %(start)s to %(end)s. The gate asks for %(threshold)s. Confirmed by %(name)s."
            ) % {
                "metric": outcome.metric,
                "before": plain(outcome.baseline),
                "after": plain(figure.value),
                "unit": outcome.unit,
                "cases": plain(figure.cases),
                "start": _day(figure.starts_on),
                "end": _day(figure.ends_on),
                "threshold": plain(outcome.threshold),
                "name": figure.confirmed_by.name,
            }
    return ""


def _owner_words(initiative, at) -> str:
    accepted = raci.matrix(initiative).accepted(Row.GO_LIVE, Role.ACCOUNTABLE)
    person, when = accepted.person, moment(accepted.accepted_at, at)
    says = _("%(name)s, %(title)s, accepted on %(when)s.") if person.title else _("%(name)s accepted on %(when)s.")
    return says % {"name": person.name, "title": person.title, "when": when}


def _budget_words(initiative, at) -> str:
    budget = outcomes.budget(initiative)
    return _("%(amount)s for %(months)s months from %(centre)s, reference %(reference)s. Approved by %(name)s.") % {
        "amount": money(budget.approved, budget.currency),
        "months": budget.months,
        "centre": budget.cost_centre,
        "reference": budget.reference,
        "name": budget.approved_by.name,
    }


def _accepted_words(initiative, at) -> str:
    people = {a.person_id: a.person.name for a in raci.matrix(initiative).standing if a.role in OFFERED}
    return _("Accepted: %(names)s.") % {"names": ", ".join(sorted(people.values()))} if people else ""


def _tier_words(initiative, at) -> str:
    number = initiative.tier if initiative.tier is not None else initiative.tier_proposed
    words = _("Tier %(tier)s: %(title)s.") % {"tier": number, "title": policy.current().tiers[number].title}
    if initiative.tier is None or initiative.tier_confirmed_by is None:
        return words
    return _("%(words)s Confirmed by %(name)s.") % {"words": words, "name": initiative.tier_confirmed_by.name}


def _scope_words(initiative, at) -> str:
    people = ngettext("%(n)d person", "%(n)d people", initiative.scope_people) % {"n": initiative.scope_people}
    return _("%(who)s (%(people)s), %(limit)s, until %(day)s.") % {
        "who": initiative.scope_who,
        "people": people,
        "limit": initiative.scope_limit,
        "day": _day(initiative.scope_until),
    }


def _controls_words(initiative, at) -> str:
    states = [control.state(at) for control in proof.controls(initiative)]
    if not states:
        return _("This tier asks for none.")
    waived = states.count("waived")
    confirmed = len(states) - waived
    words = ngettext("%(n)d control confirmed.", "%(n)d controls confirmed.", confirmed) % {"n": confirmed}
    if waived:
        words += " " + ngettext("%(n)d waived for now.", "%(n)d waived for now.", waived) % {"n": waived}
    return words


def _signed_words(initiative, at) -> str:
    kind = "restart" if initiative.stage == "stopped" else "go_live"
    given = proof.sign_offs_of_open_question(initiative, kind)
    if not given:
        return _("This tier asks for no sign-off.")
    return ", ".join(
        _("%(function)s: %(name)s") % {"function": functions.label(slug), "name": row.answered_by.name}
        for slug, row in sorted(given.items())
        if row.answered_by
    )


def _measured_words(initiative, at) -> str:
    figure = outcomes.measurements(initiative)[0]
    return _("Newest figure: %(value)s over %(cases)s cases, %(start)s to %(end)s.") % {
        "value": plain(figure.value),
        "cases": plain(figure.cases),
        "start": _day(figure.starts_on),
        "end": _day(figure.ends_on),
    }


#: Rule code → what it rests on when it is met, in one sentence.
_SAYS: dict[str, Callable[[Initiative, datetime], str]] = {
    "roles.accepted": _accepted_words,
    "tier.set": _tier_words,
    "tier.confirmed": _tier_words,
    "capability": lambda initiative, at: f"{Capability(initiative.capability).label}.",
    "scope": _scope_words,
    "outcome.defined": _outcome_words,
    "gate.planned": lambda initiative, at: (
        _("The funding gate is planned for %(day)s.") % {"day": _day(initiative.gate_on)}
    ),
    "stop.described": lambda initiative, at: initiative.rollback_how,
    "pilot.measured": _measured_words,
    "funding.evidence": _evidence_words,
    "owner.accepted": _owner_words,
    "budget.approved": _budget_words,
    "controls.confirmed": _controls_words,
    "signed.off": _signed_words,
    "bad_call": lambda initiative, at: badcall.in_words(initiative),
    "restart.explained": lambda initiative, at: _("They are written below."),
}


# The clock


def silence(decision: Decision, initiative, at: datetime) -> list[str]:
    """Return what happens if nobody answers, in sentences with their moments. No query beyond the matrix."""
    question = QUESTIONS[decision.kind]
    if decision.closed:
        return []
    if decision.final_at <= decision.due_at:
        return [
            _("If nobody answers by %(when)s: %(silent)s")
            % {"when": moment(decision.due_at, at), "silent": mid_sentence(question.if_silent)}
        ]
    owner = queries.escalation_owner(decision, initiative)
    name = owner.name if owner else _("the Escalation owner, and nobody is")
    lines = []
    if at < decision.due_at:
        lines.append(
            _("If nobody answers by %(when)s, it goes to %(name)s to get it decided.")
            % {"when": moment(decision.due_at, at), "name": name}
        )
    else:
        lines.append(
            _("Its time was up on %(when)s. Now %(name)s gets it decided, and cannot pass it.")
            % {"when": moment(decision.due_at, at), "name": name}
        )
    stays = {Kind.FUNDING: _("goes back to the pilot"), Kind.GO_LIVE: _("stays in build")}[Kind(decision.kind)]
    lines.append(
        _("On %(when)s it closes as No pass and %(stays)s.") % {"when": moment(decision.final_at, at), "stays": stays}
    )
    return lines


# The facts beside it


def money_lines(initiative) -> list[tuple[str, str]]:
    """Return outcome and money as (label, words). The queries of outcomes, kept on the instance."""
    lines: list[tuple[str, str]] = []
    outcome, budget = outcomes.outcome(initiative), outcomes.budget(initiative)
    if outcome is not None:
        latest = next((m for m in outcomes.measurements(initiative) if not m.returned_because), None)
        parts = [plain(v) for v in (outcome.baseline, latest.value if latest else None) if v is not None]
        words = f"{' → '.join(parts)} {outcome.unit}" if parts else _("no number yet")
        if latest is not None:
            words = _("%(words)s (%(state)s)") % {
                "words": words,
                "state": _("confirmed") if latest.confirmed_by_id else _("claimed"),
            }
        lines.append((outcome.metric, words))
        if outcome.threshold is not None:
            lines.append((_("The gate asks for"), f"{plain(outcome.threshold)} {outcome.unit}"))
    if budget is not None:
        asked = _("%(amount)s for %(months)s months") % {
            "amount": money(budget.asked, budget.currency),
            "months": budget.months,
        }
        lines.append((_("Budget asked for"), asked))
        approved = _("not approved")
        if budget.approved is not None:
            approved = _("%(amount)s, %(centre)s, %(reference)s") % {
                "amount": money(budget.approved, budget.currency),
                "centre": budget.cost_centre,
                "reference": budget.reference,
            }
        lines.append((_("Budget approved"), approved))
    return lines


def told(decision: Decision, initiative) -> list[tuple[str, str]]:
    """Return what was asked about, as (label, words). No query."""
    lines = []
    for name, label in QUESTIONS[decision.kind].particulars.items():
        value = decision.particulars.get(name)
        if name == "widens":
            value = _("Yes: the business owner decides.") if value else _("No.")
        elif name == "to":
            tiers = policy.current().tiers
            value = _("From tier %(earlier)s to tier %(later)s: %(harm)s") % {
                "earlier": decision.particulars.get("from"),
                "later": value,
                "harm": tiers[value].harm,
            }
        if value:
            lines.append((str(label), str(value)))
    return lines


def sign_off_rows(decision: Decision, initiative: Initiative, person) -> list[dict[str, Any]]:
    """Return the sign-offs of a question: row, function, who is waited for, and whether this is for `person` to open.

    One query, none for what was brought (proof.queries.bring); one for the functions of `person`, and one
    for each function that has not answered.
    """
    mine = functions.of(person)
    brought = initiative.__dict__.get("_brought_sign_offs") if decision.is_open else None
    if brought is None:
        found = SignOff.objects.filter(decision=decision).select_related("answered_by")
        given = list(found.order_by("due_at", "function"))
    else:
        given = [row for row in brought if row.decision_id == decision.pk]
    rows = []
    for row in given:
        waits = "" if row.answer or decision.closed else ", ".join(p.name for p in functions.members(row.function)[:3])
        rows.append(
            {
                "row": row,
                "label": functions.label(row.function),
                "waits": waits,
                "mine": not row.answer and not decision.closed and row.function in mine,
            }
        )
    return rows


# The record of a closed one


def seal(signature, initiative, policy_version: int | None = None) -> dict[str, Any] | None:
    """Return what `core/_seal.html` takes for a signature, or None where nobody signed. No query."""
    if signature is None:
        return None
    how = how_proved(signature.proof_method)
    return {
        "statement": signature.statement,
        "name": signature.printed_name,
        "role": signature.printed_title,
        "signed_at": signature.signed_at,
        "how": how,
        "digest": signature.facts_sha256,
        "version": _("policy %(number)s") % {"number": policy_version} if policy_version else "",
        "lapsed": signature.voided_because if signature.voided_at else "",
        "verify_url": reverse("initiatives:seal", args=[initiative.key, signature.pk]),
    }


def matches(decision: Decision) -> bool:
    """Return whether what is stored is still what was signed: the signature's bytes, and the snapshot's. No query."""
    return signatures.matches(decision.signature) and canonical.digest(decision.snapshot) == decision.snapshot_sha256


def how_it_ended(decision: Decision) -> str:
    """Return how a closed question ended, in one sentence. No query."""
    said = {
        "lapsed": _("Nobody answered in time, so it closed as No pass."),
        "withdrawn": _("It was taken back before anybody answered."),
        "overtaken": _("Events overtook it before anybody answered."),
    }
    if decision.closed != "decided":
        return said[decision.closed]
    return (_("%(name)s passed it.") if decision.outcome == "pass" else _("%(name)s did not pass it.")) % {
        "name": decision.decided_by.name
    }
