"""Proving that it is you: a password, in a demo one press, and back to where you were."""

from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.urls import reverse

from governance.core.models import Installation
from governance.ledger.models import LedgerEntry
from governance.people import proof, proving

PASSWORD = "long-enough-for-tests"


@pytest.fixture(autouse=True)
def _tries_start_anew():
    cache.clear()


def prove_url(there: str = "/gates/") -> str:
    return f"{reverse('people:prove')}?next={quote(there)}"


def test_the_right_password_proves_it_and_leads_back(client, cast, sign_in):
    sign_in(client, cast.owner, proved=False)
    assert "What comes next binds you, Priya Nair." in client.get(prove_url()).content.decode()

    done = client.post(prove_url(), {"password": PASSWORD})

    assert (done.status_code, done["Location"]) == (303, "/gates/")
    assert client.session[proof._KEY]["method"] == "password"
    assert client.session[proof._KEY]["person"] == cast.owner.pk
    assert client.get(prove_url())["Location"] == "/gates/"


def test_a_wrong_password_is_recorded_and_proves_nothing(client, cast, sign_in):
    sign_in(client, cast.owner, proved=False)

    page = client.post(prove_url(), {"password": "not mine at all"})

    assert page.status_code == 422
    assert "That is not your password. Nothing was changed." in page.content.decode()
    assert proof._KEY not in client.session
    entry = LedgerEntry.objects.get(verb="sign_in.failed")
    assert (entry.actor, entry.detail) == (f"person:{cast.owner.pk}", {"where": "prove"})
    assert "not mine at all" not in page.content.decode()


def test_an_empty_password_is_no_try(client, cast, sign_in):
    sign_in(client, cast.owner, proved=False)

    page = client.post(prove_url(), {"password": ""})

    assert page.status_code == 422
    assert "Enter your password" in page.content.decode()
    assert not LedgerEntry.objects.filter(verb="sign_in.failed").exists()


def test_after_five_wrong_passwords_it_rests_even_for_the_right_one(client, cast, sign_in):
    sign_in(client, cast.owner, proved=False)
    for _try in range(5):
        assert client.post(prove_url(), {"password": "wrong"}).status_code == 422

    assert client.post(prove_url(), {"password": PASSWORD}).status_code == 429
    assert proof._KEY not in client.session
    sign_in(client, cast.lead, proved=False)
    assert client.post(prove_url(), {"password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "http://testserver/gates/",
    ],
)
def test_it_leads_to_addresses_of_ours_only(client, cast, sign_in, there):
    sign_in(client, cast.owner, proved=False)

    done = client.post(prove_url(there), {"password": PASSWORD})

    assert (done.status_code, done["Location"]) == (303, "/")


def test_one_press_is_enough_in_a_demo_and_nowhere_else(client, cast, sign_in):
    sign_in(client, cast.owner, proved=False)
    assert "It is me (demo)" not in client.get(prove_url()).content.decode()
    assert client.post(prove_url(), {"demo": "1"}).status_code == 200
    assert proof._KEY not in client.session

    Installation.objects.filter(pk=1).update(kind="demo")
    assert "It is me (demo)" in client.get(prove_url()).content.decode()
    done = client.post(prove_url(), {"demo": "1"})

    assert (done.status_code, done["Location"]) == (303, "/gates/")
    assert client.session[proof._KEY]["method"] == "demo"


def test_somebody_without_a_password_is_led_to_setting_one(client, cast, sign_in):
    cast.owner.set_unusable_password()
    cast.owner.save()
    sign_in(client, cast.owner, proved=False)

    assert "You have no password yet" in client.get(prove_url()).content.decode()
    assert client.post(prove_url(), {"password": PASSWORD}).status_code == 422


def test_nobody_proves_anything_before_signing_in(client, cast):
    assert client.get(prove_url())["Location"].startswith(reverse("account_login"))
    assert client.post(prove_url(), {"password": PASSWORD}).status_code == 302


# What was typed meanwhile


class FakeRequest:
    """What proving reads of a request."""

    def __init__(self, session, path="/x/", post=None):
        from django.http import QueryDict

        self.session, self.path, self.POST = session, path, QueryDict(mutable=True)
        for name, value in (post or {}).items():
            self.POST.setlist(name, value if isinstance(value, list) else [value])

    def get_full_path(self):
        return self.path


def test_a_draft_is_kept_under_its_page_without_passwords_and_tokens():
    session: dict = {}
    proving._keep(
        FakeRequest(
            session, post={"reason": "Because é.", "tick": ["a", "b"], "password": "secret", "csrfmiddlewaretoken": "t"}
        )
    )

    assert proving.kept(FakeRequest(session)) == {"reason": "Because é.", "tick": ["a", "b"]}
    assert proving.kept(FakeRequest(session, path="/y/")) == {}
    assert "secret" not in str(session)
    proving.drop(FakeRequest(session))
    assert proving.kept(FakeRequest(session)) == {}


def test_only_the_newest_few_drafts_are_kept_and_none_that_is_too_long():
    session: dict = {}
    for number in range(6):
        proving._keep(FakeRequest(session, path=f"/{number}/", post={"reason": str(number)}))
    proving._keep(FakeRequest(session, path="/long/", post={"reason": "x" * 70_000}))

    assert [bool(proving.kept(FakeRequest(session, path=f"/{n}/"))) for n in range(6)] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert proving.kept(FakeRequest(session, path="/long/")) == {}


@pytest.mark.parametrize(
    "kept",
    [
        "text",
        {"/x/": "text"},
        {"/x/": {"at": "never", "fields": "a=b"}},
        {"/x/": {"at": "2020-01-01T00:00:00+00:00", "fields": "a=b"}},
        {"/x/": {"fields": "a=b"}},
    ],
)
def test_a_draft_that_is_old_or_cannot_be_read_is_none(kept):
    assert proving.kept(FakeRequest({"mandate_drafts": kept})) == {}
