"""Random people press random buttons, with and without the page's consent; an oracle of its own watches.

The oracle is written from the design, not from the code: which stage may follow which, who may have
done it, and which facts must then be true. It reads plain rows.
"""

import os
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from governance.core import clock
from governance.core.models import Installation
from governance.gates.models import Decision, Retirement, Stop
from governance.initiatives import catalog_keeping
from governance.initiatives.models import Initiative
from governance.ledger import verify
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people import proof
from governance.proof.models import ControlCheck, SignOff
from governance.raci import grants
from governance.raci.models import Assignment
from governance.reviews import clocks
from tests import make
from tests.web import Browser

#: What may follow what (DESIGN section 2), by hand.
FOLLOWS = {
    "idea": {"pilot", "retired", "triage", "discovered"},
    "discovered": {"pilot", "retired", "stopped", "idea", "triage"},
    "pilot": {"funding", "stopped", "retired", "idea", "discovered", "triage"},
    "funding": {"build", "pilot", "stopped", "retired", "idea", "discovered", "triage"},
    "build": {"production", "stopped", "retired", "pilot", "idea", "discovered", "triage"},
    "production": {"stopped", "retired", "pilot", "idea", "discovered", "triage"},
    "stopped": {"discovered", "pilot", "build", "production", "retired"},
    "retired": {"idea", "discovered", "triage"},
    "triage": {"idea", "discovered", "pilot", "production", "retired"},
}

#: What the clock may do within one look.
TWO_STEPS = {("funding", "stopped")}

PAGES = (
    "",
    "amend/",
    "tier/",
    "outcome/",
    "budget/",
    "controls/",
    "matrix/",
    "history/",
    "restrict/",
    "pause/",
    "ask/?kind=pilot_go",
    "ask/?kind=funding",
    "ask/?kind=go_live",
    "ask/?kind=restart",
    "ask/?kind=back_to_pilot",
    "ask/?kind=tier_change",
    "ask/?kind=modification",
    "gates/pilot_go/",
    "gates/funding/",
    "gates/go_live/",
    "gates/restart/",
    "gates/day_90/",
    "stop/",
    "stop/confirm/",
    "stop/ask/",
    "retire/",
    "postmortem/",
    "close/",
    "correct/",
    "place/",
    "review/",
)
WHO = (
    "owner",
    "lead",
    "escalation",
    "workflow",
    "finance",
    "compliance",
    "compliance_two",
    "security",
    "legal",
    "office",
    "office_two",
    "cto",
    "coo",
    "admin",
    "staff",
    "auditor",
)
#: Who presses: everybody, and those most whom the initiatives are about.
OFTEN = (*WHO, *("owner", "lead", "escalation", "workflow", "office") * 3)
#: Where an initiative of each stage stands when an example begins: one press, of the right person, from moving.
BEGINS = {
    "idea": lambda tale: tale.later(days=34).set_outcome().confirm_tier().name_people().ask_pilot(),
    "pilot": lambda tale: tale.to_pilot().measure().ask_budget(),
    "funding": make.Story.to_funding,
    "build": lambda tale: tale.to_build().ask_go_live().sign_off(),
    "production": make.Story.to_production,
    "stopped": lambda tale: tale.to_production().stop().ask_restart().sign_off(),
    "retired": lambda tale: tale.to_production().retire(),
}
STAGES = list(BEGINS)
TEXT = "Because the desk asked for it."
#: So many kinds of moves must have been seen: where everything is refused, nothing is shown.
MOVES = 5
#: So many requests go by before the clock may move.
SENT_BETWEEN_LOOKS = 10


class Fuzz(RuleBasedStateMachine):
    """The world: one company, one initiative at every stage; each example starts there again."""

    cast: make.Cast
    tales: dict[str, make.Story]
    #: The moves that were seen, of all examples.
    moved: set[tuple[str, str]]
    #: One for all browsers: making the middleware anew takes longer than a page.
    handler = ClientHandler(enforce_csrf_checks=False)

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.clients: dict[str, Client] = {}
        self.offset = 0
        self.before = self._stages()
        self.sent = 0

    def teardown(self):
        assert catalog_keeping.differences() == []
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    # Doing things

    def browser(self, who: str) -> Browser:
        """Return the browser of one of the cast, signed in and proved."""
        self.sent += 1
        if who not in self.clients:
            person = getattr(self.cast, who)
            client = Client(raise_request_exception=True)
            client.handler = self.handler
            client.force_login(person, backend="governance.people.backend.Backend")
            session = client.session
            session[proof._KEY] = {"person": person.pk, "method": "password", "at": clock.wall().isoformat()}
            session.save()
            self.clients[who] = client
        return Browser(self.clients[who])

    @rule(who=st.sampled_from(OFTEN), stage=st.sampled_from(STAGES), page=st.sampled_from(PAGES), data=st.data())
    def use_a_form(self, who, stage, page, data):
        """Open a page of an initiative and send one of its forms, filled in as a person might."""
        browser = self.browser(who)
        found = browser.get(f"/initiatives/{self.tales[stage].initiative.key}/{page}")
        assert browser.status in (200, 302, 403, 404, 405, 409), (browser.status, found.url)
        forms = [f for f in found.forms if f.method == "post" and "/initiatives/" in f.action]
        if forms:
            self.fill(browser, data.draw(st.sampled_from(range(len(forms)))), forms, data)

    @rule(
        who=st.sampled_from(OFTEN),
        stage=st.sampled_from(STAGES),
        outcome=st.sampled_from(("pass", "pass", "no_pass")),
        data=st.data(),
    )
    def answer(self, who, stage, outcome, data):
        """Go the way to the signature of a question, open or long closed, mostly as whoever it is put to."""
        browser = self.browser(who)
        questions = list(Decision.objects.filter(initiative=self.tales[stage].initiative).order_by("number"))
        if not questions:
            return
        still_open = [one for one in questions if not one.closed]
        decision = data.draw(st.sampled_from(questions + still_open * len(questions)))
        decides = self.holder(
            decision.initiative_id,
            {
                "pilot_go": "pilot",
                "day_90": "pilot",
                "funding": "go_live",
                "go_live": "go_live",
                "tier_change": "go_live",
            }.get(decision.kind, "halt"),
            "A",
        )
        if data.draw(st.integers(0, 3)) and decides is not None:
            browser = self.browser(next((w for w in WHO if getattr(self.cast, w).pk == decides), who))
        found = browser.get(
            f"/initiatives/{self.tales[stage].initiative.key}/decisions/{decision.number}/sign/?outcome={outcome}"
        )
        forms = [f for f in found.forms if f.method == "post" and "/sign/" in f.action]
        if forms:
            self.fill(browser, 0, forms, data)

    @rule(
        who=st.sampled_from(OFTEN),
        stage=st.sampled_from(STAGES),
        path=st.sampled_from(
            (
                "stop/",
                "retire/",
                "close/",
                "correct/",
                "place/",
                "postmortem/",
                "stop/confirm/",
                "decisions/1/sign/?outcome=pass",
                "decisions/2/sign/?outcome=pass",
                "decisions/3/sign/?outcome=pass",
                "amend/",
                "tier/",
                "matrix/",
                "budget/",
                "outcome/",
            )
        ),
    )
    def craft(self, who, stage, path):
        """Send a request no page offers, with every field that could ever matter."""
        fields = {
            "reason": "harm",
            "because": TEXT,
            "to": "production",
            "source": TEXT,
            "stage": "production",
            "outcome": "pass",
            "seen": "0" * 64,
            "learned": TEXT,
            "tier": "0",
            "owner": str(self.cast.staff.pk),
            "how": TEXT,
            "decided_by": str(self.cast.owner.pk),
            "version": "1",
            "seen_version": "1",
            "is_staff": "1",
            "approved": "1",
            "confirmed_by": str(self.cast.finance.pk),
            "publish": "1",
            "action": "publish",
        }
        response = self.browser(who).client.post(f"/initiatives/{self.tales[stage].initiative.key}/{path}", fields)
        assert response.status_code in (200, 302, 303, 403, 404, 405, 409, 422), response.status_code

    @precondition(lambda self: self.sent >= SENT_BETWEEN_LOOKS)
    @rule(days=st.sampled_from((1, 1, 3, 10)))
    def time_passes(self, days):
        """Move the clock and let what time does happen; rarely, because it is people who are tried out here."""
        self.sent = 0
        self.offset += days
        Installation.objects.filter(pk=1).update(clock_offset_seconds=self.offset * 86_400)
        clocks.run(clock.now())

    def fill(self, browser, index, forms, data):
        """Fill in a form by the names of its fields and send it with one of its buttons."""
        form = forms[index]
        given = {}
        for control in form.controls:
            if control.kind in ("hidden", "file") or not control.name:
                continue
            if control.kind == "submit":
                if data.draw(st.booleans()):
                    given = {
                        k: v for k, v in given.items() if k not in {c.name for c in form.controls if c.kind == "submit"}
                    }
                    given[control.name] = control.value
            elif control.kind == "select":
                values = [value for value, _words, _on in control.options]
                given[control.name] = data.draw(st.sampled_from(values)) if values else ""
            elif control.kind == "radio":
                same = [c.value for c in form.controls if c.name == control.name]
                given[control.name] = data.draw(st.sampled_from(same))
            elif control.kind == "checkbox":
                if data.draw(st.booleans()):
                    given[control.name] = control.value or "on"
            elif not control.value:
                given[control.name] = self.value(control, data)
        note(f"{form.action} {given}")
        found = browser.send(form, **given)
        assert browser.status in (200, 403, 404, 409, 422), (browser.status, form.action)
        if "/prove/" in found.url:
            raise AssertionError("A fresh proof was not accepted.")

    def value(self, control, data):
        """Return something one might type into a field."""
        if control.kind == "date":
            return (self.today() + timedelta(days=data.draw(st.sampled_from((-40, -20, -5, 0, 10, 60))))).isoformat()
        if control.kind in ("number",) or control.attrs.get("inputmode") in ("numeric", "decimal"):
            return str(data.draw(st.sampled_from((0, 1, 2, 3, 5, 30, 1000))))
        return TEXT

    def today(self) -> date:
        return clock.now().date()

    # Watching

    def _stages(self) -> dict[int, str]:
        return dict(Initiative.objects.values_list("pk", "stage"))

    def holder(self, initiative: int, row: str, role: str):
        """Return the accepted holder of A or E, straight from the rows."""
        found = Assignment.objects.filter(
            initiative_id=initiative,
            row=row,
            role=role,
            ended_at=None,
            accepted_at__isnull=False,
            person__is_active=True,
        ).values_list("person_id", flat=True)
        return found[0] if found else None

    @invariant()
    def only_legal_moves_with_their_facts(self):
        after = self._stages()
        for pk, now in after.items():
            was = self.before.get(pk)
            if was is not None and was != now:
                # Time may do two things at once: a lapsed gate goes back to the pilot, and day 90 stops that.
                assert now in FOLLOWS[was] or (was, now) in TWO_STEPS, f"{was} → {now}"
                self.facts(pk, now)
                self.moved.add((was, now))
        self.before = after

    def facts(self, pk: int, now: str) -> None:
        """Check what must be true of an initiative that has just arrived at a stage."""
        moved = Initiative.objects.get(pk=pk)
        corrected = "correct" in self.last_step(pk)
        if now == "build" and self.last_step(pk) == "fund":
            gate = Decision.objects.filter(initiative=pk, kind="funding").order_by("-number").first()
            assert (gate.closed, gate.outcome) == ("decided", "pass")
            assert gate.decided_by_id != gate.asked_by_id
            outcome, budget = Outcome.objects.get(initiative=pk), Budget.objects.get(initiative=pk)
            assert budget.approved >= budget.asked
            assert budget.approved_by_id != budget.asked_by_id
            assert any(
                m.confirmed_by_id
                and m.confirmed_by_id not in (m.supplied_by_id, gate.decided_by_id)
                and m.starts_on > outcome.threshold_set_at.date()
                and (m.value <= outcome.threshold if outcome.lower_is_better else m.value >= outcome.threshold)
                for m in Measurement.objects.filter(initiative=pk)
            ), "funded without a confirmed figure"
        if now == "production" and self.last_step(pk) == "go_live":
            assert moved.tier is not None
            asked = Decision.objects.filter(initiative=pk, kind="go_live").order_by("-number").first()
            signed = set(SignOff.objects.filter(decision=asked, answer="signed").values_list("function", flat=True))
            assert {3: {"security"}, 4: {"compliance", "security"}}.get(moved.tier, set()) <= signed
            assert all(
                c.confirmed_by_id or c.waived_until
                for c in ControlCheck.objects.filter(initiative=pk, returned_because="")
            )
        if now == "stopped":
            assert Stop.objects.filter(initiative=pk, lifted_at=None).count() == 1
            assert not Decision.objects.filter(initiative=pk, closed="").exists()
        if now == "retired" and not corrected and self.last_step(pk) == "retire":
            assert Retirement.objects.get(initiative=pk).published_at is not None

    def last_step(self, pk: int) -> str:
        """Return the name of the last step the record has for an initiative."""
        from governance.ledger import queries as record

        newest = record.for_initiative(pk, limit=40)
        return next((e.detail["step"] for e in newest if e.verb == "initiative.moved"), "")

    @invariant()
    def nobody_passed_their_own_question(self):
        assert (
            not Decision.objects.filter(outcome="pass", decided_by__isnull=False, asked_by__isnull=False)
            .extra(where=["decided_by_id = asked_by_id"])
            .exists()
        )

    @invariant()
    def accountable_and_escalation_are_two(self):
        rows = Assignment.objects.filter(role__in="AE", ended_at=None, accepted_at__isnull=False).values_list(
            "initiative", "row", "person"
        )
        assert len(rows) == len(set(rows)), "one person is A and E of a row"


def _run(steps: int) -> None:
    examples = max(steps // 50, 1)
    run_state_machine_as_test(
        Fuzz,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            derandomize=not os.environ.get("FUZZ_RANDOM"),
        ),
    )


@pytest.fixture
def world(cast, monkeypatch):
    """An initiative at every stage, on a demo installation whose clock can move; it is an hour after they got there."""
    Installation.objects.filter(pk=1).update(kind="demo")
    Fuzz.cast, Fuzz.moved = cast, set()
    Fuzz.tales = {stage: begins(make.Story(cast, name=f"At {stage}")) for stage, begins in BEGINS.items()}
    # On whatever day this runs: later, nearly everything that waits for somebody would have lapsed.
    back = max(tale.at for tale in Fuzz.tales.values()) + timedelta(hours=1) - clock.wall()
    monkeypatch.setattr(clock, "wall", lambda: timezone.now() + back)
    return Fuzz


@pytest.mark.long(45)
def test_a_thousand_random_steps_over_http_reach_no_illegal_state(world):
    _run(1_000)

    assert len(Fuzz.moved) >= MOVES, f"It hardly tried anything: {sorted(Fuzz.moved)}"
    assert grants.differences() == []
    assert verify.verify(checkpoints=[]).ok  # each example was rolled back, its checkpoints stay in the file


@pytest.mark.ci
@pytest.mark.long(90)
def test_two_thousand_random_steps_over_http_reach_no_illegal_state(world):
    _run(2_000)

    assert len(Fuzz.moved) >= MOVES, f"It hardly tried anything: {sorted(Fuzz.moved)}"
    assert verify.verify(checkpoints=[]).ok  # each example was rolled back, its checkpoints stay in the file


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_thousand_random_steps_over_http_reach_no_illegal_state(world):
    _run(20_000)

    assert verify.verify(checkpoints=[]).ok  # each example was rolled back, its checkpoints stay in the file


def test_the_oracle_sees_a_stage_that_nothing_led_to(world):
    from django.db import connection

    machine = Fuzz()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE governance_initiative SET stage = 'build' WHERE id = %s", [Fuzz.tales["retired"].initiative.pk]
            )
        with pytest.raises(AssertionError, match="retired → build"):
            machine.only_legal_moves_with_their_facts()
    finally:
        machine.teardown()
