"""Who gets what answer, for every address and every member of the cast: tests/access.toml, tried out (A01, A02)."""

import re
import tomllib
from pathlib import Path

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

from tests.safety import world as watch
from tests.safety.reach import ABSENT, Reach, reach

TABLE = tomllib.loads((Path(__file__).parents[1] / "access.toml").read_text(encoding="utf-8"))
ENTRIES = [name for name, value in TABLE.items() if isinstance(value, dict)]
#: So many of those for whom the table has one and the same answer are asked in the plain run.
FEW = 1
REFUSALS = {403, 404, 405, 409, 422}
#: What differs between any two renderings of one page: the form's token, and the time it was made.
RENDERED = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]*|(?<=<time)[^>]*>[^<]*')


def routes(patterns=None, space: str = ""):
    """Yield (name, pattern) of every address; one without a name goes by its view."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}" if pattern.name else pattern.lookup_str, pattern
        else:
            yield from routes(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)


def expected(entry: str, method: str) -> dict[str, int]:
    """Return the status of everybody for an entry of the table."""
    everybody, _semicolon, others = TABLE[entry][method].partition(";")
    said = dict.fromkeys(TABLE["people"], int(everybody))
    said[watch.ANONYMOUS] = TABLE["anonymous"]
    for other in filter(None, (part.strip() for part in others.split(","))):
        who, status = other.split()
        assert who in said, f"{entry}: {who!r} is nobody of the cast."
        said[who] = int(status)
    return said


def ask(made, who: str, method: str, url: str, data: dict):
    """Send one request as somebody, and return the answer."""
    client = made.client(who)
    for file in (value for value in data.values() if hasattr(value, "seek")):
        file.seek(0)  # everybody sends it whole
    return client.post(url, data) if method == "post" else client.get(url)


def test_every_address_is_in_the_table():
    names = {name for name, _pattern in routes()}
    listed = {entry.partition("@")[0] for entry in ENTRIES}

    unlisted = sorted(names - listed)
    assert not unlisted, (
        f"Nobody has said who may use {unlisted}. Add each to tests/access.toml, by hand, from section 3 of the design:"
        " who gets 200 or 303, who 403 or 404; and to tests/safety/reach.py how it is reached."
    )
    gone = sorted(listed - names)
    assert not gone, (
        f"tests/access.toml lists {gone}, and no address has that name. Remove them, or give the address its name back."
    )


def test_who_is_asked_is_who_knocks():
    assert tuple(TABLE["people"]) == watch.KNOCKERS


@pytest.mark.long(55)
@pytest.mark.parametrize("entry", ENTRIES)
def test_everybody_gets_the_answer_the_table_says(world, entry):
    wrong = answers(world, entry)

    assert not wrong, f"{len(wrong)} answers differ:\n" + "\n".join(wrong)


@pytest.mark.ci
def test_and_so_does_everybody_else(world):
    wrong = [what for entry in ENTRIES for what in answers(world, entry, whole=True)]

    assert not wrong, f"{len(wrong)} answers differ:\n" + "\n".join(wrong)


def answers(made, entry: str, *, whole: bool = False) -> list[str]:
    """Return what differs from the table for one entry, in words.

    Not everybody is asked, see `knocking`; all of them when `whole`.
    """
    name, how = reach(entry)
    data, url = how.data(made), how.url(name, made)
    seq, wrong = watch.last_seq(), []
    for method in ("get", "post"):
        for who, wanted in knocking(entry, method, whole).items():
            with watch.undone():
                with watch.watching() as written:
                    response = ask(made, who, method, url, data)
                got = response.status_code
                if got != wanted:
                    wrong.append(
                        f"{method.upper()} {url} as {who}: {wanted} was expected and {got} came. {said(response)}"
                    )
                if method == "get" and (written.tables or watch.said_since(seq)):
                    wrong.append(f"GET {url} as {who} writes {sorted(written.tables)}.")
                if method == "post" and got in REFUSALS:
                    if written.tables:
                        now = watch.everything()
                        changed = sorted(table for table in now if now[table] != made.at_rest[table])
                        wrong += [f"POST {url} as {who} was refused ({got}) and changed {changed}."] if changed else []
                    wrong += _record(made, entry, url, who, got, watch.said_since(seq))
    return wrong


def knocking(entry: str, method: str, whole: bool) -> dict[str, int]:
    """Return who is asked in this run, with the status they are to get.

    Of those who are to get the same answer, FEW in turn, and always the administrator; all of them when `whole`.
    """
    due = expected(entry, method)
    if whole:
        return due
    asked = {watch.ANONYMOUS, "admin"}
    for status in set(due.values()):
        same = [who for who in TABLE["people"] if due[who] == status]
        first = ENTRIES.index(entry) % len(same) if len(same) > FEW else 0
        asked.update((same + same)[first : first + FEW])
    return {who: status for who, status in due.items() if who in asked}


def _record(made, entry: str, url: str, who: str, status: int, said_) -> list[str]:
    """Return what is wrong with what the record got by a refusal."""
    due = TABLE[entry].get("record", False) and status in (403, 409) and who != watch.ANONYMOUS
    wanted = [("refused", f"person:{getattr(made.cast, who).pk}")] if due else []
    got = [(e.verb, e.actor) for e in said_]
    return [] if got == wanted else [f"POST {url} as {who} ({status}) left {got} in the record; {wanted} was expected."]


def said(response) -> str:
    """Return the heading of a page, to see at once what came."""
    found = re.search(rb"<h1[^>]*>(.*?)</h1>", getattr(response, "content", b""), re.DOTALL)
    return (
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1].decode())).strip()[:120]
        if found
        else response.headers.get("Location", "")
    )


def about_one() -> list[str]:
    """Return the entries of the table whose address holds the key of an initiative."""
    return [entry for entry in ENTRIES if reach(entry)[1].place]


@pytest.mark.parametrize("entry", about_one())
def test_what_one_may_not_see_is_not_there(world, entry):
    turn = ENTRIES.index(entry) % len(TABLE["unseen"])
    wrong = traces(world, entry, {TABLE["unseen"][turn], "admin"})

    assert not wrong, "\n".join(wrong)


@pytest.mark.ci
def test_and_it_is_there_for_nobody_who_may_not_see_it(world):
    wrong = [what for entry in about_one() for what in traces(world, entry, set(TABLE["unseen"]))]

    assert not wrong, "\n".join(wrong)


def traces(made, entry: str, people: set[str]) -> list[str]:
    """Return every way in which what somebody may not see can be told from what does not exist, in words."""
    name, how = reach(entry)
    if name == "governance.initiatives.views.spell_key":
        return []  # It leads to the address as it is written, whatever stands there.
    data, hidden, absent = (
        how.data(made),
        how.url(name, made, place="hidden"),
        how.url(name, made, place="hidden", key=ABSENT),
    )
    key = made.on["hidden"].key.encode()
    seq, wrong = watch.last_seq(), []
    for method in ("get", "post"):
        # Where nothing can be sent at all, that is so for every initiative, seen or not.
        wanted = 405 if method == "post" and set(expected(entry, "post").values()) <= {405, TABLE["anonymous"]} else 404
        for who in sorted(people):
            with watch.undone():
                with watch.watching() as written:
                    here, there = (ask(made, who, method, url, data) for url in (hidden, absent))
                if (here.status_code, there.status_code) != (wanted, wanted):
                    wrong.append(
                        f"{method.upper()} {hidden} as {who}: {here.status_code}; absent: {there.status_code}."
                    )
                elif plain(here, key) != plain(there, ABSENT.encode()):
                    wrong.append(
                        f"{method.upper()} {hidden} as {who} can be told from an initiative that does not exist."
                    )
                if written.tables or watch.said_since(seq):
                    wrong.append(f"{method.upper()} {hidden} as {who} wrote {sorted(written.tables)}.")
    return wrong


def plain(response, key: bytes) -> tuple:
    """Return what somebody can tell of an answer: the page without its token and the address that was asked, and the headers."""
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return RENDERED.sub(b"", response.content).replace(key, b"AI-"), headers


def test_the_hidden_one_is_there_for_those_who_see_everything(world):
    seeing = [
        who
        for who in TABLE["people"]
        if ask(world, who, "get", f"/initiatives/{world.on['hidden'].key}/", {}).status_code == 200
    ]

    assert sorted(seeing) == sorted(set(TABLE["people"]) - set(TABLE["unseen"]))


def test_a_child_belongs_to_its_parent(world):
    """A number or a key of another initiative's row leads nowhere (A03)."""
    for entry in ("initiatives:seal", "initiatives:answer_offer", "gates:answer_wish"):
        name, how = reach(entry)
        foreign = Reach(how.place, lambda w, p, how=how: how.path(w, "hidden"), how.query, how.data)
        url = foreign.url(name, world)
        for who in ("owner", "compliance"):
            assert ask(world, who, "get", url, {}).status_code == 404, url
            assert ask(world, who, "post", url, how.data(world)).status_code in (404, 405), url
