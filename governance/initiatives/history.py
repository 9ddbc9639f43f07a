"""The record in words: what an entry of the ledger says to a reader.

Every verb has a sentence here that reads after the name of whoever did it, and a line of detail where
there is one (from → to, and why). What was erased is left out, never guessed. People and clocks are told
apart: an entry made by no person is marked as the machine's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.words import mid_sentence, shortened
from governance.initiatives.history_told import Told, changes, choice, labels
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import OwnColumn
from governance.ledger import Verb
from governance.people import functions
from governance.people.models import Person
from governance.raci import queries as raci

V = Verb

#: Kinds of events a reader can choose: words, and how the verbs begin.
TYPES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "stage": (
        gettext_lazy("Stages and stops"),
        (
            "initiative.registered",
            "initiative.moved",
            "initiative.corrected",
            "initiative.rollout",
            "stop.",
            "retire.",
            "postmortem.",
        ),
    ),
    "decisions": (gettext_lazy("Decisions"), ("decision.", "signoff.")),
    "people": (gettext_lazy("People"), ("role.", "initiative.nobody_known")),
    "words": (
        gettext_lazy("What it says"),
        ("initiative.amended", "initiative.tier", "initiative.restricted", "initiative.unrestricted", "public."),
    ),
    "numbers": (gettext_lazy("Outcome and money"), ("outcome.", "measurement.", "budget.")),
    "controls": (gettext_lazy("Controls"), ("control.",)),
    "reviews": (gettext_lazy("Reviews and reminders"), ("review.", "clock.reminded", "clock.escalated")),
    "register": (gettext_lazy("From a register"), ("record.", "register.")),
    "refused": (gettext_lazy("Refusals"), ("refused",)),
    "comments": (gettext_lazy("Comments"), ("comment.",)),
}

_MACHINES = {
    "system:sweep": gettext_lazy("The clock"),
    "system:day-90": gettext_lazy("Day 90"),
    "system:withdrawn": gettext_lazy("The withdrawal"),
    "system:upgrade": gettext_lazy("The release"),
    "system:quickstart": gettext_lazy("The start-up"),
    "system:restore": gettext_lazy("A restore"),
    "system:company": gettext_lazy("The company’s sign-in"),
    "withheld": gettext_lazy("Somebody (name withheld)"),
}

_TONES = {
    V.STOP_ASKED: ("stop", "stop"),
    V.STOP_CONFIRMED: ("stop", "square"),
    V.STOP_ASKED_FOR: ("wait", "warning"),
    V.STOP_LIFTED: ("ok", "restart"),
    V.INITIATIVE_ROLLOUT_PAUSED: ("wait", "pause"),
    V.REFUSED: ("bad", "unmet"),
    V.DECISION_LAPSED: ("bad", "expired"),
    V.ROLE_LAPSED: ("bad", "expired"),
    V.NOTICE_FAILED: ("bad", "mail"),
    V.POSTMORTEM_PUBLISHED: ("", "seal"),
    V.ROLE_ACCEPTED: ("", "seal"),
    V.SIGNOFF_SIGNED: ("", "seal"),
    V.CONTROL_CONFIRMED: ("", "seal"),
    V.MEASUREMENT_CONFIRMED: ("", "seal"),
    V.BUDGET_APPROVED: ("", "seal"),
    V.DECISION_ANSWERED: ("", "seal"),
}


@dataclass(frozen=True)
class Line:
    """One entry as `core/_timeline.html` shows it."""

    seq: int
    at: datetime
    who: str
    text: str
    detail: str
    machine: bool
    tone: str
    icon: str
    url: str
    link: str


# Sentences, verb by verb; each reads after a name


def _moved(o: Told) -> str:
    step, to = o.d.get("step", ""), o.stage("entered")
    words = {"from": o.stage("left"), "to": to}
    said = {
        "start_pilot": _("started the pilot"),
        "adopt": _("took it over as a pilot"),
        "request_funding": _("opened the funding gate"),
        "fund": _("funded it: it may be built"),
        "return_to_pilot": _("sent it back to the pilot"),
        "go_live": _("took it live"),
        "stop": _("stopped it, at %(from)s") % words,
        "restart": _("restarted it: it is at %(to)s again") % words,
        "back_to_pilot": _("sent it back to the pilot"),
        "retire": _("retired it"),
        "close": _("closed it, at %(from)s") % words,
        "place": _("said where it stands: %(to)s") % words,
        "correct": _("corrected the record: %(from)s → %(to)s") % words,
    }
    return said.get(step) or _("moved it from %(from)s to %(to)s") % words


def _registered(o: Told) -> str:
    return _("reported it as found in use") if o.d.get("stage") == Stage.DISCOVERED else _("registered it as an idea")


def _answered(o: Told) -> str:
    outcome = choice("decisions", "outcome", o.d.get("outcome"), "")
    return (
        _("decided %(outcome)s on %(kind)s") % {"outcome": outcome, "kind": o.kind}
        if outcome
        else _("answered %(kind)s") % {"kind": o.kind}
    )


def _asked(o: Told) -> str:
    if o.d.get("kind") == "day_90":
        return _("set the day-90 question: %(name)s decides by %(day)s") % {
            "name": o.name("decider"),
            "day": o.day("due_at"),
        }
    if not o.d.get("decider"):
        return _("asked for %(kind)s; nobody is named to decide it") % {"kind": o.kind}
    return _("asked %(name)s to decide %(kind)s by %(day)s") % {
        "name": o.name("decider"),
        "kind": o.kind,
        "day": o.day("due_at"),
    }


def _assigned(o: Told) -> str:
    if o.d.get("row") == "workflow":
        if not o.d.get("person"):
            return _("left the workflow without an owner")
        return _("named %(name)s workflow owner") % {"name": o.name("person")}
    return _("put %(holder)s down as %(role)s") % {"holder": o.holder, "role": o.role}


def _measured(o: Told) -> str:
    return _("claimed %(value)s for %(start)s to %(end)s, %(cases)s cases") % {
        "value": o.number("value"),
        "start": o.day("starts_on"),
        "end": o.day("ends_on"),
        "cases": o.number("cases"),
    }


def _tier_confirmed(o: Told) -> str:
    before, tier = o.d.get("proposed"), o.d.get("tier", "–")
    if before is not None and before != tier:
        return _("confirmed tier %(tier)s, where %(before)s was proposed") % {"tier": tier, "before": before}
    return _("confirmed tier %(tier)s") % {"tier": tier}


def _refusal(o: Told) -> str:
    return {
        "decide": _("tried to answer a decision and was refused"),
        "sign": _("tried to sign and was refused"),
        "stop": _("tried to stop it and was refused"),
    }.get(o.d.get("what", ""), _("tried something and was refused"))


def _commented(o: Told) -> str:
    said = _("commented") if o.d.get("thread") == o.d.get("number") else _("replied to a comment")
    if not o.d.get("people"):
        return said
    return _("%(did)s and mentioned %(names)s") % {"did": said, "names": o.names("people")}


def _stop(o: Told) -> str:
    return _("asked to stop it: %(reason)s") % {
        "reason": mid_sentence(choice("stops", "reason", o.d.get("reason"), _("no reason recorded")))
    }


#: One sentence a verb.
SENTENCES: dict[Verb, Callable[[Told], str]] = {
    V.INITIATIVE_REGISTERED: _registered,
    V.INITIATIVE_AMENDED: lambda o: _("changed %(fields)s") % {"fields": labels(None, o) or _("what it says")},
    V.INITIATIVE_MOVED: _moved,
    V.INITIATIVE_RESTRICTED: lambda o: _("restricted it to the people it concerns"),
    V.INITIATIVE_UNRESTRICTED: lambda o: _("lifted the restriction: everybody who signs in sees it"),
    V.INITIATIVE_TIER_PROPOSED: lambda o: _("proposed tier %(tier)s") % {"tier": o.d.get("tier", "–")},
    V.INITIATIVE_TIER_CONFIRMED: _tier_confirmed,
    V.INITIATIVE_CORRECTED: lambda o: (
        _("corrected its stage to %(to)s; this is a correction, not a decision") % {"to": o.stage("to")}
    ),
    V.INITIATIVE_ROLLOUT_PAUSED: lambda o: _("paused the rollout: it runs on and must not expand"),
    V.INITIATIVE_ROLLOUT_RESUMED: lambda o: _("resumed the rollout"),
    V.INITIATIVE_NOBODY_KNOWN: lambda o: _("found nobody who would be called first if it gave a bad answer"),
    V.ROLE_OFFERED: lambda o: (
        _("asked %(name)s to be %(role)s, answer by %(day)s")
        % {"name": o.name("person"), "role": o.role, "day": o.day("answer_by")}
    ),
    V.ROLE_ACCEPTED: lambda o: _("accepted to be %(role)s") % {"role": o.role},
    V.ROLE_DECLINED: lambda o: _("declined to be %(role)s") % {"role": o.role},
    V.ROLE_ASSIGNED: _assigned,
    V.ROLE_ENDED: lambda o: _("ended the role of %(holder)s as %(role)s") % {"holder": o.holder, "role": o.role},
    V.ROLE_LAPSED: lambda o: (
        _("closed the offer to %(name)s to be %(role)s: nobody answered in time")
        % {"name": o.name("person"), "role": o.role}
    ),
    V.DECISION_ASKED: _asked,
    V.DECISION_ANSWERED: _answered,
    V.DECISION_WITHDRAWN: lambda o: _("withdrew %(kind)s") % {"kind": o.kind},
    V.DECISION_OVERTAKEN: lambda o: _("closed %(kind)s as overtaken, without an answer") % {"kind": o.kind},
    V.DECISION_LAPSED: lambda o: _("closed %(kind)s as No pass: nobody answered in time") % {"kind": o.kind},
    V.DECISION_HANDED_OVER: lambda o: (
        _("handed %(kind)s to %(name)s to get it decided: its time was up") % {"kind": o.kind, "name": o.name("to")}
    ),
    V.DECISION_EXTENDED: lambda o: _("extended %(kind)s until %(day)s") % {"kind": o.kind, "day": o.day("final_at")},
    V.SIGNOFF_ASKED: lambda o: (
        _("asked %(function)s to sign off by %(day)s") % {"function": o.function, "day": o.day("due_at")}
    ),
    V.SIGNOFF_SIGNED: lambda o: _("signed off for %(function)s") % {"function": o.function},
    V.SIGNOFF_REFUSED: lambda o: _("did not sign off for %(function)s") % {"function": o.function},
    V.CONTROL_SUPPLIED: lambda o: (
        _("said how “%(control)s” is met, from %(day)s on") % {"control": o.control, "day": o.day("effective_on")}
    ),
    V.CONTROL_CONFIRMED: lambda o: _("confirmed “%(control)s”") % {"control": o.control},
    V.CONTROL_RETURNED: lambda o: _("returned “%(control)s”") % {"control": o.control},
    V.CONTROL_WAIVED: lambda o: (
        _("set “%(control)s” aside until %(day)s") % {"control": o.control, "day": o.day("until")}
    ),
    V.OUTCOME_SET: lambda o: _("set the outcome: %(fields)s") % {"fields": labels("outcome", o) or _("all of it")},
    V.MEASUREMENT_ADDED: _measured,
    V.MEASUREMENT_CONFIRMED: lambda o: _("confirmed the figure of %(value)s") % {"value": o.number("value")},
    V.MEASUREMENT_RETURNED: lambda o: _("returned a figure"),
    V.BUDGET_ASKED: lambda o: (
        _("asked for %(amount)s for %(months)s months") % {"amount": o.amount("asked"), "months": o.number("months")}
    ),
    V.BUDGET_APPROVED: lambda o: _("approved %(amount)s") % {"amount": o.amount("approved")},
    V.STOP_ASKED_FOR: lambda o: _("asked those with stop authority to stop it"),
    V.STOP_ASKED: _stop,
    V.STOP_CONFIRMED: lambda o: _("confirmed that it has stopped"),
    V.STOP_LIFTED: lambda o: _("lifted the stop"),
    V.STOP_WISH_ANSWERED: lambda o: _("answered the wish to stop it, without stopping it"),
    V.RETIRE_BEGUN: lambda o: _("began to retire it; the postmortem is due on %(day)s") % {"day": o.day("due_at")},
    V.POSTMORTEM_SAVED: lambda o: (
        _("saved the postmortem: %(parts)s") % {"parts": labels("retirement", o, "parts") or _("no part changed")}
    ),
    V.POSTMORTEM_PUBLISHED: lambda o: _("published the postmortem"),
    V.REVIEW_DONE: lambda o: (
        _("reviewed it: %(outcome)s")
        % {"outcome": mid_sentence(choice("reviews", "outcome", o.d.get("outcome"), _("no outcome recorded")))}
    ),
    V.COMMENT_WRITTEN: _commented,
    V.COMMENT_EDITED: lambda o: _("edited a comment"),
    V.COMMENT_RESOLVED: lambda o: _("resolved a thread of comments"),
    V.COMMENT_REOPENED: lambda o: _("opened a thread of comments again"),
    V.WATCH_BEGUN: lambda o: _("chose to watch an initiative"),
    V.WATCH_MUTED: lambda o: _("muted the comments on an initiative"),
    V.PERSON_ADDED: lambda o: _("added %(name)s") % {"name": o.subject},
    V.PERSON_CHANGED: lambda o: _("changed the record of %(name)s") % {"name": o.subject},
    V.PERSON_LEFT: lambda o: _("recorded that %(name)s left on %(day)s") % {"name": o.subject, "day": o.day("left_on")},
    V.UNIT_ADDED: lambda o: _("added the unit %(name)s") % {"name": o.said("name") or _("(name erased)")},
    V.UNIT_CHANGED: lambda o: _("changed the unit %(name)s") % {"name": o.said("name") or _("(name erased)")},
    V.UNIT_REMOVED: lambda o: _("removed the unit %(name)s") % {"name": o.said("name") or _("(name erased)")},
    V.FUNCTION_GRANTED: lambda o: _("gave %(who)s the function %(what)s") % {"who": o.subject, "what": o.function},
    V.FUNCTION_REVOKED: lambda o: _("took the function %(what)s from %(who)s") % {"who": o.subject, "what": o.function},
    V.DEPUTY_NAMED: lambda o: (
        _("named %(deputy)s deputy of %(name)s from %(start)s to %(end)s")
        % {"deputy": o.name("deputy"), "name": o.name("person"), "start": o.day("starts_on"), "end": o.day("ends_on")}
    ),
    V.DEPUTY_ENDED: lambda o: (
        _("ended the time of %(deputy)s as deputy of %(name)s") % {"deputy": o.name("deputy"), "name": o.name("person")}
    ),
    V.INVITATION_MADE: lambda o: _("made a link with which %(name)s sets a password") % {"name": o.name("person")},
    V.INVITATION_USED: lambda o: _("set the password of %(name)s, who used their link") % {"name": o.name("person")},
    V.VIEW_SAVED: lambda o: (
        _("saved the view “%(name)s” of the catalog") % {"name": o.said("name") or _("(name erased)")}
    ),
    V.VIEW_CHANGED: lambda o: (
        _("changed the view “%(name)s” of the catalog") % {"name": o.said("name") or _("(name erased)")}
    ),
    V.VIEW_REMOVED: lambda o: (
        _("removed the view “%(name)s” of the catalog") % {"name": o.said("name") or _("(name erased)")}
    ),
    V.COLUMN_MADE: lambda o: _("made the own column “%(name)s”") % {"name": o.said("name") or _("(name erased)")},
    V.COLUMN_CHANGED: lambda o: _("changed the own column “%(name)s”") % {"name": o.said("name") or _("(name erased)")},
    V.COLUMN_RETIRED: lambda o: _("retired the own column “%(name)s”") % {"name": o.said("name") or _("(name erased)")},
    V.COLUMN_BROUGHT_BACK: lambda o: (
        _("brought the own column “%(name)s” back") % {"name": o.said("name") or _("(name erased)")}
    ),
    V.PASSWORD_CHANGED: lambda o: _("changed the password of %(name)s") % {"name": o.subject},
    V.SESSIONS_ENDED: lambda o: _("signed %(name)s out everywhere else") % {"name": o.subject},
    V.SECOND_FACTOR_SET_UP: lambda o: _("set up a second factor"),
    V.SECOND_FACTOR_REMOVED: lambda o: _("removed the second factor of %(name)s") % {"name": o.subject},
    V.RECOVERY_CODES_MADE: lambda o: _("made recovery codes anew"),
    V.RECOVERY_CODE_USED: lambda o: _("used a recovery code"),
    V.INSTALLATION_MADE: lambda o: _("set up this installation"),
    V.INSTALLATION_CHANGED: lambda o: _("changed what is said of the company"),
    V.INSTALLATION_RESTORED: lambda o: (
        _("brought this installation back from its backup of %(day)s, up to entry %(entry)s")
        % {"day": o.day("made_at"), "entry": o.number("size")}
    ),
    V.CLOCK_REMINDED: lambda o: _("reminded %(names)s") % {"names": o.names("people")},
    V.CLOCK_ESCALATED: lambda o: _("told %(names)s, because nobody had acted") % {"names": o.names("people")},
    V.CLOCK_MOVED: lambda o: _("moved the demo’s clock forward"),
    V.POLICY_SET: lambda o: _("set version %(number)s of the policy") % {"number": o.number("number")},
    V.PROFILE_KEPT: lambda o: _("said what the columns of the list %(name)s mean") % {"name": o.said("name")},
    V.LIST_BROUGHT: lambda o: _("brought the list %(file)s to be looked at") % {"file": o.said("file")},
    V.LIST_TOLD: lambda o: _("said what the columns of a list are"),
    V.LIST_MENDED: lambda o: _("mended row %(n)s of a list") % {"n": o.number("record")},
    V.LIST_SET_ASIDE: lambda o: _("set a list aside"),
    V.IMPORT_BEGAN: lambda o: _("began to import a list"),
    V.IMPORT_FINISHED: lambda o: _("finished importing a list"),
    V.IMPORT_UNDONE: lambda o: _("took an import back"),
    V.RECORD_UNDONE: lambda o: _("took back what an import had brought"),
    V.RECORD_CREATED: lambda o: _("brought it from a register; no approval came with it"),
    V.RECORD_RESTATED: lambda o: _("restated its stage from its register"),
    V.RECORD_UPDATED: lambda o: _("updated it from its register"),
    V.RECORD_GONE: lambda o: _("no longer found it in its register"),
    V.REGISTER_SAYS: lambda o: _("noted that its register says something else; nothing was changed here"),
    V.PUBLIC_OPENED: lambda o: _("opened the public register"),
    V.PUBLIC_CHANGED: lambda o: _("said anew where people outside may ask"),
    V.PUBLIC_CLOSED: lambda o: _("closed the public register"),
    V.PUBLIC_WITHHELD: lambda o: _("withheld it from the public register"),
    V.PUBLIC_LIFTED: lambda o: _("withholds it from the public register no longer"),
    V.REFUSED: _refusal,
    V.SIGN_IN_LINKED: lambda o: _("remembered who %(name)s is at the company") % {"name": o.subject},
    V.SIGN_IN_UNLINKED: lambda o: _("forgot who %(name)s is at the company") % {"name": o.subject},
    V.SIGN_IN_FAILED: lambda o: _("could not sign in"),
    V.CHECKPOINT_MADE: lambda o: _("signed a checkpoint of the ledger"),
    V.NOTICE_FAILED: lambda o: _("could not deliver a notice"),
}

_DETAILS: dict[Verb, Callable[[Told], str]] = {
    V.INITIATIVE_REGISTERED: lambda o: o.said("name"),
    V.INITIATIVE_AMENDED: lambda o: changes(None, o),
    V.OUTCOME_SET: lambda o: changes("outcome", o),
    V.PERSON_CHANGED: lambda o: changes("registrant", o),
    V.UNIT_CHANGED: lambda o: changes("unit", o),
    V.COLUMN_CHANGED: lambda o: changes(OwnColumn, o),
    V.DECISION_ASKED: lambda o: o.said("recommendation"),
    V.DECISION_ANSWERED: lambda o: o.said("reason", "learned"),
    V.CONTROL_SUPPLIED: lambda o: o.said("note"),
    V.MEASUREMENT_ADDED: lambda o: _("Source: %(source)s") % {"source": o.said("source")} if o.said("source") else "",
    V.BUDGET_ASKED: lambda o: o.said("pays_for", "licence"),
    V.BUDGET_APPROVED: lambda o: (
        _("Cost centre %(centre)s, reference %(reference)s")
        % {"centre": o.said("cost_centre"), "reference": o.said("reference")}
        if o.t
        else ""
    ),
    V.STOP_ASKED_FOR: lambda o: o.said("saw"),
    V.STOP_ASKED: lambda o: o.said("note"),
    V.STOP_CONFIRMED: lambda o: o.said("how"),
    V.STOP_WISH_ANSWERED: lambda o: o.said("answer"),
    V.RETIRE_BEGUN: lambda o: o.said("reason", "replaced_by", "after_care"),
    V.ROLE_OFFERED: lambda o: (
        _("Grade waived: %(reason)s") % {"reason": o.said("grade_waived_because")}
        if o.said("grade_waived_because")
        else ""
    ),
    V.COMMENT_WRITTEN: lambda o: shortened(o.said("text"), 300),
    V.COMMENT_EDITED: lambda o: shortened(o.said("text"), 300),
    V.WATCH_BEGUN: lambda o: o.said("initiative"),
    V.WATCH_MUTED: lambda o: o.said("initiative"),
    V.CLOCK_REMINDED: lambda o: o.said("subject"),
    V.CLOCK_ESCALATED: lambda o: o.said("subject"),
    V.REFUSED: lambda o: _("Why: %(codes)s") % {"codes": ", ".join(o.d["codes"])} if o.d.get("codes") else "",
}


def told(entry, people: dict[int, str] | None = None, groups: dict[int, str] | None = None) -> Told:
    """Return what an entry tells, with the names that are known. No query."""
    return Told(entry.detail or {}, entry.text or {}, people or {}, groups or {}, entry.subject_kind, entry.subject_id)


def sentence(verb: str, what: Told) -> str:
    """Return what happened, as it reads after the name of whoever did it. Raises KeyError for a verb nobody wrote one for."""
    return SENTENCES[Verb(verb)](what)


def detail(verb: str, what: Told) -> str:
    """Return the line under the sentence: from → to, why, or nothing."""
    return _DETAILS.get(Verb(verb), lambda o: o.said("because", "reason"))(what)


def actor(entry, people: dict[int, str]) -> str:
    """Return who did it, in words: a person, a clock, an import."""
    if entry.person_id is not None:
        return people.get(entry.person_id) or _("Person %(id)s") % {"id": entry.person_id}
    if entry.actor.startswith("import:"):
        return _("Import %(number)s") % {"number": entry.actor.partition(":")[2]}
    return str(
        _MACHINES.get(entry.actor)
        or _("Mandate (%(part)s)") % {"part": entry.actor.partition(":")[2].replace("_", " ") or entry.actor}
    )


def lines(entries: Iterable, initiative=None) -> list[Line]:
    """Return entries as lines, in their order. One query for names, one for groups where a group is named.

    With the `initiative` they belong to, names come from its matrix first, and events lead to its pages.
    """
    entries = list(entries)
    people, groups = _names(entries, initiative)
    out = []
    for entry in entries:
        what = told(entry, people, groups)
        tone, icon = _TONES.get(Verb(entry.verb), ("", ""))
        url, link = _leads_to(entry, initiative)
        machine = entry.person_id is None and entry.actor != "withheld"
        out.append(
            Line(
                entry.seq,
                entry.at,
                actor(entry, people),
                sentence(entry.verb, what),
                detail(entry.verb, what),
                machine,
                tone,
                icon,
                url,
                link,
            )
        )
    return out


def _names(entries: list, initiative) -> tuple[dict[int, str], dict[int, str]]:
    """Return the names of the people and groups these entries mention."""
    people: dict[int, str] = {}
    groups: dict[int, str] = {}
    if initiative is not None:
        for assignment in raci.matrix(initiative).rows:
            if assignment.person_id:
                people[assignment.person_id] = assignment.person.name
            else:
                groups[assignment.group_id] = str(functions.label(assignment.group.name))
    wanted: set[int] = set()
    wanted_groups: set[int] = set()
    for entry in entries:
        mentioned = [
            *(entry.detail.get(key) for key in ("person", "decider", "to", "deputy")),
            *(entry.detail.get("people") or ()),
        ]
        wanted |= {key for key in (entry.person_id, *mentioned) if isinstance(key, int) and not isinstance(key, bool)}
        if entry.subject_kind == "person" and entry.subject_id:
            wanted.add(entry.subject_id)
        if isinstance(entry.detail.get("group"), int):
            wanted_groups.add(entry.detail["group"])
    if missing := wanted - people.keys():
        people |= dict(Person.objects.filter(pk__in=missing).values_list("pk", "name"))
    if missing := wanted_groups - groups.keys():
        groups |= {
            pk: str(functions.label(name))
            for pk, name in Group.objects.filter(pk__in=missing).values_list("pk", "name")
        }
    return people, groups


def _leads_to(entry, initiative) -> tuple[str, str]:
    """Return where an entry leads, and the words of the link."""
    if initiative is None:
        return "", ""
    if entry.detail.get("signature"):
        return reverse("initiatives:seal", args=[initiative.key, entry.detail["signature"]]), _("See the signature")
    if entry.verb.startswith("decision.") and entry.detail.get("number"):
        return reverse("gates:decision", args=[initiative.key, entry.detail["number"]]), _("See the decision")
    if entry.verb == Verb.REVIEW_DONE and entry.detail.get("number"):
        return reverse("reviews:show", args=[initiative.key, entry.detail["number"]]), _("See the review")
    if entry.verb.startswith("comment.") and entry.detail.get("number"):
        return reverse("comments:thread", args=[initiative.key, entry.detail["number"]]), _("See the comment")
    if entry.verb == Verb.POSTMORTEM_PUBLISHED:
        return reverse("gates:postmortem", args=[initiative.key]), _("Read the postmortem")
    return "", ""


def days(found: Iterable[Line]) -> list[dict]:
    """Return lines grouped by the reader's day, for `core/_timeline.html`."""
    return [
        {"day": day, "entries": list(group)}
        for day, group in groupby(found, key=lambda line: timezone.localtime(line.at).date())
    ]


def of_type(name: str) -> list[str]:
    """Return the verbs of one of TYPES, all of them for a name that is none."""
    begins = TYPES[name][1] if name in TYPES else ("",)
    return [verb.value for verb in Verb if verb.value.startswith(begins)]


def all_but_comments() -> list[str]:
    """Return the verbs that the history shows first: comments have a page and a kind of their own."""
    said = set(of_type("comments"))
    return [verb for verb in of_type("") if verb not in said]
