"""The company's sign-in in a real Chromium, under the real content policy: there and back, and again for a proof."""

import re

import pytest

from tests.provider import CLIENT, SECRET, served
from tests.running import launched

PASSWORD = "seven brown foxes at noon"


@pytest.mark.ci
@pytest.mark.browser
@pytest.mark.timeout(120)
def test_chromium_goes_there_and_back(chromium, start, tmp_path):
    with served("") as company, launched(chromium) as browser:
        running = start(
            tmp_path / "home",
            "--no-demo",
            OIDC_ISSUER=company.issuer,
            OIDC_CLIENT_ID=CLIENT,
            OIDC_CLIENT_SECRET=SECRET,
            OIDC_NAME="Northwind",
        )
        company.back = f"{running.url}/sign-in/company/back/"
        page, complaints = browser.new_page(), []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(re.search(r"http://\S+/setup/\S+", "\n".join(running.said))[0])
        for name, value in {"company": "Northwind", "name": "Anna Berg", "email": "anna@example.org"}.items():
            page.fill(f"[name={name}]", value)
        for name in ("password1", "password2"):
            page.fill(f"[name={name}]", PASSWORD)
        page.click("main button[type=submit]")
        page.goto(f"{running.url}/sign-out/")
        page.click("main button[type=submit]")

        company.user = {"sub": "u-1", "email": "anna@example.org"}
        company.signed_in_at -= 3600
        page.goto(f"{running.url}/people/functions/")
        page.click("text=Sign in with Northwind")
        assert page.url == f"{running.url}/people/functions/"
        page.goto(f"{running.url}/me/second-factor/")
        page.click("text=Show it with Northwind")

        assert page.url == f"{running.url}/me/second-factor/"
        assert page.locator("h1").inner_text() == "Set up a second factor"
        assert [asked.get("prompt", "") for asked in company.asked] == ["", "login"]
        assert complaints == []
