"""Ending: retirement in two moments with a postmortem; closing what never began; placing and correcting."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core.errors import Conflict, Refused
from governance.core.moments import day
from governance.core.rules import Blocked, Blocker
from governance.core.words import money, plain
from governance.gates.models import Retirement
from governance.gates.settling import overtake, settle
from governance.initiatives import steps
from governance.initiatives.actions import require
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.outcomes import queries as outcomes
from governance.people import calendars, functions
from governance.people.functions import Function
from governance.people.proof import Proof
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning

#: What a postmortem says; the last two may stay empty.
PARTS = ("set_out", "happened", "numbers", "causes", "keep", "actions")
NEEDED = ("set_out", "happened", "numbers", "causes", "keep")


def begin(
    initiative: Initiative, *, reason: str, replaced_by: str = "", after_care: str = "", by, at: datetime
) -> Retirement:
    """Begin to retire: open questions are overtaken, the postmortem's draft opens with the numbers filled in."""
    settle(initiative, at=at)
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        owner = raci.retirer(initiative)
        require(
            by,
            initiative,
            May.RETIRE,
            at,
            _("%(name)s retires it.") % {"name": owner.name if owner else Function.PORTFOLIO.label},
        )
        if initiative.is_retiring:
            raise Conflict(_("It is retiring already. What is left is the postmortem."))
        if steps.step_out(initiative, "retire") is None:
            raise Blocked(
                [Blocker("stage", _("Not possible while it is at %(stage)s.") % {"stage": initiative.stage_label})]
            )
        return begin_locked(
            initiative, reason=reason, replaced_by=replaced_by, after_care=after_care, by=by, at=at, say=say
        )


def begin_locked(initiative, *, reason: str, replaced_by: str, after_care: str, by, at: datetime, say) -> Retirement:
    """Write the beginning of a retirement on a locked initiative, inside an act."""
    owner = raci.retirer(initiative)
    initiative.retiring_since = at
    initiative.version += 1
    initiative.save(update_fields=["retiring_since", "version"])
    # One that a correction ended is begun anew.
    made = Retirement.objects.filter(initiative=initiative).first() or Retirement(initiative=initiative, version=0)
    made.begun_at, made.begun_by = at, None if isinstance(by, str) else by
    made.reason, made.replaced_by, made.after_care = reason, replaced_by, after_care
    made.due_at = calendars.of_person(owner).working_days_after(at, policy.current().windows["postmortem_wd"])
    made.set_out, made.numbers = initiative.purpose, _numbers(initiative)
    made.version += 1
    made.save()
    overtake(initiative, at=at, say=say, because=_("Overtaken by its retirement."))
    say(
        Verb.RETIRE_BEGUN,
        made,
        due_at=made.due_at,
        text={"reason": reason, "replaced_by": replaced_by, "after_care": after_care},
    )
    notices.owe(
        [owner] if owner else functions.members(Function.PORTFOLIO),
        thing=made,
        occasion="begun" if made.version == 1 else f"begun-{made.version}",
        initiative=initiative,
        at=at,
        binding=True,
        due=made.due_at,
        action=_("Write the postmortem"),
        subject=lambda: (
            _("Write what was learned by %(day)s: %(key)s %(name)s")
            % {"day": day(made.due_at), "key": initiative.key, "name": initiative.name}
        ),
        body=_(
            "It is retiring. It is retired when the postmortem is published. A draft with dates and numbers is ready."
        ),
        path=reverse("gates:postmortem", args=[initiative.key]),
        why=_("You answer for it."),
    )
    return made


def _numbers(initiative) -> str:
    """Return the numbers a postmortem starts from, in words. Three queries at most."""
    outcome, lines = outcomes.outcome(initiative), []
    if outcome is not None and outcome.baseline is not None:
        lines.append(
            _("%(metric)s before AI: %(value)s %(unit)s.")
            % {"metric": outcome.metric, "value": plain(outcome.baseline), "unit": outcome.unit}
        )
    for m in reversed(outcomes.measurements(initiative)):
        by = m.confirmed_by
        state = _("confirmed by %(name)s") % {"name": by.name} if by else _("claimed, not confirmed")
        lines.append(
            _("%(start)s to %(end)s: %(value)s over %(cases)s cases (%(state)s).")
            % {
                "start": date_format(m.starts_on, "j M Y"),
                "end": date_format(m.ends_on, "j M Y"),
                "value": plain(m.value),
                "cases": plain(m.cases),
                "state": state,
            }
        )
    budget = outcomes.budget(initiative)
    if budget is not None and budget.approved is not None:
        lines.append(_("Budget approved: %(amount)s.") % {"amount": money(budget.approved, budget.currency)})
    return "\n".join(lines)


def save_postmortem(initiative: Initiative, values: dict, *, by, at: datetime, seen_version: int) -> Retirement:
    """Save the draft. Raises Conflict when somebody saved since, or when it is published."""
    with ledger.act(by=by, at=at) as say:
        return _save(Initiative.objects.lock(initiative.pk), values, by=by, at=at, seen_version=seen_version, say=say)


def _save(initiative, values: dict, *, by, at: datetime, seen_version: int, say) -> Retirement:
    made = Retirement.objects.filter(initiative=initiative).first()
    if made is None or (made.published_at is None and not initiative.is_retiring):
        raise Conflict(_("It is not retiring."))
    if by not in raci.matrix(initiative).people and by.pk != initiative.workflow_owner_id:
        require(by, initiative, May.RETIRE, at, _("The postmortem is written by the people named on it."))
    if made.published_at is not None:
        raise Conflict(_("The postmortem is published; it stays as it is."))
    if made.version != seen_version:
        raise Conflict(_("Somebody saved this since you opened it. Compare, then save again."))
    changed = {name: values[name] for name in PARTS if name in values and values[name] != getattr(made, name)}
    for name, value in changed.items():
        setattr(made, name, value)
    made.saved_at = at
    made.version += 1
    made.save()
    if changed:
        say(Verb.POSTMORTEM_SAVED, made, parts=sorted(changed), version=made.version, text=changed)
    return made


def publish_postmortem(
    initiative: Initiative, values: dict, *, by, at: datetime, proof: Proof | None, seen_version: int
) -> Retirement:
    """Publish the postmortem, signed; with it the initiative is Retired.

    Raises Blocked naming each part that is empty, Refused for anybody but who retires it.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.RETIRE, at, _("The postmortem is published by the business owner."))
        made = _save(initiative, values, by=by, at=at, seen_version=seen_version, say=say)
        if empty := [name for name in NEEDED if not getattr(made, name).strip()]:
            url = reverse("gates:postmortem", args=[initiative.key])
            raise Blocked(
                [
                    Blocker(
                        f"postmortem.{name}",
                        _("“%(part)s” is empty.") % {"part": Retirement._meta.get_field(name).verbose_name},
                        by.name,
                        f"{url}#id_{name}",
                    )
                    for name in empty
                ]
            )
        if proof is None:
            raise Refused(_("Prove that it is you before you sign."))
        made.signature = signatures.sign(
            initiative=initiative,
            by=by,
            meaning=Meaning.POSTMORTEM,
            proof=proof,
            at=at,
            facts={name: getattr(made, name) for name in PARTS},
            statement=_("I publish what we learned from %(key)s %(name)s. It is retired.")
            % {"key": initiative.key, "name": initiative.name},
        )
        made.published_at, made.published_by = at, by
        made.save()
        say(Verb.POSTMORTEM_PUBLISHED, made, signature=made.signature_id)
        initiative.retirement = made
        steps.move(initiative, "retire", by=by, at=at, say=say, because=made.reason)
        notices.owe(
            [p for p in raci.matrix(initiative).people if p.pk != by.pk],
            thing=made,
            occasion="published",
            initiative=initiative,
            at=at,
            subject=_("Retired: %(key)s %(name)s") % {"key": initiative.key, "name": initiative.name},
            body=_("%(who)s published what was learned.") % {"who": by.name},
            path=reverse("gates:postmortem", args=[initiative.key]),
            why=_("You were named on it."),
        )
    return made


def close(initiative: Initiative, *, because: str, by, at: datetime) -> Initiative:
    """Close an idea or a finding, with a reason; whoever registered it is told."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.CLOSE, at, _("Whoever registered it or the Portfolio office closes it."))
        moved = _move_with_overtake(initiative, "close", because=because, by=by, at=at, say=say)
        if moved.registrant is not None and moved.registrant_id != by.pk:
            notices.owe(
                moved.registrant,
                thing=moved,
                occasion="closed",
                initiative=moved,
                at=at,
                subject=_("Closed: %(key)s %(name)s") % {"key": moved.key, "name": moved.name},
                body=_("%(who)s: %(because)s") % {"who": by.name, "because": because},
                path=moved.get_absolute_url(),
                why=_("You registered it."),
            )
    return moved


def place(initiative: Initiative, to: str, *, source: str, by, at: datetime) -> Initiative:
    """Say where something of unknown stage stands, naming the source. Import marks as for an import."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.PLACE, at, _("The Portfolio office says where it stands."))
        moved = steps.move(initiative, "place", by=by, at=at, say=say, because=source, to=to)
        mark_evidence_missing(moved, at=at)
    return moved


def mark_evidence_missing(initiative, *, at: datetime) -> None:
    """Mark production that arrived without a decision here: evidence missing, with a day it is due. One query."""
    due = None
    if initiative.stage == "production":
        due = (at + timedelta(days=policy.current().windows["evidence_missing_d"])).date()
    Initiative.objects.filter(pk=initiative.pk).update(evidence_due_on=due)
    initiative.evidence_due_on = due


def correct(initiative: Initiative, to: str, *, because: str, by, at: datetime) -> Initiative:
    """Mend the stage a register got wrong; never over a decision made here, never out of stopped.

    Only somebody in the Portfolio office who is not in the matrix may. Shown as a correction.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.CORRECT, at, _("The Portfolio office corrects a stage."))
        if raci.matrix(initiative).is_named(by):
            raise Refused(_("You are named on it, so somebody else in the Portfolio office must correct it."))
        if to == "pilot" and initiative.stage not in ("build", "production"):
            raise Blocked(
                [Blocker("correct.pilot", _("A correction to Pilot is possible from Build or Production only."))]
            )
        moved = _move_with_overtake(initiative, "correct", because=because, by=by, at=at, say=say, to=to)
        mark_evidence_missing(moved, at=at)
        say(Verb.INITIATIVE_CORRECTED, moved, to=to, text={"because": because})
    return moved


def _move_with_overtake(initiative, name: str, *, because: str, by, at: datetime, say, **given):
    """Move, and close the questions that the move overtakes."""
    moved = steps.move(initiative, name, by=by, at=at, say=say, because=because, **given)
    overtake(moved, at=at, say=say, because=because)
    return moved
