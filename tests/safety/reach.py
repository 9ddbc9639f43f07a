"""How each address of tests/access.toml is reached: which initiative, what stands in the path, what a POST sends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.http import urlencode

from governance.comments.models import Comment
from governance.core import clock
from governance.core.models import Installation
from governance.gates.models import Stop, StopWish
from governance.initiatives import controls, figures, roles
from governance.outcomes import queries as outcomes
from governance.people import company
from governance.people.actions import unit_digest
from governance.people.models import Person
from governance.proof import queries as proofs
from governance.raci.models import Assignment, Role, Row
from governance.signatures.models import Signature
from tests.make import PASSWORD
from tests.safety.world import World

Values = dict[str, Any]
#: An initiative nobody ever registered.
ABSENT = "AI-987654"


@dataclass(frozen=True)
class Reach:
    """One address in one situation. `place` is the initiative's; `path` what else the address holds; `data` what a POST sends."""

    place: str = ""
    path: Callable[[World, str], Values] = lambda world, place: {}
    query: Values = field(default_factory=dict)
    data: Callable[[World], Values] = lambda world: {}

    def url(self, name: str, world: World, *, place: str = "", key: str = "") -> str:
        """Return the address; `place` puts another initiative in, `key` one that may not exist."""
        at = place or self.place
        values = self.path(world, at)
        if at:
            values["number"] = key or world.on[at].key
        url = (
            SPELLED % (key or world.on[at].key).lower()
            if name == "governance.initiatives.views.spell_key"
            else reverse(name, kwargs=values)
        )
        return f"{url}?{urlencode(self.query)}" if self.query else url


SPELLED = "/initiatives/%s/"


def _file(kind: str) -> Reach:
    """Return how a list is reached as a file."""
    return Reach(path=lambda world, place: {"kind": kind})


def _nth(kind: str):
    """Return the number of the newest question of a kind, else of any."""
    return lambda world, place: {"nth": world.newest_question(place, kind)}


def _nth_comment(world: World, place: str) -> Values:
    """Return the number of the comment that is there."""
    return {"nth": world.newest(Comment, place).number}


def _pk(model, name: str = "pk", **where):
    return lambda world, place: {name: world.newest(model, place, **where).pk}


def _list(name: str):
    """Return the number of a list that came in."""
    return lambda world, place: {"number": world.known[f"{name} list"]}


def _somebody(name: str = "staff"):
    return lambda world, place: {"pk": getattr(world.cast, name).pk}


def _seen_figure(world: World) -> str:
    """Return the digest of what the form of the pilot's first figure shows."""
    initiative = world.fresh("pilot")
    return figures.shown(outcomes.measurements(initiative)[0], outcomes.outcome(initiative))


def _seen_control(world: World) -> str:
    """Return the digest of what the forms of the pilot's first control show."""
    return controls.shown(next(c for c in proofs.controls(world.fresh("pilot")) if c.ref == "T0.1"))


def _seen_offer(world: World) -> str:
    """Return the digest of what the page of the offer shows."""
    offer = world.newest(Assignment, "offered", role__in="AE")
    return roles.shown(world.fresh("offered"), Row(offer.row), Role(offer.role))


def _today(**delta: int) -> str:
    return (clock.wall().date() + timedelta(**delta)).isoformat()


def _amend(place: str):
    """Send back what it says already, with one small thing changed."""
    return lambda world: {
        "name": f"{world.fresh(place).name}, amended",
        "capability": "can_act",
        "exposure": "customers",
        "own_contract_ends": "2027-01-31",
        "own_hosting": "cloud",
        "version": world.fresh(place).version,
        "confirmed": "1",
    }


def _shown(world: World, place: str) -> str:
    """Return what the page of chosen rows names an initiative by: its number and the version it showed."""
    one = world.fresh(place)
    return f"{one.number}.{one.version}"


OUTCOME = {
    "metric": "Cost per refund",
    "kind": "money",
    "unit": "€",
    "better": "lower",
    "baseline": "4.20",
    "baseline_kind": "measured",
    "baseline_source": "GL",
    "baseline_on": "2026-02-01",
    "target": "2.50",
    "threshold": "3.00",
}
ANSWERS = {name: "Said." for name in ("moved", "evidence", "went_wrong", "people", "next_step")}
POSTMORTEM = {name: "Written." for name in ("set_out", "happened", "numbers", "causes", "keep", "actions")}
SIGNED = {"reason": "Because.", "learned": "A lot."}
PERSON = {
    "email": "new.person@example.org",
    "name": "New Person",
    "title": "Analyst",
    "grade": "staff",
    "job_family": "operations",
    "spend_limit": "0",
}

DEPUTY = {"starts_on": _today(), "ends_on": _today(days=5)}

#: Every address of the table, in every situation of it.
REACH: dict[str, Reach] = {
    "account_reset_password_from_key": Reach(path=lambda w, p: {"uidb36": "1", "key": "no-such-key"}),
    "initiatives:register": Reach(data=lambda w: {"purpose": "Sort post.", "name": "Post"}),
    "initiatives:report_found": Reach(
        data=lambda w: {"name": "ChatSumm", "today": "The desk, for summaries.", "unit": w.cast.support.pk}
    ),
    "desk:notices": Reach(data=lambda w: {"read": "all"}),
    "governance.initiatives.views.spell_key": Reach("production"),
    "initiatives:show": Reach("production"),
    "initiatives:history": Reach("production"),
    "comments:list": Reach("production", data=lambda w: {"text": f"Who looks at it, @{w.cast.legal.name}?"}),
    "comments:thread": Reach("production", _nth_comment, data=lambda w: {"do": "reply", "text": "It is mended."}),
    "comments:thread@resolve": Reach("production", _nth_comment, data=lambda w: {"do": "resolve"}),
    "comments:edit": Reach("production", _nth_comment, data=lambda w: {"text": "It paid three times.", "version": 1}),
    "comments:watch": Reach("production", data=lambda w: {"do": "watch"}),
    "comments:watch@mute": Reach("production", data=lambda w: {"do": "mute"}),
    "initiatives:seal": Reach("production", _pk(Signature)),
    "gates:decision": Reach("production", _nth("go_live")),
    "gates:latest": Reach("production", lambda w, p: {"kind": "go_live"}),
    "reviews:show": Reach("production", lambda w, p: {"nth": 1}),
    "initiatives:amend": Reach("pilot", data=_amend("pilot")),
    "initiatives:amend@idea": Reach("idea", data=_amend("idea")),
    "initiatives:outcome": Reach("pilot", data=lambda w: {**OUTCOME, "do": "set", "version": 1}),
    "initiatives:outcome@add": Reach(
        "pilot",
        data=lambda w: {
            "do": "add",
            "value": "2.70",
            "starts_on": _today(days=-3),
            "ends_on": _today(days=-2),
            "cases": "40",
            "source": "GL",
        },
    ),
    "initiatives:outcome@confirm": Reach(
        "pilot", data=lambda w: {"do": "confirm", "figure": "1", "seen": _seen_figure(w)}
    ),
    "initiatives:outcome@return": Reach(
        "pilot", data=lambda w: {"do": "return", "figure": "1", "figure-1-because": "Another ledger."}
    ),
    "initiatives:budget": Reach(
        "pilot", data=lambda w: {"do": "ask", "asked": "90000", "currency": "EUR", "months": "12", "pays_for": "Run"}
    ),
    "initiatives:budget@approve": Reach(
        "pilot",
        data=lambda w: {"do": "approve", "approved": "84000", "cost_centre": "CC-1", "reference": "B-1", "version": 1},
    ),
    "initiatives:controls": Reach(
        "pilot",
        data=lambda w: {
            "do": "supply",
            "control": "T0.1",
            "T0-1-note": "Logged again.",
            "T0-1-effective_on": _today(days=-2),
        },
    ),
    "initiatives:controls@confirm": Reach(
        "pilot", data=lambda w: {"do": "confirm", "control": "T0.1", "seen": _seen_control(w)}
    ),
    "initiatives:controls@return": Reach(
        "pilot",
        data=lambda w: {
            "do": "return",
            "control": "T0.1",
            "return-T0-1-because": "Not logged.",
            "seen": _seen_control(w),
        },
    ),
    "initiatives:controls@waive": Reach(
        "pilot",
        data=lambda w: {
            "do": "waive",
            "control": "T0.1",
            "waive-T0-1-until": _today(days=20),
            "waive-T0-1-because": "The tool comes.",
            "seen": _seen_control(w),
        },
    ),
    "initiatives:tier": Reach("idea", data=lambda w: {"do": "propose", "tier": "3", "reason": "It pays."}),
    "initiatives:tier@confirm": Reach("idea", data=lambda w: {"do": "confirm", "tier": "2"}),
    "initiatives:matrix": Reach("pilot", data=lambda w: {"cell": "go_live-I", "person": w.cast.legal.pk}),
    "initiatives:matrix@idea": Reach("idea", data=lambda w: {"cell": "go_live-I", "person": w.cast.legal.pk}),
    "initiatives:matrix@offer": Reach("pilot", data=lambda w: {"cell": "modification-E", "person": w.cast.legal.pk}),
    "initiatives:matrix@end": Reach(
        "pilot",
        data=lambda w: {
            "end": w.newest(Assignment, "pilot", row="modification", role="E", ended_at=None).pk,
            "because": "Another team.",
        },
    ),
    "initiatives:matrix@workflow": Reach("pilot", data=lambda w: {"cell": "workflow", "person": w.cast.legal.pk}),
    "initiatives:answer_offer": Reach(
        "offered", _pk(Assignment, role__in="AE"), data=lambda w: {"answer": "accept", "seen": _seen_offer(w)}
    ),
    "initiatives:answer_offer@decline": Reach(
        "offered", _pk(Assignment, role__in="AE"), data=lambda w: {"answer": "decline", "because": "Not my unit."}
    ),
    "initiatives:restrict": Reach("pilot", data=lambda w: {"restricted": "yes"}),
    "initiatives:restrict@lift": Reach("secret", data=lambda w: {"restricted": "no"}),
    "initiatives:pause": Reach("production", data=lambda w: {"because": "Too many at once."}),
    "gates:ask": Reach("pilot"),
    "gates:ask@pilot_go": Reach("named", query={"kind": "pilot_go"}, data=lambda w: {"recommendation": "Try it."}),
    "gates:ask@funding": Reach("pilot", query={"kind": "funding"}, data=lambda w: {"recommendation": "Pay for it."}),
    "gates:ask@restart": Reach(
        "stopped",
        query={"kind": "restart"},
        data=lambda w: {"cause": "A retry.", "fix": "Mended.", "evidence": "400 replays.", "recommendation": "Start."},
    ),
    "gates:withdraw": Reach("funding", _nth("funding"), data=lambda w: {"because": "Too early."}),
    "gates:extend": Reach("late", _nth("funding"), data=lambda w: {"days": "2", "because": "A figure is on its way."}),
    "gates:sign": Reach(
        "funding",
        _nth("funding"),
        {"outcome": "pass"},
        lambda w: {"outcome": "pass", "seen": w.seen("funding", "funding"), **SIGNED},
    ),
    "gates:sign@no_pass": Reach(
        "funding",
        _nth("funding"),
        {"outcome": "no_pass"},
        lambda w: {"outcome": "no_pass", "seen": w.seen("funding", "funding"), **SIGNED},
    ),
    "gates:sign@not_ready": Reach(
        "late",
        _nth("funding"),
        {"outcome": "pass"},
        lambda w: {"outcome": "pass", "seen": w.seen("late", "funding"), **SIGNED},
    ),
    "gates:sign@go_live": Reach(
        "build",
        _nth("go_live"),
        {"outcome": "pass"},
        lambda w: {"outcome": "pass", "seen": w.seen("build", "go_live"), **SIGNED},
    ),
    "gates:sign_off": Reach(
        "build",
        lambda w, p: {"nth": w.newest_question(p, "go_live"), "function": "security"},
        data=lambda w: {"answer": "signed", "seen": w.seen_sign_off("build", "security")},
    ),
    "gates:stop": Reach("production", data=lambda w: {"reason": "harm"}),
    "gates:stop@pilot": Reach("pilot", data=lambda w: {"reason": "harm"}),
    "gates:stop@tier4": Reach("tier4", data=lambda w: {"reason": "harm"}),
    "gates:stop@vacant": Reach("vacant", data=lambda w: {"reason": "harm"}),
    "gates:ask_to_stop": Reach("production", data=lambda w: {"saw": "It paid a refund twice."}),
    "gates:answer_wish": Reach("production", _pk(StopWish), data=lambda w: {"answer": "It was a test case."}),
    "gates:confirm_stop": Reach(
        "stopped", data=lambda w: {"how": "The queue filled up.", "stop": w.newest(Stop, "stopped").pk}
    ),
    "gates:retire": Reach("production", data=lambda w: {"reason": "Replaced."}),
    "gates:retire@vacant": Reach("vacant", data=lambda w: {"reason": "Replaced."}),
    "gates:postmortem": Reach(
        "retiring", data=lambda w: {**POSTMORTEM, "seen_version": w.known["draft"], "do": "save"}
    ),
    "gates:postmortem@publish": Reach(
        "retiring", data=lambda w: {**POSTMORTEM, "seen_version": w.known["draft"], "do": "publish"}
    ),
    "gates:close": Reach("idea", data=lambda w: {"because": "Nobody needs it."}),
    "gates:triage_file": _file("csv"),
    "gates:triage_one": Reach("triage", data=lambda w: {"version": 1, "to": "pilot", "source": "The desk lead."}),
    "gates:triage_one@vacant": Reach(
        "vacant", data=lambda w: {"version": 1, "who": "other", "person": w.cast.owner.pk}
    ),
    "gates:place": Reach("triage", data=lambda w: {"to": "pilot", "source": "The desk lead."}),
    "gates:correct": Reach("imported", data=lambda w: {"to": "retired", "because": "Switched off last year."}),
    "reviews:do": Reach(
        "production",
        data=lambda w: {**ANSWERS, "outcome": "continue", "due": w.fresh("production").review_due_at.isoformat()},
    ),
    "catalog:views": Reach(data=lambda w: {"remove": w.known["view"]}),
    "catalog:views@opens": Reach(data=lambda w: {"opens": w.known["view"]}),
    "catalog:views@unknown": Reach(data=lambda w: {"remove": "987654"}),
    "catalog:save_view": Reach(query={"stage": "idea"}, data=lambda w: {"name": "Ideas", "whose": "me"}),
    "catalog:chosen": Reach(query={"do": "watch"}, data=lambda w: {"rows": _shown(w, "production")}),
    "catalog:chosen@unit": Reach(
        query={"do": "unit"}, data=lambda w: {"rows": _shown(w, "pilot"), "unit": w.cast.sales.pk}
    ),
    "catalog:chosen@offer": Reach(
        query={"do": "offer"}, data=lambda w: {"rows": _shown(w, "vacant"), "person": w.cast.owner.pk}
    ),
    "catalog:chosen@tag": Reach(query={"do": "tag"}, data=lambda w: {"rows": _shown(w, "pilot"), "tag": "voice"}),
    "catalog:chosen_file": _file("csv"),
    "catalog:columns": Reach(data=lambda w: {"column": "hosting", "do": "retire"}),
    "catalog:columns@down": Reach(data=lambda w: {"column": "contract_ends", "do": "down"}),
    "catalog:columns@back": Reach(data=lambda w: {"column": "vendors_mood", "do": "back"}),
    "catalog:columns@unknown": Reach(data=lambda w: {"column": "nothing", "do": "retire"}),
    "catalog:column_add": Reach(
        data=lambda w: {"title": "Data class", "kind": "choice", "choices": "Public\nInternal", "help": "As labelled."}
    ),
    "catalog:column": Reach(
        path=lambda w, p: {"key": "hosting"},
        data=lambda w: {"title": "Hosted", "help": "Where it runs.", "more": "At the vendor", "version": "1"},
    ),
    "catalog:column@choice": Reach(
        path=lambda w, p: {"key": "hosting"}, data=lambda w: {"choice": "cloud", "do": "down"}
    ),
    "catalog:file": _file("xlsx"),
    "catalog:file@csv": _file("csv"),
    "catalog:file@json": _file("json"),
    "gates:file": _file("xlsx"),
    "reviews:file": _file("csv"),
    "people:file": _file("xlsx"),
    "people:units_file": _file("csv"),
    "people:prove": Reach(query={"next": "/catalog/"}, data=lambda w: {"password": PASSWORD}),
    "people:person": Reach(path=_somebody()),
    "people:add": Reach(data=lambda w: {**PERSON, "unit": w.cast.support.pk}),
    "people:edit": Reach(
        path=_somebody(),
        data=lambda w: {**PERSON, "unit": w.cast.support.pk, "version": Person.objects.get(pk=w.cast.staff.pk).version},
    ),
    "people:leave": Reach(path=_somebody(), data=lambda w: {"left_on": _today(), "confirmed": "1"}),
    "people:come_back": Reach(path=lambda w, p: {"pk": w.known["gone"]}),
    "people:invite": Reach(path=_somebody()),
    "people:forget_identity": Reach(path=_somebody()),
    "people:take_second_factor": Reach(path=_somebody()),
    "people:deputies_of": Reach(path=_somebody(), data=lambda w: DEPUTY | {"deputy": w.cast.legal.pk}),
    "people:end_deputy": Reach(path=lambda w, p: {"pk": w.known["deputy"]}),
    "people:unit": Reach(
        path=lambda w, p: {"pk": w.cast.sales.pk},
        data=lambda w: {
            "name": "Sales and service",
            "parent": w.cast.company.pk,
            "leader": w.cast.other_owner.pk,
            "is_active": "on",
            "seen": unit_digest(w.cast.sales),
        },
    ),
    "people:unit_add": Reach(data=lambda w: {"name": "Field", "parent": w.cast.company.pk, "seen": ""}),
    "people:functions": Reach(data=lambda w: {"function": "legal", "person": w.cast.engineer.pk}),
    "people:me": Reach(data=lambda w: {"phone": "+44 20 7946 0999", "time_zone": "", "language": "", "version": 1}),
    "people:second_factor": Reach(data=lambda w: {"do": "set_up", "offer": "nosuchoffer", "code": "000000"}),
    "people:deputies": Reach(data=lambda w: DEPUTY | {"deputy": w.cast.legal.pk}),
    "people:invitation": Reach(path=lambda w, p: {"token": "nosuchtoken"}),
    "people:setup": Reach(path=lambda w, p: {"token": "nosuchtoken"}),
    "people:company": Reach(
        data=lambda w: {
            "company": "Northwind Group",
            "time_zone": "UTC",
            "seen": company.digest(Installation.objects.get(), company.unit()),
        }
    ),
    "registers:list": Reach(
        data=lambda w: {"profile": "survey", "file": SimpleUploadedFile("more.csv", b"Id,State,Tool\n9,live,More\n")}
    ),
    "registers:profiles": Reach(
        data=lambda w: {"file": SimpleUploadedFile("own.toml", b'identity = ["A"]\n[fields]\nname = "A"\n')}
    ),
    "registers:profile_file": Reach(path=lambda w, p: {"name": "omb-2025"}),
    "registers:columns": Reach(path=_list("unmapped"), data=lambda w: {"header": 1, "is-0": "name"}),
    "registers:words": Reach(path=_list("unmapped"), data=lambda w: {"title": "T", "name": "told"}),
    "registers:edited": Reach(data=lambda w: {"file": SimpleUploadedFile("catalog.csv", b"Key,Purpose\nAI-1,Mine\n")}),
    "registers:batch": Reach(path=_list("waiting"), data=lambda w: {"do": "import"}),
    "registers:batch@aside": Reach(path=_list("waiting"), data=lambda w: {"do": "set_aside"}),
    "registers:batch@over": Reach(path=_list("imported"), data=lambda w: {"do": "import"}),
    "registers:row": Reach(
        path=lambda w, p: _list("waiting")(w, p) | {"record": 3}, data=lambda w: {"cell-0": "3", "cell-1": "live"}
    ),
    "registers:report": Reach(path=_list("waiting")),
    "registers:take_back": Reach(path=_list("imported")),
    "registers:directories": Reach(
        data=lambda w: {"file": SimpleUploadedFile("people.csv", b"E-mail,Name\nnew@example.org,New\n")}
    ),
    "registers:directory": Reach(path=_list("waiting people"), data=lambda w: {"do": "import"}),
    "registers:directory@aside": Reach(path=_list("waiting people"), data=lambda w: {"do": "set_aside"}),
    "registers:directory@over": Reach(path=_list("imported people"), data=lambda w: {"do": "import"}),
    "registers:directory_columns": Reach(path=_list("waiting people"), data=lambda w: {"email": "0", "name": "1"}),
    "public:inside": Reach(data=lambda w: {"contact": "ai@example.org"}),
    "public:inside@close": Reach(data=lambda w: {"do": "close"}),
    "public:one": Reach("pilot", data=lambda w: {"reason": "A risk."}),
    "public:one@lift": Reach("pilot", data=lambda w: {"do": "lift"}),
    "demo:become": Reach(path=_somebody("owner")),
    "demo:message": Reach(path=lambda w, p: {"pk": 1}),
    "demo:clock": Reach(data=lambda w: {"days": "1"}),
}


def reach(entry: str) -> tuple[str, Reach]:
    """Return the address name of an entry of the table, and how it is reached."""
    return entry.partition("@")[0], REACH.get(entry, Reach())
