"""Asking, answering, withdrawing, extending and settling decisions."""

from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.core.moments import day
from governance.core.rules import Blocked, Blocker
from governance.gates import queries, signoffs, snapshot, stop
from governance.gates.models import Answer, Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives import actions as initiatives
from governance.initiatives import roles, rules, steps
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


@contextmanager
def refusals_recorded(what: str, subject, *, initiative_id: int, by, at: datetime):
    """Record a refused decide, sign or stop in a transaction of its own, after the act rolled back."""
    try:
        yield
    except (Refused, Blocked, Conflict) as refusal:
        codes = [b.code for b in refusal.blockers] if isinstance(refusal, Blocked) else [type(refusal).__name__.lower()]
        ledger.refused(by=by, at=at, what=what, subject=subject, initiative=initiative_id, codes=codes)
        raise


# Asking


def ask(
    initiative: Initiative, kind: str, *, by, at: datetime, recommendation: str = "", particulars: dict | None = None
) -> Decision:
    """Put a question of `kind` to the row's Accountable, with a deadline in their working days.

    Raises Refused for who may not ask (the Accountable of the row decides, so somebody else must ask),
    Blocked when it cannot be asked now (every reason), Conflict when it is open already.
    """
    settle(initiative, at=at)
    question = QUESTIONS[kind]
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        told = dict(particulars or {})
        if again := _asked_already(initiative, kind, by, recommendation, told):
            return again
        draft = Decision(
            initiative=initiative, kind=kind, asked_by=by, asked_at=at, recommendation=recommendation, particulars=told
        )
        decides = require_ask(draft, initiative, by=by, at=at)
        if kind == Kind.TIER_CHANGE:
            _check_tier_change(initiative, told)
        decision = _open(initiative, draft, decides, at=at, say=say)
        if question.step_asked:
            initiative = steps.move(initiative, question.step_asked, by=by, at=at, say=say, because=recommendation)
        if kind == Kind.FUNDING:
            _overtake(initiative, at=at, say=say, because=_("Funding was asked for."), kinds=[Kind.DAY_90])
        if kind == Kind.TIER_CHANGE and told["to"] > told["from"]:
            initiatives.set_tier(initiative, told["to"], by=by, at=at)
            roles.stand_in_functions(initiative, by=by, at=at, say=say)
        signoffs.ask_for(decision, initiative, by=by, at=at, say=say)
    return decision


def _asked_already(initiative, kind: str, by, recommendation: str, told: dict) -> Decision | None:
    """Return the open question that is this one, asked again by the same person in the same words."""
    rows = Decision.objects.open().filter(initiative=initiative, kind=kind, asked_by=by, recommendation=recommendation)
    return next((d for d in rows if all(d.particulars.get(name) == value for name, value in told.items())), None)


def require_ask(draft: Decision, initiative, *, by, at: datetime):
    """Return who will decide `draft` (None while the row is vacant), or raise what stands in the way of asking.

    Refused for who may not ask, Conflict when it is open already, Blocked with every other reason.
    """
    question = QUESTIONS[draft.kind]
    if question.kind is Kind.DAY_90:
        raise Refused(
            _("Nobody asks this: the clock does, once, %(days)s days after the pilot go.")
            % {"days": policy.current().windows["pilot_d"]}
        )
    decides = queries.decider(draft, initiative)
    if decides is not None and decides.pk == by.pk:
        raise Refused(
            _("You will decide this, so someone else must ask: %(names)s.")
            % {"names": askers(initiative, question) or _("name a Responsible")}
        )
    names = askers(initiative, question)
    initiatives.require(
        by, initiative, question.asks, at, _("%(names)s can ask this.") % {"names": names} if names else ""
    )
    _refuse_out_of_turn(initiative, question, at)
    return decides


def askers(initiative, question) -> str:
    """Return the names of the Responsible who may ask, or "" where nobody is named. No query beyond the matrix."""
    matrix = raci.matrix(initiative)
    rows = {"ask_funding": (Row.PILOT, Row.GO_LIVE)}.get(question.asks, (question.row,))
    return ", ".join(sorted({p.name for row in rows for p in matrix.responsible(row)}))


def _refuse_out_of_turn(initiative, question, at: datetime) -> None:
    """Raise Blocked when a question cannot be asked from where the initiative stands."""
    reasons: list[Blocker] = []
    if initiative.stage not in question.stages:
        reasons.append(
            Blocker(
                "stage",
                _("%(what)s cannot be asked while it is at %(stage)s.")
                % {"what": question.kind.label, "stage": initiative.stage_label},
            )
        )
    elif initiative.is_retiring:
        reasons.append(Blocker("retiring", _("It is retiring. Only a stop, the postmortem and a correction are left.")))
    elif question.kind is Kind.PILOT_GO and initiative.stage == "idea":
        reasons += rules.RolesNamed().blockers(initiative, at)
    elif question.kind is Kind.TIER_CHANGE and initiative.tier is None:
        reasons.append(_no_tier(initiative))
    if (
        Decision.objects.open()
        .filter(initiative=initiative, kind=question.kind)
        .exclude(kind=Kind.MODIFICATION)
        .exists()
    ):
        raise Conflict(_("%(what)s is asked already.") % {"what": question.kind.label})
    if reasons:
        raise Blocked(reasons)


def _no_tier(initiative) -> Blocker:
    """Return why a tier cannot be changed that nobody confirmed."""
    return Blocker(
        "tier.none",
        _("No tier is confirmed yet. Propose one; it does not need a decision."),
        url=reverse("initiatives:tier", args=[initiative.key]),
        action=_("Propose a tier"),
    )


def _check_tier_change(initiative, told: dict) -> None:
    """Complete what a change of tier asks about, or say why it cannot be asked."""
    if initiative.tier is None:
        raise Blocked([_no_tier(initiative)])
    told["from"] = initiative.tier
    if told.get("to") == initiative.tier or told.get("to") not in policy.current().tiers:
        raise Blocked([Blocker("tier.same", _("Choose a tier other than %(tier)s.") % {"tier": initiative.tier})])


def _open(initiative, decision: Decision, decides, *, at: datetime, say) -> Decision:
    """Number, date and save a question, and tell whoever decides."""
    question, windows = QUESTIONS[decision.kind], policy.current().windows
    calendar = calendars.of_person(decides)
    if decision.kind == Kind.DAY_90:
        decision.due_at = decision.final_at = calendar.end_of_day(
            (at + timedelta(days=windows["pilot_d"])).astimezone(calendar.zone).date()
        )
    else:
        decision.due_at = decision.final_at = calendar.working_days_after(at, windows[question.window])
        if question.hands_over:
            extra = windows[
                "escalation_can_act_wd" if initiative.can_act and (initiative.tier or 0) >= 2 else "escalation_wd"
            ]
            decision.final_at = calendar.working_days_after(decision.due_at, extra)
    decision.number = initiative.next_number
    initiative.next_number += 1
    Initiative.objects.filter(pk=initiative.pk).update(next_number=initiative.next_number)
    decision.save(force_insert=True)
    say(
        Verb.DECISION_ASKED,
        decision,
        kind=decision.kind,
        number=decision.number,
        due_at=decision.due_at,
        final_at=decision.final_at,
        decider=decides.pk if decides else None,
        text={"recommendation": decision.recommendation} if decision.recommendation else None,
    )
    notices.owe(
        decides,
        thing=decision,
        occasion="asked",
        initiative=initiative,
        at=at,
        binding=decision.kind != Kind.DAY_90,
        due=decision.due_at,
        action=_("Review and decide"),
        subject=lambda: (
            _("Decide by %(day)s: %(verb)s, %(key)s %(name)s")
            % {"day": day(decision.due_at), "verb": str(question.verb), "key": initiative.key, "name": initiative.name}
        ),
        body=_("You are the one person who decides. If you do not answer in time: %(silent)s")
        % {"silent": str(question.if_silent)},
        path=decision.get_absolute_url(),
        why=_("You are Accountable for %(row)s.") % {"row": queries.row_of(decision).label},
    )
    return decision


# Answering


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
        refusals_recorded("decide", decision, initiative_id=decision.initiative_id, by=by, at=at),
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
        require_decider(decision, initiative, by)
        if proof is None:
            raise Refused(_("Prove that it is you before you sign."))
        facts = snapshot.of(decision, initiative, at)
        if canonical.digest(facts) != seen:
            raise Conflict(_("Something changed since this page was shown. Read it again, then sign."))
        if outcome == Answer.PASS and decision.kind == Kind.PILOT_GO:
            roles.accept_by_deciding(initiative, Row.PILOT, by=by, at=at, proof=proof, say=say)
        if (
            outcome == Answer.PASS
            and not QUESTIONS[decision.kind].step(initiative)
            and (found := queries.blockers(decision, initiative, at))
        ):
            raise Blocked(found)  # Where a Pass takes a step, the door explains itself: each rule runs once.
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


def require_decider(decision: Decision, initiative, by) -> None:
    """Raise Refused unless `by` is the one person who decides, and did not ask. No query beyond the matrix."""
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
    if decision.asked_by_id == by.pk:
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
    money = _("The budget of %(amount)s %(currency)s is in %(centre)s, reference %(reference)s.") % {
        "amount": f"{budget.approved:,.2f}",
        "currency": budget.currency,
        "centre": budget.cost_centre,
        "reference": budget.reference,
    }
    return f"{words} {money}"


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
    decision.snapshot, decision.snapshot_sha256, decision.policy_version = (
        kept,
        canonical.digest(kept),
        policy.current().number,
    )
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
        moved.review_due_at = (
            at + timedelta(days=policy.current().tiers[moved.tier].review_d) if moved.tier is not None else None
        )
        moved.save(update_fields=["review_due_at"])
    if name in ("start_pilot", "adopt", "back_to_pilot"):
        _open_day_90(moved, at=at, say=say)


def _open_day_90(initiative, *, at: datetime, say) -> None:
    """Open the day-90 question once in an initiative's life: it is counted from the first pilot go."""
    if not Decision.objects.filter(initiative=initiative, kind=Kind.DAY_90).exists():
        draft = Decision(initiative=initiative, kind=Kind.DAY_90, asked_by=None, asked_at=at)
        _open(initiative, draft, queries.decider(draft, initiative), at=at, say=say)


def _open_funding_after_day_90(initiative, *, at: datetime, say) -> None:
    """Open the funding gate at once, as day 90's Pass asks for; the clock asks, so nobody decides their own question."""
    draft = Decision(
        initiative=initiative, kind=Kind.FUNDING, asked_by=None, asked_at=at, recommendation=_("Day 90 was passed.")
    )
    decides = queries.decider(draft, initiative)
    _open(initiative, draft, decides, at=at, say=say)
    steps.move(initiative, "request_funding", by="system:day-90", at=at, say=say, because=_("Day 90 was passed."))


def withdraw(decision: Decision, *, by, at: datetime, because: str) -> Decision:
    """Take a question back, by whoever asked it or, when they left, another Responsible of the row."""
    settle(decision.initiative, at=at)
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(decision.initiative_id)
        decision = Decision.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=decision.pk)
        decision.initiative = initiative
        if decision.closed:
            raise Conflict(_closed_words(decision))
        heir = (
            decision.asked_by is not None
            and not decision.asked_by.is_active
            and by in raci.matrix(initiative).responsible(QUESTIONS[decision.kind].row)
        )
        if decision.asked_by is None:
            raise Refused(_("The clock asked this, so nobody can withdraw it."))
        if decision.asked_by_id != by.pk and not heir:
            raise Refused(
                _("Only %(name)s, who asked, can withdraw this.") % {"name": decision.asked_by.name},
                decision.asked_by.name,
            )
        _close(decision, Closed.WITHDRAWN, at=at, reason=because)
        say(Verb.DECISION_WITHDRAWN, decision, kind=decision.kind, number=decision.number, text={"because": because})
        if decision.kind == Kind.FUNDING and initiative.stage == "funding":
            steps.move(initiative, "return_to_pilot", by="system:withdrawn", at=at, say=say, because=because)
        if decision.kind == Kind.TIER_CHANGE and initiative.tier != decision.particulars["from"]:
            initiatives.set_tier(initiative, decision.particulars["from"], by=by, at=at)
    return decision


def _close(decision: Decision, how: Closed, *, at: datetime, reason: str = "") -> None:
    """Close a question nobody answered."""
    decision.closed, decision.closed_at = how, at
    decision.outcome = Answer.NO_PASS if how == Closed.LAPSED else ""
    decision.reason = reason
    decision.version += 1
    decision.save()


def overtake(initiative, *, at: datetime, say, because: str) -> None:
    """Close every open question of a locked initiative as overtaken by a stop, a retirement or a correction."""
    _overtake(initiative, at=at, say=say, because=because)


def _overtake(initiative, *, at: datetime, say, because: str, kinds=None) -> None:
    rows = Decision.objects.open().filter(initiative=initiative).select_for_update(of=("self",)).order_by("pk")
    for decision in rows.filter(kind__in=kinds) if kinds else rows:
        _close(decision, Closed.OVERTAKEN, at=at, reason=str(because))
        say(
            Verb.DECISION_OVERTAKEN,
            decision,
            kind=decision.kind,
            number=decision.number,
            text={"because": str(because)},
        )


def extend(decision: Decision, *, by, at: datetime, because: str, days: int) -> Decision:
    """Extend a question once, with a reason: the Escalation owner by up to 5 working days after the hand-over;
    the Accountable of day 90 by 30 days."""
    settle(decision.initiative, at=at)
    windows = policy.current().windows
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(decision.initiative_id)
        decision = Decision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
        decision.initiative = initiative
        if decision.closed or decision.extended_by_id:
            raise Conflict(
                _("This question was extended once already.") if not decision.closed else _closed_words(decision)
            )
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
                raise Blocked(
                    [
                        Blocker(
                            "extend.days",
                            _("%(days)s working days came. Between 1 and %(most)s are possible.")
                            % {"days": days, "most": windows["extend_wd"]},
                        )
                    ]
                )
            decision.final_at = calendars.of_person(queries.decider(decision, initiative)).working_days_after(
                decision.final_at, days
            )
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


# What time does to a question


def settle(initiative, *, at: datetime) -> int:
    """Write what time did to the open questions of one initiative: hand-overs and lapses. Returns how many.

    The first line of every POST on an initiative and of the sweep. One query when nothing is due.
    """
    touched = Q(final_at__lte=at) | Q(due_at__lte=at, handed_over_at=None)
    if not Decision.objects.open().filter(touched, initiative_id=initiative.pk).exists():
        return 0
    done = 0
    with ledger.act(by="system:sweep", at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        for decision in (
            Decision.objects.open()
            .filter(initiative=initiative, due_at__lte=at)
            .select_for_update(of=("self",))
            .order_by("pk")
        ):
            decision.initiative = initiative
            state = decision.state_at(at)
            if state == Closed.LAPSED:
                _lapse(decision, initiative, at=at, say=say)
                initiative = Initiative.objects.lock(initiative.pk)
                done += 1
            elif state == "handed_over" and decision.handed_over_at is None:
                _hand_over(decision, initiative, at=at, say=say)
                done += 1
    return done


def _hand_over(decision: Decision, initiative, *, at: datetime, say) -> None:
    """Tell the Escalation owner to get it decided; they cannot pass it."""
    decision.handed_over_at = decision.due_at
    decision.version += 1
    decision.save(update_fields=["handed_over_at", "version"])
    owner = queries.escalation_owner(decision, initiative)
    say(Verb.DECISION_HANDED_OVER, decision, kind=decision.kind, number=decision.number, to=owner.pk if owner else None)
    notices.owe(
        owner,
        thing=decision,
        occasion="handed-over",
        initiative=initiative,
        at=at,
        binding=True,
        due=decision.final_at,
        action=_("Get it decided"),
        subject=_("Get it decided: %(verb)s, %(key)s %(name)s")
        % {"verb": str(QUESTIONS[decision.kind].verb), "key": initiative.key, "name": initiative.name},
        body=_(
            "Its time is up. Get it decided, extend it once with a reason, or have the Accountable replaced. You cannot pass it."
        ),
        path=decision.get_absolute_url(),
        why=_("You are Escalation owner."),
    )


def _lapse(decision: Decision, initiative, *, at: datetime, say) -> None:
    """Close a question nobody answered as No pass, and do what that means."""
    _close(decision, Closed.LAPSED, at=decision.final_at, reason=_("Nobody answered in time."))
    say(Verb.DECISION_LAPSED, decision, kind=decision.kind, number=decision.number)
    decides = queries.decider(decision, initiative)
    people = [p for p in (decides, decision.asked_by, queries.escalation_owner(decision, initiative)) if p]
    notices.owe(
        people,
        thing=decision,
        occasion="lapsed",
        initiative=initiative,
        at=at,
        binding=True,
        subject=_("Lapsed: %(verb)s, %(key)s %(name)s")
        % {"verb": str(QUESTIONS[decision.kind].verb), "key": initiative.key, "name": initiative.name},
        body=_("Nobody answered in time. %(silent)s") % {"silent": str(QUESTIONS[decision.kind].if_silent)},
        path=decision.get_absolute_url(),
        why=_("You asked, you decide, or you are Escalation owner."),
    )
    if decision.kind == Kind.FUNDING and initiative.stage == "funding":
        steps.move(
            initiative, "return_to_pilot", by="system:sweep", at=at, say=say, because=_("Nobody answered in time.")
        )
    elif decision.kind == Kind.DAY_90:
        stop.end_pilot(initiative, by="system:sweep", at=at, say=say, because=_("Nobody answered at day 90."))


def roles_for(decision: Decision, person, initiative) -> str:
    """Return what `person` is to this question: "decider", "escalation", "asker" or ""."""
    decides = queries.decider(decision, initiative)
    if decides is not None and decides.pk == person.pk:
        return "decider"
    if decision.asked_by_id == person.pk:
        return "asker"
    return "escalation" if raci.matrix(initiative).holds(person, queries.row_of(decision), Role.ESCALATION) else ""
