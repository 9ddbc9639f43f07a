"""The tier's controls: saying how one is met, and confirming, returning or waiving it."""

from datetime import date, datetime

from django.utils.translation import gettext as _

from governance import ledger
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.initiatives.actions import require
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import functions
from governance.people.proof import Proof
from governance.proof import queries
from governance.proof.models import ControlCheck
from governance.raci import queries as raci
from governance.raci.grants import May
from governance.raci.models import Row
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning


def _state(initiative, ref: str) -> queries.ControlState:
    """Return where a control stands; Conflict when the tier does not ask for it (any more)."""
    found = next((c for c in queries.controls(initiative) if c.ref == ref), None)
    if found is None:
        raise Conflict(_("Control %(ref)s is not asked for at this tier.") % {"ref": ref})
    return found


def supply(initiative: Initiative, ref: str, *, note: str, effective_on: date, by, at: datetime) -> ControlCheck:
    """Say how a control is met and since when. Saying it again asks the function to look again."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.AMEND, at)
        state = _state(initiative, ref)
        check = state.check or ControlCheck(initiative=initiative, ref=ref)
        check.note, check.effective_on, check.supplied_by, check.supplied_at = note, effective_on, by, at
        check.confirmed_by = check.confirmed_at = check.signature = None
        check.returned_by = check.returned_at = check.waived_by = check.waived_until = None
        check.returned_because = check.waived_because = ""
        check.save()
        say(Verb.CONTROL_SUPPLIED, check, ref=ref, effective_on=effective_on, text={"note": note})
        notices.owe(
            functions.members(state.function),
            thing=check,
            occasion=f"supplied-{at:%Y%m%d%H%M}",
            initiative=initiative,
            at=at,
            subject=_("Confirm a control: %(control)s on %(key)s") % {"control": state.title, "key": initiative.key},
            body=note,
            path=_path(initiative),
            why=_("You are in %(function)s.") % {"function": state.function_label},
        )
    return check


def may_confirm(person, initiative, state: queries.ControlState) -> str:
    """Return "" when `person` may confirm, return or waive this control, else whose it is. Two queries at most."""
    mine = functions.of(person)
    if state.check is not None and state.check.supplied_by_id == person.pk:
        return _("You supplied this, so somebody else must confirm it.")
    if state.function in mine and state.function in raci.matrix(initiative).consulted_functions(
        person, mine, (Row.GO_LIVE,)
    ):
        return ""
    return _("%(function)s confirms this control.") % {"function": state.function_label}


def statement(state: queries.ControlState) -> str:
    """Return the words somebody signs when they confirm a control."""
    return _("I looked at %(control)s and confirm that it is met: %(asks)s") % {
        "control": state.title,
        "asks": state.control.asks,
    }


def facts(state: queries.ControlState) -> dict:
    """Return what a look at a control rests on. No query."""
    check = state.check
    return {
        "ref": state.ref,
        "note": check.note,
        "effective_on": check.effective_on,
        "supplied_by": check.supplied_by_id,
    }


def shown(state: queries.ControlState) -> str:
    """Return the digest that the forms of a control carry: what was shown. No query."""
    return canonical.digest({"statement": statement(state), **facts(state)})


def answer(
    initiative: Initiative,
    ref: str,
    *,
    by,
    at: datetime,
    proof: Proof | None,
    seen: str | None = None,
    returned_because: str = "",
    waived_until: date | None = None,
    waived_because: str = "",
) -> ControlCheck:
    """Confirm a control (signed), return it with a reason, or waive it until a day with a reason.

    `seen` is the digest of what the form showed; a page always carries it. Raises Refused, and Conflict
    when it does not wait for anybody or was supplied anew since.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        state = _state(initiative, ref)
        if refusal := may_confirm(by, initiative, state):
            raise Refused(refusal, str(state.function_label))
        check = state.check
        if check is None or not state.waits_for_confirmation:
            raise Conflict(_("%(control)s does not wait for anybody.") % {"control": state.title})
        if seen is not None and seen != shown(state):
            raise Conflict(_("Something changed since this page was shown. Read it again, then sign."))
        if returned_because:
            check.returned_by, check.returned_at, check.returned_because = by, at, returned_because[:300]
            say(Verb.CONTROL_RETURNED, check, ref=ref, text={"because": returned_because})
        elif waived_until is not None:
            if proof is None:
                raise Refused(_("Prove that it is you before you set a control aside."))
            check.waived_by, check.waived_until, check.waived_because = by, waived_until, waived_because[:300]
            say(Verb.CONTROL_WAIVED, check, ref=ref, until=waived_until, text={"because": waived_because})
        else:
            check.confirmed_by, check.confirmed_at = by, at
            check.signature = signatures.sign(
                initiative=initiative,
                by=by,
                meaning=Meaning.CONTROL,
                proof=proof,
                at=at,
                statement=statement(state),
                facts=facts(state),
            )
            say(Verb.CONTROL_CONFIRMED, check, ref=ref, signature=check.signature_id)
        check.save()
        _take_the_mark_off(initiative, at)
        if returned_because:
            notices.owe(
                check.supplied_by,
                thing=check,
                occasion=f"returned-{at:%Y%m%d%H%M}",
                initiative=initiative,
                at=at,
                subject=_("Returned: %(control)s on %(key)s") % {"control": state.title, "key": initiative.key},
                body=_("%(who)s could not confirm it: %(reason)s") % {"who": by.name, "reason": returned_because},
                path=_path(initiative),
                why=_("You supplied it."),
            )
    return check


def _take_the_mark_off(initiative, at: datetime) -> None:
    """End "evidence missing" when every control of the confirmed tier is met or validly set aside. A query, where marked."""
    if initiative.evidence_due_on is None or initiative.tier is None:
        return
    if all(state.state(at) in ("met", "waived") for state in queries.controls(initiative)):
        initiative.evidence_due_on = None
        initiative.save(update_fields=["evidence_due_on"])


def _path(initiative) -> str:
    from django.urls import reverse

    return reverse("initiatives:controls", args=[initiative.key])
