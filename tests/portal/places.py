"""Installations of their own, for tests of what happens to a whole one: a folder, and a database that is a copy of another."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.test import override_settings

from tests import again

sqlite_only = pytest.mark.skipif("config.getoption('db') == 'postgres'", reason="about SQLite")
postgres_only = pytest.mark.skipif("config.getoption('db') != 'postgres'", reason="about PostgreSQL")


def database_of(folder: Path) -> Path | str:
    """Return the name of the database that belongs to a folder: the file in it, or one on the server."""
    if connection.vendor == "sqlite":
        return folder / "mandate.sqlite3"
    return f"test_at_{abs(hash(str(folder)))}"


@contextmanager
def at(folder: Path, *outside: Path) -> Iterator[Path]:
    """Have everything happen in the installation of this folder for as long as the block lasts.

    `outside` are the files beyond it that checkpoints go to.
    """
    usual = connection.settings_dict["NAME"]
    _use(database_of(folder))
    try:
        with override_settings(
            MANDATE_HOME=folder,
            MANDATE_CHECKPOINT_KEY="",
            MANDATE_CHECKPOINT_SINKS=[folder / "checkpoints.log", *outside],
        ):
            yield folder
    finally:
        _use(usual)


def _use(name: Path | str) -> None:
    connections.close_all()
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()
    again.memory.forget()


def copied(name: Path | str, folder: Path) -> None:
    """Make the database of a folder as a copy of the one called `name`, which nobody may be using."""
    connections.close_all()
    if connection.vendor == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, database_of(folder))
    else:
        on_the_server(f"CREATE DATABASE {database_of(folder)} TEMPLATE {name}")


def empty(folder: Path) -> None:
    """Make the database of a folder where one has to be made before it can be filled."""
    if connection.vendor == "postgresql":
        on_the_server(f"CREATE DATABASE {database_of(folder)}")


def gone(folder: Path) -> None:
    """Drop the database of a folder, if there is one that does not go with the folder."""
    if connection.vendor == "postgresql":
        connections.close_all()
        on_the_server(f"DROP DATABASE IF EXISTS {database_of(folder)} WITH (FORCE)")


def on_the_server(statement: str) -> None:
    """Run a statement that belongs to no database."""
    known = connection.get_connection_params()
    with psycopg.connect(host=known["host"], user=known["user"], dbname="postgres", autocommit=True) as server:
        server.execute(statement)
