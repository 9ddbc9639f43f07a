"""The house rules, each with a message that teaches. Sabotage one to see it fail."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
GOVERNANCE = ROOT / "governance"

#: From the top of the house down. Rooms of one inner tuple never import each other.
STOREYS = (
    ("demo",),
    ("desk",),
    ("public",),
    ("registers",),
    ("reviews",),
    ("gates",),
    ("initiatives",),
    ("raci", "outcomes", "proof", "signatures", "comments"),
    ("notices",),
    ("people",),
    ("policy",),
    ("ledger",),
    ("core",),
)
LEVEL = {room: level for level, rooms in enumerate(STOREYS) for room in rooms}
#: Pages may read anything, and nobody imports a page.
PAGES = ("views", "urls", "forms", "api")


def _modules():
    for path in sorted(GOVERNANCE.rglob("*.py")):
        parts = path.relative_to(GOVERNANCE).with_suffix("").parts
        if parts[0] in LEVEL:
            yield path, parts[0], parts[1:]


def _imports(path: Path):
    """Yield (line, dotted name) of every import, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name


def _is_page(parts: tuple[str, ...]) -> bool:
    return any(part.split("_")[-1] in PAGES or part.split("_")[0] in PAGES for part in parts)


def test_every_room_is_on_a_storey_and_has_a_card():
    rooms = {path.name for path in GOVERNANCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()} - {
        "migrations",
        "management",
        "templatetags",
    }

    assert rooms == set(LEVEL), "A new room goes into STOREYS (and into governance/__init__.py's list)."
    for room in rooms:
        card = ast.get_docstring(ast.parse((GOVERNANCE / room / "__init__.py").read_text(encoding="utf-8"))) or ""
        assert "Must never" in card, (
            f"The card of {room} (its __init__) says what the room is for and what it must never do."
        )


def test_imports_only_point_down():
    wrong = []
    for path, room, parts in _modules():
        if _is_page(parts):
            continue
        for line, name in _imports(path):
            target = name.split(".")[1] if name.startswith("governance.") and "." in name else ""
            if target in LEVEL and target != room and LEVEL[target] <= LEVEL[room]:
                wrong.append(
                    f"{path.relative_to(ROOT)}:{line} imports {name}: {room} stands {'beside' if LEVEL[target] == LEVEL[room] else 'below'} {target}"
                )

    assert not wrong, "An import may only point down a storey. Move the code up, or pass the fact in:\n" + "\n".join(
        wrong
    )


def test_nobody_imports_a_page():
    wrong = []
    for path, room, _parts in _modules():
        for line, name in _imports(path):
            dotted = name.split(".")
            # forms and urls of one's own room may use that room's views and forms; demo's front door is shown by home.
            if (
                dotted[0] == "governance"
                and len(dotted) > 2
                and dotted[1] != room
                and dotted[2].split("_")[0] in ("views", "urls", "api")
                and (room, dotted[1]) != ("desk", "demo")
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")

    assert not wrong, "A page is an edge: put what you need into queries.py or actions.py:\n" + "\n".join(wrong)


def test_only_the_door_changes_a_stage():
    steps = {"start_pilot", "adopt", "request_funding", "fund", "return_to_pilot", "go_live", "back_to_pilot"}
    wrong = []
    for path, room, parts in _modules():
        if (room, parts) in {("initiatives", ("steps",)), ("initiatives", ("lifecycle",))}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called, on = node.func.attr, ast.unparse(node.func.value)
                if called in steps and "initiative" in on:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {on}.{called}")
                if on == "steps" and called == "move" and room not in ("gates", "initiatives"):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls steps.move")
                if on == "steps" and called == "admit" and room not in ("registers", "initiatives"):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls steps.admit")

    assert not wrong, "The stage changes through gates (steps.move) or a register (steps.admit) alone:\n" + "\n".join(
        wrong
    )


def test_only_the_ledger_touches_its_tables():
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path, room, _parts in _modules()
        if room != "ledger"
        for word in ("governance_ledgerentry", "LedgerEntry.objects", "LedgerHead.objects")
        if word in path.read_text(encoding="utf-8")
    ]

    assert not wrong, "Read the record through ledger.queries, write it through ledger.act:\n" + "\n".join(wrong)


def test_only_grants_writes_guardian_rows():
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path, room, parts in _modules()
        if (room, parts) not in {("raci", ("grants",)), ("raci", ("models",))}
        for word in ("assign_perm", "remove_perm", "InitiativeUserPermission", "InitiativeGroupPermission")
        if word in path.read_text(encoding="utf-8")
    ]

    assert not wrong, (
        "The matrix is the truth: raci.grants.rebuild writes guardian's rows, nothing else does:\n" + "\n".join(wrong)
    )


def test_the_domain_reads_no_clock_of_its_own():
    allowed = {
        ("core", "clock"),
        ("people", "proof"),
        ("people", "actions"),
        ("notices", "delivery"),
        ("core", "models"),
    }
    wrong = []
    for path, room, parts in _modules():
        if _is_page(parts) or (room, parts[0] if parts else "") in allowed:
            continue
        text = path.read_text(encoding="utf-8")
        wrong += [
            f"{path.relative_to(ROOT)}: {word}"
            for word in ("timezone.now(", "datetime.now(", "date.today(")
            if word in text
        ]

    assert not wrong, "The moment is passed in as `at`; the edge reads it from core.clock:\n" + "\n".join(wrong)


def test_every_room_with_tables_is_listed():
    listed = (GOVERNANCE / "models.py").read_text(encoding="utf-8")
    for path in GOVERNANCE.glob("*/models.py"):
        assert f"governance.{path.parent.name} import models" in listed, (
            f"governance/models.py lists every room: {path.parent.name} is missing, so its tables would be too."
        )


def test_every_step_says_who_may_take_it_and_its_rules_have_words():
    from governance.initiatives import rules, steps

    for step in steps.table():
        assert step.may is not None, f"{step.name}: a step without a permission is open to anybody."
        for rule in step.rules:
            assert all((rule.title, rule.reason, rule.code)), (
                f"{type(rule).__name__} needs a code, a title and a reason: pages show them."
            )
            assert type(rule) in rules.ALL, (
                f"{type(rule).__name__} is missing from the list that /help/rules/ shows (@listed)."
            )


@pytest.mark.parametrize("model", [m for m in apps.get_app_config("governance").get_models()], ids=lambda m: m.__name__)
def test_every_table_has_words(model):
    assert not (model.__doc__ or f"{model.__name__}(").startswith(f"{model.__name__}("), (
        f"{model.__name__} says in a sentence what one row is."
    )
    assert not model._meta.ordering, f"{model.__name__}: order where you read, with a tie-breaker."


def test_nothing_third_party_and_no_heaps():
    # Every rule stands on one page, so that an auditor reads what must be true before each step, and nothing else.
    on_purpose = {GOVERNANCE / "initiatives" / "rules.py"}
    for path in GOVERNANCE.rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 600 or "migrations" in path.parts or path in on_purpose, (
            f"{path.relative_to(ROOT)} has {lines} lines: a file that long is two files."
        )
