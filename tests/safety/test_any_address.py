"""Whatever an address asks: names and lookups a page does not know buy no statement and no join (A09, A10), and what it knows is capped (A50)."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.http import QueryDict

import governance
from governance.core import clock
from governance.core.models import Installation
from governance.public.models import PublicRegister
from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_access import ENTRIES, TABLE, expected
from tests.safety.test_bad_input import encoded

#: Names no page knows: fields and lookups of tables, words of the database layer, and what other products take.
UNKNOWN = (
    *("owner__password__startswith", "unit__leader__email", "leader__password__regex", "pk__gt", "id", "pk", "__"),
    *("_connector", "_negated", "_state", "order_by", "ordering", "fields", "select_related", "per_page", "limit"),
    *("offset", "starts_on", "since", "until", "format", "debug", "as_of", "\x00", "\ud800", "stage__in", "tier__gte"),
)
LOOKUPS = ("__startswith", "__regex", "__in", "__gt", "__isnull", "__password")
#: What a known name is given: nothing of it is anything a page offers, but all of it are words to search for.
VALUES = (
    *("owner__email", "-owner__password", "--name", "pk__in", "%_", "a'--", "x\x00", "\ud800", "NaN", "-1", "0", "1e9"),
    *("9" * 18, "9" * 19, "1" + "0" * 30, "9" * 5000, "²", "٣", "1026-01-01", "3026-12-31", "0001-01-01T00:00"),
    *("name,name,name", ",".join(map(str, range(10_000))), "../..", "A" * 3000),
)
#: How many of them a name is given in the plain run, in turn: all of them in CI.
FEW = 1
#: What a page may ask the database: so many statements, of so many characters (BARS, P07 and P08).
MOST, LONGEST = 20, 8192
ANSWERS = {200, 302, 303, 400, 404}


@pytest.fixture
def there(world):
    """The world as a demo whose public register is open: every address is there."""
    PublicRegister.objects.update(open_since=clock.now())
    Installation.objects.update(kind="demo")
    return world


def reader(entry: str) -> str:
    """Return somebody whom the address shows a page or leads elsewhere; "" where nobody gets anything there."""
    if entry.startswith(("demo:", "public:")):
        return "office"
    due = expected(entry, "get")
    found = [who for wanted in (200, 302) for who in TABLE["people"] if due[who] == wanted]
    return found[0] if found else watch.ANONYMOUS if due[watch.ANONYMOUS] == 200 else ""


READ = [entry for entry in ENTRIES if entry == entry.partition("@")[0] and reader(entry)]


@contextmanager
def heard() -> Iterator[set[str]]:
    """Collect what is asked of an address in this block: names, and "" where all of it is gone through."""
    names: set[str] = set()

    def noting(usual):
        def ask(data, *name):
            names.add(name[0] if name and isinstance(name[0], str) else "")
            return usual(data, *name)

        return ask

    with pytest.MonkeyPatch.context() as patch:
        for how in ("get", "getlist", "__getitem__", "__contains__", "__iter__", "items", "lists", "dict", "urlencode"):
            patch.setattr(QueryDict, how, noting(getattr(QueryDict, how)))
        yield names


def asked(made, who: str, url: str, *pairs: tuple[str, str]) -> tuple[int, list[str], set[str]]:
    """Return the status of a page, its statements without their values, and what its address was asked for."""
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    question = encoded(pairs)
    with watch.undone(), connection.execute_wrapper(note), heard() as names:
        response = made.client(who).get(f"{url}{'&' if '?' in url else '?'}{question}" if question else url)
        b"".join(response)
    return response.status_code, statements, names


def wrong(made, entry: str, turns) -> list[str]:
    """Return what is wrong with the answers of one address, in words. `turns` say which values its names are given."""
    who, (name, how) = reader(entry), reach(entry)
    url = how.url(name, made)
    status, plain, known = asked(made, who, url)
    if not known:
        return []  # it does not look at its address
    soup = [*UNKNOWN, *(f"{word}{lookup}" for word in sorted(known) for lookup in LOOKUPS)]
    odd, statements, _names = asked(made, who, url, *((word, "1") for word in soup))
    found = [] if (odd, statements) == (status, plain) else [f"{url} asked for what it does not know: {odd}"]
    for turn in turns:
        pairs = [(word, VALUES[(7 * place + turn) % len(VALUES)]) for place, word in enumerate(sorted(known - {""}))]
        odd, statements, _names = asked(made, who, url, *pairs)
        if odd not in ANSWERS or len(statements) > MOST or max(map(len, statements)) > LONGEST:
            sizes = len(statements), max(map(len, statements))
            found.append(f"{url} with {[(word, value[:40]) for word, value in pairs]}: {odd}, {sizes}")
    return found


@pytest.mark.parametrize("entry", READ)
def test_what_a_page_does_not_know_buys_nothing_and_what_it_knows_is_capped(there, entry):
    first = READ.index(entry)

    assert wrong(there, entry, range(first, first + FEW)) == []


@pytest.mark.ci
def test_and_so_it_is_with_every_value_of_every_name(there):
    assert [what for entry in READ for what in wrong(there, entry, range(len(VALUES)))] == []


@pytest.mark.parametrize("path", ["/catalog/", "/catalog.csv", "/catalog/chosen/", "/people/", "/public/", "/ledger/"])
def test_an_address_of_ten_thousand_values_is_refused_and_the_database_not_asked_for_them(there, path):
    _status, plain, _names = asked(there, "auditor", path)
    status, statements, _names = asked(there, "auditor", path, *(("row", str(n)) for n in range(10_000)))

    assert status == 400
    assert set(statements) <= set(plain)


# --- The code itself --------------------------------------------------------------------------

ORM = {"filter", "exclude", "get", "create", "update", "annotate", "aggregate", "alias", "order_by", "values", "Q"}
SENT = ("request", "GET", "POST", "cleaned_data", "querydict", "data")
BANNED = ("RawSQL", "mark_safe")


def test_nothing_that_was_sent_becomes_the_name_of_a_field():
    """A keyword or an order made from a request is a way into every table (A10), and a statement made from text is another."""
    found = []
    for path in Path(governance.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name | ast.Attribute):
                called = node.id if isinstance(node, ast.Name) else node.attr
                found += [f"{path.name}:{node.lineno} uses {called}"] if called in BANNED else []
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in ("raw", "extra"):
                found.append(f"{path.name}:{node.lineno} calls {called}")
            spread = [*(k.value for k in node.keywords if k.arg is None)]
            spread += [a.value for a in node.args if isinstance(a, ast.Starred)]
            words = {getattr(part, "id", getattr(part, "attr", "")) for one in spread for part in ast.walk(one)}
            if called in ORM and words.intersection(SENT):
                found.append(f"{path.name}:{node.lineno} spreads what was sent into {called}")

    assert not found, "Name the field in the code, and take the value alone from the request:\n" + "\n".join(found)
