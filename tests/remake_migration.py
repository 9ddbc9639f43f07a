"""Make 0001_initial again while nothing is released: `uv run python -m tests.remake_migration`."""

import os
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django
    from django.core.management import call_command

    folder = Path(__file__).resolve().parent.parent / "governance" / "migrations"
    for old in folder.glob("0001_*.py"):
        old.unlink()
    guards = folder / "0002_guards.py"
    aside = guards.with_suffix(".aside")
    if guards.exists():
        guards.rename(aside)
    try:
        django.setup()
        call_command("makemigrations", "governance", name="initial", verbosity=0)
    finally:
        if aside.exists():
            aside.rename(guards)
