"""What occasions say about questions, offers and sign-offs, and to whom."""

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.core.moments import day, moment, span
from governance.core.words import mid_sentence
from governance.gates import queries as gates
from governance.gates.models import Decision
from governance.gates.questions import QUESTIONS
from governance.people import functions
from governance.people.functions import Function
from governance.proof.models import SignOff
from governance.raci.models import Assignment, Role, Row
from governance.reviews.letters import Letter, named, why_decides
from governance.reviews.look import Look


def gate_reminder(decision: Decision, look: Look) -> Letter:
    """Remind the one person who decides that time is running out, and say what silence does."""
    initiative, question = decision.initiative, QUESTIONS[decision.kind]
    decides = gates.decider(decision, initiative)

    def subject() -> str:
        left = span(decision.due_at - look.at).capitalize()
        words = {**named(initiative), "left": left, "verb": question.verb}
        return _("%(left)s left: %(verb)s, %(key)s %(name)s") % words

    def body() -> str:
        if decides is None:
            return _("Nobody is Accountable for it, so nobody can answer. Name somebody.")
        words = {"moment": moment(decision.due_at), "silent": mid_sentence(question.if_silent)}
        return _("If nobody decides by %(moment)s: %(silent)s") % words

    return Letter(
        [decides] if decides else look.office,
        subject,
        body,
        decision.get_absolute_url(),
        why=why_decides(decides, gates.row_of(decision)),
        due=decision.due_at,
        action=lambda: _("Review and decide"),
        binding=True,
    )


def gate_time_up(decision: Decision, look: Look) -> Letter:
    """Preview what settling a question does; the gates room writes the real notice."""
    initiative, question = decision.initiative, QUESTIONS[decision.kind]
    to = gates.escalation_owner(decision, initiative)
    lapses = decision.state_at(look.at) == "lapsed"
    people = [gates.decider(decision, initiative), decision.asked_by, to] if lapses else [to]

    def subject() -> str:
        says = _("Lapsed: %(verb)s, %(key)s %(name)s") if lapses else _("Get it decided: %(verb)s, %(key)s %(name)s")
        return says % {**named(initiative), "verb": question.verb}

    return Letter(
        [p for p in people if p is not None],
        subject,
        lambda: str(question.if_silent),
        decision.get_absolute_url(),
        why=lambda: "",
        due=decision.final_at,
        binding=True,
    )


def day_90(decision: Decision, look: Look) -> Letter:
    """Remind the Accountable of the pilot of day 90."""
    initiative, decides = decision.initiative, gates.decider(decision, decision.initiative)

    def subject() -> str:
        words = {**named(initiative), "left": span(decision.due_at - look.at).capitalize()}
        return _("%(left)s to fund or retire %(key)s %(name)s") % words

    def body() -> str:
        says = _(
            "Pass opens the funding gate at once. If nobody decides by %(moment)s, it is stopped and retires with a postmortem."
        )
        return says % {"moment": moment(decision.due_at)}

    return Letter(
        [decides] if decides else look.office,
        subject,
        body,
        decision.get_absolute_url(),
        why=why_decides(decides, Row.PILOT),
        due=decision.due_at,
        action=lambda: _("Decide"),
    )


# Offers


def _role(offer: Assignment) -> str:
    """Return what people call the role."""
    if offer.role == Role.ACCOUNTABLE and offer.row in (Row.GO_LIVE, Row.HALT):
        return _("business owner")
    return _("%(role)s for %(row)s") % {"role": Role(offer.role).label, "row": Row(offer.row).label}


def offer_reminder(offer: Assignment, look: Look) -> Letter:
    """Remind somebody of a role they were offered."""
    initiative, deadline = offer.initiative, offer.answer_by

    def subject() -> str:
        words = {**named(initiative), "role": _role(offer), "day": day(deadline)}
        return _("Will you be %(role)s of %(key)s %(name)s? Answer by %(day)s") % words

    def body() -> str:
        says = _("If you do not answer by %(moment)s, the role stays vacant and the Portfolio office is told.")
        return says % {"moment": moment(deadline)}

    return Letter(
        [offer.person],
        subject,
        body,
        reverse("initiatives:answer_offer", args=[initiative.key, offer.pk]),
        why=lambda: _("You were named."),
        due=deadline,
        action=lambda: _("Answer"),
        binding=True,
    )


def offer_lapsed(offer: Assignment, look: Look) -> Letter:
    """Preview what happens to an offer nobody answers."""

    def subject() -> str:
        words = {"who": offer.person.name, "role": _role(offer), "key": offer.initiative.key}
        return _("Not answered: %(who)s as %(role)s of %(key)s") % words

    return Letter(
        look.office,
        subject,
        lambda: _("The role is vacant."),
        reverse("initiatives:matrix", args=[offer.initiative.key]),
        why=lambda: "",
    )


# Sign-offs


def sign_off_due(row: SignOff, look: Look) -> Letter:
    """Remind a function of the sign-off it was asked for."""
    initiative, function = row.initiative, {"function": functions.label(row.function)}
    return Letter(
        look.first_of(Function(row.function)),
        lambda: _("Sign off by %(day)s: %(key)s %(name)s") % {**named(initiative), "day": day(row.due_at)},
        lambda: _("Silence counts as not signed: without %(function)s it cannot pass.") % function,
        row.decision.get_absolute_url(),
        why=lambda: _("You are in %(function)s.") % function,
        due=row.due_at,
        action=lambda: _("Look and sign off"),
        binding=True,
    )


def sign_off_late(row: SignOff, look: Look) -> Letter:
    """Tell a function and the Portfolio office that a sign-off is late."""
    initiative, function = row.initiative, {"function": functions.label(row.function)}

    def body() -> str:
        words = {**function, "moment": moment(row.due_at), "what": QUESTIONS[row.decision.kind].verb}
        return (
            _("It was due %(moment)s. It counts as not signed: “%(what)s” cannot pass before %(function)s signs.")
            % words
        )

    return Letter(
        [*look.members(Function(row.function)), *look.office],
        lambda: _("Late: sign-off by %(function)s, %(key)s %(name)s") % {**named(initiative), **function},
        body,
        row.decision.get_absolute_url(),
        why=lambda: _("You are in %(function)s or in the Portfolio office.") % function,
        due=row.decision.due_at,
        action=lambda: _("Look and sign off"),
        binding=True,
    )
