"""The whole catalog as a CSV in a process of its own: how much memory it takes, and how quick it is. `python -m tests.bench.export NAME`."""

import csv
import json
import os
import sys
from time import perf_counter

import django


def resident_mb(what: str) -> float:
    """Return the memory of this process: its own (RssAnon), or pages of files it has mapped (RssFile)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024


def main(name: str) -> dict[str, float]:
    """Return what ours takes and what a bare loop takes.

    Memory is the process's own. What of a SQLite file is mapped into it as well is the kernel's cache, the same for
    every process, given back when it is needed and limited by the mapping; it is told apart.
    """
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from governance.initiatives.models import Initiative
    from tests.bench import fill

    settings.ROOT_URLCONF = "tests.bench.bare"
    connection.settings_dict["NAME"] = name
    client = Client(headers={"host": "localhost"})
    client.force_login(fill.looker("all"), backend="governance.people.backend.Backend")
    client.get("/catalog/")
    b"".join(client.get("/catalog.csv?tier=4&owner=none&due=review_overdue"))
    own, mapped, began, lines, highest = resident_mb("RssAnon"), resident_mb("RssFile"), perf_counter(), 0, 0.0
    for part in client.get("/catalog.csv"):
        lines += part.count(b"\r\n")
        highest = max(highest, resident_mb("RssAnon"))
    took = perf_counter() - began
    return {
        "rows": lines - 1,
        "grown_mb": highest - own,
        "mapped_mb": resident_mb("RssFile") - mapped,
        "ours": (lines - 1) / took,
        "bare": _bare(Initiative),
    }


def _bare(model) -> float:
    """Return rows a second of a cursor whose every column goes into csv.writer."""
    from django.db import connection

    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    began, count = perf_counter(), 0
    with open(os.devnull, "w", newline="") as nowhere, connection.cursor() as cursor:
        write = csv.writer(nowhere).writerow
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} ORDER BY name, number")
        while rows := cursor.fetchmany(500):
            count += len(rows)
            for row in rows:
                write(row)
    return count / (perf_counter() - began)


if __name__ == "__main__":
    django.setup()
    json.dump(main(sys.argv[1]), sys.stdout)
