"""The queue on a keyboard, and on a phone with four taps for each."""

import pytest
from django.test import Client

from governance.people.models import Person
from tests.running import Tab, copy_of_the_demo, launched
from tests.test_crawl import enter

#: What one tap opens, chooses or presses, at most, for one of the queue.
TAPS = 4


def opened(path: str) -> str:
    """Return a page as the Portfolio office of the demo gets it."""
    client: Client = enter(Person.objects.get(name="Olga Petrov"))
    return client.get(path).content.decode()


@pytest.mark.browser
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/triage/", "/catalog/"])
def test_j_and_k_walk_the_rows_x_ticks_one_and_enter_opens_it(demo_company, chromium, path):
    html = opened(path)
    with launched(chromium) as browser:
        tab = Tab(browser, 1360, "light")
        complaints = tab.show(html)
        page, here = tab.page, lambda: tab.page.evaluate("document.activeElement.getAttribute('href')")
        links = page.locator("[data-row] a:first-of-type").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        ticked = lambda: page.locator("[data-row] input:checked").count()  # noqa: E731

        page.keyboard.press("x")  # nothing is at hand yet
        assert ticked() == 0
        walked = []
        for key in "jjk":
            page.keyboard.press(key)
            walked.append(here())
        assert walked == [links[0], links[1], links[0]]
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "where one is, is seen"
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        assert ticked() == 2
        page.keyboard.press("x")
        assert (ticked(), here()) == (1, links[1])
        assert page.locator("[data-chosen]").inner_text() == "1 chosen", "and said aloud"
        page.locator("main input[type=search]").first.focus()
        page.keyboard.type("jx")
        assert page.locator("main input[type=search]").first.input_value() == "jx"
        page.evaluate(
            "document.addEventListener('click', (e) => { e.preventDefault(); document.title = e.target.closest('a').getAttribute('href') })"
        )
        page.locator("[data-row] a").first.focus()
        page.keyboard.press("Enter")
        assert page.title() == links[0]
        assert complaints == []


@pytest.mark.ci
@pytest.mark.browser
@pytest.mark.waits
@pytest.mark.long(40)
@pytest.mark.parametrize("script", [True, False], ids=["script", "without-javascript"])
def test_each_of_the_queue_takes_four_taps_on_a_phone(start, tmp_path, chromium, script):
    running = start(copy_of_the_demo(tmp_path / "home"))
    base, taps = f"http://localhost:{running.port}", []
    with launched(chromium) as browser:
        page = browser.new_context(
            viewport={"width": 390, "height": 800}, has_touch=True, java_script_enabled=script
        ).new_page()
        page.goto(f"{base}/")

        def opens(what) -> None:
            with page.expect_navigation():
                what.first.tap()
            taps.append(page.url)

        def chooses(what) -> None:
            what.first.tap()
            taps.append("")

        opens(page.get_by_role("button", name="Be Olga P", exact=True))
        page.goto(f"{base}/triage/?why=found")
        taps.clear()
        opens(page.locator("[data-row] a"))
        first = page.url
        chooses(page.get_by_text("leads "))
        opens(page.get_by_role("button", name="Save, and on to the next"))

        assert len(taps) <= TAPS
        assert page.url.startswith(f"{base}/triage/AI-")
        assert page.url != first
        assert "was asked to own" in page.locator("[role=status]").first.inner_text()
        taps.clear()
        chooses(page.get_by_text("Nobody known"))
        opens(page.get_by_role("button", name="Save, and on to the next"))
        assert len(taps) <= TAPS
        assert "It stays in the queue." in page.locator("[role=status]").first.inner_text()
        assert page.url == f"{base}/triage/?why=found"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
