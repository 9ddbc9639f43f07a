"""Registering an idea page by page, and reporting AI found in use."""

import pytest
from django.urls import reverse

from governance.initiatives import actions
from governance.initiatives.models import Initiative
from governance.notices.models import Notice
from governance.raci import queries as raci
from governance.raci.models import Row
from tests.gates.pages import hidden, words
from tests.make import AT, make_initiative

START = "/register/"
WORK = {"purpose": "Answering the same refund question forty times an hour.", "name": "Refund answers"}


def answer(client, cast, *, upto: int = 5):
    """Answer the pages one after the other, and return the last response."""
    pages = {
        1: WORK,
        2: {"today": "Eight people on the refund desk.", "unit": cast.support.pk},
        3: {"tier_proposed": "1", "could_go_wrong": "It sounds rude."},
        4: {},
    }
    response = client.get(START)
    for page in range(1, upto):
        response = client.post(f"{START}?page={page}", pages[page])
        assert (response.status_code, response["Location"]) == (303, f"{START}?page={page + 1}"), words(response)
    return client.get(f"{START}?page={upto}")


@pytest.fixture
def kim(client, sign_in, cast):
    """A client of somebody who registers something for the first time."""
    return sign_in(client, cast.staff)


def test_five_pages_lead_to_an_idea_of_ones_own(kim, cast):
    check = answer(kim, cast)
    page = words(check)
    assert "Check your answers" in page
    assert "Eight people on the refund desk." in page
    assert "Which unit is it for? Support" in page
    assert "A customer reads something wrong. It sounds rude." in page
    assert "Proposed for now: Tier 1 Customer-facing text" in page

    done = kim.post(f"{START}?page=5", {"token": hidden(check, "token")})

    made = Initiative.objects.get()
    assert (done.status_code, done["Location"]) == (303, "/initiatives/AI-1/")
    assert (made.stage, made.name, made.purpose, made.unit, made.tier_proposed, made.tier, made.registrant) == (
        "idea",
        "Refund answers",
        WORK["purpose"],
        cast.support,
        1,
        None,
        cast.staff,
    )
    assert raci.matrix(made).responsible(Row.PILOT) == [cast.staff]


def test_one_question_stands_on_a_page(kim, cast):
    first = words(kim.get(START))

    assert "Page 1 of 5" in first
    assert "What work would improve?" in first
    assert "Who does it today" not in first
    for word in ("vendor do you", "budget of", "Which model"):
        assert word not in first


def test_the_answers_are_kept_while_one_goes_elsewhere(kim, cast):
    answer(kim, cast, upto=3)
    kim.get("/")

    assert "What could go wrong?" in words(kim.get(START))
    first = kim.get(f"{START}?page=1").content.decode()
    assert WORK["purpose"] in first
    assert 'value="Refund answers"' in first


def test_no_page_beyond_the_first_open_question(kim):
    for page in ("2", "5", "99", "x", "-1", "0"):
        assert "Page 1 of 5" in words(kim.get(f"{START}?page={page}"))
    assert kim.post(f"{START}?page=5", {"token": "x"})["Location"] == f"{START}?page=1"
    assert Initiative.objects.count() == 0


def test_a_change_from_the_last_page_leads_back_to_it(kim, cast):
    answer(kim, cast)
    html = kim.get(f"{START}?page=2&then=answers").content.decode()
    assert '<input type="hidden" name="then" value="answers">' in html

    response = kim.post(f"{START}?page=2", {"today": "Nine people.", "unit": cast.sales.pk, "then": "answers"})

    assert response["Location"] == f"{START}?page=5"
    assert "Which unit is it for? Sales" in words(kim.get(f"{START}?page=5"))


@pytest.mark.parametrize(
    ("page", "data", "sentence"),
    [
        (1, {"purpose": " ", "name": "x"}, "Answer “What work would improve?”"),
        (1, {"purpose": "x", "name": ""}, "Enter a short name for it"),
        (
            1,
            {"purpose": "x", "name": "y" * 201},
            "A short name for it has 201 characters and may have 200. Shorten it by 1.",
        ),
        (2, {"today": "", "unit": "1"}, "Answer “Who does it today, and how often?”"),
        (2, {"today": "x", "unit": "999999"}, "Which unit is it for? is “999999”, which is not one of the choices."),
        (2, {"today": "x", "unit": ""}, "Answer “Which unit is it for?”"),
        (3, {}, "Choose the worst that could really happen."),
        (3, {"tier_proposed": "3"}, "What could go wrong? is “3”, which is not one of the choices."),
    ],
)
def test_bad_input_gets_a_sentence_and_goes_no_further(page, data, sentence, kim, cast):
    answer(kim, cast, upto=page)

    response = kim.post(f"{START}?page={page}", data)

    assert response.status_code == 422
    assert sentence in words(response)
    assert Initiative.objects.count() == 0


def test_what_looks_alike_is_shown_before_it_is_sent(kim, cast):
    make_initiative(cast, "idea", name="Refund answers for chat")
    make_initiative(cast, "idea", name="Shift planning")
    hidden_one = make_initiative(cast, "idea", name="Refund answers in secret")
    actions.set_restricted(hidden_one.initiative, True, by=cast.lead, at=AT)

    page = words(answer(kim, cast, upto=4))

    assert "Sounds alike AI-1 Refund answers for chat" in page
    assert "The same unit has" in page
    assert page.index("Shift planning") > page.index("The same unit has")
    assert "secret" not in page
    assert "Mine is different" in page


def test_nothing_alike_says_so(kim, cast):
    assert "Nothing like it is registered yet." in words(answer(kim, cast, upto=4))


def test_a_second_click_registers_nothing_more(kim, cast):
    token = hidden(answer(kim, cast), "token")

    first, second = (kim.post(f"{START}?page=5", {"token": token}) for _ in range(2))

    assert (first["Location"], second["Location"], Initiative.objects.count()) == (
        "/initiatives/AI-1/",
        "/initiatives/AI-1/",
        1,
    )


def test_the_last_answer_of_the_four_is_the_cautious_one(kim, cast):
    answer(kim, cast, upto=3)

    kim.post(f"{START}?page=3", {"tier_proposed": "4"})

    assert (
        "Proposed for now: Tier 4" in words(kim.get(f"{START}?page=4"))
        or kim.session["register_draft"]["tier_proposed"] == 4
    )


def test_the_unit_of_whoever_registers_is_chosen_already(kim, cast):
    html = answer(kim, cast, upto=2).content.decode()

    assert f'<option value="{cast.support.pk}" selected>' in html


# Found in use


def test_what_was_found_is_reported_and_nobody_is_blamed(kim, cast):
    assert "Nobody gets into trouble, neither you nor those who use it." in words(kim.get("/register/found/"))

    done = kim.post(
        "/register/found/",
        {"name": "ChatSumm", "today": "Two desks summarise calls.", "could_go_wrong": "", "unit": cast.sales.pk},
    )

    made = Initiative.objects.get()
    assert (done.status_code, done["Location"]) == (303, "/register/found/?thanks=AI-1")
    assert (made.stage, made.name, made.purpose, made.unit, made.unowned_since is not None) == (
        "discovered",
        "ChatSumm",
        "Two desks summarise calls.",
        cast.sales,
        True,
    )
    thanks = words(kim.get(done["Location"]))
    assert "AI-1 ChatSumm is registered. Nobody is in trouble." in thanks
    assert "What happens in the next 30 days" in thanks
    assert "On day 20 and day 27 they are reminded." in thanks
    assert Notice.objects.filter(person=cast.office, occasion="found").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "Answer “What is it?”"),
        ({"today": " "}, "Answer “Who uses it, and for what?”"),
        ({"unit": ""}, "Answer “Which unit uses it?”"),
    ],
)
def test_a_report_that_lacks_an_answer_gets_a_sentence(change, sentence, kim, cast):
    response = kim.post(
        "/register/found/", {"name": "ChatSumm", "today": "Two desks.", "unit": cast.sales.pk, **change}
    )

    assert (response.status_code, Initiative.objects.count()) == (422, 0)
    assert sentence in words(response)


@pytest.mark.parametrize("thanks", ["AI-1", "AI-99", "nonsense", "AI-", "AI-99999999999999999999"])
def test_thanks_are_for_whoever_reported_it(thanks, kim, cast):
    make_initiative(cast, "idea")

    page = words(kim.get(f"/register/found/?thanks={thanks}"))

    assert "Report AI found in use" in page
    assert "is registered. Nobody is in trouble." not in page


@pytest.mark.parametrize("address", [START, "/register/found/"])
def test_who_is_not_signed_in_signs_in_first(address, client, cast):
    assert client.get(address).status_code == 302
    assert reverse("initiatives:register") == START


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5])
def test_these_pages_ask_little_and_write_nothing(page, kim, cast, django_assert_max_num_queries):
    make_initiative(cast, "idea", name="Refund answers for chat")
    answer(kim, cast)

    with django_assert_max_num_queries(20):
        assert kim.get(f"{START}?page={page}").status_code == 200

    assert Initiative.objects.count() == 1
