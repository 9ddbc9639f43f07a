"""Functions: giving and taking them, through the page."""

import pytest

from governance.core.rules import Blocked
from governance.people import actions, functions
from governance.people.functions import Function
from governance.people.models import Person
from tests.make import AT, make_person


@pytest.fixture
def admins_browser(cast, at_browser):
    return at_browser(cast.admin)


def give(browser, function: str, person):
    browser.send(browser.get(f"/people/functions/?give={function}").form(having="person"), person=str(person.pk))
    return browser


def take(browser, function: str, person):
    page = browser.get("/people/functions/")
    browser.send(
        next(f for f in page.forms if f.data().get("function") == function and f.data().get("take") == str(person.pk))
    )
    return browser


def members(slug: str) -> list[str]:
    return [p.name for p in functions.members(slug)]


def test_everybody_reads_what_each_function_means_and_who_is_in_it(cast, at_browser):
    page = at_browser(cast.staff).get("/people/functions/")

    assert (
        "Compliance Lifts restrictions and reads the ledger. May stop what has no business owner or is tier 4. Confirms the tier: 2, 3 and 4. Signs off before go-live at tier 4."
        in page.words
    )
    assert "MO Miriam Osei" in page.words
    assert not [f for f in page.forms if "function" in f.names]


def test_giving_a_function_counts_at_once_and_is_recorded(cast, admins_browser, said):
    give(admins_browser, "legal", cast.staff)

    assert members("legal") == ["Jon Marsh", "Kim Sato"]
    assert "Kim Sato is in Legal now." in admins_browser.page.words
    assert said() == ["function.granted"]

    give(admins_browser, "legal", cast.staff)
    assert said() == []


def test_taking_a_function_counts_at_once_and_is_recorded(cast, admins_browser, said):
    take(admins_browser, "finance", cast.finance)

    assert members("finance") == ["Ines Vidal"]
    assert "Tomas Berg is no longer in Finance." in admins_browser.page.words
    assert said() == ["function.revoked"]


def test_both_need_a_fresh_proof_and_what_was_chosen_is_still_there_afterwards(cast, at_browser, said):
    browser = at_browser(cast.admin, proved=False)
    form = browser.get("/people/functions/?give=legal").form(having="person")

    response = browser.client.post("/people/functions/", form.data(person=str(cast.staff.pk)))
    assert response.status_code == 303
    assert response["Location"].startswith("/prove/?next=")
    assert (
        browser.client.post("/people/functions/", {"function": "finance", "take": str(cast.finance.pk)}).status_code
        == 303
    )
    assert members("legal") == ["Jon Marsh"]
    assert members("finance") == ["Ines Vidal", "Tomas Berg"]
    assert said() == []

    browser.client.post("/people/functions/", form.data(person=str(cast.staff.pk)))
    browser.send(browser.get(response["Location"]).form(having="password"), password="long-enough-for-tests")
    kept = browser.page.form(having="person")
    assert kept.data() | {"csrfmiddlewaretoken": ""} == {
        "csrfmiddlewaretoken": "",
        "function": "legal",
        "person": str(cast.staff.pk),
    }
    browser.send(kept)
    assert members("legal") == ["Jon Marsh", "Kim Sato"]


def test_nobody_gives_themselves_a_function_or_takes_their_own(cast, admins_browser, said):
    actions.grant_function(cast.coo, "administrators", by=cast.admin, at=AT)
    said()
    page = admins_browser.get("/people/functions/")

    assert not [f for f in page.forms if f.data().get("take") == str(cast.admin.pk)]
    assert (
        admins_browser.client.post(
            "/people/functions/", {"function": "compliance", "person": str(cast.admin.pk)}
        ).status_code
        == 403
    )
    refused = admins_browser.client.post(
        "/people/functions/", {"function": "administrators", "take": str(cast.admin.pk)}
    )
    assert refused.status_code == 403
    assert "Administrators (Al Minh, Carl Ode)" in refused.content.decode()
    assert functions.of(Person.objects.get(pk=cast.admin.pk)) == {"administrators"}
    assert said() == []


@pytest.mark.parametrize("function", ["cto", "coo", "ceo"])
def test_one_person_holds_it_and_gives_it_up_first(function, cast, admins_browser, said):
    holder = functions.holder(function)
    if holder is None:
        actions.grant_function(cast.legal, function, by=cast.admin, at=AT)
        holder = cast.legal
    said()

    assert (
        "Give…"
        not in admins_browser.get("/people/functions/")
        .words.split(f"{Function(function).label} one person")[1]
        .split("one person")[0]
    )
    give(admins_browser, function, cast.staff)

    assert admins_browser.status == 422
    assert (
        f"{holder.name} is {Function(function).label}. Take it from them first: one person holds it."
        in admins_browser.page.words
    )
    assert functions.holder(function) == holder
    assert said() == []

    take(admins_browser, function, holder)
    give(admins_browser, function, cast.staff)
    assert functions.holder(function) == cast.staff


def test_somebody_who_left_gets_no_function(cast, admins_browser, said):
    form = admins_browser.get("/people/functions/?give=legal").form(having="person")
    Person.objects.filter(pk=cast.staff.pk).update(is_active=False, left_on=AT.date())

    admins_browser.send(form, person=str(cast.staff.pk))

    assert admins_browser.status == 422
    assert "is nobody on the list" in admins_browser.page.words
    with pytest.raises(Blocked, match="Kim Sato has left"):
        actions.grant_function(cast.staff, "legal", by=cast.admin, at=AT)
    assert members("legal") == ["Jon Marsh"]
    assert said() == []


def test_the_last_administrator_stays(cast, said):
    with pytest.raises(Blocked, match="last administrator"):
        actions.revoke_function(cast.admin, "administrators", by=cast.admin, at=AT)

    assert members("administrators") == ["Al Minh"]
    assert said() == []


def test_a_refusal_names_a_few_of_many_and_nobody_where_nobody_is(cast):
    for n in range(5):
        make_person(f"Extra {n}", Function.AUDITORS)

    assert (
        functions.whose(Function.AUDITORS, Function.CEO)
        == "Auditors (Ada Finch, Extra 0, Extra 1, Extra 2 and 2 more), CEO (nobody yet)"
    )


def test_whoever_is_no_function_is_not_found(cast, admins_browser):
    assert admins_browser.get("/people/functions/?give=kings").h1 == ["Functions"]
    assert not [f for f in admins_browser.page.forms if "person" in f.names]
