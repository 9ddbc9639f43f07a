"""What people do to an initiative itself: register, report, amend, confirm a tier, restrict, pause."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from governance.initiatives import material, search, steps
from governance.initiatives import own as own_columns
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative, KeyCounter, OwnColumn
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import functions
from governance.people.functions import Function
from governance.raci import grants
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Assignment, Role, Row

#: What people may change on the initiative, and nothing else: the form and the page read this list.
AMENDABLE = (
    "name",
    "purpose",
    "not_for",
    "known_limits",
    "how_to_get",
    "today",
    "could_go_wrong",
    "vendor",
    "tags",
    "capability",
    "tools",
    "exposure",
    "breaks",
    "rollback_how",
    "rollback_minutes",
    "fallback",
    "unit",
    "receiving_unit",
    "building_unit",
    "scope_who",
    "scope_people",
    "scope_limit",
    "scope_until",
    "gate_on",
)


def require(person, initiative, may: May, at: datetime, message: str = "") -> None:
    """Raise Refused unless `person` may do this; the sentence names whose it is. Queries as grants.held_by."""
    if may in grants.held_by(person, initiative, at):
        return
    holders = ", ".join(p.name for p in grants.who(initiative, may, at)) if may in grants.STORED else ""
    text = message or (
        _("Only %(names)s can %(what)s.") % {"names": holders, "what": may.words}
        if holders
        else _("You cannot %(what)s.") % {"what": may.words}
    )
    raise Refused(text, holders)


def register(values: dict, *, by, at: datetime) -> Initiative:
    """Register an idea. `values` hold amendable fields and `tier_proposed`; the registrant becomes its lead.

    Returns the saved initiative at stage Idea.
    """
    return _begin(values, Stage.IDEA, by=by, at=at)


def report_found(values: dict, *, by, at: datetime) -> Initiative:
    """Report AI found in use. Nobody is in trouble; the 30 days to name an owner start now.

    Returns the saved initiative at stage Found in use; Portfolio office and the unit's leader are told.
    """
    return _begin(values, Stage.DISCOVERED, by=by, at=at)


def _begin(values: dict, stage: Stage, *, by, at: datetime) -> Initiative:
    allowed = {
        name: value for name, value in values.items() if name in AMENDABLE or name in ("tier_proposed", "restricted")
    }
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative(**allowed, registrant=by, registered_at=at, stage_since=at)
        steps.admit(initiative, stage, at=at)
        initiative.number = KeyCounter.take()
        initiative.save(force_insert=True)
        Assignment.objects.create(
            initiative=initiative,
            row=Row.PILOT,
            role=Role.RESPONSIBLE,
            person=by,
            assigned_by=by,
            assigned_at=at,
            accepted_at=at,
        )
        grants.rebuild(initiative)
        search.index([initiative])
        say(
            Verb.INITIATIVE_REGISTERED,
            initiative,
            stage=str(stage),
            number=initiative.number,
            text={"name": initiative.name},
        )
        if stage is Stage.DISCOVERED:
            days = policy.current().windows["ownership_d"]
            notices.owe(
                functions.members(Function.PORTFOLIO),
                thing=initiative,
                occasion="found",
                initiative=initiative,
                at=at,
                subject=_("Found in use: %(key)s %(name)s") % {"key": initiative.key, "name": initiative.name},
                body=_("%(who)s reported it. Somebody must own it within %(days)s days.")
                % {"who": by.name, "days": days},
                path=initiative.get_absolute_url(),
                why=_("You are in the Portfolio office."),
            )
            notices.owe(
                by,
                thing=initiative,
                occasion="thanks",
                initiative=initiative,
                at=at,
                subject=_("Thank you: %(key)s is registered") % {"key": initiative.key},
                body=_("Nobody is in trouble. The Portfolio office now has %(days)s days to find an owner.")
                % {"days": days},
                path=initiative.get_absolute_url(),
                why=_("You reported it."),
            )
    return initiative


def amend(
    initiative: Initiative,
    values: dict,
    *,
    own: Mapping[OwnColumn, Any] | None = None,
    by,
    at: datetime,
    seen_version: int,
    **detail: int,
) -> Initiative:
    """Change what an initiative says, and in `own` what it says in own columns (None takes a value away).

    Only AMENDABLE fields count, whatever else `values` holds; `detail` goes on record. Raises Conflict when
    somebody saved since `seen_version`, Blocked when an open gate locks a field or an own column cannot say
    that. A material change voids acceptances given for the earlier version; the page says so before saving.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.AMEND, at)
        changed = {
            name: values[name] for name in AMENDABLE if name in values and values[name] != getattr(initiative, name)
        }
        said = own_columns.put(initiative, own or {})
        if initiative.version != seen_version and (changed or said.after):
            raise Conflict(
                _("Somebody saved this since you opened it. Compare, then save again."),
                [f"{name}: {getattr(initiative, name) or '–'}" for name in changed],
            )
        if not changed and not said.after:
            return initiative
        if locked := sorted(set(changed) & set(material.LOCKED)):
            refuse_while_gate_open(initiative, locked)
        before = {name: _plain(getattr(initiative, name)) for name in changed}
        for name, value in changed.items():
            setattr(initiative, name, value)
        initiative.version += 1
        initiative.save()
        search.index([initiative])
        after = {name: _plain(value) for name, value in changed.items()}
        say(
            Verb.INITIATIVE_AMENDED,
            initiative,
            fields=sorted([*changed, *said.after]),
            version=initiative.version,
            **detail,
            text=said.on_record(before, after),
        )
    return initiative


def refuse_while_gate_open(initiative, fields) -> None:
    """Raise Blocked when an open gate locks material facts. One query."""
    gate = material.locking_gate(initiative)
    if gate is None:
        return
    words = ", ".join(str(f) for f in fields)
    raise Blocked(
        [
            Blocker(
                "gate.open",
                _("%(gate)s is open, so %(fields)s cannot change. Withdraw it first.")
                % {"gate": gate.get_kind_display(), "fields": words},
                gate.asked_by.name if gate.asked_by else "",
                gate.get_absolute_url(),
                gate.asked_at,
            )
        ]
    )


def _plain(value):
    """Return a field's value as text for the record."""
    return "" if value is None else str(value)


def propose_tier(initiative: Initiative, tier: int, *, by, at: datetime, reason: str = "") -> Initiative:
    """Propose a tier while none is confirmed. Afterwards it changes through a decision only."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.AMEND, at)
        if initiative.tier is not None:
            raise Conflict(
                _("Tier %(tier)s is confirmed. It changes through a decision now.") % {"tier": initiative.tier}
            )
        initiative.tier_proposed = tier
        initiative.version += 1
        initiative.save(update_fields=["tier_proposed", "version"])
        say(Verb.INITIATIVE_TIER_PROPOSED, initiative, tier=tier, text={"reason": reason} if reason else None)
        who = [Function(slug) for slug in policy.current().tiers[tier].tier_confirmed_by]
        for function in who:
            notices.owe(
                functions.members(function),
                thing=initiative,
                occasion=f"tier-proposed-{initiative.version}",
                initiative=initiative,
                at=at,
                subject=_("Confirm a tier: %(key)s %(name)s") % {"key": initiative.key, "name": initiative.name},
                body=_("%(who)s proposes tier %(tier)s.") % {"who": by.name, "tier": tier},
                path=_path("initiatives:tier", initiative),
                why=_("You are in %(function)s.") % {"function": function.label},
            )
    return initiative


def confirm_tier(initiative: Initiative, tier: int, *, by, at: datetime) -> Initiative:
    """Confirm the tier, or set another one while confirming. The functions it asks for become Consulted.

    The higher of the two says who may: nobody who could not confirm the tier proposed sets a lower one.
    Raises Refused for anybody outside those functions, and for the matrix's R and A.
    """
    from governance.initiatives import roles

    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        if initiative.tier is not None:
            raise Conflict(
                _("Tier %(tier)s is confirmed already. It changes through a decision now.") % {"tier": initiative.tier}
            )
        proposed = initiative.tier_proposed
        higher = initiative.tier_proposed = max(tier, proposed or 0)
        confirmers = ", ".join(str(Function(f).label) for f in policy.current().tiers[higher].tier_confirmed_by)
        require(
            by,
            initiative,
            May.CONFIRM_TIER,
            at,
            _("Tier %(tier)s is confirmed by %(who)s, and by nobody who is Responsible or Accountable here.")
            % {"tier": higher, "who": confirmers},
        )
        set_tier(initiative, tier, by=by, at=at)
        say(Verb.INITIATIVE_TIER_CONFIRMED, initiative, proposed=proposed, tier=tier)
        roles.stand_in_functions(initiative, by=by, at=at, say=say)
    return initiative


def set_tier(initiative: Initiative, tier: int, *, by, at: datetime) -> None:
    """Write the tier on a locked initiative, and when its next review is due. One query."""
    initiative.tier = initiative.tier_proposed = tier
    initiative.tier_confirmed_by, initiative.tier_confirmed_at = by, at
    initiative.version += 1
    if initiative.stage == Stage.PRODUCTION:
        due = at + timedelta(days=policy.current().tiers[tier].review_d)
        initiative.review_due_at = min(initiative.review_due_at or due, due)
    initiative.save()


def set_restricted(initiative: Initiative, restricted: bool, *, by, at: datetime) -> Initiative:
    """Restrict an initiative to the people it concerns, or lift that."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.RESTRICT if restricted else May.UNRESTRICT, at)
        if initiative.restricted != restricted:
            initiative.restricted = restricted
            initiative.version += 1
            initiative.save(update_fields=["restricted", "version"])
            say(Verb.INITIATIVE_RESTRICTED if restricted else Verb.INITIATIVE_UNRESTRICTED, initiative)
    return initiative


def pause_rollout(initiative: Initiative, *, by, at: datetime, because: str) -> Initiative:
    """Mark that the rollout is paused: it runs on and must not expand. May be done by who may stop, and the workflow owner."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        if not {May.PAUSE, May.STOP} & grants.held_by(by, initiative, at):
            require(by, initiative, May.PAUSE, at)
        if initiative.rollout_paused_at is not None or not initiative.is_in_use:
            raise Conflict(
                _("The rollout is paused already.")
                if initiative.rollout_paused_at
                else _("Nothing is rolling out: it is %(stage)s.") % {"stage": initiative.stage_label}
            )
        initiative.rollout_paused_at, initiative.rollout_paused_by, initiative.rollout_paused_because = (
            at,
            by,
            because[:300],
        )
        initiative.save(update_fields=["rollout_paused_at", "rollout_paused_by", "rollout_paused_because"])
        say(Verb.INITIATIVE_ROLLOUT_PAUSED, initiative, text={"because": because})
    return initiative


def resume_rollout(initiative: Initiative, *, by, at: datetime) -> Initiative:
    """Take the pause off. Same people as the pause."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        if not {May.PAUSE, May.STOP} & grants.held_by(by, initiative, at):
            require(by, initiative, May.PAUSE, at)
        if initiative.rollout_paused_at is None:
            raise Conflict(_("The rollout is not paused."))
        initiative.rollout_paused_at, initiative.rollout_paused_by, initiative.rollout_paused_because = None, None, ""
        initiative.save(update_fields=["rollout_paused_at", "rollout_paused_by", "rollout_paused_because"])
        say(Verb.INITIATIVE_ROLLOUT_RESUMED, initiative)
    return initiative


def say_nobody_known(initiative: Initiative, *, by, at: datetime) -> Initiative:
    """Say that nobody is known who would be called first if it gave a bad answer. For those who propose names.

    Its clock runs on. Said once until somebody is asked to own it. Raises Refused; Conflict when somebody
    owns it.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.PROPOSE, at)
        if (owner := raci.matrix(initiative).owner) is not None:
            raise Conflict(_("%(name)s owns it and is called.") % {"name": owner.name})
        if initiative.nobody_known_at is None:
            initiative.nobody_known_at = at
            initiative.save(update_fields=["nobody_known_at"])
            say(Verb.INITIATIVE_NOBODY_KNOWN, initiative)
    return initiative


def _path(name: str, initiative) -> str:
    """Return the address of a page of this initiative."""
    from django.urls import reverse

    return reverse(name, args=[initiative.key])
