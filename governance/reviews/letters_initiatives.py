"""What occasions say about one initiative, and to whom: its review, a stage that waits, its postmortem, its stop."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from governance import policy
from governance.core.moments import day, moment, span
from governance.gates.models import Retirement, Stop, StopWish
from governance.initiatives import steps
from governance.initiatives.models import Initiative
from governance.people.functions import Function
from governance.people.models import Person
from governance.raci import queries as raci
from governance.raci.models import Row
from governance.reviews import cadence, queries
from governance.reviews.letters import Letter, Words, answers_for, call, escalation, named, names, once, why_answers
from governance.reviews.look import Look

# What an adopted pilot owes


def adopted_rest(initiative: Initiative, look: Look) -> Letter:
    """Say what is still missing of a pilot that was found in use; nobody is told where nothing is."""
    missing = [b.message for rule in steps.rules_of("start_pilot") for b in rule.blockers(initiative, look.at)]
    people = [answers_for(initiative), *raci.matrix(initiative).responsible(Row.PILOT)] if missing else []
    begins = _("It was found in use and goes on as a pilot. Without these its funding gate cannot pass:")
    return Letter(
        once(people),
        lambda: _("Due now: what a pilot has to say, %(key)s %(name)s") % named(initiative),
        lambda: "\n".join((begins, *missing)),
        initiative.get_absolute_url(),
        why=lambda: _("You answer for it or move it forward."),
        action=lambda: _("Add what is missing"),
    )


# Reviews


def _review(initiative: Initiative, look: Look, *, subject: Words, body: Words, due: datetime | None = None) -> Letter:
    """Write to business owner and workflow owner about a review, or to the Portfolio office where there is neither."""
    people = queries.answering(initiative)

    def why() -> str:
        if people:
            return _("You answer for it as business owner or workflow owner.")
        return _("You are in the Portfolio office; nobody answers for it.")

    return Letter(
        people or look.office,
        subject,
        body,
        reverse("reviews:do", args=[initiative.key]),
        why=why,
        due=due,
        action=lambda: _("Do the review"),
    )


def review_before(initiative: Initiative, look: Look) -> Letter:
    """Remind business owner and workflow owner of a review ahead."""
    due = initiative.review_due_at
    return _review(
        initiative,
        look,
        subject=lambda: (
            _("Review %(key)s %(name)s by %(day)s, about 4 minutes") % {**named(initiative), "day": day(due)}
        ),
        body=lambda: _("What moved since the last review, and what is next? Five questions."),
        due=due,
    )


def review_due(initiative: Initiative, look: Look) -> Letter:
    """Say on the day that a review is due."""
    due = initiative.review_due_at
    return _review(
        initiative,
        look,
        subject=lambda: _("Review due %(moment)s: %(key)s %(name)s") % {**named(initiative), "moment": moment(due)},
        body=lambda: _("Five questions, about 4 minutes. The next review counts from this day, whenever you do it."),
        due=due,
    )


def _escalated_to(initiative: Initiative) -> list[Person]:
    matrix = raci.matrix(initiative)
    return once([matrix.owner, matrix.accountable(Row.HALT), *escalation(initiative)])


def review_late(initiative: Initiative, look: Look) -> Letter:
    """Say that a review is late, and to whom it goes next."""
    due, tier = initiative.review_due_at, policy.current().tiers[initiative.tier]
    # Nobody is late while it is stopped.
    then = cadence.escalate_at(max(due, initiative.stage_since), tier.escalate_review_after_d)
    to = names(_escalated_to(initiative))

    def body() -> str:
        if look.at < then:
            says = _("It was due %(moment)s. If it is not done by %(then)s, it goes to %(to)s as missing.")
        else:
            says = _("It was due %(moment)s. Since %(then)s it is with %(to)s as missing.")
        return says % {"moment": moment(due), "then": moment(then), "to": to or _("the Portfolio office")}

    return _review(
        initiative,
        look,
        subject=lambda: _("Late: the review of %(key)s %(name)s") % named(initiative),
        body=body,
    )


def review_escalated(initiative: Initiative, look: Look) -> Letter:
    """Tell the Accountable and the Escalation owner that a review is missing."""
    people, due = _escalated_to(initiative), initiative.review_due_at
    who = names(queries.answering(initiative))

    def subject() -> str:
        words = {**named(initiative), "span": span(look.at - due), "tier": initiative.tier}
        return _("Review missing for %(span)s: %(key)s %(name)s, tier %(tier)s") % words

    def body() -> str:
        says = _(
            "It was due %(moment)s and is put to %(who)s. It runs on unreviewed until somebody reviews, pauses or stops it."
        )
        return says % {"moment": moment(due), "who": who or _("nobody")}

    def why() -> str:
        if people:
            return _("You are Accountable or Escalation owner.")
        return _("You are in the Portfolio office; nobody answers for it.")

    return Letter(
        people or look.office,
        subject,
        body,
        reverse("reviews:do", args=[initiative.key]),
        why=why,
        action=lambda: _("Open the review"),
        binding=True,
    )


# Stages that wait


def build_owner(initiative: Initiative, look: Look) -> Letter:
    """Ask the business owner about a build that takes long."""
    owner, since = answers_for(initiative), initiative.stage_since
    return Letter(
        [owner] if owner else look.office,
        lambda: _("In build since %(day)s: %(key)s %(name)s") % {**named(initiative), "day": day(since)},
        lambda: _("Take it live or retire it. If nothing happens, the Escalation owner is told."),
        initiative.get_absolute_url(),
        why=why_answers(owner),
    )


def build_escalated(initiative: Initiative, look: Look) -> Letter:
    """Tell the Escalation owner about a build that nobody ends."""
    people, owner = escalation(initiative, Row.GO_LIVE), answers_for(initiative)

    def body() -> str:
        words = {"day": day(initiative.stage_since), "owner": owner.name if owner else _("Nobody")}
        return (
            _("It is in build since %(day)s. %(owner)s was asked to take it live or retire it. Get it decided.") % words
        )

    def why() -> str:
        if people:
            return _("You are Escalation owner.")
        return _("You are in the Portfolio office; it has no Escalation owner.")

    return Letter(
        people or look.office,
        lambda: _("Still in build: %(key)s %(name)s") % named(initiative),
        body,
        initiative.get_absolute_url(),
        why=why,
        binding=True,
    )


def stopped_owner(initiative: Initiative, look: Look) -> Letter:
    """Ask the business owner what becomes of something stopped for long."""
    owner, since = answers_for(initiative), initiative.stage_since
    return Letter(
        [owner] if owner else look.office,
        lambda: _("Stopped since %(day)s: %(key)s %(name)s") % {**named(initiative), "day": day(since)},
        lambda: _(
            "Start it again, take it back to the pilot, or retire it. Until then the Escalation owner and the Portfolio office are told every week."
        ),
        initiative.get_absolute_url(),
        why=why_answers(owner),
    )


def stopped_weekly(initiative: Initiative, look: Look) -> Letter:
    """Tell Escalation owner and Portfolio office, week by week, that something is still stopped."""
    owner = answers_for(initiative)

    def subject() -> str:
        words = {**named(initiative), "span": span(look.at - initiative.stage_since)}
        return _("Still stopped after %(span)s: %(key)s %(name)s") % words

    def body() -> str:
        says = _("%(owner)s was asked to start it again, take it back to the pilot, or retire it.")
        return says % {"owner": owner.name if owner else _("Nobody")}

    return Letter(
        [*escalation(initiative), *look.office],
        subject,
        body,
        initiative.get_absolute_url(),
        why=lambda: _("You are Escalation owner, or in the Portfolio office."),
    )


def postmortem_due(made: Retirement, look: Look) -> Letter:
    """Remind whoever retires it of the postmortem."""
    initiative, owner = made.initiative, raci.retirer(made.initiative)

    def subject() -> str:
        words = {**named(initiative), "day": day(made.due_at)}
        return _("Publish what we learned from %(key)s %(name)s by %(day)s") % words

    return Letter(
        [owner] if owner else look.office,
        subject,
        lambda: _("A draft with dates and numbers is ready. It is retired when the postmortem is published."),
        reverse("gates:postmortem", args=[initiative.key]),
        why=why_answers(owner),
        due=made.due_at,
        action=lambda: _("Write the postmortem"),
    )


def postmortem_late(made: Retirement, look: Look) -> Letter:
    """Tell owner, Escalation owner and Portfolio office that a postmortem is late."""
    initiative, owner = made.initiative, raci.retirer(made.initiative)

    def body() -> str:
        words = {"moment": moment(made.due_at), "owner": owner.name if owner else _("the Portfolio office")}
        return _("It was due %(moment)s and is put to %(owner)s. Until it is published, it is not retired.") % words

    return Letter(
        [p for p in (owner, *escalation(initiative), *look.office) if p],
        lambda: _("Late: the postmortem of %(key)s %(name)s") % named(initiative),
        body,
        reverse("gates:postmortem", args=[initiative.key]),
        why=lambda: _("You answer for it, are its Escalation owner, or are in the Portfolio office."),
        action=lambda: _("See the postmortem"),
    )


# Stops


def wish_unanswered(wish: StopWish, look: Look) -> Letter:
    """Tell CTO and COO that somebody asked to stop it and nobody answered."""
    initiative, matrix = wish.initiative, raci.matrix(wish.initiative)
    chiefs = [*look.members(Function.CTO), *look.members(Function.COO)]
    holders = call(matrix.accountable(Row.HALT), matrix.escalation(Row.HALT))

    def subject() -> str:
        words = {**named(initiative), "who": wish.person.name}
        return _("Nobody has answered: %(who)s asks to stop %(key)s %(name)s") % words

    def body() -> str:
        if holders:
            whom = _("Call who can stop it: %(people)s.") % {"people": holders}
        else:
            whom = _("Nobody holds stop authority: the Portfolio office and Compliance can stop it.")
        saw = _("What they saw: %(saw)s") % {"saw": wish.saw}
        asked = _("They asked %(moment)s. It is still running.") % {"moment": moment(wish.at)}
        return f"{saw}\n{asked}\n{whom}"

    def why() -> str:
        return _("You are CTO or COO.") if chiefs else _("You are in the Portfolio office; nobody is CTO or COO.")

    return Letter(chiefs or look.office, subject, body, initiative.get_absolute_url(), why, binding=True)


def stop_unconfirmed(stopped: Stop, look: Look) -> Letter:
    """Say again that a stop is not confirmed, and whom to call."""
    initiative, matrix = stopped.initiative, raci.matrix(stopped.initiative)
    accountable, paged = matrix.accountable(Row.HALT), matrix.escalation(Row.HALT)
    people = [p for p in (accountable, paged) if p]
    numbers = call(paged, initiative.workflow_owner, accountable)

    def body() -> str:
        words = {
            "who": stopped.asked_by.name if stopped.asked_by else _("The clock"),
            "moment": moment(stopped.asked_at),
        }
        asked = _("%(who)s asked to stop it %(moment)s, and nobody has confirmed that it stopped.") % words
        whom = _("Call %(people)s.") % {"people": numbers or _("whoever runs it")}
        return f"{asked}\n{whom}"

    def why() -> str:
        return _("You hold stop authority.") if people else _("Nobody has accepted stop authority.")

    return Letter(
        people or look.first_of(Function.PORTFOLIO, Function.COMPLIANCE),
        lambda: _("NOT CONFIRMED: %(key)s %(name)s may still be running") % named(initiative),
        body,
        reverse("gates:confirm_stop", args=[initiative.key]),
        why,
        action=lambda: _("Confirm that it stopped"),
        binding=True,
    )
