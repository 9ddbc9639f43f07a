"""The second factor: set up, asked for on every way in, used once, lost, and taken off."""

import base64
import re
from datetime import timedelta
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.core.cache import cache
from django.test import Client

from governance.core import clock, sealed
from governance.ledger.models import LedgerEntry
from governance.people import actions, proof, second_factor
from governance.people.models import Person
from governance.signatures.models import Signature
from tests.make import AT, PASSWORD
from tests.web import Browser

PAGE = "/me/second-factor/"
#: The secret of RFC 6238's own examples, as an app keeps it.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NEW = "seven brown foxes at noon"


class Phone:
    """An authenticator app: a secret, and the code of a step from now."""

    def __init__(self, secret: str = SECRET):
        self.secret = secret

    def code(self, step: int = 0) -> str:
        """Return the code shown now, or so many steps later."""
        counter = int(clock.wall().timestamp()) // second_factor.STEP_S + step
        return HOTP(base64.b32decode(self.secret), 6, SHA1()).generate(counter).decode()


@pytest.fixture(autouse=True)
def _tries_start_anew():
    cache.clear()


@pytest.fixture
def later(monkeypatch):
    """Return a function that lets time pass on the wall clock; it begins at the start of a step."""
    real = clock.wall
    begins = real().replace(second=0, microsecond=0)
    passed = timedelta()
    monkeypatch.setattr(clock, "wall", lambda: begins + passed)

    def wait(**much: int) -> None:
        nonlocal passed
        passed += timedelta(**much)

    return wait


@pytest.fixture
def phone(cast, later) -> Phone:
    """The phone of Priya Nair, who has set it up; five minutes have passed since."""
    made = Phone()
    made.recovery = second_factor.set_up(cast.owner, SECRET, made.code(), at=AT)
    cast.owner.refresh_from_db()
    later(minutes=5)
    return made


def enter(person, password: str = PASSWORD) -> Browser:
    """Return a browser in which somebody gave the password and was asked for a code."""
    browser = Browser(Client())
    browser.send(browser.get("/sign-in/").form(having="login"), login=person.email, password=password)
    return browser


def inside(client) -> bool:
    return client.get("/catalog/").status_code == 200


def key_on(page) -> str:
    return re.search(r"<p class=\"evidence breaks\">([A-Z2-7 ]+)</p>", page.html)[1].replace(" ", "")


# Setting it up


def test_it_is_set_up_with_the_key_on_the_page_and_shows_recovery_codes_once(cast, at_browser, said, mailoutbox):
    elsewhere = enter(cast.owner).client
    browser = at_browser(cast.owner)
    page = browser.get(browser.get("/me/").link("Set up a second factor"))
    phone = Phone(key_on(page))

    shown = browser.send(page.form(having="code"), code=phone.code())

    codes = re.findall(r"\b[2-9a-z]{5}-[2-9a-z]{5}\b", shown.words)
    assert len(codes) == len(set(codes)) == 10
    assert said() == ["second_factor.set_up"]
    assert mailoutbox[-1].to == [cast.owner.email]
    assert inside(browser.client)
    assert not inside(elsewhere), "every other session has ended"
    assert browser.client.session[proof._KEY]["method"] == "password+code"
    again = browser.get(PAGE)
    assert "Recovery codes left 10" in again.words
    assert not any(code in again.html for code in codes)
    assert phone.secret not in again.html
    assert "10 recovery codes left" in browser.get("/me/").words


def test_the_picture_is_of_the_address_an_app_reads():
    drawn = second_factor.address(type("P", (), {"email": "priya.nair@example.org"}), SECRET, "Mandate Acme & Co")

    assert drawn == (
        f"otpauth://totp/Mandate%20Acme%20%26%20Co%3Apriya.nair%40example.org?secret={SECRET}"
        "&issuer=Mandate%20Acme%20%26%20Co"
    )


def test_nothing_secret_is_shown_before_a_fresh_proof(cast, client, sign_in):
    sign_in(client, cast.owner, proved=False)

    answer = client.get(PAGE)

    assert (answer.status_code, answer["Location"]) == (302, "/prove/?next=%2Fme%2Fsecond-factor%2F")
    assert client.post(PAGE, {"do": "set_up", "offer": second_factor.offer(cast.owner), "code": "1"}).status_code == 303
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("code", ["000000", "12", "abcdef", "١٢٣٤٥٦", ""])
def test_a_code_of_another_key_sets_nothing_up_and_the_key_stays(cast, at_browser, said, code):
    browser = at_browser(cast.owner)
    page = browser.get(PAGE)

    again = browser.send(page.form(having="code"), code=code)

    assert browser.status == 422
    assert key_on(again) == key_on(page)
    assert not Authenticator.objects.exists()
    assert said() == []


def test_an_offer_is_for_the_person_it_was_made_to_and_for_half_an_hour(cast, monkeypatch):
    offer = second_factor.offer(cast.owner)

    assert len(second_factor.offered(cast.owner, offer)) == 32
    assert second_factor.offered(cast.lead, offer) is None
    assert second_factor.offered(cast.owner, offer[:-4] + "AAAA") is None
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: clock.wall().timestamp() + 31 * 60)
    assert second_factor.offered(cast.owner, offer) is None


def test_a_second_window_does_not_replace_what_was_set_up(cast, phone, at_browser):
    browser = at_browser(cast.owner, proved=False)
    session = browser.client.session
    session[proof._KEY] = {"person": cast.owner.pk, "method": "password+code", "at": clock.wall().isoformat()}
    session.save()
    other = second_factor.offer(cast.owner)

    browser.client.post(
        PAGE, {"do": "set_up", "offer": other, "code": Phone(second_factor.offered(cast.owner, other)).code()}
    )

    assert sealed.opened(Authenticator.objects.get(type="totp").data["secret"], "second factor") == SECRET


def test_what_is_kept_opens_with_the_key_of_this_installation_alone(cast, phone, settings):
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert SECRET not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in phone.recovery)
    settings.SECRET_KEY = "another-secret-of-more-than-fifty-characters-in-all-000000"
    answers = {
        second_factor.use(cast.owner, code, by=cast.owner, at=AT, where="prove").how
        for code in (phone.code(), phone.recovery[0])
    }
    assert answers == {""}, "with the key lost it fails closed"
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *_earlier()]
    assert second_factor.use(cast.owner, phone.code(), by=cast.owner, at=AT, where="prove").how == "code"
    assert second_factor.use(cast.owner, phone.recovery[0], by=cast.owner, at=AT, where="prove").how == "recovery"


def _earlier() -> list[str]:
    from portal import settings as file

    return [file.SECRET_KEY]


# Signing in


def test_after_the_password_a_code_is_asked_for_and_leads_on(cast, phone):
    browser = Browser(Client())
    page = browser.send(
        browser.get("/sign-in/?next=/gates/").form(having="login"), login=cast.owner.email, password=PASSWORD
    )
    assert page.h1 == ["Enter a code"]
    assert not inside(browser.client)
    before = browser.client.cookies["mandate_session"].value

    page = browser.send(page.form(having="code"), code=f" {phone.code()[:3]} {phone.code()[3:]} ")

    assert page.url.endswith("/gates/")
    assert browser.client.session[proof._KEY]["method"] == "password+code"
    assert browser.client.cookies["mandate_session"].value != before


def test_a_code_counts_once_in_whatever_process(cast, phone, later):
    used = phone.code()
    first, second = enter(cast.owner), enter(cast.owner)
    first.send(first.page.form(having="code"), code=used)
    cache.clear()

    page = second.send(second.page.form(having="code"), code=used)

    assert inside(first.client)
    assert (second.status, inside(second.client)) == (422, False)
    assert "This code does not count." in page.words
    third = enter(cast.owner)
    third.send(third.page.form(having="code"), code=phone.code(-1))
    assert not inside(third.client), "nor does an earlier one that was never used"
    later(seconds=30)
    second.send(page.form(having="code"), code=phone.code())
    assert inside(second.client)


@pytest.mark.parametrize(("step", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_half_a_minute_wrong(cast, phone, step, counts):
    answer = second_factor.use(cast.owner, phone.code(step), by=cast.owner, at=AT, where="prove")

    assert (answer.how == "code") is counts


def test_a_recovery_code_counts_once_and_is_recorded(cast, phone, said):
    said()
    browser, other = enter(cast.owner), enter(cast.owner)
    typed = phone.recovery[3].upper().replace("-", " ")

    browser.send(browser.page.form(having="code"), code=typed)
    other.send(other.page.form(having="code"), code=typed)

    assert inside(browser.client)
    assert not inside(other.client)
    assert said() == ["second_factor.code_used", "sign_in.failed"]
    assert LedgerEntry.objects.get(verb="second_factor.code_used").detail == {"left": 9}
    assert browser.client.session[proof._KEY]["method"] == "password+recovery"


def test_whoever_guesses_codes_is_stopped_and_the_owner_still_gets_in(cast, phone, later, mailoutbox):
    guesser = enter(cast.owner)
    mailoutbox.clear()
    for _ in range(5):
        assert not mailoutbox
        guesser.send(guesser.page.form(having="code"), code="000000")
    assert "Too many wrong codes came" in guesser.page.words
    assert [mail.subject.partition("] ")[2] for mail in mailoutbox] == ["Somebody enters wrong codes"]

    owner = enter(cast.owner)
    owner.send(owner.page.form(having="code"), code=phone.code())
    assert not inside(owner.client), "the codes of the app rest, so that nobody guesses on"
    owner.send(owner.page.form(having="code"), code=phone.recovery[0])
    assert inside(owner.client)
    later(minutes=5)
    after = enter(cast.owner)
    after.send(after.page.form(having="code"), code=phone.code())
    assert inside(after.client)


def test_nobody_guesses_all_day_long(cast, phone, later):
    for _ in range(50):
        later(minutes=2)
        second_factor.use(cast.owner, "000000", by="system:sign-in", at=AT, where="sign-in")

    later(minutes=10)
    assert second_factor.use(cast.owner, phone.code(), by="system:sign-in", at=AT, where="sign-in").how == ""
    later(days=1)
    assert second_factor.use(cast.owner, phone.code(), by="system:sign-in", at=AT, where="sign-in").how == "code"


def test_a_wrong_code_is_recorded_and_what_was_typed_is_not(cast, phone):
    browser = enter(cast.owner)

    browser.send(browser.page.form(having="code"), code="918273")

    entry = LedgerEntry.objects.get(verb="sign_in.failed")
    assert (entry.actor, entry.subject_id, entry.detail) == ("system:sign-in", cast.owner.pk, {"where": "sign-in"})
    assert "918273" not in f"{entry.text}"


def test_the_page_for_the_code_is_nobodys_without_a_password(phone):
    client = Client()

    assert client.get("/sign-in/code/")["Location"] == "/sign-in/"
    assert client.post("/sign-in/code/", {"code": phone.code()})["Location"] == "/sign-in/"
    assert not inside(client)


def test_a_new_password_does_not_pass_by_the_second_factor(cast, phone, mailoutbox):
    browser = Browser(Client())
    browser.send(browser.get("/password/reset/").form(having="email"), email=cast.owner.email)
    path = re.search(r"https?://[^/]+(/\S+)", mailoutbox[-1].body)[1]
    browser.send(browser.get(path).form(having="password1"), password1=NEW, password2=NEW)
    assert not inside(browser.client)

    again = enter(cast.owner, NEW)

    assert again.page.h1 == ["Enter a code"]
    assert not inside(again.client)


def test_a_link_of_an_administrator_does_not_pass_by_it_either(cast, phone):
    token = actions.invite(cast.owner, by=cast.admin, at=AT)
    browser = Browser(Client())

    page = browser.send(browser.get(f"/invitation/{token}/").form(having="password1"), password1=NEW, password2=NEW)

    assert "Your password is set. Sign in with it and a code." in page.words
    assert not inside(browser.client)
    assert enter(cast.owner, NEW).page.h1 == ["Enter a code"]


# Proving it before signing


def proved_by(client) -> str:
    return client.session.get(proof._KEY, {}).get("method", "")


def test_a_proof_needs_the_code_too_and_replays_prove_nothing(cast, phone, later, client, sign_in):
    sign_in(client, cast.owner, proved=False)
    browser = Browser(client)
    form = browser.get("/prove/?next=/gates/").form(having="password")
    assert "code" in form.names

    for given in (
        {"password": PASSWORD, "code": ""},
        {"password": PASSWORD, "code": "000000"},
        {"password": "wrong", "code": phone.code()},
    ):
        browser.send(form, **given)
        assert (browser.status, proved_by(client)) == (422, "")
    code = phone.code()
    browser.send(form, password=PASSWORD, code=code)
    assert proved_by(client) == "password+code", "a wrong password used no code up"

    later(minutes=11)
    client.post("/prove/?next=/gates/", {"password": PASSWORD, "code": code})
    assert client.get("/prove/?next=/gates/").status_code == 200, "an old code is no new proof"


def test_a_password_alone_is_no_proof_of_somebody_who_has_a_second_factor(cast, phone, at_browser):
    browser = at_browser(cast.owner)

    assert browser.client.get("/prove/?next=/gates/").status_code == 200
    browser.client.post(PAGE, {"do": "remove"})
    assert Authenticator.objects.filter(user=cast.owner, type="totp").exists()


@pytest.mark.parametrize("method", ["", "code", "password+", "passkey", "password+code+", None, 7])
def test_a_method_nobody_listed_proves_nothing(cast, client, sign_in, method):
    sign_in(client, cast.owner)
    session = client.session
    session[proof._KEY] = {**session[proof._KEY], "method": method}
    session.save()

    assert client.get("/prove/?next=/gates/").status_code == 200


def test_a_seal_says_that_a_code_was_asked_for(cast, story, client, sign_in):
    initiative = story("production").fresh
    Signature.objects.update(proof_method="password+code")
    sign_in(client, cast.owner)

    page = client.get(f"/initiatives/{initiative.key}/seals/{Signature.objects.latest('pk').pk}/")

    assert "with their password and a code from their app" in page.content.decode()


# Codes anew, another phone, a lost one


@pytest.fixture
def owner_in(cast, phone):
    """Priya at a browser, signed in with her code a moment ago."""
    browser = enter(cast.owner)
    browser.send(browser.page.form(having="code"), code=phone.code())
    return browser


def test_new_recovery_codes_replace_the_old_ones(cast, phone, owner_in, said, mailoutbox):
    said()
    page = owner_in.client.post(PAGE, {"do": "codes"})

    new = re.findall(r"\b[2-9a-z]{5}-[2-9a-z]{5}\b", unescape(page.content.decode()))[:10]
    assert said() == ["second_factor.codes_made"]
    assert "Earlier ones no longer work." in mailoutbox[-1].body
    assert second_factor.use(cast.owner, phone.recovery[0], by=cast.owner, at=AT, where="prove").how == ""
    assert second_factor.use(cast.owner, new[0], by=cast.owner, at=AT, where="prove").how == "recovery"


def test_it_is_removed_with_its_codes_and_every_other_session_ends(cast, phone, owner_in, later, said, mailoutbox):
    later(minutes=1)
    elsewhere = enter(cast.owner)
    elsewhere.send(elsewhere.page.form(having="code"), code=phone.code())
    said()

    owner_in.send(owner_in.get(PAGE).form(having="do"), do="remove")

    assert not Authenticator.objects.filter(user=cast.owner).exists()
    assert said() == ["second_factor.removed"]
    assert mailoutbox[-1].subject.endswith("Your second factor was removed")
    assert inside(owner_in.client)
    assert not inside(elsewhere.client)
    assert inside(enter(cast.owner).client), "the password is enough again"


def test_an_administrator_takes_a_lost_one_off_and_reads_nothing(cast, phone, owner_in, at_browser, said, mailoutbox):
    said()
    admin = at_browser(cast.admin)
    page = admin.get(admin.get(f"/people/{cast.owner.pk}/").link("Take it off"))
    assert not any(code in page.html for code in (SECRET, *phone.recovery))

    page = admin.send(page.form(action="/second-factor/"))

    assert "has no second factor any more, and was told by e-mail." in page.words
    entry = LedgerEntry.objects.get(verb="second_factor.removed")
    assert (entry.actor, entry.subject_id) == (f"person:{cast.admin.pk}", cast.owner.pk)
    assert mailoutbox[-1].to == [cast.owner.email]
    assert cast.admin.name in mailoutbox[-1].body
    assert not inside(owner_in.client)
    assert not Authenticator.objects.filter(user=cast.owner).exists()


def test_the_mail_server_being_away_does_not_fail_what_was_done(cast, phone, at_browser, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    admin = at_browser(cast.admin)

    assert admin.client.post(f"/people/{cast.owner.pk}/second-factor/").status_code == 303
    assert not Authenticator.objects.filter(user=cast.owner).exists()


def test_it_goes_when_somebody_leaves(cast, phone):
    actions.leave(cast.owner, left_on=AT.date(), by=cast.admin, at=AT)

    assert not Authenticator.objects.exists()
    assert actions.come_back(Person.objects.get(pk=cast.owner.pk), by=cast.admin, at=AT).is_active


def test_administrators_see_who_has_none_and_nobody_else_does(cast, phone, at_browser):
    address = "/people/?second_factor=set-up"
    for who, shown in ((cast.admin, [cast.owner.name]), (cast.auditor, None)):
        browser = at_browser(who)
        rows = {row["person"].name for row in browser.get(address) and browser.response.context["rows"]}
        assert (rows == set(shown)) if shown else (len(rows) > 5), rows
        assert ("Second factor" in browser.page.words) is bool(shown)
    admin = at_browser(cast.admin)
    admin.get("/people/?second_factor=none")
    assert cast.owner.name not in {row["person"].name for row in admin.response.context["rows"]}
    assert "has a second factor" in admin.get(f"/people/{cast.owner.pk}/").words
    assert "no second factor" in admin.get(f"/people/{cast.lead.pk}/").words
    assert "second factor" not in at_browser(cast.auditor).get(f"/people/{cast.owner.pk}/").words


# Where everybody needs one


@pytest.fixture
def _required(settings):
    settings.SECOND_FACTOR = "required"


@pytest.mark.usefixtures("_required")
def test_where_it_is_required_everybody_is_led_to_setting_it_up_first(cast, later):
    browser = enter(cast.staff)
    assert browser.page.h1 == ["Set up a second factor"]
    assert browser.client.get("/catalog/")["Location"] == PAGE
    assert browser.client.post("/me/", {"phone": "+44 20 7946 0999"})["Location"] == PAGE
    assert browser.client.get("/catalog/", headers={"hx-request": "true"})["HX-Redirect"] == PAGE
    assert browser.client.get("/sign-out/").status_code == 200

    browser.send(browser.page.form(having="code"), code=Phone(key_on(browser.page)).code())

    assert inside(browser.client)


@pytest.mark.usefixtures("_required")
def test_where_it_is_required_a_password_alone_proves_nothing_but_leads_to_setting_it_up(cast, at_browser, later):
    browser = at_browser(cast.staff, proved=False)

    page = browser.get("/prove/?next=/gates/")
    assert page.link("Set up a second factor").endswith(PAGE)
    page = browser.get(PAGE)
    page = browser.send(page.form(having="password"), password=PASSWORD)

    assert page.h1 == ["Set up a second factor"]
    assert browser.client.get("/prove/?next=/gates/").status_code == 200


@pytest.mark.usefixtures("_required")
def test_where_it_is_required_an_invitation_leads_there_too(cast):
    token = actions.invite(cast.staff, by=cast.admin, at=AT)
    browser = Browser(Client())

    page = browser.send(browser.get(f"/invitation/{token}/").form(having="password1"), password1=NEW, password2=NEW)

    assert page.h1 == ["Set up a second factor"]
