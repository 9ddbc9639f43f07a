"""The newcomer's walk: without JavaScript through Django's client, and in a real Chromium, wide and on a phone."""

import re
from urllib.parse import urlsplit

import pytest

from tests.journeys.imported import walk_of_an_imported_pilot
from tests.journeys.plain import Plain
from tests.journeys.walk import walk
from tests.running import copy_of_the_demo


@pytest.mark.django_db
def test_the_walk_without_javascript(demo_company):
    walk(Plain())


@pytest.mark.ci
@pytest.mark.django_db
def test_the_walk_of_an_imported_pilot(demo_company, tmp_path):
    walk_of_an_imported_pilot(Plain(), tmp_path)


class Chromium:
    """A visitor at a real browser."""

    def __init__(self, page, base: str):
        self.page, self.base = page, base

    @property
    def words(self) -> str:
        return " ".join(self.page.locator("body").inner_text().split())

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def open(self, path: str) -> None:
        answer = self.page.goto(self.base + path)
        assert answer is None or answer.status == 200, f"{path} answered {answer.status}"

    def click(self, link: str) -> None:
        self.page.get_by_role("link").filter(has_text=link).locator("visible=true").first.click()
        self.page.wait_for_load_state()

    def press(self, button: str, **fields: str) -> None:
        name = re.compile(r"^\s*" + re.escape(button), re.IGNORECASE)
        form = self.page.locator("form", has=self.page.get_by_role("button", name=name)).first
        for field, value in fields.items():
            found = form.locator(f"[name='{field}']")
            if found.first.get_attribute("type") == "radio":
                form.locator(f"[name='{field}'][value='{value}']").check(force=True)
            else:
                found.fill(value)
        form.get_by_role("button", name=name).first.click()
        self.page.wait_for_load_state()


@pytest.mark.browser
@pytest.mark.waits
@pytest.mark.long(60)
@pytest.mark.parametrize(
    ("width", "scheme", "script"),
    [
        pytest.param(390, "dark", True, id="phone", marks=pytest.mark.ci),
        pytest.param(1360, "light", True, id="wide", marks=pytest.mark.ci),
        pytest.param(1360, "dark", False, id="wide-without-javascript", marks=pytest.mark.ci),
        pytest.param(390, "light", False, id="phone-without-javascript", marks=pytest.mark.ci),
    ],
)
def test_the_walk_in_a_browser(start, tmp_path, browser, width, scheme, script):
    running = start(copy_of_the_demo(tmp_path / "home"))
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        key = walk(Chromium(page, f"http://localhost:{running.port}"))
        page.goto(f"http://localhost:{running.port}/initiatives/{key}/")
        printed = page.pdf(format="A4")
    finally:
        context.close()

    assert complaints == []
    assert printed.startswith(b"%PDF")
    assert len(printed) > 10_000
