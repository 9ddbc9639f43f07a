"""Portfolio: every number is the length of the list it leads to, for whoever reads it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict

from governance.core import clock, lists
from governance.desk import portfolio
from governance.gates.models import Decision
from governance.initiatives import actions, catalog, figures
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from tests.crowd import make_crowd
from tests.make import AT, make_initiative, prove


def build(person, at=AT) -> dict:
    """Return the page's facts for a person."""
    return portfolio.build(person, at, company="Northwind Services")


def length(person, url: str, at=AT) -> int:
    """Return how long the catalog's list at an address is."""
    path, _, query = url.partition("?")
    assert path == "/catalog/"
    listing = catalog.listing(person, at, path=path, company="Northwind Services")
    return lists.narrowed(listing, lists.choose(listing, QueryDict(query))).count()


@pytest.mark.parametrize("who", ["staff", "owner", "compliance", "admin", "lead"])
def test_every_number_is_the_length_of_the_list_it_leads_to(cast, who):
    make_crowd(cast, 120, AT)
    person = getattr(cast, who)
    page = build(person)

    for part in [*page["headline"], *page["stuck"]]:
        if part.url.startswith("/catalog/"):
            assert part.n == length(person, part.url), part
            assert str(part.n) in str(part.words) or part in page["stuck"]
    for column in page["board"]:
        assert column["n"] == length(person, column["url"])
        assert len(column["cards"]) == min(column["n"], portfolio.CARDS)
        assert column["more"] == column["n"] - len(column["cards"])
    for row in page["units"]["rows"]:
        assert row["waits_owner"] == length(person, row["owner_url"]), row
        assert row["review_overdue"] == length(person, row["overdue_url"]), row
        assert row["in_use"] == length(person, row["url"] + "&stage=" + ",".join(Stage.in_use())), row
    assert len(page["stuck"]) == 4  # the crowd waits for no sign-off


def test_the_late_decisions_are_those_the_gates_list_shows(client, cast, sign_in, monkeypatch):
    monkeypatch.setattr(clock, "wall", lambda: AT)
    make_crowd(cast, 120, AT)
    late = (
        Decision.objects.open()
        .filter(due_at__lte=AT, final_at__gt=AT, initiative__in=Initiative.objects.visible_to(cast.staff))
        .count()
    )
    words = f"{late} decision late" if late == 1 else f"{late} decisions late"

    page = sign_in(client, cast.staff).get("/portfolio/").content.decode()

    assert late > 0
    assert f'<a href="/gates/?due=late" class="late">{words}</a>' in page


def test_the_headline_says_what_runs_and_how_much_of_it_is_serious(cast):
    make_initiative(cast, "production")
    bare = make_initiative(cast, "production", name="Call summaries")
    actions.amend(bare.fresh, {"rollback_minutes": None}, by=cast.lead, at=bare.at, seen_version=bare.fresh.version)
    make_initiative(cast, "pilot", name="Claims drafts")

    assert [str(part.words) for part in build(cast.staff)["headline"]] == [
        "2 in production",
        "1 with owner, metric and way back",
        "1 pilot",
    ]


def test_a_restricted_one_is_in_no_number_for_others(client, cast, sign_in, monkeypatch):
    monkeypatch.setattr(clock, "wall", lambda: AT)
    make_initiative(cast, "idea")
    story = make_initiative(cast, "idea", name="Merger memos")
    figures.ask_budget(story.fresh, asked=Decimal(700_000), currency="USD", months=12, by=cast.lead, at=AT)
    actions.set_restricted(story.fresh, True, by=cast.lead, at=AT)
    stranger, told = build(cast.staff), build(cast.compliance)

    assert [column["n"] for column in stranger["board"]] == [1]
    assert [column["n"] for column in told["board"]] == [2]
    assert (stranger["money"], [row["currency"] for row in told["money"]]) == ([], ["USD"])
    assert "Merger" not in sign_in(client, cast.staff).get("/portfolio/").content.decode()


def test_money_is_never_added_across_currencies(cast):
    for name, amount, currency in (("Refunds", 84_000, "EUR"), ("Claims", 1_000, "EUR"), ("Calls", 50_000, "USD")):
        story = make_initiative(cast, "idea", name=name)
        budget = figures.ask_budget(
            story.fresh, asked=Decimal(amount), currency=currency, months=12, by=cast.lead, at=AT
        )
    figures.approve_budget(
        budget,
        approved=Decimal(40_000),
        cost_centre="CC",
        reference="B",
        by=cast.finance,
        at=AT,
        proof=prove(cast.finance),
        seen_version=budget.version,
    )

    assert [(row["currency"], row["n"], row["asked"], row["approved"]) for row in build(cast.staff)["money"]] == [
        ("EUR", 2, Decimal(85_000), Decimal(0)),
        ("USD", 1, Decimal(50_000), Decimal(40_000)),
    ]


def test_the_oldest_unanswered_decision_is_named_with_its_decider(client, cast, sign_in, monkeypatch):
    story = make_initiative(cast, "funding")
    at = story.at + timedelta(days=2)
    make_initiative(cast, "funding", at=AT + timedelta(days=1), name="Call summaries")
    monkeypatch.setattr(clock, "wall", lambda: at)
    page = re.sub(r"<[^>]+>", "", sign_in(client, cast.staff).get("/portfolio/").content.decode())

    assert (
        f"Oldest unanswered decision: Fund production, {story.initiative.key} Support refunds, asked 2 d ago, Priya Nair decides, due"
        in " ".join(page.split())
    )


def test_what_needs_attention_stands_first_in_its_column(cast):
    make_crowd(cast, 120, AT)
    cards = next(column["cards"] for column in build(cast.compliance)["board"] if column["stage"] == "production")

    flags = [card["initiative"].attention for card in cards]
    assert flags == sorted(flags)
    assert flags[0] == 0


def test_a_stop_is_not_claimed_on_a_card(cast):
    made = make_crowd(cast, 120, AT)
    unconfirmed = {one.pk for one in made if one.stage == "stopped" and one.stops.filter(confirmed_at=None).exists()}
    cards = next(column["cards"] for column in build(cast.compliance)["board"] if column["stage"] == "stopped")

    assert {card["initiative"].pk in unconfirmed: str(card["note"]) for card in cards} == {
        True: "stop asked, not confirmed",
        False: "stopped and confirmed",
    }


def test_an_empty_portfolio_says_so(client, cast, sign_in):
    page = sign_in(client, cast.coo).get("/portfolio/").content.decode()

    assert "No initiative is registered yet." in page


@pytest.mark.browser
def test_it_prints_on_one_page(live_server, client, cast, sign_in):
    playwright = pytest.importorskip("playwright.sync_api")
    from pathlib import Path

    from django.conf import settings

    if not Path("/usr/bin/chromium").exists():
        pytest.skip("no Chromium at /usr/bin/chromium")
    make_crowd(cast, 200, AT)
    sign_in(client, cast.coo)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        page.goto(f"{live_server.url}/portfolio/")
        pdf = page.pdf(format="A4", prefer_css_page_size=True)
        browser.close()

    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
