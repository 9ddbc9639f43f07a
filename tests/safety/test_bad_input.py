"""Whatever is sent, the answer is a page: never a failure, and nothing half-written (every form, list and body)."""

from itertools import cycle
from urllib.parse import quote

import pytest

from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_access import ENTRIES, TABLE, expected

#: What databases, numbers, dates and encodings stumble over.
NASTY = (
    "\x00",
    "a\x00b",
    "\ud800",
    "A" * 100_000,
    "9" * 400,
    "99999999999999999999",
    "2147483648",
    "-1",
    "1e400",
    "NaN",
    "½",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59",
    "\u202eevil",
)
#: Bodies that are no form, or not the one they say they are.
BODIES = (
    ("application/json", b'{"reason": "harm"}'),
    ("text/plain", b"reason=harm"),
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=x", b"--x\r\ngarbage"),
    ("application/x-www-form-urlencoded; charset=utf-16", b"reason=harm"),
    ("application/x-www-form-urlencoded", b"reason=%ff%fe&\xff\xfe=1&a&=&%zz"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(900))),
    ("application/x-www-form-urlencoded", b"reason=" + b"a" * 2_700_000),
)
QUERIES = ("q", "sort", "page", "after", "before", "counts", "tier", "stage", "kind", "due", "outcome", "cell", "end")


def sender(entry: str) -> str:
    """Return somebody whose form does what it asks for, else somebody at all."""
    due = expected(entry, "post")
    return next((who for who in TABLE["people"] if due[who] == 303), "owner")


def encoded(pairs) -> str:
    """Return a form as a browser would send it, lone surrogates and all."""
    return "&".join(
        "=".join(quote(str(one).encode("utf-8", "surrogatepass"), safe="") for one in pair) for pair in pairs
    )


def send(made, entry: str, body, kind: str = "application/x-www-form-urlencoded") -> str:
    """Send a body to the address of an entry; return what is wrong with the answer, or ""."""
    name, how = reach(entry)
    seq = watch.last_seq()
    with watch.undone(), watch.watching() as written:
        response = made.client(sender(entry)).generic("POST", how.url(name, made), body, content_type=kind)
        if response.status_code >= 500:
            return f"{entry} failed with {response.status_code} on {body[:80]!r}"
        if response.status_code >= 400 and written.tables and watch.everything() != made.at_rest:
            return f"{entry} answered {response.status_code} and wrote {sorted(written.tables)} on {body[:80]!r}"
        if response.status_code >= 400 and {e.verb for e in watch.said_since(seq)} - {"refused", "sign_in.failed"}:
            return f"{entry} answered {response.status_code} and recorded something on {body[:80]!r}"
    return ""


def spoilt(made, entry: str, values):
    """Yield the form of an entry with one field after the other spoilt, each by the values `values(field)` gives."""
    _name, how = reach(entry)
    data = how.data(made)
    for field in (*data, "extra"):
        for value in values(field):
            yield encoded((key, value if key == field else data.get(key, "")) for key in {**data, field: ""})


turns = cycle(NASTY)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_spoilt_field_is_answered(world, entry):
    wrong = [send(world, entry, body) for body in spoilt(world, entry, lambda field: (next(turns),))]

    assert not [one for one in wrong if one]


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES)
def test_and_so_is_every_field_spoilt_in_every_way(world, entry):
    wrong = [send(world, entry, body) for body in spoilt(world, entry, lambda field: NASTY)]

    assert not [one for one in wrong if one]


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_form_is_answered(world, kind, body):
    wrong = [send(world, entry, body, kind) for entry in ENTRIES[:: 4 if len(body) < 10_000 else 12]]

    assert not [one for one in wrong if one]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_an_address_with_anything_in_it_is_answered(world, value):
    query = encoded((name, value[:3000]) for name in QUERIES)
    wrong = []
    for number, entry in enumerate(ENTRIES):
        name, how = reach(entry)
        if entry.partition("@")[0] == entry and number % 6 == NASTY.index(value) % 6:
            response = world.client("office").get(f"{how.url(name, world).partition('?')[0]}?{query}&%ff=%fe&q=%")
            wrong += [f"{entry}: {response.status_code}"] if response.status_code >= 500 else []
            b"".join(response)

    assert not wrong
