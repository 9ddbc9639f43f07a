"""Stopping: easy, at once, alone. Asked and confirmed are two facts."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from governance import ledger
from governance.core.errors import Conflict, Refused
from governance.gates import refusals, retire
from governance.gates.models import Stop, StopReason, StopWish
from governance.gates.settling import overtake, settle
from governance.initiatives import steps
from governance.initiatives.actions import require
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import functions
from governance.people.functions import Function
from governance.people.proof import Proof
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Row
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning


def stop(initiative: Initiative, *, reason: str, note: str = "", by, at: datetime, proof: Proof | None) -> Stop:
    """Stop it now: the stage changes at once, open questions are overtaken, everybody concerned is told.

    Asking again while it is stopped returns the stop in force. Raises Refused (recorded) for anybody
    without stop authority, Conflict where nothing runs.
    """
    settle(initiative, at=at)
    with (
        refusals.recorded("stop", initiative, initiative_id=initiative.pk, by=by, at=at),
        ledger.act(by=by, at=at) as say,
    ):
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.STOP, at, _("You cannot stop it yourself. Ask those who can."))
        there = Stop.objects.filter(initiative=initiative, lifted_at=None).first()
        if initiative.stage == "stopped" and there is not None:
            return there
        if not initiative.is_running:
            raise Conflict(_("Nothing runs: it is %(stage)s.") % {"stage": initiative.stage_label})
        if proof is None:
            raise Refused(_("Prove that it is you before you stop it."))
        return _order(initiative, reason=reason, note=note, by=by, at=at, say=say)


def _order(initiative, *, reason: str, note: str, by, at: datetime, say) -> Stop:
    """Write the stop: stage, row, overtaken questions, answered wishes, notices."""
    person = None if isinstance(by, str) else by
    moved = steps.move(initiative, "stop", by=by, at=at, say=say, because=note)
    made = Stop.objects.create(initiative=moved, asked_at=at, asked_by=person, reason=reason, note=note[:600])
    say(Verb.STOP_ASKED, made, reason=reason, text={"note": note} if note else None)
    overtake(moved, at=at, say=say, because=_("Overtaken by a stop."))
    StopWish.objects.filter(initiative=moved, answered_at=None).update(
        answered_at=at, answered_by=person, answer=_("Stopped.")
    )
    who = person.name if person else _("The clock")
    notices.owe(
        concerned(moved),
        thing=made,
        occasion="asked",
        initiative=moved,
        at=at,
        binding=True,
        subject=_("STOP asked: %(key)s %(name)s, by %(who)s") % {"key": moved.key, "name": moved.name, "who": who},
        body=_("Why: %(reason)s. It is not confirmed yet that it stopped. Meanwhile: %(fallback)s")
        % {
            "reason": made.get_reason_display(),
            "fallback": moved.fallback or _("nobody has written down what people do instead."),
        },
        path=moved.get_absolute_url(),
        why=_("You are named on it, or you are CTO."),
    )
    return made


def concerned(initiative) -> list:
    """Return everybody a stop concerns: the matrix, the workflow owner, the CTO. Two queries."""
    people = {p.pk: p for p in raci.matrix(initiative).people}
    for person in (initiative.workflow_owner, functions.holder(Function.CTO)):
        if person is not None:
            people[person.pk] = person
    return list(people.values())


def confirm(stopped: Stop, *, how: str, by, at: datetime, proof: Proof | None) -> Stop:
    """Confirm, as a named person, that it really stopped, and say how you know. Signed."""
    with (
        refusals.recorded("sign", stopped, initiative_id=stopped.initiative_id, by=by, at=at),
        ledger.act(by=by, at=at) as say,
    ):
        initiative = Initiative.objects.lock(stopped.initiative_id)
        stopped = Stop.objects.select_related("confirmed_by").get(pk=stopped.pk)
        require(
            by,
            initiative,
            May.CONFIRM_STOP,
            at,
            _("A stop is confirmed by somebody named on it, by Compliance or by the Portfolio office."),
        )
        if stopped.confirmed_at is not None:
            if stopped.confirmed_by_id == by.pk:
                return stopped
            raise Conflict(_("%(name)s confirmed this already.") % {"name": stopped.confirmed_by.name})
        if proof is None:
            raise Refused(_("Prove that it is you before you sign."))
        stopped.signature = signatures.sign(
            initiative=initiative,
            by=by,
            meaning=Meaning.STOP_CONFIRMED,
            proof=proof,
            at=at,
            statement=_("I confirm that %(key)s %(name)s has stopped. How I know: %(how)s")
            % {"key": initiative.key, "name": initiative.name, "how": how},
            facts={"stop": stopped.pk, "asked_at": stopped.asked_at, "how": how},
        )
        stopped.confirmed_at, stopped.confirmed_by, stopped.confirmed_how = at, by, how[:300]
        stopped.save()
        say(Verb.STOP_CONFIRMED, stopped, signature=stopped.signature_id, text={"how": how})
        notices.owe(
            [p for p in concerned(initiative) if p.pk != by.pk],
            thing=stopped,
            occasion="confirmed",
            initiative=initiative,
            at=at,
            subject=_("Stopped and confirmed: %(key)s %(name)s") % {"key": initiative.key, "name": initiative.name},
            body=_("%(who)s confirmed it. Starting again needs a restart decision.") % {"who": by.name},
            path=initiative.get_absolute_url(),
            why=_("You are named on it, or you are CTO."),
        )
    return stopped


def lift(initiative, *, at: datetime, say) -> None:
    """Close the stop in force, because a restart was decided. Inside the deciding act."""
    for stopped in Stop.objects.filter(initiative=initiative, lifted_at=None):
        stopped.lifted_at = at
        stopped.save(update_fields=["lifted_at"])
        say(Verb.STOP_LIFTED, stopped)


def ask_to_stop(initiative: Initiative, *, saw: str, by, at: datetime) -> StopWish:
    """Ask those with stop authority to stop it: pages the business owner and the Escalation owner at once.

    While nobody answers it is shown on the initiative; after an hour the CTO and COO are told. The same
    words again, while they wait for an answer, return the wish that is there.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        if May.SEE not in grants.held_by(by, initiative, at):
            raise Refused(_("You cannot see it."))
        if not initiative.is_running:
            raise Conflict(_("Nothing runs: it is %(stage)s.") % {"stage": initiative.stage_label})
        if again := StopWish.objects.filter(initiative=initiative, person=by, saw=saw[:600], answered_at=None).first():
            return again
        wish = StopWish.objects.create(initiative=initiative, person=by, at=at, saw=saw[:600])
        say(Verb.STOP_ASKED_FOR, wish, text={"saw": saw})
        matrix = raci.matrix(initiative)
        people = [p for p in (matrix.accountable(Row.HALT), matrix.escalation(Row.HALT)) if p] or [
            *functions.members(Function.PORTFOLIO),
            *functions.members(Function.COMPLIANCE),
        ]
        notices.owe(
            people,
            thing=wish,
            occasion="asked",
            initiative=initiative,
            at=at,
            binding=True,
            action=_("Look and stop it"),
            subject=_("%(who)s asks you to stop %(key)s %(name)s")
            % {"who": by.name, "key": initiative.key, "name": initiative.name},
            body=_("What they saw: %(saw)s It is still running.") % {"saw": saw},
            path=reverse("gates:stop", args=[initiative.key]),
            why=_("You hold stop authority."),
        )
    return wish


def answer_wish(wish: StopWish, *, answer: str, by, at: datetime) -> StopWish:
    """Answer a wish to stop without stopping, with a reason; the person who asked is told."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(wish.initiative_id)
        require(by, initiative, May.STOP, at)
        wish = StopWish.objects.select_related("person").get(pk=wish.pk)
        if wish.answered_at is not None:
            raise Conflict(_("This was answered already."))
        wish.answered_at, wish.answered_by, wish.answer = at, by, answer[:600]
        wish.save()
        say(Verb.STOP_WISH_ANSWERED, wish, text={"answer": answer})
        notices.owe(
            wish.person,
            thing=wish,
            occasion="answered",
            initiative=initiative,
            at=at,
            subject=_("Answered: your wish to stop %(key)s") % {"key": initiative.key},
            body=_("%(who)s: %(answer)s") % {"who": by.name, "answer": answer},
            path=initiative.get_absolute_url(),
            why=_("You asked to stop it."),
        )
    return wish


def end_pilot(initiative, *, by, at: datetime, say, because: str) -> None:
    """Stop a pilot that day 90 ended, and begin its retirement. Inside the act that ended it."""

    if initiative.stage == "pilot":
        _order(initiative, reason=StopReason.DAY_90, note=str(because), by="system:day-90", at=at, say=say)
        initiative = Initiative.objects.lock(initiative.pk)
    if not initiative.is_retiring:
        retire.begin_locked(initiative, reason=str(because), replaced_by="", after_care="", by=by, at=at, say=say)


def open_stops():
    """Return the stops nobody confirmed yet. Lazy queryset."""
    return (
        Stop.objects.filter(confirmed_at=None, lifted_at=None)
        .select_related("initiative", "asked_by")
        .order_by("asked_at", "pk")
    )
