"""A fresh folder, a database for each size in it, and Django set up on them: before anything of ours is imported."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def place(db: str, keep: Path | None) -> Iterator[Path]:
    """Set Django up on a folder of its own, and take it away at the end unless it is to be kept."""
    home = keep or Path(tempfile.mkdtemp(prefix="mandate-bench-"))
    (home / "static").mkdir(parents=True, exist_ok=True)
    os.environ.update(MANDATE_HOME=str(home), DJANGO_SETTINGS_MODULE="portal.settings", LOG_LEVEL="ERROR")
    os.environ.pop("DATABASE_URL", None)
    server = None
    if db == "postgres":
        from portal.embedded_pg import Server

        server = Server()
        os.environ["DATABASE_URL"] = server.url
    try:
        import django
        from django.conf import settings

        settings.ROOT_URLCONF = "tests.bench.bare"
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        django.setup()
        yield home
    finally:
        if server:
            server.stop()
        if keep is None:
            shutil.rmtree(home, ignore_errors=True)


def use(name: str) -> None:
    """Have Django go on with the database of that name."""
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection

    from governance.policy import versions

    connection.close()
    connection.settings_dict["NAME"] = _called(name)
    ContentType.objects.clear_cache()
    versions.current.cache_clear()


def is_there(name: str) -> bool:
    """Return whether a kept database of that name is whole."""
    from django.db import connection

    return connection.vendor == "sqlite" and Path(_called(name)).exists()


def make(name: str, like: str = "") -> None:
    """Make a database, empty or the copy of another, and go on with it."""
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.close()
        if like:
            shutil.copy(_called(like), _called(name))
    else:
        connection.close()
        connection.settings_dict["NAME"] = "postgres"
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {like}" if like else ""))
    use(name)
    if not like:
        call_command("migrate", verbosity=0)


def rename(name: str, to: str) -> None:
    """Give a database that is whole its name, so that one that was left half-made is never taken for it."""
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        Path(_called(name)).rename(_called(to))
    else:
        connection.close()
        connection.settings_dict["NAME"] = "postgres"
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} RENAME TO {to}")
    use(to)


def _called(name: str) -> str:
    from django.conf import settings
    from django.db import connection

    return str(settings.MANDATE_HOME / f"{name}.sqlite3") if connection.vendor == "sqlite" else name
