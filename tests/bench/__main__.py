"""`uv run python -m tests.bench catalog|imports`: measure, print a table, exit with 1 when a bar is missed."""

import argparse
import sys
from pathlib import Path

from tests.bench import catalog, imports
from tests.bench.measure import Bar
from tests.bench.place import place

ALL = ("P01", "P02", "P03", "P04", "P05", "P06", "P07", "P08", "P09", "P29", "P32")


def main(arguments: list[str]) -> int:
    """Run one bench and print its table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", choices=["catalog", "imports"])
    parser.add_argument("--db", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--sizes", default=",".join(map(str, catalog.SIZES)), help="initiatives, with commas")
    parser.add_argument(
        "--samples", type=int, default=catalog.SAMPLES, help="of each thing, after three that do not count"
    )
    parser.add_argument("--only", default=",".join(ALL), help="bars, with commas")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the databases (SQLite) and figures, used again next time"
    )
    said = parser.parse_args(arguments)
    keep = said.keep.absolute() if said.keep else None
    with place(said.db, keep) as home:
        if said.what == "imports":
            bars = imports.run(home)
        else:
            sizes = tuple(int(size) for size in said.sizes.split(","))
            bars = catalog.run(said.db, home, sizes, said.samples, frozenset(said.only.split(",")))
    return told(bars, said.db)


def told(bars: list[Bar], db: str) -> int:
    """Print the table; return 1 when a bar is missed."""
    missed = sum(bar.holds is False for bar in bars)
    lines = [f"{db}", *map(str, bars), f"{missed} of {len(bars)} missed" if missed else "every bar holds"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
