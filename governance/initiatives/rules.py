"""Every requirement of every step, by name: a page for an auditor.

The imports say which facts a stage change depends on. What the gates keep themselves (the restart's
explanation, the postmortem) is read through the initiative's own relations. A rule says what is missing
in one sentence, who can clear it, since when, and where.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import policy
from governance.core.rules import Blocker, Rule
from governance.core.words import money, plain
from governance.initiatives import material
from governance.initiatives.blocking import blocker, movers, namers, offer_page, page
from governance.outcomes import queries as outcomes
from governance.people import functions, units
from governance.people.functions import Function
from governance.proof import queries as proof
from governance.raci import eligible
from governance.raci import queries as raci
from governance.raci.models import OFFERED, Role, Row

__all__ = ["ALL", "Rule"]

ALL: list[type[Rule]] = []


def listed(rule: type[Rule]) -> type[Rule]:
    """Put a rule into the list that /help/rules/ shows."""
    ALL.append(rule)
    return rule


class _Roles(Rule):
    """Shared by the two rules that look at the matrix as a whole."""

    def _vacant(self, initiative) -> Iterator[tuple[Row, Role, Any]]:
        """Yield (row, role, open offer or None) for every A and E nobody active has accepted."""
        matrix = raci.matrix(initiative)
        for row in Row:
            for role in OFFERED:
                if matrix.accepted(row, role) is None:
                    yield row, role, matrix.offer(row, role)

    def _nobody(self, initiative, row: Row, role: Role) -> Blocker:
        """Return the blocker of a cell in which nobody stands."""
        return blocker(
            f"{self.code}.{row}.{role}",
            _("%(row)s has no %(role)s.") % {"row": row.label, "role": role.label},
            people=namers(initiative),
            function=Function.PORTFOLIO,
            url=page("initiatives:matrix", initiative, f"{row}-{role}"),
            since=initiative.registered_at,
            action=_("Name somebody"),
        )


@listed
class RolesNamed(_Roles):
    code = "roles.named"
    title = gettext_lazy("Somebody is named for every decision")
    reason = gettext_lazy("A pilot that nobody answers for has nobody to fund it, and nobody to stop it.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        for row, role, offer in self._vacant(initiative):
            if offer is None:
                yield self._nobody(initiative, row, role)


#: Who must have accepted before something found in use is adopted: owner and Escalation owner. The rest is due later.
_ADOPTED_BY = {(Row.PILOT, Role.ACCOUNTABLE), *((Row.HALT, role) for role in OFFERED), (Row.GO_LIVE, Role.ACCOUNTABLE)}


@listed
class RolesAccepted(_Roles):
    code = "roles.accepted"
    title = gettext_lazy("Everybody named has accepted")
    reason = gettext_lazy("Being named is an offer. It binds when that person accepts.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        matrix = raci.matrix(initiative)
        for row, role, offer in self._vacant(initiative):
            if row == Row.PILOT and role == Role.ACCOUNTABLE and offer is not None and offer.person.is_active:
                continue  # Whoever decides the pilot go accepts by deciding.
            if initiative.stage == "discovered" and (row, role) not in _ADOPTED_BY:
                continue
            if offer is not None:
                yield blocker(
                    f"roles.accepted.{row}.{role}",
                    _("%(name)s has not accepted to be %(role)s for %(row)s.")
                    % {"name": offer.person.name, "role": role.label, "row": row.label},
                    people=[offer.person],
                    url=offer_page(initiative, offer),
                    since=offer.assigned_at,
                    action=_("Open the offer"),
                )
            elif initiative.stage == "discovered" or any(a.row == row and a.role == role for a in matrix.standing):
                yield self._nobody(initiative, row, role)


@listed
class TierSet(Rule):
    code = "tier.set"
    title = gettext_lazy("The tier is proposed")
    reason = gettext_lazy("How much harm a mistake can do decides who signs and how often it is looked at.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        if initiative.tier is None and initiative.tier_proposed is None:
            yield blocker(
                "tier.set",
                _("Nobody has said how much harm a mistake can do."),
                people=movers(initiative),
                function=Function.PORTFOLIO,
                url=page("initiatives:tier", initiative),
                since=initiative.registered_at,
                action=_("Find the tier"),
            )


@listed
class TierConfirmed(TierSet):
    code = "tier.confirmed"
    title = gettext_lazy("The tier is confirmed")
    reason = gettext_lazy("Whoever wants the pilot does not say alone how dangerous it is.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        if initiative.tier is not None:
            return
        if initiative.tier_proposed is None:
            yield from super().blockers(initiative, at)
            return
        functions_ = [Function(f) for f in policy.current().tiers[initiative.tier_proposed].tier_confirmed_by]
        yield blocker(
            "tier.confirmed",
            _("Tier %(tier)s is proposed and not confirmed.") % {"tier": initiative.tier_proposed},
            function=functions_[0],
            url=page("initiatives:tier", initiative),
            since=initiative.registered_at,
            action=_("Confirm the tier"),
        )


@listed
class CapabilityStated(Rule):
    code = "capability"
    title = gettext_lazy("It is said whether it can act")
    reason = gettext_lazy("A draft waits for a person; an action does not.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        if not initiative.capability:
            yield blocker(
                "capability",
                _("It is not said whether it drafts only or can act."),
                people=movers(initiative),
                function=Function.PORTFOLIO,
                url=page("initiatives:amend", initiative, "id_capability"),
                since=initiative.registered_at,
                action=_("Say which"),
            )


@listed
class ScopeSet(Rule):
    code = "scope"
    title = gettext_lazy("The pilot has a scope and an end")
    reason = gettext_lazy("A pilot without an end is production without a decision.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        missing = {
            "scope_who": (initiative.scope_who, _("who takes part")),
            "scope_people": (initiative.scope_people, _("how many people")),
            "scope_limit": (initiative.scope_limit, _("how much it may do")),
            "scope_until": (initiative.scope_until, _("its last day")),
        }
        for field, (value, words) in missing.items():
            if not value:
                yield blocker(
                    f"scope.{field}",
                    _("The pilot does not say %(what)s.") % {"what": words},
                    people=movers(initiative),
                    url=page("initiatives:amend", initiative, f"id_{field}"),
                    since=initiative.registered_at,
                    action=_("Add it"),
                )
        longest = policy.current().windows["pilot_d"]
        if initiative.scope_until and (initiative.scope_until - at.date()).days > longest:
            yield blocker(
                "scope.long",
                _("The pilot would run until %(day)s. The longest is %(days)s days.")
                % {"day": initiative.scope_until.isoformat(), "days": longest},
                people=movers(initiative),
                url=page("initiatives:amend", initiative, "id_scope_until"),
                action=_("Shorten it"),
            )


@listed
class OutcomeDefined(Rule):
    code = "outcome.defined"
    title = gettext_lazy("The pilot knows what it has to prove")
    reason = gettext_lazy("A number agreed afterwards proves nothing.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        url = page("initiatives:outcome", initiative)
        outcome = outcomes.outcome(initiative)
        if outcome is None:
            yield blocker(
                "outcome.none",
                _("No business outcome is named."),
                people=movers(initiative),
                url=url,
                since=initiative.registered_at,
                action=_("Name the outcome"),
            )
            return
        missing = {
            "baseline": (outcome.baseline is not None and outcome.baseline_kind, _("the number before AI")),
            "baseline_source": (
                outcome.baseline_source and outcome.baseline_on,
                _("where the number before AI comes from, and its date"),
            ),
            "target": (outcome.target is not None, _("the target")),
            "threshold": (outcome.threshold is not None, _("the threshold the gate will ask for")),
        }
        for field, (there, words) in missing.items():
            if not there:
                yield blocker(
                    f"outcome.{field}",
                    _("%(metric)s lacks %(what)s.") % {"metric": outcome.metric, "what": words},
                    people=movers(initiative),
                    url=f"{url}#id_{field}",
                    since=initiative.registered_at,
                    action=_("Add it"),
                )


@listed
class GatePlanned(Rule):
    code = "gate.planned"
    title = gettext_lazy("The funding gate has a day and a decider")
    reason = gettext_lazy("Without a day and a name the pilot drifts past its gate.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        if initiative.gate_on is None:
            yield blocker(
                "gate.day",
                _("The funding gate has no day."),
                people=movers(initiative),
                url=page("initiatives:amend", initiative, "id_gate_on"),
                since=initiative.registered_at,
                action=_("Set the day"),
            )


@listed
class StopDescribed(Rule):
    code = "stop.described"
    title = gettext_lazy("It is said how it is stopped now")
    reason = gettext_lazy("Something in use already must be stoppable today.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        if not initiative.rollback_how:
            yield blocker(
                "stop.described",
                _("Nobody has said how it is stopped now."),
                people=movers(initiative),
                function=Function.PORTFOLIO,
                url=page("initiatives:amend", initiative, "id_rollback_how"),
                since=initiative.registered_at,
                action=_("Describe it"),
            )


@listed
class PilotMeasured(Rule):
    code = "pilot.measured"
    title = gettext_lazy("The pilot was measured")
    reason = gettext_lazy("A gate without a figure is a meeting.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        if not outcomes.measurements(initiative):
            yield blocker(
                "pilot.measured",
                _("Nobody has added a figure from the pilot."),
                people=movers(initiative),
                url=page("initiatives:outcome", initiative, "add"),
                since=initiative.pilot_since,
                action=_("Add a figure"),
            )


@listed
class EvidenceInBusinessTerms(Rule):
    code = "funding.evidence"
    title = gettext_lazy("Does pilot evidence support the business case in business terms?")
    reason = gettext_lazy("Accuracy, latency and usage do not pay for anything. A confirmed business figure does.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        defined = list(OutcomeDefined().blockers(initiative, at))
        if defined:
            yield from defined
            return
        outcome, url = outcomes.outcome(initiative), page("initiatives:outcome", initiative)
        figures = [m for m in outcomes.measurements(initiative) if not m.returned_because]
        if not figures:
            yield from PilotMeasured().blockers(initiative, at)
            if outcomes.measurements(initiative):
                yield blocker(
                    "funding.returned",
                    _("Every figure was returned. Add one that answers why."),
                    people=movers(initiative),
                    url=f"{url}#add",
                    action=_("Add a figure"),
                )
            return
        first_day = outcomes.counts_from(outcome)
        counting = [m for m in figures if m.starts_on >= first_day and outcomes.long_enough(m)]
        if not counting:
            days = policy.current().windows["threshold_before_measuring_d"]
            yield blocker(
                "funding.period",
                _("No figure covers %(days)s days after the threshold was set (from %(day)s on).")
                % {"days": days, "day": first_day.isoformat()},
                people=movers(initiative),
                url=f"{url}#add",
                since=outcome.threshold_set_at,
                action=_("Add a figure"),
            )
            return
        good = [m for m in counting if outcome.meets(m.value)]
        if not good:
            newest = counting[0]
            yield blocker(
                "funding.threshold",
                _("%(metric)s is %(value)s. The gate asks for %(threshold)s %(unit)s.")
                % {
                    "metric": outcome.metric,
                    "value": plain(newest.value),
                    "threshold": plain(outcome.threshold),
                    "unit": outcome.unit,
                },
                people=movers(initiative),
                url=url,
                since=newest.supplied_at,
                action=_("See the figures"),
            )
            return
        if not any(self.stands(initiative, m) for m in good):
            newest = good[0]
            yield blocker(
                "funding.confirmed",
                _("The figure of %(value)s is claimed by %(name)s and not confirmed.")
                % {"value": plain(newest.value), "name": newest.supplied_by.name},
                function=Function.FINANCE,
                url=f"{url}#figure-{newest.number}",
                since=newest.supplied_at,
                action=_("Confirm the figure"),
            )

    @staticmethod
    def stands(initiative, figure) -> bool:
        """Return whether a figure is confirmed by somebody other than owner and Responsible."""
        if figure.confirmed_by is None:
            return False
        matrix = raci.matrix(initiative)
        involved = {p.pk for p in [matrix.owner, matrix.accountable(Row.PILOT), *movers(initiative)] if p}
        return figure.confirmed_by_id not in involved


def _replaceable(initiative, code: str, message, row: Row, role: Role) -> Blocker:
    """Return the blocker that asks for somebody else in a cell of the matrix."""
    url = page("initiatives:matrix", initiative, f"{row}-{role}")
    return blocker(
        code,
        message,
        people=namers(initiative),
        function=Function.PORTFOLIO,
        url=url,
        action=_("Name somebody else"),
    )


@listed
class NobodyLeft(Rule):
    code = "roles.left"
    title = gettext_lazy("Nobody who answers for it has left")
    reason = gettext_lazy("Somebody who has left cannot be paged. Who replaces them is settled before it goes on.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        for a in raci.matrix(initiative).standing:
            row, role = Row(a.row), Role(a.role)
            if role in OFFERED and not a.person.is_active:
                words = _("%(name)s, %(role)s for %(row)s, has left.")
                said = {"name": a.person.name, "role": role.label, "row": row.label}
                yield _replaceable(initiative, f"roles.left.{row}.{role}", words % said, row, role)


@listed
class AccountableFit(Rule):
    code = "roles.fit"
    title = gettext_lazy("Whoever is Accountable still may be")
    reason = gettext_lazy("People change units and grades. A gate looks again at who answers for it.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        matrix, told = raci.matrix(initiative), set()
        for row in eligible.LED:
            a = matrix.accepted(row, Role.ACCOUNTABLE)
            if a is None:
                continue
            for reason in eligible.blockers(
                a.person, row, Role.ACCOUNTABLE, initiative, grade_waived=bool(a.grade_waived_because)
            ):
                if (a.person_id, reason.code) not in told:
                    told.add((a.person_id, reason.code))
                    yield _replaceable(initiative, reason.code, reason.message, row, Role.ACCOUNTABLE)


@listed
class OwnerAccepted(Rule):
    code = "owner.accepted"
    title = gettext_lazy("Has a named business owner formally accepted accountability?")
    reason = gettext_lazy("An outcome that belongs to a committee belongs to nobody.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        yield from self._owner(initiative)
        owners = {f"roles.left.{row}.{Role.ACCOUNTABLE}" for row in (Row.GO_LIVE, Row.HALT)}
        yield from (b for b in NobodyLeft().blockers(initiative, at) if b.code not in owners)

    def _owner(self, initiative) -> Iterator[Blocker]:
        matrix, url = raci.matrix(initiative), page("initiatives:matrix", initiative, "go_live-A")
        accepted, offer = matrix.accepted(Row.GO_LIVE, Role.ACCOUNTABLE), matrix.offer(Row.GO_LIVE, Role.ACCOUNTABLE)
        if accepted is None:
            if offer is not None:
                yield blocker(
                    "owner.offered",
                    _("%(name)s was asked to be business owner and has not accepted.") % {"name": offer.person.name},
                    people=[offer.person],
                    url=offer_page(initiative, offer),
                    since=offer.assigned_at,
                    action=_("Open the offer"),
                )
            else:
                text = _("Nobody is business owner.")
                if suggested := units.leader_of(initiative.output_unit):
                    text = _("Nobody is business owner. %(name)s leads the unit that takes most of the output.")
                    text %= {"name": suggested.name}
                yield blocker(
                    "owner.none",
                    text,
                    people=namers(initiative),
                    function=Function.PORTFOLIO,
                    url=url,
                    since=initiative.unowned_since or initiative.stage_since,
                    action=_("Name the business owner"),
                )
            return
        if accepted.material_sha256 != material.digest(initiative):
            yield blocker(
                "owner.void",
                _("%(name)s accepted an earlier version. Something material changed since.")
                % {"name": accepted.person.name},
                people=[accepted.person],
                url=offer_page(initiative, accepted),
                since=accepted.accepted_at,
                action=_("Accept again"),
            )
        waived = bool(accepted.grade_waived_because)
        for reason in eligible.blockers(
            accepted.person, Row.GO_LIVE, Role.ACCOUNTABLE, initiative, grade_waived=waived
        ):
            yield _replaceable(initiative, reason.code, reason.message, Row.GO_LIVE, Role.ACCOUNTABLE)


@listed
class BudgetApproved(Rule):
    code = "budget.approved"
    title = gettext_lazy("Is a production budget approved?")
    reason = gettext_lazy("A pass without money is a promise that somebody else has to keep.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        budget, url = outcomes.budget(initiative), page("initiatives:budget", initiative)
        if budget is None:
            yield blocker(
                "budget.none",
                _("Nobody has asked for a production budget."),
                people=movers(initiative),
                url=url,
                since=initiative.stage_since,
                action=_("Ask for a budget"),
            )
        elif budget.approved is None:
            yield blocker(
                "budget.open",
                _("%(amount)s for %(months)s months is asked for and not approved.")
                % {"amount": money(budget.asked, budget.currency), "months": budget.months},
                people=functions.members(Function.FINANCE)[:3],
                function=Function.FINANCE,
                url=url,
                since=budget.asked_at,
                action=_("Approve the budget"),
            )
        elif budget.approved < budget.asked:
            yield blocker(
                "budget.less",
                _("%(approved)s is approved; %(asked)s is asked for.")
                % {"approved": money(budget.approved, budget.currency), "asked": money(budget.asked, budget.currency)},
                people=movers(initiative),
                url=url,
                since=budget.approved_at,
                action=_("Ask for less, or for the rest"),
            )


@listed
class ControlsConfirmed(Rule):
    code = "controls.confirmed"
    title = gettext_lazy("The tier's controls are confirmed")
    reason = gettext_lazy("A control is met when the function that owns it has looked, not when somebody says so.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        for control in proof.controls(initiative):
            if control.is_met(at):
                continue
            url = page("initiatives:controls", initiative, control.ref)
            answer = url.replace("#", f"?control={control.ref}#")
            if control.waits_for_confirmation:
                yield blocker(
                    f"control.{control.ref}",
                    _("%(control)s waits for a look by %(function)s.")
                    % {"control": control.title, "function": control.function_label},
                    function=Function(control.function),
                    url=url,
                    since=control.check.supplied_at,
                    action=_("Confirm it"),
                )
            elif control.check and control.check.returned_because:
                yield blocker(
                    f"control.{control.ref}",
                    _("%(control)s was returned: %(reason)s")
                    % {"control": control.title, "reason": control.check.returned_because},
                    people=movers(initiative),
                    url=answer,
                    since=control.check.returned_at,
                    action=_("Answer it"),
                )
            elif control.state(at) == "expired":
                yield blocker(
                    f"control.{control.ref}.expired",
                    _("%(control)s was set aside until %(day)s, which has passed.")
                    % {"control": control.title, "day": control.check.waived_until.isoformat()},
                    people=movers(initiative),
                    url=answer,
                    action=_("Say how it is met"),
                )
            else:
                yield blocker(
                    f"control.{control.ref}",
                    _("%(control)s: nobody has said how it is met.") % {"control": control.title},
                    people=movers(initiative),
                    url=answer,
                    since=initiative.stage_since,
                    action=_("Say how it is met"),
                )


@listed
class SignedOff(Rule):
    code = "signed.off"
    title = gettext_lazy("The functions the tier asks for have signed off")
    reason = gettext_lazy(
        "At tier 3 Security, at tier 4 Compliance and Security look at the whole before it goes live."
    )

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        needed = policy.current().tiers[initiative.tier].sign_offs if initiative.tier is not None else []
        if not needed:
            return
        given = proof.sign_offs_of_open_question(initiative, "restart" if initiative.stage == "stopped" else "go_live")
        for slug in needed:
            function, sign_off = Function(slug), given.get(slug)
            if sign_off is not None and sign_off.answer == "signed":
                continue
            url = page("initiatives:controls", initiative, f"sign-off-{slug}")
            if sign_off is not None:
                url = reverse("gates:sign_off", args=[initiative.key, sign_off.decision.number, slug])
            if sign_off is not None and sign_off.answer == "refused":
                yield blocker(
                    f"sign_off.{slug}",
                    _("%(function)s did not sign off: %(reason)s")
                    % {"function": function.label, "reason": sign_off.reason},
                    people=movers(initiative),
                    function=function,
                    url=url,
                    since=sign_off.answered_at,
                    action=_("See why"),
                )
            else:
                yield blocker(
                    f"sign_off.{slug}",
                    _("%(function)s has not signed off.") % {"function": function.label},
                    people=functions.members(function)[:3],
                    function=function,
                    url=url,
                    since=sign_off.asked_at if sign_off else None,
                    action=_("Sign off"),
                )


@listed
class BadCallLineWhole(Rule):
    code = "bad_call"
    title = gettext_lazy("The bad-call line is whole")
    reason = gettext_lazy("If it makes a bad call: who is paged, what breaks, how fast we roll back.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        edit = "initiatives:amend"
        if raci.matrix(initiative).escalation(Row.HALT) is None:
            yield blocker(
                "bad_call.who",
                _("Nobody is paged when it makes a bad call."),
                people=namers(initiative),
                function=Function.PORTFOLIO,
                url=page("initiatives:matrix", initiative, "halt-E"),
                action=_("Name the Escalation owner"),
            )
        for field, words in (
            ("breaks", _("what breaks when it makes a bad call")),
            ("rollback_how", _("how it is stopped and rolled back")),
            ("rollback_minutes", _("how fast it is rolled back")),
        ):
            if not getattr(initiative, field):
                yield blocker(
                    f"bad_call.{field}",
                    _("It is not said %(what)s.") % {"what": words},
                    people=movers(initiative),
                    url=page(edit, initiative, f"id_{field}"),
                    action=_("Add it"),
                )


@listed
class RestartExplained(Rule):
    code = "restart.explained"
    title = gettext_lazy("Cause, fix and evidence are written down")
    reason = gettext_lazy("Stopping is easy. Starting again is deliberate.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        brought = initiative.__dict__.get("_brought_decisions")  # by many.py, for many at once
        if brought is None:
            asked = initiative.decisions.filter(kind="restart", closed="").first()
        else:
            asked = next((d for d in brought if d.kind == "restart"), None)
        told = asked.particulars if asked else {}
        for field, words in (
            ("cause", _("the cause")),
            ("fix", _("the fix")),
            ("evidence", _("the evidence that the fix works")),
        ):
            if not str(told.get(field, "")).strip():
                yield blocker(
                    f"restart.{field}",
                    _("The restart does not say %(what)s.") % {"what": words},
                    people=raci.matrix(initiative).responsible(Row.HALT),
                    url=f"{page('gates:ask', initiative)}?kind=restart",
                    action=_("Write it down"),
                )


@listed
class PostmortemPublished(Rule):
    code = "postmortem"
    title = gettext_lazy("The postmortem is published")
    reason = gettext_lazy("What was learned is worth as much as what was built.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        retirement = getattr(initiative, "retirement", None)
        if retirement is None or retirement.published_at is None:
            yield blocker(
                "postmortem",
                _("The postmortem is not published."),
                people=[raci.retirer(initiative)],
                function=Function.PORTFOLIO,
                url=page("gates:postmortem", initiative),
                since=retirement.begun_at if retirement else None,
                action=_("Write it"),
            )


@listed
class NothingDecidedHere(Rule):
    code = "nothing.decided"
    title = gettext_lazy("No decision made here would be overwritten")
    reason = gettext_lazy("A correction mends a record. It does not undo a decision.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        passed = initiative.decisions.filter(closed="decided", outcome="pass").select_related("decided_by")
        made = passed.order_by("-closed_at").first()
        if made is not None:
            yield blocker(
                "nothing.decided",
                _("%(name)s decided here on %(day)s. Stop or retire it instead.")
                % {"name": made.decided_by.name, "day": made.closed_at.date().isoformat()},
                url=page("initiatives:history", initiative),
            )
        retirement = getattr(initiative, "retirement", None)
        if retirement is not None and retirement.published_at is not None:
            yield blocker(
                "nothing.retired",
                _("%(name)s retired it here on %(day)s, and what was learned is published.")
                % {"name": retirement.published_by.name, "day": retirement.published_at.date().isoformat()},
                url=page("gates:postmortem", initiative),
            )


@listed
class LowerTierSigned(Rule):
    code = "tier.lower"
    title = gettext_lazy("Compliance has signed the lower tier")
    reason = gettext_lazy("Saying that less can go wrong takes a second pair of eyes.")

    def blockers(self, initiative, at: datetime) -> Iterator[Blocker]:
        given = proof.sign_offs_of_open_question(initiative, "tier_change").get(Function.COMPLIANCE.value)
        if given is None or given.answer != "signed":
            yield blocker(
                "tier.lower",
                _("Compliance has not signed the lower tier."),
                people=functions.members(Function.COMPLIANCE)[:3],
                function=Function.COMPLIANCE,
                url=given.decision.get_absolute_url() if given else "",
                since=given.asked_at if given else None,
                action=_("Sign off"),
            )
