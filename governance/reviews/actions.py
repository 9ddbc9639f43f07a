"""Doing a review: five answers by a named person, and what they lead to."""

from datetime import datetime

from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from governance import ledger, policy
from governance.core.errors import Conflict, Refused
from governance.core.rules import Blocked, Blocker
from governance.initiatives import actions as initiatives
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import calendars
from governance.raci import queries as raci
from governance.raci.models import Row
from governance.reviews import cadence, queries
from governance.reviews.models import Review, ReviewOutcome

#: The five questions, as the review keeps their answers.
QUESTIONS = ("moved", "evidence", "went_wrong", "people", "next_step")


def do(
    initiative: Initiative, answers: dict[str, str], outcome: str, *, by, at: datetime, seen_due: datetime | None = None
) -> Review:
    """Do the review that is due: keep the five answers, set when the next is due, tell the others.

    `outcome` is one of ReviewOutcome. A pause is made here; stopping and retiring are acts of their own,
    which the page leads to. The next review counts from the day this one was due. `seen_due` is the due
    date the form was for. The same person's same answers again return the review that was kept.

    Raises Refused for anybody but business owner and workflow owner, Blocked where none is due yet or an
    answer is empty (every reason), Conflict where somebody did it since the form was shown.
    """
    outcome = ReviewOutcome(outcome)
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        people = queries.answering(initiative)
        if by.pk not in {p.pk for p in people}:
            names = ", ".join(p.name for p in people)
            if not names:
                raise Refused(
                    _("Nobody answers for it, so nobody can review it. The Portfolio office can name somebody.")
                )
            raise Refused(_("%(names)s review it.") % {"names": names}, names)
        if seen_due is not None and seen_due != initiative.review_due_at:
            return _done_already(initiative, answers, outcome, by=by, due=seen_due)
        if reasons := queries.why_not(initiative, at) + _empty(initiative, answers):
            raise Blocked(reasons)
        due, tier = initiative.review_due_at, policy.current().tiers[initiative.tier]
        number = (Review.objects.filter(initiative=initiative).aggregate(n=Max("number"))["n"] or 0) + 1
        made = Review.objects.create(
            initiative=initiative,
            number=number,
            due_at=due,
            done_at=at,
            done_by=by,
            outcome=outcome,
            **{name: answers[name].strip() for name in QUESTIONS},
        )
        zone = calendars.of_person(raci.matrix(initiative).accountable(Row.GO_LIVE) or by).zone
        initiative.review_due_at = cadence.next_due(due, tier.review_d, at, zone)
        initiative.save(update_fields=["review_due_at"])
        say(
            Verb.REVIEW_DONE,
            made,
            number=number,
            outcome=str(outcome),
            due_at=due,
            next_due_at=initiative.review_due_at,
            text={name: getattr(made, name) for name in QUESTIONS},
        )
        if outcome is ReviewOutcome.PAUSE and initiative.rollout_paused_at is None:
            initiatives.pause_rollout(
                initiative,
                by=by,
                at=at,
                because=_("Review %(number)s: %(next)s") % {"number": number, "next": made.next_step},
            )
        _tell_others(made, initiative, people, by=by, at=at)
    return made


def _empty(initiative: Initiative, answers: dict[str, str]) -> list[Blocker]:
    """Return a reason for every question without an answer."""
    page = reverse("reviews:do", args=[initiative.key])
    return [
        Blocker(
            f"review.{name}",
            _("“%(question)s” has no answer.") % {"question": Review._meta.get_field(name).verbose_name},
            url=f"{page}#id_{name}",
        )
        for name in QUESTIONS
        if not str(answers.get(name, "")).strip()
    ]


def _done_already(initiative: Initiative, answers: dict[str, str], outcome: str, *, by, due: datetime) -> Review:
    """Return the review that was kept for `due` if these are its very answers; else say who did it. One query."""
    kept = Review.objects.filter(initiative=initiative, due_at=due).select_related("done_by").first()
    if kept is None:
        raise Conflict(
            _("The date of the review was moved since this page was shown. Nothing was changed by your click.")
        )
    same = kept.outcome == outcome and all(
        getattr(kept, name) == str(answers.get(name, "")).strip() for name in QUESTIONS
    )
    if kept.done_by_id == by.pk and same:
        return kept
    raise Conflict(
        _("%(name)s did this review already. Nothing was changed by your click.") % {"name": kept.done_by.name}
    )


def _tell_others(made: Review, initiative: Initiative, people: list, *, by, at: datetime) -> None:
    """Tell the other of the two, the Responsible, and where it is to be retired or stopped the Escalation owner, too."""
    matrix = raci.matrix(initiative)
    others = [*people, *matrix.responsible(Row.GO_LIVE)]
    if made.outcome in (ReviewOutcome.STOP, ReviewOutcome.RETIRE):
        others.append(matrix.escalation(Row.HALT))
    words = {
        ReviewOutcome.CONTINUE: _("It goes on."),
        ReviewOutcome.PAUSE: _("The rollout is paused: it runs on and must not expand."),
        ReviewOutcome.STOP: _("The review says: stop it."),
        ReviewOutcome.RETIRE: _("The review says: retire it."),
    }
    notices.owe(
        [p for p in others if p is not None and p.pk != by.pk],
        thing=made,
        occasion="done",
        initiative=initiative,
        at=at,
        subject=_("Reviewed: %(key)s %(name)s, %(outcome)s")
        % {"key": initiative.key, "name": initiative.name, "outcome": str(made.get_outcome_display()).lower()},
        body="\n".join(
            (
                _("%(who)s reviewed it.") % {"who": by.name} + " " + words[ReviewOutcome(made.outcome)],
                _("Next: %(next)s") % {"next": made.next_step},
            )
        ),
        path=reverse("reviews:show", args=[initiative.key, made.number]),
        why=_("You answer for it or move it forward."),
    )
