"""Every link and every GET form of every page, as each of six people: nothing broken, nothing half-made."""

import re
from collections import deque
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from governance.demo.seed import company
from governance.people import proof
from governance.people.models import Person
from tests.web import Page

#: Lists: their queries must not grow with what they list.
LISTS = {"catalog:list", "gates:list", "reviews:list", "people:list", "desk:notices", "ledger:list"}
LIST_QUERIES, PAGE_QUERIES = 12, 20
#: The bar of the demo asks for its people on top of what the page needs.
DEMO_BAR = 1
#: So many pages of one kind (address name) are opened by each person; of one with a query (keys of it), one.
OF_A_KIND = 3
NOT_PAGES = re.compile(r"\.(csv|json|svg|css|js|ico)$|^/static/|^/account/logout|^/healthz")
PEOPLE = ["priya", "tomas", "miriam", "sam", "olga", "kim"]


def enter(person) -> Client:
    """Return a client signed in as somebody, proved a moment ago."""
    client = Client(raise_request_exception=False)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
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
    if len(page.ids) != len(set(page.ids)):
        found.append(f"repeats ids: {sorted({i for i in page.ids if page.ids.count(i) > 1})}")
    if any(name.startswith("on") or name == "style" for _tag, attrs in page.tags for name in attrs):
        found.append("has inline script or style")
    return [f"{url} {what}" for what in found]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("key", PEOPLE)
def test_every_link_and_form_leads_somewhere_whole(demo_company, db, key):
    told = company()
    client = enter(Person.objects.get(name=told["people"][key][0]))
    waiting, seen, kinds, wrong = deque(["/"]), {"/"}, {}, []

    while waiting:
        url = waiting.popleft()
        kind = kind_of(url)
        # One page of each address name for every query key, not for every combination of them.
        fresh = [key for key in kind[1] if (kind[0], key) not in kinds]
        if (kind[1] and not fresh) or (not kind[1] and kinds.get(kind[0], 0) >= OF_A_KIND):
            continue
        kinds.update({(kind[0], key): 1 for key in kind[1]} if kind[1] else {kind[0]: kinds.get(kind[0], 0) + 1})
        with CaptureQueriesContext(
            connection,
        ) as asked:
            response = client.get(url)
        if response.status_code in (301, 302, 303):
            target = response["Location"]
            if target.startswith("/") and target not in seen:
                seen.add(target)
                waiting.append(target)
            continue
        if "html" not in response.headers.get("Content-Type", ""):
            if response.status_code != 200:
                wrong.append(f"{url} answered {response.status_code}")
            continue
        page = Page(response.content.decode(), url)
        wrong += problems(page, response.status_code, url)
        most = (LIST_QUERIES if kind[0] in LISTS else PAGE_QUERIES) + DEMO_BAR
        if len(asked) > most:
            wrong.append(f"{url} asks {len(asked)} queries; {most} is the most.")
        targets = [href for href, _words in page.links]
        targets += [
            f"{f.action}?{urlencode({c.name: c.value or 'a' for c in f.controls if c.name})}"
            for f in page.forms
            if f.method == "get"
        ]
        for target in targets:
            parts = urlsplit(target)
            if parts.scheme in ("mailto", "tel") or (parts.netloc and parts.netloc != "testserver"):
                continue
            path = parts.path or urlsplit(url).path
            if path.startswith("/") and not NOT_PAGES.search(path) and not path.startswith(("/demo/mail",)):
                onward = path + (f"?{parts.query}" if parts.query else "")
                if onward not in seen:
                    seen.add(onward)
                    waiting.append(onward)

    assert not wrong, f"{len(wrong)} problems:\n" + "\n".join(sorted(set(wrong))[:60])
    assert len(kinds) > 20, "The crawl found hardly anything; the front door may be broken."
