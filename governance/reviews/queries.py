"""Reading reviews: who answers for one, whether it is open, which wait for whom."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from governance import policy
from governance.core.rules import Blocker
from governance.initiatives.models import Initiative
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from governance.reviews import cadence
from governance.reviews.models import Review

#: Whose Accountable answers for a review, beside the workflow owner.
ROWS = (Row.GO_LIVE, Row.HALT)


@dataclass(frozen=True)
class Standing:
    """Where the next review of an initiative stands. `state` is ahead, open, late or escalated."""

    due_at: datetime
    opens_at: datetime
    escalates_at: datetime
    state: str

    @property
    def is_open(self) -> bool:
        """Whether it can be done now."""
        return self.state != "ahead"

    @property
    def is_late(self) -> bool:
        """Whether its day has passed."""
        return self.state in ("late", "escalated")


def standing(initiative: Initiative, at: datetime) -> Standing | None:
    """Return where the next review stands at `at`, or None where none is due: not in production, or no tier. No query."""
    due = initiative.review_due_at
    if due is None or initiative.tier is None or initiative.stage != "production" or initiative.is_retiring:
        return None
    tier = policy.current().tiers[initiative.tier]
    opens = cadence.reminder_at(due, tier.review_d)
    # Nobody is late while it is stopped: lateness counts from the restart at the earliest.
    escalates = cadence.escalate_at(max(due, initiative.stage_since), tier.escalate_review_after_d)
    state = "ahead" if at < opens else "open" if at < due else "late" if at < escalates else "escalated"
    return Standing(due, opens, escalates, state)


def answering(initiative: Initiative) -> list:
    """Return the active people who review it: the business owner and the workflow owner. Queries as raci.matrix."""
    matrix = raci.matrix(initiative)
    people = (*(matrix.accountable(row) for row in ROWS), initiative.workflow_owner)
    return list({p.pk: p for p in people if p is not None and p.is_active}.values())


def may_review(person, initiative: Initiative) -> bool:
    """Return whether `person` reviews it: in person, no deputies. Queries as raci.matrix."""
    return any(p.pk == person.pk for p in answering(initiative))


def why_not(initiative: Initiative, at: datetime) -> list[Blocker]:
    """Return every reason a review cannot be done now; an empty list is a green light. No query."""
    now = standing(initiative, at)
    if now is None:
        if initiative.is_retiring:
            return [
                Blocker(
                    "review.retiring",
                    _("It is retiring. What is left is the postmortem."),
                    url=reverse("gates:postmortem", args=[initiative.key]),
                )
            ]
        if initiative.stage != "production":
            return [
                Blocker(
                    "review.stage",
                    _("Reviews begin in production. It is %(stage)s.") % {"stage": initiative.stage_label},
                )
            ]
        return [
            Blocker(
                "review.tier",
                _("No tier is confirmed, so no review is due."),
                url=reverse("initiatives:tier", args=[initiative.key]),
            )
        ]
    if not now.is_open:
        return [
            Blocker(
                "review.ahead",
                _(
                    "The next review opens when a fifth of its interval is left. Done earlier, the one after it would leave a gap."
                ),
            )
        ]
    return []


def mine(person) -> Q:
    """Return the condition, for initiatives, that `person` reviews them. No query."""
    held = Assignment.objects.standing().filter(row__in=ROWS, role=Role.ACCOUNTABLE, person=person).values("initiative")
    return Q(workflow_owner=person) | Q(pk__in=held)


def reviewed() -> QuerySet[Initiative]:
    """Return the initiatives that have a next review. Lazy."""
    return Initiative.objects.filter(
        stage="production", retiring_since=None, tier__isnull=False, review_due_at__isnull=False
    )


def is_open(at: datetime) -> Q:
    """Return the condition, for initiatives, that their review can be done at `at`. No query."""
    found = Q(pk__in=())
    for number, tier in policy.current().tiers.items():
        found |= Q(tier=number, review_due_at__lte=at + cadence.lead(tier.review_d))
    return found


def waiting_for(person, at: datetime) -> QuerySet[Initiative]:
    """Return the initiatives whose review waits for `person` at `at`, the next due first. Lazy."""
    return reviewed().filter(mine(person), is_open(at)).order_by("review_due_at", "pk")


def of_initiative(initiative: Initiative) -> QuerySet[Review]:
    """Return the reviews that were done, newest first. Lazy."""
    return Review.objects.filter(initiative=initiative).select_related("done_by").order_by("-number")
