"""What can happen: the closed list of verbs. Each has a phrase that reads after the name of whoever did it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verb(models.TextChoices):
    """One kind of event. History pages say "<actor> <label>", or a sentence of their own from the detail."""

    INITIATIVE_REGISTERED = "initiative.registered", _("registered the initiative")
    INITIATIVE_AMENDED = "initiative.amended", _("changed the initiative")
    INITIATIVE_MOVED = "initiative.moved", _("moved the initiative to another stage")
    INITIATIVE_RESTRICTED = "initiative.restricted", _("restricted who can see the initiative")
    INITIATIVE_UNRESTRICTED = (
        "initiative.unrestricted",
        _("lifted the restriction on who can see the initiative"),
    )
    INITIATIVE_TIER_PROPOSED = "initiative.tier_proposed", _("proposed a tier")
    INITIATIVE_TIER_CONFIRMED = "initiative.tier_confirmed", _("confirmed the tier")
    INITIATIVE_CORRECTED = "initiative.corrected", _("corrected the stage")
    INITIATIVE_ROLLOUT_PAUSED = "initiative.rollout_paused", _("paused the rollout")
    INITIATIVE_ROLLOUT_RESUMED = "initiative.rollout_resumed", _("resumed the rollout")
    INITIATIVE_NOBODY_KNOWN = "initiative.nobody_known", _("found nobody who would be called first")

    ROLE_OFFERED = "role.offered", _("offered a role")
    ROLE_ACCEPTED = "role.accepted", _("accepted a role")
    ROLE_DECLINED = "role.declined", _("declined a role")
    ROLE_ASSIGNED = "role.assigned", _("assigned a role")
    ROLE_ENDED = "role.ended", _("ended a role")
    ROLE_LAPSED = "role.lapsed", _("let the offer of a role lapse")

    DECISION_ASKED = "decision.asked", _("asked for a decision")
    DECISION_ANSWERED = "decision.answered", _("answered a decision")
    DECISION_WITHDRAWN = "decision.withdrawn", _("withdrew a decision")
    DECISION_OVERTAKEN = "decision.overtaken", _("closed a decision that events had overtaken")
    DECISION_LAPSED = "decision.lapsed", _("closed a decision nobody answered in time")
    DECISION_HANDED_OVER = "decision.handed_over", _("handed a late decision to the escalation owner")
    DECISION_EXTENDED = "decision.extended", _("extended the time for a decision")

    SIGNOFF_ASKED = "signoff.asked", _("asked for a sign-off")
    SIGNOFF_SIGNED = "signoff.signed", _("signed off")
    SIGNOFF_REFUSED = "signoff.refused", _("refused to sign off")

    CONTROL_SUPPLIED = "control.supplied", _("supplied what a control asks for")
    CONTROL_CONFIRMED = "control.confirmed", _("confirmed a control")
    CONTROL_RETURNED = "control.returned", _("returned a control")
    CONTROL_WAIVED = "control.waived", _("waived a control")

    OUTCOME_SET = "outcome.set", _("set the primary outcome")
    MEASUREMENT_ADDED = "measurement.added", _("added a figure")
    MEASUREMENT_CONFIRMED = "measurement.confirmed", _("confirmed a figure")
    MEASUREMENT_RETURNED = "measurement.returned", _("returned a figure")
    BUDGET_ASKED = "budget.asked", _("asked for a budget")
    BUDGET_APPROVED = "budget.approved", _("approved the budget")

    STOP_ASKED_FOR = "stop.asked_for", _("asked those with stop authority to stop it")
    STOP_ASKED = "stop.asked", _("ordered the stop")
    STOP_CONFIRMED = "stop.confirmed", _("confirmed that it has stopped")
    STOP_LIFTED = "stop.lifted", _("lifted the stop")
    STOP_WISH_ANSWERED = "stop.wish_answered", _("answered a wish to stop")

    RETIRE_BEGUN = "retire.begun", _("began to retire it")
    POSTMORTEM_SAVED = "postmortem.saved", _("saved the postmortem")
    POSTMORTEM_PUBLISHED = "postmortem.published", _("published the postmortem")

    REVIEW_DONE = "review.done", _("did a review")

    COMMENT_WRITTEN = "comment.written", _("commented")
    COMMENT_EDITED = "comment.edited", _("edited a comment")
    COMMENT_RESOLVED = "comment.resolved", _("resolved a thread of comments")
    COMMENT_REOPENED = "comment.reopened", _("opened a thread of comments again")
    WATCH_BEGUN = "watch.begun", _("watched an initiative")
    WATCH_MUTED = "watch.muted", _("muted an initiative")

    PERSON_ADDED = "person.added", _("added a person")
    PERSON_CHANGED = "person.changed", _("changed a person's record")
    PERSON_LEFT = "person.left", _("recorded that a person left")
    UNIT_ADDED = "unit.added", _("added a unit")
    UNIT_CHANGED = "unit.changed", _("changed a unit")
    UNIT_REMOVED = "unit.removed", _("removed a unit")
    FUNCTION_GRANTED = "function.granted", _("gave a person a function")
    FUNCTION_REVOKED = "function.revoked", _("took a function from a person")
    DEPUTY_NAMED = "deputy.named", _("named a deputy")
    DEPUTY_ENDED = "deputy.ended", _("ended a deputy's term")
    INVITATION_MADE = "invitation.made", _("made an invitation")
    INVITATION_USED = "invitation.used", _("used an invitation")
    PASSWORD_CHANGED = "password.changed", _("changed a password")
    SESSIONS_ENDED = "sessions.ended", _("signed out everywhere else")
    SECOND_FACTOR_SET_UP = "second_factor.set_up", _("set up a second factor")
    SECOND_FACTOR_REMOVED = "second_factor.removed", _("removed a second factor")
    RECOVERY_CODES_MADE = "second_factor.codes_made", _("made recovery codes anew")
    RECOVERY_CODE_USED = "second_factor.code_used", _("used a recovery code")

    VIEW_SAVED = "view.saved", _("saved a view of the catalog")
    VIEW_CHANGED = "view.changed", _("changed a view of the catalog")
    VIEW_REMOVED = "view.removed", _("removed a view of the catalog")

    COLUMN_MADE = "column.made", _("made an own column")
    COLUMN_CHANGED = "column.changed", _("changed an own column")
    COLUMN_RETIRED = "column.retired", _("retired an own column")
    COLUMN_BROUGHT_BACK = "column.brought_back", _("brought an own column back")

    INSTALLATION_MADE = "installation.made", _("set up this installation")
    INSTALLATION_CHANGED = "installation.changed", _("changed what is said of the company")
    INSTALLATION_RESTORED = "installation.restored", _("restored this installation from a backup")
    CLOCK_REMINDED = "clock.reminded", _("reminded the people it concerns")
    CLOCK_ESCALATED = "clock.escalated", _("told others, because nobody had acted")
    CLOCK_MOVED = "clock.moved", _("moved the demo clock")
    POLICY_SET = "policy.set", _("set a version of the policy")

    PROFILE_KEPT = "profile.kept", _("said what the columns of a list mean")
    LIST_BROUGHT = "list.brought", _("brought a list to be looked at")
    LIST_TOLD = "list.told", _("said what the columns of a list are")
    LIST_MENDED = "list.mended", _("mended a row of a list")
    LIST_SET_ASIDE = "list.set_aside", _("set a list aside")
    IMPORT_BEGAN = "import.began", _("began an import")
    IMPORT_FINISHED = "import.finished", _("finished an import")
    IMPORT_UNDONE = "import.undone", _("took an import back")
    RECORD_CREATED = "record.created", _("created the initiative from a register")
    RECORD_RESTATED = "record.restated", _("restated the stage from a register")
    RECORD_UPDATED = "record.updated", _("updated the initiative from a register")
    RECORD_GONE = "record.gone", _("no longer found the initiative in its register")
    RECORD_UNDONE = "record.undone", _("took back what an import had brought")
    REGISTER_SAYS = "register.says", _("noted that the register says something else")

    PUBLIC_OPENED = "public.opened", _("opened the public register")
    PUBLIC_CHANGED = "public.changed", _("changed where people outside may ask")
    PUBLIC_CLOSED = "public.closed", _("closed the public register")
    PUBLIC_WITHHELD = "public.withheld", _("withheld it from the public register")
    PUBLIC_LIFTED = "public.lifted", _("no longer withholds it from the public register")

    REFUSED = "refused", _("was refused")
    SIGN_IN_LINKED = "sign_in.linked", _("remembered who somebody is at the company")
    SIGN_IN_UNLINKED = "sign_in.unlinked", _("forgot who somebody is at the company")
    SIGN_IN_FAILED = "sign_in.failed", _("failed to sign in")
    CHECKPOINT_MADE = "checkpoint.made", _("signed a checkpoint of the ledger")
    NOTICE_FAILED = "notice.failed", _("could not deliver a notice")
