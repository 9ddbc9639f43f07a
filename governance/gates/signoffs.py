"""Sign-offs: the functions a tier asks for look at the whole before a go-live or a restart."""

from datetime import datetime

from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.gates import refusals
from governance.gates.models import Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.gates.settling import settle
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.outcomes.models import Measurement
from governance.people import calendars, functions
from governance.people.functions import Function
from governance.people.proof import Proof
from governance.proof.models import ControlCheck, SignOff
from governance.raci import queries as raci
from governance.raci.models import Row
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning


def needed(decision: Decision, initiative) -> list[str]:
    """Return the functions whose signature this question waits for."""
    if decision.kind == Kind.TIER_CHANGE:
        return [Function.COMPLIANCE.value] if decision.particulars["to"] < decision.particulars["from"] else []
    tier = policy.current().tiers.get(initiative.tier)
    return tier.sign_offs if tier and QUESTIONS[decision.kind].signed_off else []


def ask_for(decision: Decision, initiative, *, by, at: datetime, say) -> None:
    """Ask every function this question waits for; due 2 working days before it. Inside the asking act."""
    for slug in needed(decision, initiative):
        function = Function(slug)
        before = policy.current().windows["sign_off_before_gate_wd"]
        whole = policy.current().windows[QUESTIONS[decision.kind].window]
        due = calendars.of_person(None).working_days_after(at, max(whole - before, 1))
        row = SignOff.objects.create(
            initiative=initiative,
            decision=decision,
            function=slug,
            asked_by=by,
            asked_at=at,
            due_at=min(due, decision.due_at),
        )
        say(Verb.SIGNOFF_ASKED, row, function=slug, decision=decision.pk, due_at=row.due_at)
        notices.owe(
            functions.members(function),
            thing=row,
            occasion="asked",
            initiative=initiative,
            at=at,
            binding=True,
            due=row.due_at,
            action=_("Look and sign off"),
            subject=_("Sign-off asked: %(key)s %(name)s, tier %(tier)s")
            % {"key": initiative.key, "name": initiative.name, "tier": initiative.tier},
            body=_("%(who)s asks. Without it the decision cannot pass; silence counts as not signed.")
            % {"who": by.name},
            path=decision.get_absolute_url(),
            why=_("You are in %(function)s.") % {"function": function.label},
        )


def may_answer(person, initiative, sign_off: SignOff) -> str:
    """Return "" when `person` may sign this off, else the sentence that says whose it is. Four queries at most."""
    label = functions.label(sign_off.function)
    mine = functions.of(person)
    rows = (Row.GO_LIVE, Row.HALT) if sign_off.decision.kind == Kind.RESTART else (Row.GO_LIVE,)
    if sign_off.function not in mine or (
        sign_off.decision.kind != Kind.TIER_CHANGE
        and sign_off.function not in raci.matrix(initiative).consulted_functions(person, mine, rows)
    ):
        return _("%(function)s signs this off.") % {"function": label}
    if sign_off.asked_by_id == person.pk or sign_off.decision.asked_by_id == person.pk:
        return _("You asked for this, so somebody else in %(function)s must sign it off.") % {"function": label}
    wrote = {"initiative_id": initiative.pk, "supplied_by": person}
    if ControlCheck.objects.filter(**wrote).exists() or Measurement.objects.filter(**wrote).exists():
        return _("You wrote part of its evidence, so somebody else in %(function)s must sign it off.") % {
            "function": label
        }
    return ""


def facts(sign_off: SignOff, initiative) -> dict:
    """Return what a sign-off rests on, as it stands. One query for the controls."""
    checks = (
        ControlCheck.objects.filter(initiative_id=initiative.pk)
        .order_by("ref")
        .values("ref", "note", "confirmed_by_id", "waived_until")
    )
    return {
        "decision": sign_off.decision_id,
        "kind": sign_off.decision.kind,
        "function": sign_off.function,
        "version": initiative.version,
        "tier": initiative.tier,
        "controls": list(checks),
    }


def shown(sign_off: SignOff, initiative) -> str:
    """Return the digest that the form carries: what was shown. Different at the POST means: look again. One query."""
    return canonical.digest(facts(sign_off, initiative))


def answer(
    sign_off: SignOff, signed: bool, *, by, at: datetime, proof: Proof | None, reason: str = "", seen: str | None = None
) -> SignOff:
    """Sign off, or refuse to with a reason. The same answer again returns it unchanged.

    `seen` is the digest of what the form showed; a page always carries it. Raises Refused, Conflict
    (answered already, closed, or something changed since it was shown); both are recorded.
    """
    settle(sign_off.initiative, at=at)
    with (
        refusals.recorded("sign", sign_off, initiative_id=sign_off.initiative_id, by=by, at=at),
        ledger.act(by=by, at=at) as say,
    ):
        initiative = Initiative.objects.lock(sign_off.initiative_id)
        sign_off = (
            SignOff.objects.select_for_update(of=("self",))
            .select_related("decision", "answered_by")
            .get(pk=sign_off.pk)
        )
        sign_off.initiative = initiative
        wanted = SignOff.Answer.SIGNED if signed else SignOff.Answer.REFUSED
        if sign_off.answer:
            if (sign_off.answered_by_id, sign_off.answer) == (by.pk, wanted):
                return sign_off
            raise Conflict(
                _("%(name)s answered this already. Nothing was changed by your click.")
                % {"name": sign_off.answered_by.name}
            )
        if sign_off.decision.closed:
            raise Conflict(_("The question this belongs to is closed."))
        if refusal := may_answer(by, initiative, sign_off):
            raise Refused(refusal, str(functions.label(sign_off.function)))
        if proof is None:
            raise Refused(_("Prove that it is you before you sign."))
        told = facts(sign_off, initiative)
        if seen is not None and canonical.digest(told) != seen:
            raise Conflict(_("Something changed since this page was shown. Read it again, then sign."))
        sign_off.signature = signatures.sign(
            initiative=initiative,
            by=by,
            meaning=Meaning.SIGN_OFF,
            proof=proof,
            at=at,
            statement=statement(sign_off, initiative, signed),
            facts={**told, "answer": str(wanted)},
        )
        sign_off.answer, sign_off.answered_by, sign_off.answered_at, sign_off.reason = wanted, by, at, reason[:600]
        sign_off.save()
        say(
            Verb.SIGNOFF_SIGNED if signed else Verb.SIGNOFF_REFUSED,
            sign_off,
            function=sign_off.function,
            decision=sign_off.decision_id,
            signature=sign_off.signature_id,
            text={"reason": reason} if reason else None,
        )
        matrix = raci.matrix(initiative)
        people = [p for p in (matrix.owner, *matrix.responsible(Row.GO_LIVE), sign_off.asked_by) if p]
        notices.owe(
            people,
            thing=sign_off,
            occasion="answered",
            initiative=initiative,
            at=at,
            subject=(
                _("Signed off by %(function)s: %(key)s") if signed else _("Not signed off by %(function)s: %(key)s")
            )
            % {"function": functions.label(sign_off.function), "key": initiative.key},
            body=reason or _("%(who)s signed.") % {"who": by.name},
            path=sign_off.decision.get_absolute_url(),
            why=_("You answer for it or move it forward."),
        )
    return sign_off


def statement(sign_off: SignOff, initiative, signed: bool) -> str:
    """Return the words somebody signs."""
    words = {
        "function": functions.label(sign_off.function),
        "kind": sign_off.decision.get_kind_display(),
        "key": initiative.key,
        "name": initiative.name,
    }
    if signed:
        return _("For %(function)s: I looked at %(key)s %(name)s and its controls, and sign off: %(kind)s.") % words
    return _("For %(function)s: I looked at %(key)s %(name)s and do not sign off: %(kind)s.") % words
