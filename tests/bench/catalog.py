"""The catalog against its bars: P01 to P09, P29 and P32."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.measure import Bar, Taken, in_turns

#: The sizes of a run, and samples of each pair.
SIZES, SAMPLES = (3_600, 10_000, 100_000), 20
#: What a page may take at most of a bare one, by who looks: on PostgreSQL, and on SQLite.
PAGE = {"u50": ("P01", 3.0, 4.0), "u5000": ("P02", 4.5, 4.5), "u0": ("P03", 1.0, 1.0), "all": ("P04", 3.0, 3.0)}
GROWTH, DEEP, ASKED, QUERIES, STATEMENT = 2.0, 1.5, 6.0, 12, 8 * 1024
COUNTS = 2.0
RSS_MB, RATE = 30, 0.3
#: Twelve questions people ask (P09).
QUESTIONS = (
    "?q=claims",
    "?q=fleet+fraud",
    "?tier=4",
    "?stage=production,pilot",
    "?owner=none&stage=production",
    "?due=review_overdue",
    "?missing=metric",
    "?sort=-name",
    "?sort=-key",
    "?sort=-tier",
    "?sort=stage",
    "?sort=owner",
)


def run(db: str, home: Path, sizes: tuple[int, ...], samples: int, only: frozenset[str]) -> list[Bar]:
    """Return every bar, measured on a database of each size."""
    from tests.bench import fill

    bars: list[Bar] = []
    pages: dict[str, dict[int, Taken]] = {who: {} for who in fill.LOOKERS}
    asked: dict[tuple[int, str], tuple[int, int]] = {}
    for size in sizes:
        _tell(f"{size:,} initiatives …")
        fill.filled(size)
        largest = size == max(sizes)
        for who, (name, on_postgres, on_sqlite) in PAGE.items():
            if who in ("u50", "all"):
                fill.see_by_grants(who != "all")
            page, bare = _get(who, "/catalog/"), _get("", "/bare/")
            if only & {"P07", "P08"}:
                for question in ("", *QUESTIONS, "?counts=1", "?page=20", "?last=1"):
                    asked[size, f"{who} {question}"] = _queries(who, f"/catalog/{question}")
            if only & {name, "P05", "P29"}:
                taken = pages[who][size] = in_turns(page, bare, samples)
                most = (on_postgres if db == "postgres" else on_sqlite) if largest or name == "P03" else None
                bars.append(taken.bar(name, f"catalog, {who}, {size:,}", most))
            if "P06" in only and largest and who in ("u5000", "all"):
                bars += [
                    in_turns(_get(who, f"/catalog/?{deep}"), page, samples).bar("P06", f"{deep}, {who}, {size:,}", DEEP)
                    for deep in ("page=20", "last=1")
                ]
        if largest:
            bars += list(_questions(db, size, samples)) if "P09" in only else []
            bars += _export(db, size) if "P32" in only else []
    if "P05" in only and len(sizes) > 1:
        bars += [_growth(who, found) for who, found in pages.items()]
    if only & {"P07", "P08"}:
        bars += [_counted(asked), _longest(asked)]
    bars += _beside(db, home, pages) if "P29" in only else []
    return sorted(bars, key=lambda bar: bar.name)


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def _get(who: str, path: str) -> Callable[[], Any]:
    """Return a call that opens a page as one of those who look; nobody signed in for the bare one."""
    from django.test import Client

    from tests.bench import fill

    client = Client(headers={"host": "localhost"})
    if who:
        client.force_login(fill.looker(who), backend="governance.people.backend.Backend")

    def ask() -> Any:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return response

    return ask


def _queries(who: str, path: str) -> tuple[int, int]:
    """Return how many queries a page asks, and how long the longest is."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ask = _get(who, path)
    ask()
    with CaptureQueriesContext(connection) as asked:
        ask()
    return len(asked), max(len(query["sql"]) for query in asked)


def _questions(db: str, size: int, samples: int) -> Iterator[Bar]:
    """Yield the twelve questions against a bare page, and the counts of all facets against one GROUP BY (L8)."""
    from django.db.models import Count

    from governance.core import clock, lists
    from governance.initiatives import catalog
    from governance.initiatives.models import Initiative
    from tests.bench import fill

    bare = _get("", "/bare/")
    for question in QUESTIONS:
        yield in_turns(_get("all", f"/catalog/{question}"), bare, samples).bar("P09", question, ASKED)
    listing = catalog.listing(fill.looker("all"), clock.now(), path="/catalog/")
    grouped = Initiative.objects.order_by().values("stage", "tier").annotate(n=Count("pk"))
    counted = in_turns(
        lambda: lists._tally(listing, lists.Chosen(), many=size > lists.EXACT), lambda: list(grouped.all()), samples
    )
    yield counted.bar("P09", "all facet counts against one GROUP BY", COUNTS)


def _growth(who: str, found: dict[int, Taken]) -> Bar:
    """Return how much longer a page takes where there is most than where there is least."""
    small, large = found[min(found)], found[max(found)]
    return Taken(large.ours, small.ours).bar("P05", f"{who}, {max(found):,} against {min(found):,}", GROWTH)


def _counted(asked: dict[tuple[int, str], tuple[int, int]]) -> Bar:
    worst = max(asked, key=lambda page: asked[page][0])
    most = asked[worst][0]
    plain = {count for (_size, page), (count, _length) in asked.items() if page.endswith(" ")}
    said = f"{most} ({worst[1]}); plain page {', '.join(map(str, sorted(plain)))}"
    return Bar("P07", "queries of a page, every size and looker", said, f"<= {QUERIES}", most <= QUERIES)


def _longest(asked: dict[tuple[int, str], tuple[int, int]]) -> Bar:
    worst = max(asked, key=lambda page: asked[page][1])
    most = asked[worst][1]
    return Bar("P08", "longest statement", f"{most:,} bytes ({worst[1]})", f"<= {STATEMENT:,}", most <= STATEMENT)


def _export(db: str, size: int) -> list[Bar]:
    """Return what the whole list as a CSV takes, in a process of its own: memory, and rows a second against a bare loop."""
    from django.db import connection

    connection.close()
    call = [sys.executable, "-m", "tests.bench.export", str(connection.settings_dict["NAME"])]
    told = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    grown, rate = told["grown_mb"], told["ours"] / told["bare"]
    rows = f"{told['ours']:,.0f} / {told['bare']:,.0f} rows/s"
    return [
        Bar(
            "P32",
            f"memory for {told['rows']:,} rows as CSV",
            f"+{grown:.1f} MB, and {told['mapped_mb']:.0f} MB mapped",
            f"<= {RSS_MB} MB",
            grown <= RSS_MB,
        ),
        Bar(
            "P32", "its rows a second against cursor and csv", f"{rate:.2f} x ({rows})", f">= {RATE:g} x", rate >= RATE
        ),
    ]


def _beside(db: str, home: Path, pages: dict[str, dict[int, Taken]]) -> list[Bar]:
    """Keep this run's pages beside those of the other database, and compare them where both are there (P29)."""
    said = {who: {size: median(taken.ours) for size, taken in found.items()} for who, found in pages.items()}
    (home / f"pages-{db}.json").write_text(json.dumps(said))
    both = [home / f"pages-{kind}.json" for kind in ("sqlite", "postgres")]
    if not all(path.exists() for path in both):
        return []
    sqlite, postgres = (json.loads(path.read_text()) for path in both)
    times = {f"{who} {size}": t / postgres[who][size] for who in sqlite for size, t in sqlite[who].items()
             if size in postgres.get(who, {})}  # fmt: skip
    worst = max(times, key=times.__getitem__)
    said_ = f"{times[worst]:.2f} x ({worst})"
    return [Bar("P29", "SQLite against PostgreSQL, worst page", said_, "<= 2 x", times[worst] <= 2)]
