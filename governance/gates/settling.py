"""How a question ends without an answer: its time is up, or a stop, a retirement or a correction overtakes it."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from governance import ledger
from governance.gates import queries
from governance.gates.models import Answer, Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives import steps
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices


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
        rows = Decision.objects.open().filter(initiative=initiative, due_at__lte=at)
        for decision in rows.select_for_update(of=("self",)).order_by("pk"):
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
    from governance.gates import asking, stop  # which settle and overtake questions themselves

    unanswered = _("Nobody answered in time.")
    close(decision, Closed.LAPSED, at=decision.final_at, reason=unanswered)
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
        body=_("Nobody answered in time. %(then)s") % {"then": QUESTIONS[decision.kind].lapsed_words},
        path=decision.get_absolute_url(),
        why=_("You asked, you decide, or you are Escalation owner."),
    )
    if decision.kind == Kind.FUNDING and initiative.stage == "funding":
        moved = steps.move(initiative, "return_to_pilot", by="system:sweep", at=at, say=say, because=unanswered)
        asking.count_to_day_90(moved, at=at, say=say, back_at=decision.final_at)
    elif decision.kind == Kind.DAY_90:
        stop.end_pilot(initiative, by="system:sweep", at=at, say=say, because=_("Nobody answered at day 90."))


def close(decision: Decision, how: Closed, *, at: datetime, reason: str = "") -> None:
    """Close a question nobody answered."""
    decision.closed, decision.closed_at = how, at
    decision.outcome = Answer.NO_PASS if how == Closed.LAPSED else ""
    decision.reason = reason
    decision.version += 1
    decision.save()


def overtake(initiative, *, at: datetime, say, because: str, kinds=tuple(Kind)) -> None:
    """Close every open question (of these kinds) of a locked initiative: something else answered it."""
    rows = Decision.objects.open().filter(initiative=initiative, kind__in=kinds)
    for decision in rows.select_for_update(of=("self",)).order_by("pk"):
        close(decision, Closed.OVERTAKEN, at=at, reason=str(because))
        say(
            Verb.DECISION_OVERTAKEN,
            decision,
            kind=decision.kind,
            number=decision.number,
            text={"because": str(because)},
        )
