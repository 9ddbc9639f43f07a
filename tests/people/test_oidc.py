"""Signing in through the company, against a real OpenID provider on this machine: who comes in, and who does not."""

import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from governance import checks
from governance.core import clock
from governance.ledger.models import LedgerEntry
from governance.people import actions, functions, identities, oidc, proof, second_factor
from governance.people.models import Identity, Person, Provided
from portal import env
from tests.make import AT, PASSWORD
from tests.people.test_second_factor import SECRET, Phone
from tests.provider import CLIENT, Provider, served
from tests.provider import SECRET as CLIENT_SECRET
from tests.web import Browser, Page

SITE = "https://mandate.example.org"


@pytest.fixture(scope="module")
def serving():
    """The provider, once for the file."""
    with served(f"{SITE}/sign-in/company/back/") as provider:
        yield provider


@pytest.fixture
def company(serving, settings) -> Provider:
    """The provider as it was when it was new, and an installation that is set up for it."""
    new = Provider(serving.port, serving.back, key=serving.key)
    vars(serving).update(vars(new))
    settings.SITE_URL = SITE
    settings.OIDC_ISSUER, settings.OIDC_NAME = serving.issuer, "Northwind"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, CLIENT_SECRET
    oidc._papers.clear()
    cache.clear()
    return serving


@pytest.fixture
def priya(cast, company) -> Person:
    """Priya Nair, who sits at the provider."""
    company.user = {"sub": "u-17", "email": "Priya.Nair@Example.org"}
    return cast.owner


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


def to_provider(client, start: str = "/sign-in/company/") -> str:
    """Go to the provider, as a browser does, and return where it sends one back to, on our own site."""
    away = client.get(start)
    assert away.status_code == 302, away.content.decode()
    try:
        build_opener(_Stay).open(away["Location"])
    except OSError as answered:
        back = answered.headers["Location"]
    assert back.startswith(f"{SITE}/sign-in/company/back/?"), back
    return back.removeprefix(SITE)


def come(client=None, start: str = "/sign-in/company/"):
    """Go to the provider and come back; return the client and the answer."""
    client = client or Client()
    return client, client.get(to_provider(client, start))


def inside(client) -> bool:
    return client.get("/catalog/").status_code == 200


def failed() -> list[tuple]:
    """Return every failed sign-in on record: whom it concerns."""
    rows = LedgerEntry.objects.filter(verb="sign_in.failed", actor="system:company")
    return [(row.detail["where"], row.subject_id) for row in rows]


# Coming in


def test_the_button_leads_there_and_back_to_where_one_wanted_to_go(priya, company, said):
    client = Client()
    page = Browser(client).get("/sign-in/?next=/gates/")
    start = page.link("Sign in with Northwind")

    client, back = come(client, start)

    assert (back.status_code, back["Location"]) == (302, "/gates/")
    assert inside(client)
    assert client.session["_auth_user_id"] == str(priya.pk)
    assert said() == ["sign_in.linked"]
    identity = Identity.objects.get()
    assert (identity.person, identity.issuer, identity.subject) == (priya, company.issuer, "u-17")
    asked = company.asked[0]
    assert (asked["max_age"], "prompt" in asked) == ("43200", False)
    assert len(asked["state"]) > 40
    assert len(asked["nonce"]) > 40


def test_the_second_time_the_subject_is_enough_and_nothing_is_written(priya, company, said):
    come()
    said()
    company.user = {"sub": "u-17", "email": "married.name@example.org", "email_verified": False}

    client, _back = come()

    assert inside(client)
    assert said() == []


def test_the_session_is_a_new_one_and_signing_out_ends_it_here(priya):
    client = Client()
    back = to_provider(client)
    before = client.cookies["mandate_session"].value

    client.get(back)

    after = client.cookies["mandate_session"].value
    assert before != after
    client.post("/sign-out/")
    assert not inside(client)
    replay = Client()
    replay.cookies["mandate_session"] = after
    assert not inside(replay)


def test_somebody_who_is_signed_in_as_another_becomes_who_came_back(priya, cast, client, sign_in):
    sign_in(client, cast.staff)

    come(client)

    assert client.session["_auth_user_id"] == str(priya.pk)


# Not coming in


def test_nobody_unknown_comes_in_and_they_learn_whom_to_ask(cast, company):
    company.user = {"sub": "u-99", "email": "mallory@example.net"}

    client, back = come()

    page = Page(back.content.decode(), "/")
    assert back.status_code == 403
    assert "Northwind says that you are mallory@example.net." in page.words
    assert "Ask an administrator or the Portfolio office" in page.words
    assert not inside(client)
    assert not Person.objects.filter(email="mallory@example.net").exists()
    assert failed() == [("company", None)]
    assert "mallory" not in str(list(LedgerEntry.objects.values_list("detail", "text")))


def test_a_leaver_never_comes_in_neither_the_first_time_nor_the_next(priya, cast):
    actions.leave(cast.owner, left_on=AT.date(), by=cast.admin, at=AT)
    client, back = come()
    assert (back.status_code, inside(client)) == (403, False)
    actions.come_back(Person.objects.get(pk=priya.pk), by=cast.admin, at=AT)
    client, back = come()
    assert inside(client)

    actions.leave(Person.objects.get(pk=priya.pk), left_on=AT.date(), by=cast.admin, at=AT)

    assert not inside(client)
    client, back = come()
    assert (back.status_code, inside(client)) == (403, False)
    assert failed() == [("company", priya.pk)] * 2


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_nobody_verified_is_nobodys(priya, company, verified):
    company.user["email_verified"] = verified

    client, back = come()

    assert (back.status_code, inside(client)) == (403, False)
    assert not Identity.objects.exists()


def test_another_subject_with_the_same_address_is_refused_until_an_administrator_forgets_the_first(
    priya, company, cast, at_browser, said
):
    first, _back = come()
    company.user["sub"] = "u-18"

    client, back = come()
    assert (back.status_code, inside(client)) == (403, False)
    assert failed() == [("company", priya.pk)]

    said()
    admin = at_browser(cast.admin)
    admin.send(admin.get(f"/people/{priya.pk}/").form(action="/forget-identity/"))
    assert said() == ["sign_in.unlinked"]
    assert not inside(first), "whoever came as them before is signed out"
    client, _back = come()
    assert inside(client)
    assert Identity.objects.get().subject == "u-18"


def test_who_an_identity_is_belongs_to_administrators(priya, cast, at_browser):
    come()
    browser = at_browser(cast.staff)

    assert browser.client.post(f"/people/{priya.pk}/forget-identity/").status_code == 403
    assert "u-17" not in browser.get(f"/people/{priya.pk}/").html
    assert Identity.objects.exists()


def test_whoever_says_no_there_is_not_signed_in_here(cast, company):
    client, back = come()

    assert (back.status_code, inside(client)) == (403, False)
    assert "does not show who you are" in Page(back.content.decode(), "/").words


# Lies


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        {"azp": "somebody-else"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        pytest.param({"iat": int(time.time()) + 3600}, id="iat in an hour"),
        pytest.param({"nbf": int(time.time()) + 3600}, id="nbf in an hour"),
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 17},
        {"aud": 7},
        {"exp": "soon"},
        {"iat": "now"},
    ],
    ids=str,
)
def test_a_token_that_is_not_the_answer_to_our_question_is_not_believed(priya, company, lies):
    company.lies = lies

    client, back = come()

    assert (back.status_code, inside(client)) == (403, False)
    assert failed() == [("company", None)]
    assert not Identity.objects.exists()


@pytest.mark.parametrize("signs", ["none", "shared", "key"])
def test_a_token_the_provider_did_not_sign_is_not_believed(priya, company, signs):
    company.signs = signs

    client, back = come()

    assert (back.status_code, inside(client)) == (403, False)


def test_a_new_key_is_found_when_the_provider_changes_it(priya, company, monkeypatch):
    come()
    company.key, company.kid = Provider(1, "").key, "second"
    assert come()[1].status_code == 403, "asked for at most once a minute"
    monkeypatch.setattr(oidc.time, "monotonic", lambda now=time.monotonic: now() + 61)

    client, _back = come()

    assert inside(client)


@pytest.mark.parametrize("how", ["another browser", "made up", "none", "late"])
def test_a_way_back_is_taken_up_in_the_session_it_began_in_and_soon(priya, how, monkeypatch):
    client = Client()
    back = to_provider(client)
    if how == "another browser":
        client = Client()
    elif how == "made up":
        back = back.replace(parse_qs(urlsplit(back).query)["state"][0], "made-up")
    elif how == "none":
        back = back.partition("&state=")[0]
    else:
        monkeypatch.setattr(clock, "wall", lambda now=clock.wall: now() + timedelta(minutes=11))

    before = Session.objects.count(), LedgerEntry.objects.count()

    answer = client.get(back)

    assert (answer.status_code, inside(client)) == (403, False)
    assert (Session.objects.count(), LedgerEntry.objects.count()) == before, "a link anybody can send writes nothing"


def test_a_way_back_is_taken_up_once(priya, monkeypatch):
    client = Client()
    back = to_provider(client)
    client.get(back)
    monkeypatch.setattr(oidc, "finish", lambda code, kept: pytest.fail("it is asked about again"))

    assert client.get(back).status_code == 403
    assert failed() == []


def test_after_ten_that_failed_it_rests_and_records_no_more(priya, company):
    company.signs = "none"
    answers = [come()[1].status_code for _ in range(11)]

    assert answers == [403] * 10 + [429]
    assert len(failed()) == 10


def test_a_code_of_another_way_there_is_not_taken(priya):
    attacker, victim = Client(), Client()
    code = parse_qs(urlsplit(to_provider(attacker)).query)["code"][0]
    state = parse_qs(urlsplit(to_provider(victim)).query)["state"][0]

    answer = victim.get("/sign-in/company/back/", {"code": code, "state": state})

    assert (answer.status_code, inside(victim)) == (403, False), "the verifier is another"


@pytest.mark.parametrize(
    "there",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "https:evil.example",
        "",
        "%2F%2Fevil.example",
    ],
)
def test_it_leads_on_to_pages_of_ours_only(priya, there):
    client = Client()
    away = client.get("/sign-in/company/", {"next": there})
    try:
        build_opener(_Stay).open(away["Location"])
    except OSError as answered:
        back = answered.headers["Location"]

    assert client.get(back.removeprefix(SITE))["Location"] == "/"


def test_the_host_a_request_names_is_not_believed(priya, company, settings):
    settings.ALLOWED_HOSTS = ["*"]
    away = Client(headers={"host": "evil.example", "x-forwarded-host": "evil.example"}).get("/sign-in/company/")

    assert parse_qs(urlsplit(away["Location"]).query)["redirect_uri"] == [company.back]


# The provider is away, or there is none


def test_a_provider_that_is_away_gets_a_page_in_words(priya, company, settings):
    client = Client()
    back = to_provider(client)
    company.down = True
    oidc._papers.clear()
    answers = [client.get("/sign-in/company/"), client.get(back)]
    settings.OIDC_ISSUER = "http://127.0.0.1:9/nobody"
    answers.append(client.get("/sign-in/company/"))

    for answer in answers:
        assert answer.status_code == 503
        assert "Signing in does not work just now" in answer.content.decode()
    assert failed() == []


@pytest.mark.parametrize(
    "papers",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
def test_papers_of_somebody_else_lead_nowhere(company, cast, papers, monkeypatch):
    monkeypatch.setattr(Provider, "papers", lambda self, real=Provider.papers: {**real(self), **papers})

    assert Client().get("/sign-in/company/").status_code == 503


def test_without_a_provider_there_is_no_button_no_page_and_no_network(cast, monkeypatch):
    monkeypatch.setattr(oidc._opener, "open", lambda *args, **kwargs: pytest.fail("asked the network"))

    assert "Sign in with" not in Client().get("/sign-in/").content.decode()
    for path in ("/sign-in/company/", "/sign-in/company/back/?state=x&code=y"):
        assert Client().get(path).status_code == 404


# Functions


@pytest.fixture
def groups(settings, company):
    """Which groups of the provider mean which function."""
    settings.OIDC_FUNCTIONS = [
        ("grc", "compliance"),
        ("it-sec", "security"),
        ("chief", "cto"),
        ("admins", "administrators"),
    ]
    return company


def held(person) -> set[str]:
    return set(Person.objects.get(pk=person.pk).groups.values_list("name", flat=True))


def test_functions_come_and_go_with_the_groups_there(priya, groups, said):
    groups.user["groups"] = ["grc", "it-sec", "cafeteria"]
    come()
    assert held(priya) == {"compliance", "security"}
    assert said() == ["sign_in.linked", "function.granted", "function.granted"]
    assert LedgerEntry.objects.filter(verb="function.granted", actor="system:company").count() == 2

    come()
    assert said() == []

    groups.user["groups"] = "it-sec"
    come()
    assert held(priya) == {"security"}
    assert said() == ["function.revoked"]
    del groups.user["groups"]
    come()
    assert held(priya) == set()
    assert not Provided.objects.exists()


def test_what_was_given_here_by_hand_stays(priya, groups, cast):
    actions.grant_function(priya, "compliance", by=cast.admin, at=AT)
    actions.grant_function(priya, "finance", by=cast.admin, at=AT)
    groups.user["groups"] = ["grc"]
    come()
    assert not Provided.objects.exists()

    groups.user["groups"] = []
    come()

    assert held(priya) == {"compliance", "finance"}


def test_what_an_administrator_takes_is_given_again_while_the_group_says_so(priya, groups, cast):
    groups.user["groups"] = ["grc"]
    come()
    actions.revoke_function(priya, "compliance", by=cast.admin, at=AT)
    assert not Provided.objects.exists()

    come()

    assert held(priya) == {"compliance"}
    assert Provided.objects.get().function == "compliance"


def test_a_function_of_one_is_not_taken_from_who_has_it_and_they_come_in_all_the_same(priya, groups, cast):
    groups.user["groups"] = ["chief", "grc"]

    client, _back = come()

    assert held(priya) == {"compliance"}
    assert functions.holder("cto") == cast.cto
    assert f"{cast.cto.name} is CTO. Take it from them first" in Browser(client).get("/").words


def test_the_last_administrator_stays_whatever_the_groups_say(priya, groups, cast):
    groups.user["groups"] = ["admins"]
    come()
    actions.leave(cast.admin, left_on=AT.date(), by=Person.objects.get(pk=priya.pk), at=AT)
    groups.user["groups"] = []

    client, _back = come()

    assert held(priya) == {"administrators"}
    assert inside(client)


def test_a_leaver_gives_up_what_the_company_gave_too(priya, groups, cast):
    groups.user["groups"] = ["grc"]
    come()

    actions.leave(priya, left_on=AT.date(), by=cast.admin, at=AT)

    assert (held(priya), Provided.objects.exists()) == (set(), False)


# Proof


def proved(client) -> dict | None:
    return client.session.get(proof._KEY)


def test_signing_in_proves_it_since_the_provider_says_so(priya, company, policy_minutes):
    company.signed_in_at = time.time() - 60
    client, _back = come()
    assert client.get("/prove/?next=/gates/").status_code == 302

    company.signed_in_at = time.time() - 60 * (policy_minutes + 1)
    client, _back = come()
    assert proved(client)["method"] == "oidc"
    assert client.get("/prove/?next=/gates/").status_code == 200


@pytest.fixture
def policy_minutes(db) -> int:
    return int(proof.window().total_seconds() // 60)


def test_showing_it_again_asks_the_provider_to_ask_and_leads_back(priya, company, client, sign_in):
    sign_in(client, priya, proved=False)
    company.signed_in_at = time.time() - 3600
    start = Browser(client).get("/prove/?next=/gates/").link("Show it with Northwind")

    _client, back = come(client, start)

    assert (back.status_code, back["Location"]) == (302, "/gates/")
    assert (company.asked[-1]["prompt"], company.asked[-1]["max_age"]) == ("login", "0")
    assert proved(client)["method"] == "oidc"
    assert client.get("/prove/?next=/gates/").status_code == 302


@pytest.mark.parametrize(
    "lies",
    [
        {"auth_time": None},
        pytest.param({"auth_time": int(time.time()) - 3600}, id="auth_time an hour ago"),
        pytest.param({"auth_time": int(time.time()) + 3600}, id="auth_time in an hour"),
        {"auth_time": "now"},
        {"auth_time": True},
        {"auth_time": -1},
        {"auth_time": 1 << 62},
        {"nonce": "x"},
    ],
    ids=str,
)
def test_no_proof_where_the_provider_does_not_say_it_was_just_now(priya, company, client, sign_in, lies):
    sign_in(client, priya, proved=False)
    company.lies = lies

    _client, back = come(client, "/sign-in/company/?prove=1&next=/gates/")

    assert back.status_code == 403
    assert proved(client) is None
    assert inside(client)


def test_somebody_elses_proof_is_none_and_changes_nobody(priya, company, cast, client, sign_in):
    sign_in(client, cast.staff, proved=False)

    _client, back = come(client, "/sign-in/company/?prove=1&next=/gates/")

    assert (back.status_code, proved(client)) == (403, None)
    assert client.session["_auth_user_id"] == str(cast.staff.pk)


def test_a_sign_in_without_the_time_is_a_sign_in_and_no_proof(priya, company):
    company.says_when = False

    client, _back = come()

    assert inside(client)
    assert proved(client) is None


def test_whoever_has_a_second_factor_here_is_asked_for_it_on_this_way_too(priya, company):
    second_factor.set_up(priya, SECRET, Phone().code(-1), at=AT)
    company.signed_in_at = time.time() - 120
    client, back = come(start="/sign-in/company/?next=/gates/")
    assert back["Location"] == "/sign-in/code/"
    assert not inside(client)

    browser = Browser(client)
    page = browser.send(browser.get("/sign-in/code/").form(having="code"), code=Phone().code())

    assert page.url.endswith("/gates/")
    assert proved(client)["method"] == "oidc+code"
    assert clock.wall().timestamp() - clock.datetime.fromisoformat(proved(client)["at"]).timestamp() > 100


def test_a_proof_of_theirs_lacks_the_code_until_it_is_entered(priya, client, sign_in, company):
    second_factor.set_up(priya, SECRET, Phone().code(-1), at=AT)
    priya.refresh_from_db()
    sign_in(client, priya, proved=False)
    _client, back = come(client, "/sign-in/company/?prove=1&next=/gates/")
    assert proved(client) is None

    browser = Browser(client)
    form = browser.get(back["Location"]).form(having="code")
    assert "password" not in form.names
    browser.send(form, code="000000")
    assert proved(client) is None
    browser.send(browser.page.form(having="code"), code=Phone().code())

    assert proved(client)["method"] == "oidc+code"
    assert browser.page.url.endswith("/gates/")


# Passwords as the last resort


@pytest.fixture
def _last_resort(company, settings):
    settings.PASSWORD_SIGN_IN = "administrators"


@pytest.mark.usefixtures("_last_resort")
def test_passwords_can_be_left_to_administrators(priya, cast, client, sign_in):
    for person, status in ((priya, 422), (cast.admin, 303)):
        answer = Client().post("/sign-in/", {"login": person.email, "password": PASSWORD})
        assert answer.status_code == status
    answer = Client().post("/sign-in/", {"login": priya.email, "password": PASSWORD})
    assert "Passwords are for administrators. Sign in with Northwind." in answer.content.decode()
    answer = Client().post("/sign-in/", {"login": priya.email, "password": "wrong"})
    assert "Passwords are for administrators" not in answer.content.decode()

    sign_in(client, priya, proved=False)
    assert "Your password" not in client.get("/prove/?next=/gates/").content.decode()
    client.post("/prove/?next=/gates/", {"password": PASSWORD})
    assert proved(client) is None

    token = actions.invite(cast.staff, by=cast.admin, at=AT)
    invited = Client()
    invited.post(
        f"/invitation/{token}/", {"password1": "seven brown foxes at noon", "password2": "seven brown foxes at noon"}
    )
    assert not inside(invited)


def test_a_group_that_means_no_function_is_a_mistake_that_is_named(settings):
    settings.OIDC_FUNCTIONS = [("grc", "compliance"), ("x", "king")]

    (found,) = checks.functions()

    assert found.id == "mandate.E008"
    assert "'king'" in found.msg


@pytest.mark.parametrize(
    ("read", "raw"), [(env.issuer, "http://login.example.org"), (env.pairs, "grc"), (env.pairs, "=compliance")]
)
def test_what_cannot_be_read_is_refused(read, raw):
    with pytest.raises((ValueError, ImproperlyConfigured)):
        read(raw)


def test_groups_may_hold_an_equals_sign():
    assert env.pairs("cn=grc=compliance, it sec=security") == [("cn=grc", "compliance"), ("it sec", "security")]
    assert identities.provide(Person(pk=1), frozenset({"grc"}), at=AT) == []
