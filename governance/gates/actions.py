"""The acts on questions: answering, withdrawing and extending here; asking in asking.py, what time does in settling.py."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from governance.core.words import money
from governance.gates import queries, refusals, snapshot, stop
from governance.gates.asking import ask, askers, count_to_day_90, open_question, require_ask
from governance.gates.models import Answer, Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.gates.settling import close, settle
from governance.initiatives import actions as initiatives
from governance.initiatives import roles, steps
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.outcomes import queries as outcomes
from governance.people import calendars
from governance.people.proof import Proof
from governance.raci import queries as raci
from governance.raci.models import Role, Row
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning

__all__ = [
    "ask",
    "askers",
    "decide",
    "extend",
    "require_ask",
    "require_decider",
    "roles_for",
    "settle",
    "statement",
    "withdraw",
]


def decide(
    decision: Decision,
    outcome: str,
    *,
    by,
    at: datetime,
    proof: Proof | None,
    seen: str,
    reason: str = "",
    learned: str = "",
) -> Decision:
    """Answer a question, signed. Returns the closed decision; the same answer again returns it unchanged.

    `seen` is the digest of what the form showed. Raises Refused (not yours, no fresh proof), Blocked (a
    Pass with an open requirement: nothing moves), Conflict (answered already, lapsed, or the facts moved).
    """
    settle(decision.initiative, at=at)
    with (
        refusals.recorded("decide", decision, initiative_id=decision.initiative_id, by=by, at=at),
        ledger.act(by=by, at=at) as say,
    ):
        initiative = Initiative.objects.lock(decision.initiative_id)
        decision = (
            Decision.objects.select_for_update(of=("self",))
            .select_related("asked_by", "decided_by")
            .get(pk=decision.pk)
        )
        decision.initiative = initiative
        if decision.closed:
            if decision.decided_by_id == by.pk and decision.outcome == outcome:
                return decision
            raise Conflict(_closed_words(decision))
        require_decider(decision, initiative, by, outcome)
        if proof is None:
            raise Refused(_("Prove that it is you before you sign."))
        facts = snapshot.of(decision, initiative, at)
        if canonical.digest(facts) != seen:
            raise Conflict(_("Something changed since this page was shown. Read it again, then sign."))
        if outcome == Answer.PASS and decision.kind == Kind.PILOT_GO:
            roles.accept_by_deciding(initiative, Row.PILOT, by=by, at=at, proof=proof, say=say)
        # Where a Pass takes a step, the door explains itself: each rule runs once.
        takes_a_step = QUESTIONS[decision.kind].step(initiative)
        if outcome == Answer.PASS and not takes_a_step and (found := queries.blockers(decision, initiative, at)):
            raise Blocked(found)
        _sign(
            decision,
            initiative,
            outcome,
            by=by,
            at=at,
            proof=proof,
            facts=facts,
            reason=reason,
            learned=learned,
            say=say,
        )
        if decision.kind == Kind.DAY_90:
            decision.save()  # Closed first: what follows overtakes every question that is still open.
        _carry_out(decision, initiative, by=by, at=at, say=say, because=reason)
        decision.save()
        _tell_the_others(decision, initiative, by=by, at=at)
    return decision


def _closed_words(decision: Decision) -> str:
    """Return who closed it and how."""
    if decision.closed == Closed.DECIDED:
        return _("%(name)s answered this already: %(outcome)s. Nothing was changed by your click.") % {
            "name": decision.decided_by.name,
            "outcome": decision.get_outcome_display(),
        }
    return _("This question is closed: %(how)s. Nothing was changed by your click.") % {
        "how": decision.get_closed_display()
    }


def require_decider(decision: Decision, initiative, by, outcome: str = "") -> None:
    """Raise Refused unless `by` is the one person who decides, and does not pass what they asked for. No query beyond the matrix."""
    decides = queries.decider(decision, initiative)
    if decides is None:
        raise Refused(
            _("Nobody is Accountable for %(row)s, so nobody can answer. The Portfolio office can name somebody.")
            % {"row": queries.row_of(decision).label}
        )
    if decides.pk != by.pk:
        raise Refused(
            _("Only %(name)s can answer this. You can leave a wish with %(name)s or whoever asked.")
            % {"name": decides.name},
            decides.name,
        )
    if decision.asked_by_id == by.pk and outcome != Answer.NO_PASS:
        raise Refused(_("You asked for this decision, so somebody else must make it."))


def statement(decision: Decision, initiative, outcome: str) -> str:
    """Return the words somebody signs when they answer; a funding Pass names the money. One query for that."""
    question = QUESTIONS[decision.kind]
    does = question.pass_words if outcome == Answer.PASS else question.no_pass_words
    words = _("I decide %(outcome)s on “%(verb)s” for %(key)s %(name)s. %(does)s") % {
        "outcome": Answer(outcome).label,
        "verb": str(question.verb),
        "key": initiative.key,
        "name": initiative.name,
        "does": str(does),
    }
    budget = outcomes.budget(initiative) if decision.kind == Kind.FUNDING and outcome == Answer.PASS else None
    if budget is None or budget.approved is None:
        return words
    where = _("The budget of %(amount)s is in %(centre)s, reference %(reference)s.") % {
        "amount": money(budget.approved, budget.currency),
        "centre": budget.cost_centre,
        "reference": budget.reference,
    }
    return f"{words} {where}"


def _sign(
    decision: Decision,
    initiative,
    outcome: str,
    *,
    by,
    at: datetime,
    proof,
    facts: dict,
    reason: str,
    learned: str,
    say,
) -> None:
    """Put the answer on the decision and sign it: snapshot, digest, policy version. The caller saves it.

    It is saved after its step was taken: the step's rules read the question while it is still open.
    """
    kept = canonical.plain(facts)
    decision.signature = signatures.sign(
        initiative=initiative,
        by=by,
        meaning=Meaning.DECISION,
        statement=statement(decision, initiative, outcome),
        facts=kept,
        proof=proof,
        at=at,
    )
    decision.outcome, decision.closed, decision.closed_at, decision.decided_by = outcome, Closed.DECIDED, at, by
    decision.reason, decision.learned = reason, learned
    decision.snapshot, decision.snapshot_sha256 = kept, canonical.digest(kept)
    decision.policy_version = policy.current().number
    decision.version += 1
    say(
        Verb.DECISION_ANSWERED,
        decision,
        kind=decision.kind,
        number=decision.number,
        outcome=outcome,
        snapshot=decision.snapshot_sha256,
        policy=decision.policy_version,
        signature=decision.signature_id,
        text={"reason": reason, "learned": learned},
    )


def _tell_the_others(decision: Decision, initiative, *, by, at: datetime) -> None:
    """Owe everybody named, and whoever asked, the outcome."""
    matrix = raci.matrix(initiative)
    others = [p for p in matrix.people if p.pk != by.pk] + ([decision.asked_by] if decision.asked_by else [])
    notices.owe(
        others,
        thing=decision,
        occasion="decided",
        initiative=initiative,
        at=at,
        subject=_("%(outcome)s: %(verb)s, %(key)s %(name)s")
        % {
            "outcome": decision.get_outcome_display(),
            "verb": str(QUESTIONS[decision.kind].verb),
            "key": initiative.key,
            "name": initiative.name,
        },
        body=_("%(who)s decided. %(reason)s") % {"who": by.name, "reason": decision.reason},
        path=decision.get_absolute_url(),
        why=_("You are named on it."),
    )


def _carry_out(decision: Decision, initiative, *, by, at: datetime, say, because: str) -> None:
    """Do what the answer means: move the stage, set the tier, open what follows."""
    question, passed = QUESTIONS[decision.kind], decision.outcome == Answer.PASS
    if decision.kind == Kind.DAY_90:
        if passed:
            _open_funding_after_day_90(initiative, at=at, say=say)
        else:
            stop.end_pilot(initiative, by=by, at=at, say=say, because=because or _("No pass at day 90."))
        return
    if decision.kind == Kind.TIER_CHANGE:
        tier = decision.particulars["to" if passed else "from"]
        if initiative.tier != tier:
            initiatives.set_tier(initiative, tier, by=by, at=at)
            roles.stand_in_functions(initiative, by=by, at=at, say=say)
        return
    name = question.step(initiative) if passed else question.step_no_pass
    if not name:
        return
    moved = steps.move(initiative, name, by=by, at=at, say=say, because=because)
    if name in ("restart", "back_to_pilot"):
        stop.lift(moved, at=at, say=say)
    if name == "go_live":
        tier = policy.current().tiers.get(moved.tier)
        moved.review_due_at = at + timedelta(days=tier.review_d) if tier is not None else None
        moved.save(update_fields=["review_due_at"])
    if moved.stage == "pilot":
        count_to_day_90(moved, at=at, say=say, back_at=at if name in ("restart", "return_to_pilot") else None)


def _open_funding_after_day_90(initiative, *, at: datetime, say) -> None:
    """Open the funding gate at once, as day 90's Pass asks for; the clock asks, so nobody decides their own question."""
    because = _("Day 90 was passed.")
    draft = Decision(initiative=initiative, kind=Kind.FUNDING, asked_by=None, asked_at=at, recommendation=because)
    open_question(initiative, draft, queries.decider(draft, initiative), at=at, say=say)
    steps.move(initiative, "request_funding", by="system:day-90", at=at, say=say, because=because)


def withdraw(decision: Decision, *, by, at: datetime, because: str) -> Decision:
    """Take a question back, by whoever asked it or, when they left, another Responsible of the row."""
    settle(decision.initiative, at=at)
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(decision.initiative_id)
        decision = Decision.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=decision.pk)
        decision.initiative = initiative
        if decision.closed:
            raise Conflict(_closed_words(decision))
        if decision.asked_by is None:
            raise Refused(_("The clock asked this, so nobody can withdraw it."))
        row = QUESTIONS[decision.kind].row
        heir = not decision.asked_by.is_active and by in raci.matrix(initiative).responsible(row)
        if decision.asked_by_id != by.pk and not heir:
            raise Refused(
                _("Only %(name)s, who asked, can withdraw this.") % {"name": decision.asked_by.name},
                decision.asked_by.name,
            )
        close(decision, Closed.WITHDRAWN, at=at, reason=because)
        say(Verb.DECISION_WITHDRAWN, decision, kind=decision.kind, number=decision.number, text={"because": because})
        if decision.kind == Kind.FUNDING and initiative.stage == "funding":
            moved = steps.move(initiative, "return_to_pilot", by="system:withdrawn", at=at, say=say, because=because)
            count_to_day_90(moved, at=at, say=say, back_at=at)
        if decision.kind == Kind.TIER_CHANGE and initiative.tier != decision.particulars["from"]:
            initiatives.set_tier(initiative, decision.particulars["from"], by=by, at=at)
    return decision


def extend(decision: Decision, *, by, at: datetime, because: str, days: int) -> Decision:
    """Extend a question once, with a reason.

    The Escalation owner does, by up to 5 working days after the hand-over; day 90's Accountable by 30 days.
    """
    settle(decision.initiative, at=at)
    windows = policy.current().windows
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(decision.initiative_id)
        decision = Decision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
        decision.initiative = initiative
        if decision.closed:
            raise Conflict(_closed_words(decision))
        if decision.extended_by_id:
            raise Conflict(_("This question was extended once already."))
        if decision.kind == Kind.DAY_90:
            require_decider(decision, initiative, by)
            decision.due_at = decision.final_at = decision.due_at + timedelta(days=windows["day_90_extension_d"])
        else:
            owner = queries.escalation_owner(decision, initiative)
            if owner is None or owner.pk != by.pk or decision.state_at(at) != "handed_over":
                raise Refused(
                    _("Only the Escalation owner can extend it, once its time is up."), owner.name if owner else ""
                )
            if not 1 <= days <= windows["extend_wd"]:
                words = {"days": days, "most": windows["extend_wd"]}
                told = _("%(days)s working days came. Between 1 and %(most)s are possible.") % words
                raise Blocked([Blocker("extend.days", told)])
            calendar = calendars.of_person(queries.decider(decision, initiative))
            decision.final_at = calendar.working_days_after(decision.final_at, days)
        decision.extended_by, decision.extended_because = by, because[:300]
        decision.version += 1
        decision.save()
        say(
            Verb.DECISION_EXTENDED,
            decision,
            kind=decision.kind,
            number=decision.number,
            final_at=decision.final_at,
            text={"because": because},
        )
    return decision


def roles_for(decision: Decision, person, initiative) -> str:
    """Return what `person` is to this question: "decider", "escalation", "asker" or ""."""
    decides = queries.decider(decision, initiative)
    if decides is not None and decides.pk == person.pk:
        return "decider"
    if decision.asked_by_id == person.pk:
        return "asker"
    return "escalation" if raci.matrix(initiative).holds(person, queries.row_of(decision), Role.ESCALATION) else ""
