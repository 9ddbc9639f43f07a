"""Answering a question, and what stands around the answer: sign, withdraw, extend, sign off."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance.core import canonical
from governance.core import kept as answers_kept
from governance.core.errors import Conflict, Refused
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.gates import actions, changes, forms, queries, sheets, signoffs, snapshot
from governance.gates.finding import find_decision
from governance.gates.models import Answer, Closed, Decision, Kind
from governance.gates.questions import QUESTIONS
from governance.initiatives import badcall
from governance.initiatives.finding import find
from governance.people import functions, proof
from governance.people.proving import kept, need_proof
from governance.policy import current
from governance.proof import queries as proof_queries
from governance.proof.models import SignOff
from governance.raci import queries as raci

#: The salt of what a form carries about what it showed.
SHOWN = "governance.gates.shown"


@require_http_methods(["GET", "POST"])
def sign(request: Request, number: int, nth: int) -> HttpResponse:
    """Check before signing, and sign: `outcome` is pass or no_pass.

    A POST answers 303 with the receipt, 409 with every reason or with what changed, 422 with what is missing.
    """
    initiative = find(request, number)
    asked = find_decision(initiative, nth)
    outcome = request.POST.get("outcome") or request.GET.get("outcome", "")
    if not outcome and request.method == "GET":
        return redirect(asked)
    if outcome not in Answer.values:
        raise Http404
    if request.method == "POST":
        return _answer(request, asked, outcome)
    if asked.closed or asked.state_at(request.at) == Closed.LAPSED:
        return redirect(asked)
    actions.require_decider(asked, initiative, request.user, outcome)
    return _check(request, asked, outcome)


def _answer(request: Request, asked: Decision, outcome: str) -> HttpResponse:
    """Answer a question with what was posted."""
    form = forms.Sign(request.POST, kind=asked.kind, outcome=outcome)
    decides = queries.decider(asked)
    mine = (decides is not None and decides == request.user) or asked.decided_by_id == request.user.pk
    if mine and asked.is_open and not form.is_valid():
        return _check(request, asked, outcome, form, status=422)
    # Whoever may not answer is told so without proving anything first.
    proved = need_proof(request) if mine else proof.fresh(request)
    if isinstance(proved, HttpResponse):
        return proved
    said = {name: form.data.get(name, "").strip() for name in ("seen", "reason", "learned")}
    try:
        done = actions.decide(asked, outcome, by=request.user, at=request.at, proof=proved, **said)
    except Conflict:
        now = find_decision(find(request, asked.initiative.number), asked.number)  # with the facts as they are by now
        if now.closed:
            raise
        return _check(request, now, outcome, form, status=409)
    does = QUESTIONS[done.kind].pass_words if outcome == Answer.PASS else QUESTIONS[done.kind].no_pass_words
    messages.success(
        request,
        _("%(outcome)s, signed. %(does)s Recorded as decision %(number)s of %(key)s.")
        % {"outcome": Answer(outcome).label, "does": does, "number": done.number, "key": asked.initiative.key},
    )
    return go(done)


def _check(
    request: Request, asked: Decision, outcome: str, form: forms.Sign | None = None, status: int = 200
) -> HttpResponse:
    """Show what would be signed; raise Blocked where a Pass is asked for and cannot be.

    After a conflict (409), say what changed and start from the facts as they are now.
    """
    initiative, at = asked.initiative, request.at
    with answers_kept.asking_once():
        proof_queries.bring(initiative)
        facts, answers = snapshot.of(asked, initiative, at), sheets.answers(asked, initiative, at)
    if (
        outcome == Answer.PASS
        and status == 200
        and (found := [blocker for answer in answers for blocker in answer.blockers])
    ):
        raise Blocked(found)
    held = {"seen": canonical.digest(facts), "shown": signing.dumps(canonical.plain(facts), salt=SHOWN, compress=True)}
    was = _what_was_shown(form) if status == 409 and form is not None else {}
    moved = changes.between(was, facts) if was else []
    if form is None or status == 409:
        typed = {name: form.data.get(name, "") for name in ("reason", "learned")} if form else kept(request)
        form = forms.Sign(initial={**typed, **held}, kind=asked.kind, outcome=outcome)
    passes = outcome == Answer.PASS
    context = {
        "initiative": initiative,
        "decision": asked,
        "question": QUESTIONS[asked.kind],
        "outcome": outcome,
        "passes": passes,
        "outcome_label": Answer(outcome).label,
        "form": form,
        "statement": actions.statement(asked, initiative, outcome),
        "then": sheets.then(asked, initiative, outcome, at),
        "button": _("Sign and pass") if passes else _("Sign: no pass"),
        "answers": answers,
        "cannot": sheets.cannot(answers) if passes else "",
        "money": sheets.money_lines(initiative),
        "digest": held["seen"],
        "moved": moved,
        "stale": status == 409,
        "proved": proof.fresh(request) is not None,
        "told": sheets.told(asked, initiative),
    }
    return render(request, "gates/sign.html", context, status=status)


def _what_was_shown(form: forms.Sign) -> dict[str, Any]:
    """Return the facts the form carried, or none where it carried nothing we wrote."""
    try:
        return signing.loads(form.data.get("shown", ""), salt=SHOWN)
    except signing.BadSignature:
        return {}


# Around the answer


@require_http_methods(["GET", "POST"])
def withdraw(request: Request, number: int, nth: int) -> HttpResponse:
    """Take a question back, by whoever asked it."""
    initiative = find(request, number)
    asked = find_decision(initiative, nth)
    form = forms.Withdraw(request.POST if request.method == "POST" else None)
    if asked.closed == Closed.WITHDRAWN or (
        request.method == "GET" and (asked.closed or asked.state_at(request.at) == Closed.LAPSED)
    ):
        return go(asked) if request.method == "POST" else redirect(asked)
    if request.method == "GET" and not queries.may_withdraw(asked, initiative, request.user):
        raise _only_asker(asked)
    if request.method == "POST" and (form.is_valid() or not queries.may_withdraw(asked, initiative, request.user)):
        actions.withdraw(asked, by=request.user, at=request.at, because=form.cleaned_data.get("because", ""))
        messages.success(request, _("Withdrawn. Nobody has to answer it any more."))
        return go(asked)
    context = {"initiative": initiative, "decision": asked, "question": QUESTIONS[asked.kind], "form": form}
    return render(request, "gates/withdraw.html", context, status=422 if form.errors else 200)


def _only_asker(asked: Decision) -> Refused:
    if asked.asked_by is None:
        return Refused(_("The clock asked this, so nobody can withdraw it."))
    return Refused(
        _("Only %(name)s, who asked, can withdraw this.") % {"name": asked.asked_by.name}, asked.asked_by.name
    )


@require_http_methods(["GET", "POST"])
def extend(request: Request, number: int, nth: int) -> HttpResponse:
    """Give a question more time, once: the Escalation owner's after the hand-over, the decider's for day 90."""
    initiative = find(request, number)
    asked = find_decision(initiative, nth)
    form = forms.Extend(request.POST if request.method == "POST" else None, kind=asked.kind)
    state = asked.state_at(request.at)
    may = asked.is_open and queries.may_extend(asked, actions.roles_for(asked, request.user, initiative), state)
    if request.method == "GET":
        if asked.closed or asked.extended_by_id or state == Closed.LAPSED:
            return redirect(asked)
        if not may:
            raise _only_extender(asked, initiative)
    elif asked.extended_by_id == request.user.pk and asked.is_open:
        return go(asked)
    elif form.is_valid() or not may:
        said = form.cleaned_data
        actions.extend(asked, by=request.user, at=request.at, because=said.get("because", ""), days=said.get("days", 1))
        messages.success(request, _("Extended. The new deadline is on this page."))
        return go(asked)
    context = {
        "initiative": initiative,
        "decision": asked,
        "question": QUESTIONS[asked.kind],
        "form": form,
        "day_90": asked.kind == Kind.DAY_90,
        "days": current().windows["day_90_extension_d"],
        "until": asked.final_at + timedelta(days=current().windows["day_90_extension_d"]),
    }
    return render(request, "gates/extend.html", context, status=422 if form.errors else 200)


def _only_extender(asked: Decision, initiative) -> Refused:
    if asked.kind == Kind.DAY_90:
        decides = queries.decider(asked, initiative)
        return Refused(
            _("Only %(name)s, who decides, can extend it.")
            % {"name": decides.name if decides else _("the Accountable")},
            decides.name if decides else "",
        )
    owner = queries.escalation_owner(asked, initiative)
    return Refused(_("Only the Escalation owner can extend it, once its time is up."), owner.name if owner else "")


@require_http_methods(["GET", "POST"])
def sign_off(request: Request, number: int, nth: int, function: str) -> HttpResponse:
    """Look at the whole for one function, and sign off or not. Everybody who sees it can read where it stands."""
    initiative = find(request, number)
    asked = find_decision(initiative, nth)
    row = (
        SignOff.objects.select_related("answered_by", "asked_by", "signature")
        .filter(decision=asked, function=function)
        .first()
    )
    if row is None:
        raise Http404
    row.decision, row.initiative = asked, initiative
    refusal = "" if row.answer else signoffs.may_answer(request.user, initiative, row)
    form = forms.AnswerSignOff(
        request.POST if request.method == "POST" else None,
        initial={**kept(request), "seen": signoffs.shown(row, initiative)},
    )
    if request.method == "POST":
        may = (not refusal and asked.is_open) or row.answered_by_id == request.user.pk
        if form.is_valid() or not may:
            proved = need_proof(request) if may else proof.fresh(request)
            if isinstance(proved, HttpResponse):
                return proved
            said = form.cleaned_data
            done = signoffs.answer(
                row,
                said.get("answer") == SignOff.Answer.SIGNED,
                by=request.user,
                at=request.at,
                proof=proved,
                reason=said.get("reason", ""),
                seen=said.get("seen", ""),
            )
            messages.success(
                request,
                _("Signed off for %(function)s.") % {"function": functions.label(function)}
                if done.answer == SignOff.Answer.SIGNED
                else _("Recorded: not signed off. Whoever asked is told why."),
            )
            return go(asked)
    controls = _control_rows(initiative, function, request.at)
    context = {
        "initiative": initiative,
        "decision": asked,
        "question": QUESTIONS[asked.kind],
        "row": row,
        "label": functions.label(function),
        "form": form,
        "refusal": refusal,
        "controls": controls,
        "open_controls": sum(row["open"] for row in controls),
        "statement": signoffs.statement(row, initiative, True),
        "told": sheets.told(asked, initiative),
        "can": not row.answer and not refusal and asked.is_open and asked.state_at(request.at) != Closed.LAPSED,
        "members": [] if row.answer else list(functions.members(function)[:5]),
        "seal": sheets.seal(row.signature, initiative),
        "badcall": badcall.parts(initiative),
        "owner": raci.matrix(initiative).owner,
    }
    return render(request, "gates/sign_off.html", context, status=422 if form.errors else 200)


#: What stands beside a control, by its state: the glyph's state, and words.
CONTROL_STATES = {
    "met": ("met", gettext_lazy("Confirmed")),
    "waived": ("waived", gettext_lazy("Waived for now")),
    "waiting": ("waiting", gettext_lazy("Waits for a look")),
    "returned": ("not_met", gettext_lazy("Returned")),
    "expired": ("expired", gettext_lazy("Its waiver ended")),
    "open": ("not_met", gettext_lazy("Nobody said how")),
}


def _control_rows(initiative, function: str, at) -> list[dict[str, Any]]:
    """Return the tier's controls as the page says them: what is open first, then this function's own. One query."""
    rows = []
    for control in proof_queries.controls(initiative):
        state = control.state(at)
        glyph, word = CONTROL_STATES[state]
        rows.append(
            {
                "control": control,
                "check": control.check,
                "glyph": glyph,
                "word": word,
                "open": state not in ("met", "waived"),
                "own": control.function == function,
            }
        )
    return sorted(rows, key=lambda row: (not row["open"], not row["own"]))
