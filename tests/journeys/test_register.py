"""A register moves in and is worked with, in a real Chromium: a list is brought and its gaps printed, a new kind of list is told
what it means, somebody looks a tool up, comments, and changes twenty rows in a spreadsheet."""

import io
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook

from tests.journeys.test_walk import Chromium
from tests.journeys.walk import become, sees
from tests.registers.test_mapping import LIST
from tests.running import ROOT, copy_of_the_demo, outside

pytestmark = [pytest.mark.browser, pytest.mark.waits, pytest.mark.ci]

#: Ideas Sam Doyle leads, so that there are twenty rows to change.
IDEAS = """
import django; django.setup()
from governance.core import clock
from governance.initiatives import actions
from governance.people.models import Person
sam = Person.objects.get(name="Sam Doyle")
for n in range(20):
    actions.register({"name": f"Spreadsheet idea {n}", "purpose": f"Old words {n}"}, by=sam, at=clock.now())
"""


@pytest.fixture(params=[(1360, "light", True), (390, "dark", False)], ids=["wide", "phone-without-javascript"])
def visitor(request, start, tmp_path, browser):
    """Somebody at a browser before a running copy of the demo."""
    width, scheme, script = request.param
    home = copy_of_the_demo(tmp_path / "home")
    env = outside(MANDATE_HOME=str(home), DJANGO_SETTINGS_MODULE="portal.settings")
    subprocess.run([sys.executable, "-c", IDEAS], cwd=ROOT, env=env, check=True, capture_output=True)
    running = start(home)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script, accept_downloads=True
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Chromium(page, f"http://localhost:{running.port}")
    context.close()
    assert complaints == []


def until(visitor: Chromium, text: str) -> None:
    """Look again until the page says so: a worker goes on with it."""
    for _try in range(120):
        visitor.page.goto(visitor.page.url)
        if text in visitor.words:
            return
        time.sleep(0.5)
    sees(visitor, text)


def press(visitor: Chromium, button: str) -> None:
    """Press a button and wait for the page it leads to."""
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name=button).click()


def bring(visitor: Chromium, file: Path, button: str, **chosen: str) -> None:
    """Send a file with the form of this page."""
    visitor.page.set_input_files("input[type=file]", str(file))
    for name, value in chosen.items():
        visitor.page.select_option(f"select[name='{name}']", value)
    press(visitor, button)


def test_a_new_kind_of_list_is_told_what_it_means_and_its_gaps_are_printed(visitor, tmp_path):
    file = tmp_path / "registre.csv"
    file.write_bytes(LIST.encode("cp1252"))
    become(visitor, "Olga P")
    visitor.open("/imports/")
    bring(visitor, file, "Read this list", profile="")
    until(visitor, "What its columns mean")

    page = visitor.page
    for name, what in (("is-1", "name"), ("is-2", "unit-1"), ("is-4", "stage"), ("is-5", "purpose")):
        page.select_option(f"select[name='{name}']", what)
    page.select_option("select[name='answers-7']", "owner")
    page.check("input[name='key-0']")
    press(visitor, "Go on to its words")
    for word, stage in (("en service", "production"), ("à l’essai", "pilot"), ("arrêté", "retired")):
        page.get_by_label(f"“{word}” in “État”").select_option(stage)
    press(visitor, "Keep this profile")
    until(visitor, "Ready to import")
    sees(visitor, "New 6", "Needs you 2", "Nothing is changed yet")

    visitor.click("Gap report")
    sees(visitor, "registre.csv lists 6 uses of AI. 3 are in use", "nobody is named as its owner 2", "Social")
    assert page.pdf(format="A4").startswith(b"%PDF")
    visitor.click("List ")
    press(visitor, "Import 6 rows")
    until(visitor, "Imported:")
    visitor.open("/catalog/?q=Reconnaissance")
    sees(visitor, "Reconnaissance", "Production")


def test_staff_find_a_tool_by_a_misspelt_name_and_read_whether_it_may_be_used(visitor):
    visitor.open("/demo/people/")
    visitor.press("Be Lena K")
    visitor.open("/catalog/?q=Emergancy+payuots")
    visitor.click("Emergency payouts")
    visitor.open("/catalog/?q=Emergency+payouts")
    visitor.click("AI-")
    sees(visitor, "May I use it?")


def test_the_menus_of_the_catalog_are_counted_for_whoever_turns_to_them(visitor):
    become(visitor, "Priya N")
    visitor.open("/catalog/")
    page = visitor.page
    if page.locator("noscript a").count():  # without JavaScript, what stands in there is a link
        visitor.click("Show counts")
    else:
        page.locator(".facet summary").first.hover()
    page.wait_for_selector("#facet-stage .n", state="attached")
    page.locator(".facet", has=page.locator("#facet-tier")).locator("summary").click()
    number = int(page.locator("#facet-tier .n").first.inner_text())
    page.locator("#facet-tier a").first.click()
    page.locator(".pager").filter(has_text=f"of {number}").wait_for()


def test_somebody_comments_and_whom_they_name_is_told(visitor):
    become(visitor, "Sam D")
    visitor.open("/catalog/?q=Emergency+payouts")
    visitor.click("AI-")
    at = visitor.path
    visitor.open(f"{at}comments/")
    visitor.press("Comment", text="Is the night desk trained? @Priya Nair")
    sees(visitor, "Is the night desk trained?", "Told by name: Priya Nair")

    become(visitor, "Priya N")
    visitor.open("/")
    visitor.click("Watching: 1 update")
    sees(visitor, "Sam Doyle mentioned you on AI-40 Emergency payouts")


def test_a_lead_changes_twenty_rows_in_a_spreadsheet(visitor, tmp_path):
    become(visitor, "Sam D")
    visitor.open("/catalog/?q=Spreadsheet+idea")
    with visitor.page.expect_download() as sent:
        visitor.page.get_by_role("link", name="XLSX", exact=True).click()
    book = load_workbook(io.BytesIO(Path(sent.value.path()).read_bytes()))
    sheet = book.worksheets[0]
    place = next(cell.column for cell in sheet[1] if cell.value == "What it is for")
    for row in range(2, 22):
        sheet.cell(row, place).value = f"New words {row}"
    book.save(tmp_path / "catalog.xlsx")

    visitor.open("/catalog/")
    visitor.click("Bring it back changed")
    bring(visitor, tmp_path / "catalog.xlsx", "Read this file")
    until(visitor, "Change 20 initiatives")
    sees(visitor, "What it is for: Old words", "New words 2")
    press(visitor, "Change 20 initiatives")
    until(visitor, "Imported:")

    visitor.open("/catalog/?q=New+words")
    sees(visitor, "20 initiatives")
    assert urlsplit(visitor.page.url).query == "q=New+words"
