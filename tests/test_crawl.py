"""Every link and every GET form of every page, as each of six people: nothing broken, nothing half-made.

The crawl is done once, in Django's client; a real Chromium then opens one page of every kind it found, in
every size and scheme, and axe reads it.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from governance.demo.seed import company
from governance.people import proof
from governance.people.models import Person
from tests.running import Tab, launched
from tests.web import Page

#: Lists: their queries must not grow with what they list.
LISTS = {
    "catalog:list",
    "public:inside",
    "gates:list",
    "gates:triage",
    "reviews:list",
    "people:list",
    "desk:notices",
    "ledger:list",
}
LIST_QUERIES, PAGE_QUERIES = 12, 20
#: The bar of the demo asks for its people on top of what the page needs.
DEMO_BAR = 1
#: So many pages of one kind (address name) are opened by each person, in the plain run and in CI; of one with a
#: query (keys of it), one.
OF_A_KIND, OF_A_KIND_IN_CI = 1, 3
NOT_PAGES = re.compile(r"\.(xlsx|csv|json|svg|css|js|ico)$|^/static/|^/account/logout|^/healthz")
PEOPLE = ["priya", "tomas", "miriam", "sam", "olga", "kim"]
#: Who goes in the plain run: who decides, and who looks after most pages. The others go in CI.
FEW = ["priya", "olga"]

pytestmark = [pytest.mark.django_db, pytest.mark.waits, pytest.mark.long(50), pytest.mark.timeout(900)]


@dataclass
class Visit:
    """One page somebody came to."""

    url: str
    name: str
    status: int
    queries: int
    page: Page | None


def enter(person) -> Client:
    """Return a client signed in as somebody, proved a moment ago."""
    client = Client(raise_request_exception=False)
    client.force_login(person, backend="governance.people.backend.Backend")
    session = client.session
    session[proof._KEY] = {"person": person.pk, "method": "demo", "at": proof.clock.wall().isoformat()}
    session.save()
    return client


def kind_of(url: str) -> tuple[str, tuple[str, ...]]:
    """Return what kind of page an address leads to: its name and the keys of its query."""
    parts = urlsplit(url)
    try:
        match = resolve(parts.path)
        name = match.view_name
    except Exception:
        name = parts.path
    return name, tuple(sorted({key for key, _value in parse_qsl(parts.query)}))


def problems(page: Page, status: int, url: str) -> list[str]:
    """Return what is wrong with a page, in words."""
    found = []
    if status not in (200, 403, 409):
        found.append(f"answered {status}")
    if re.search(r"\bNone\b", page.words):
        at = page.words.index("None")
        found.append(f"says None: …{page.words[max(at - 60, 0) : at + 40]}…")
    if "{{" in page.html or "{%" in page.html:
        found.append("shows template code")
    if any((href or "").strip() in ("#", "") for href, _words in page.links):
        found.append(f"has a link to nowhere: {[w for h, w in page.links if (h or '').strip() in ('#', '')]}")
    if page.unlabelled():
        found.append(f"has unlabelled fields: {page.unlabelled()}")
    if not page.title or not page.h1 or not page.h1[0]:
        found.append("lacks a title or a heading")
    if len(page.h1) > 1:
        found.append(f"has {len(page.h1)} main headings")
    levels = [int(tag[1]) for tag, _attrs in page.tags if re.fullmatch(r"h[1-6]", tag)]
    if any(below > above + 1 for above, below in pairwise(levels)):
        found.append(f"skips a level of headings: {levels}")
    regions = [a.get("aria-labelledby") for tag, a in page.tags if tag == "section" or a.get("role") == "region"]
    if len(named := [name for name in regions if name]) != len(set(named)):
        found.append(f"gives two regions one name: {sorted({n for n in named if named.count(n) > 1})}")
    if len(page.ids) != len(set(page.ids)):
        found.append(f"repeats ids: {sorted({i for i in page.ids if page.ids.count(i) > 1})}")
    if any(name.startswith("on") or name == "style" for _tag, attrs in page.tags for name in attrs):
        found.append("has inline script or style")
    return [f"{url} {what}" for what in found]


def visits(client: Client, of_a_kind: int) -> Iterator[Visit]:
    """Follow every link and GET form from the front page on, and yield each page, file and refusal on the way."""
    waiting, seen, kinds = deque(["/"]), {"/"}, {}
    while waiting:
        url = waiting.popleft()
        name, keys = kind_of(url)
        # One page of each address name for every query key, not for every combination of them.
        fresh = [key for key in keys if (name, key) not in kinds]
        if (keys and not fresh) or (not keys and kinds.get(name, 0) >= of_a_kind):
            continue
        kinds.update({(name, key): 1 for key in keys} if keys else {name: kinds.get(name, 0) + 1})
        with CaptureQueriesContext(connection) as asked:
            response = client.get(url)
        onward = []
        if response.status_code in (301, 302, 303):
            onward = [response["Location"]]
        elif "html" not in response.headers.get("Content-Type", ""):
            yield Visit(url, name, response.status_code, len(asked), None)
        else:
            page = Page(response.content.decode(), url)
            yield Visit(url, name, response.status_code, len(asked), page)
            onward = [*leads_to(page)]
        new = [target for target in dict.fromkeys(onward) if target not in seen]
        seen.update(new)
        waiting.extend(new)


def leads_to(page: Page) -> Iterator[str]:
    """Yield the addresses of our own that a page links to, or that its GET forms lead to."""
    targets = [href for href, _words in page.links]
    targets += [
        f"{form.action}?{urlencode({c.name: c.value or 'a' for c in form.controls if c.name})}"
        for form in page.forms
        if form.method == "get"
    ]
    for target in targets:
        parts = urlsplit(target)
        if parts.scheme in ("mailto", "tel") or (parts.netloc and parts.netloc != "testserver"):
            continue
        path = parts.path or urlsplit(page.url).path
        if path.startswith("/") and not NOT_PAGES.search(path) and not path.startswith("/demo/mail"):
            yield path + (f"?{parts.query}" if parts.query else "")


def crawl(people: list[str], of_a_kind: int) -> dict[str, list[Visit]]:
    """Return what each of these people came to."""
    names = company()["people"]
    return {key: list(visits(enter(Person.objects.get(name=names[key][0])), of_a_kind)) for key in people}


@pytest.fixture(scope="module")
def crawled(demo_company, django_db_blocker) -> dict[str, list[Visit]]:
    """What a few came to. Some ten seconds each."""
    with django_db_blocker.unblock():
        return crawl(FEW, OF_A_KIND)


@pytest.fixture(scope="module")
def crawled_further(demo_company, django_db_blocker) -> dict[str, list[Visit]]:
    """What each of the six came to, more of each kind. Some twenty seconds each."""
    with django_db_blocker.unblock():
        return crawl(PEOPLE, OF_A_KIND_IN_CI)


@pytest.mark.parametrize("key", FEW)
def test_every_link_and_form_leads_somewhere_whole(crawled, key):
    assert_whole(crawled[key])


@pytest.mark.ci
@pytest.mark.parametrize("key", PEOPLE)
def test_so_do_those_of_more_pages_of_each_kind(crawled_further, key):
    assert_whole(crawled_further[key])


def assert_whole(visited: list[Visit]) -> None:
    """Assert that nothing is wrong with what somebody came to, and that it is much."""
    wrong = []
    for visit in visited:
        if visit.page is None:
            if visit.status != 200:
                wrong.append(f"{visit.url} answered {visit.status}")
            continue
        wrong += problems(visit.page, visit.status, visit.url)
        most = (LIST_QUERIES if visit.name in LISTS else PAGE_QUERIES) + DEMO_BAR
        if visit.queries > most:
            wrong.append(f"{visit.url} asks {visit.queries} queries; {most} is the most.")

    assert not wrong, f"{len(wrong)} problems:\n" + "\n".join(sorted(set(wrong))[:60])
    assert len({visit.name for visit in visited}) > 20, "Hardly anything was found; the front door may be broken."


@pytest.mark.ci
@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), (1360, "light"), (1360, "dark"), (390, "light"), (320, "light")]
)
def test_no_page_has_an_accessibility_violation_or_is_wider_than_its_screen(crawled_further, chromium, width, scheme):
    assert violations(crawled_further, chromium, width, scheme) == {}


def violations(crawled: dict[str, list[Visit]], chromium: str, width: int, scheme: str) -> dict[str, list[str]]:
    """Return what axe, the console and the width of the page complain about, by address: one page of every kind."""
    kinds = {(v.name, v.status): v for key in PEOPLE for v in crawled[key] if v.page is not None}
    wrong: dict[str, list[str]] = {}
    with launched(chromium) as browser:
        tab = Tab(browser, width, scheme)
        for visit in kinds.values():
            found = [*tab.show(visit.page.html), *tab.violations()]
            if (wide := tab.page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append(f"is {wide} px wide")
            if found:
                wrong[visit.url] = found
    return wrong
