"""Help says what the code does: the drawing shows every step, the numbers are true, the rights are those that are held."""

import re
from xml.etree import ElementTree

import pytest

from governance.desk import diagram, help, words
from governance.initiatives import actions, rules, steps
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.raci import grants
from governance.raci.grants import May
from governance.raci.models import Role, Row
from tests.crowd import make_crowd
from tests.make import AT, make_initiative

PAGES = ("/help/", "/help/lifecycle/", "/help/rules/", "/help/who-may/", "/help/words/")


@pytest.mark.parametrize("address", PAGES)
def test_everybody_signed_in_can_read_it(client, cast, sign_in, address):
    assert client.get(address).status_code == 302
    page = sign_in(client, cast.staff).get(address)

    assert page.status_code == 200
    assert "None" not in re.sub(r"<[^>]+>", " ", page.content.decode())


# --- The drawing ------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [diagram.WIDE, diagram.NARROW], ids=lambda layout: layout.name)
def test_the_drawing_has_an_arrow_for_every_step_of_the_machine_and_no_other(layout):
    drawn = [pair for route in layout.routes for pair in route.pairs]

    assert len(drawn) == len(set(drawn))
    assert set(drawn) == set(diagram.pairs(steps.table()))
    assert set(layout.places) == set(Stage.counted())
    assert set(diagram.WORDS) == {step.name for step in steps.table()}


@pytest.mark.parametrize("layout", [diagram.WIDE, diagram.NARROW], ids=lambda layout: layout.name)
def test_the_drawing_is_whole_named_and_keeps_inside_its_frame(layout):
    root = ElementTree.fromstring(diagram.draw(layout, here="pilot", alone=True))
    svg = "{http://www.w3.org/2000/svg}"

    texts = ["".join(text.itertext()) for text in root.iter(f"{svg}text")]
    assert set(map(str, (Stage(value).label for value in Stage.counted()))) <= set(texts)
    assert texts.count("you are here") == 1
    assert root.find(f"{svg}title").text == "The life of an initiative. You are here: Pilot."
    assert "Pilot go: from Idea to Pilot." in root.find(f"{svg}desc").text
    for rect in root.iter(f"{svg}rect"):
        assert float(rect.get("x")) >= 0
        assert float(rect.get("x")) + float(rect.get("width")) <= layout.width
        assert float(rect.get("y")) + float(rect.get("height")) <= layout.height


def test_a_step_the_layout_does_not_know_is_drawn_all_the_same(monkeypatch):
    extra = steps.Step("leap", "idea", ("production",), May.STOP, [], False)
    monkeypatch.setattr(diagram.steps, "table", lambda: [*steps_before, extra])
    monkeypatch.setitem(diagram.WORDS, "leap", "leap")

    assert "way-leap" in diagram.draw(diagram.WIDE)


steps_before = steps.table()


def test_a_step_the_machine_no_longer_has_is_not_drawn(monkeypatch):
    monkeypatch.setattr(diagram.steps, "table", lambda: [step for step in steps_before if step.name != "adopt"])

    assert "way-adopt" not in diagram.draw(diagram.WIDE)


def test_the_page_marks_where_one_is_and_holds_no_style_of_its_own(client, cast, sign_in):
    sign_in(client, cast.staff)
    plain, marked, odd = (
        client.get(f"/help/lifecycle/{query}").content.decode() for query in ("", "?at=funding", "?at=%3Cscript%3E")
    )

    assert ("you are here" in plain, marked.count("you are here"), "you are here" in odd) == (False, 2, False)
    assert "<style" not in marked
    assert "style=" not in marked


def test_every_step_is_in_the_table_with_who_takes_it():
    rows = help.steps_in_words()

    assert {row["words"] for row in rows} == {str(said).capitalize() for said in diagram.WORDS.values()}
    assert all(row["holders"] for row in rows)


# --- The rules --------------------------------------------------------------------------------


def test_every_rule_says_why_and_what_needs_it(client, cast, sign_in):
    page = sign_in(client, cast.staff).get("/help/rules/").context["rules"]

    assert [row["code"] for row in page] == [rule.code for rule in rules.ALL]
    for row in page:
        assert row["reason"], row["code"]
        assert row["steps"], row["code"]


def test_the_numbers_are_of_initiatives_the_rule_really_blocks(cast):
    make_initiative(cast, "idea").set_outcome()
    make_initiative(cast, "idea", capability="", name="Claims drafts")
    make_initiative(cast, "idea", name="Calls").to_funding(ready=False)
    secret = make_initiative(cast, "idea", capability="", name="Merger memos")
    actions.set_restricted(secret.fresh, True, by=cast.lead, at=AT)

    def numbers(person) -> dict[str, int]:
        told = help.rules_in_words(Initiative.objects.visible_to(person, AT), AT, asked=False)
        return {row["code"]: row["n"] for row in told["rules"] if row["n"]}

    assert numbers(cast.staff) == {
        "roles.named": 2,
        "tier.confirmed": 2,
        "capability": 1,
        "outcome.defined": 1,
        "funding.evidence": 1,
        "budget.approved": 1,
    }
    assert numbers(cast.compliance) == {
        "roles.named": 3,
        "tier.confirmed": 3,
        "capability": 2,
        "outcome.defined": 2,
        "funding.evidence": 1,
        "budget.approved": 1,
    }


def test_many_are_counted_only_when_somebody_asks(client, cast, sign_in, monkeypatch):
    monkeypatch.setattr(help, "COUNTED", 10)
    make_crowd(cast, 30, AT)
    sign_in(client, cast.compliance)

    waiting, counted = client.get("/help/rules/"), client.get("/help/rules/?count=1")

    assert {row["n"] for row in waiting.context["rules"]} == {None}
    assert '<a href="?count=1" rel="nofollow">Count them now</a>' in waiting.content.decode()
    assert sum(row["n"] for row in counted.context["rules"]) > 20


# --- Who may ----------------------------------------------------------------------------------


def test_the_matrix_page_is_the_map():
    rows = help.matrix_in_words()

    for row, told in zip(Row, rows, strict=True):
        for role, cell in zip(Role, told["cells"], strict=True):
            assert set(cell["may"]) == {may.words for may in grants.GRANTS[row, role]}
            assert set(cell["offered"]) == {may.words for may in grants.OFFERED_GRANTS.get((row, role), ())}


def test_every_right_is_on_the_page():
    told = {may for _who, rights, _when in help.STANDING for may in rights} | set().union(*grants.GRANTS.values())

    assert set(May) - told == {May.ADMIT, May.CONFIRM_STOP}  # no person admits; confirming a stop is told in words


@pytest.mark.parametrize(
    ("who", "label"),
    [
        ("office", "Portfolio office"),
        ("compliance", "Compliance"),
        ("finance", "Finance"),
        ("auditor", "Auditors"),
        ("admin", "Administrators"),
        ("staff", "Every signed-in person"),
        ("lead", "Responsible for pilot or go-live"),
        ("owner", "Business owner"),
        ("workflow", "Workflow owner"),
    ],
)
def test_what_the_page_promises_is_held(cast, who, label):
    story = make_initiative(cast, "pilot")
    proposed = make_initiative(
        cast, "idea", tier_proposed={"office": 1, "compliance": 3}.get(who, 2), name="Claims drafts"
    )
    rights = next(rights for said, rights, _when in help.STANDING if said == label)

    held = grants.held_by(getattr(cast, who), story.fresh, AT) | grants.held_by(getattr(cast, who), proposed.fresh, AT)

    if who == "owner":
        held |= {May.RETIRE} & grants.held_by(cast.owner, make_initiative(cast, "production", name="Calls").fresh, AT)
    assert set(rights) <= held
    if who == "admin":
        assert held == {May.SEE}


# --- The words --------------------------------------------------------------------------------


def test_every_word_has_an_address_of_its_own_and_a_meaning():
    entries = [entry for _heading, entries in words.GROUPS for entry in entries]

    assert len({anchor for anchor, _word, _meaning in entries}) == len(entries) > 30
    for anchor, _word, meaning in entries:
        assert re.fullmatch(r"[a-z0-9-]+", anchor)
        assert str(meaning).endswith(".")
