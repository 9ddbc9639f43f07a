"""Make 0001_initial again while nothing is released: `uv run python -m tests.remake_migration`."""

import importlib
import os
from pathlib import Path


def fold(operations: list) -> list:
    """Return the operations with each constraint and index inside the making of its table, where its fields are.

    Django makes a table and then adds them one by one, and draws all models anew for each: most of the time
    that a first start takes over its database.
    """
    from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel

    made = {op.name_lower: op for op in operations if isinstance(op, CreateModel)}
    late = {(op.model_name_lower, op.name) for op in operations if isinstance(op, AddField)}
    left = []
    for op in operations:
        one = op.constraint if isinstance(op, AddConstraint) else op.index if isinstance(op, AddIndex) else None
        if one is None or any(model == op.model_name_lower and field in repr(one) for model, field in late):
            left.append(op)
        else:
            made[op.model_name_lower].options.setdefault(op.option_name, []).append(one)
    return left


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django
    from django.core.management import call_command
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.writer import MigrationWriter

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
        importlib.invalidate_caches()
        initial = MigrationLoader(None).disk_migrations["governance", "0001_initial"]
        initial.operations = fold(initial.operations)
        writer = MigrationWriter(initial)
        Path(writer.path).write_text(writer.as_string(), encoding="utf-8")
    finally:
        if aside.exists():
            aside.rename(guards)
