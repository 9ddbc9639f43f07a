"""The way through a real spreadsheet: an export is opened, changed and saved in LibreOffice Calc, and comes in again."""

import json
import os
import random
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from governance.initiatives import actions
from governance.registers.models import State
from tests.registers.test_ours import AT, HOSTILE, TEXTS, back, changes, crowd, made, problems

__all__ = ("back", "crowd")  # fixtures

#: The Python that has LibreOffice's bridge comes with the system, beside ours.
BRIDGE = "/usr/bin/python3"
WITHOUT = (
    shutil.which("soffice") is None or subprocess.run([BRIDGE, "-c", "import uno"], capture_output=True).returncode
)

pytestmark = [
    pytest.mark.ci,
    pytest.mark.skipif(
        bool(WITHOUT) and not os.environ.get("CI"), reason="LibreOffice Calc and python3-uno are not here"
    ),
]


@pytest.fixture
def typed(tmp_path):
    """Return a function that types texts into cells of a workbook in Calc and saves it; returns the file."""

    def typed(content: bytes, cells: list[tuple[str, str, object]]) -> bytes:
        file, asked, pipe = tmp_path / "catalog.xlsx", tmp_path / "cells.json", f"mandate{uuid.uuid4().hex}"
        file.write_bytes(content)
        asked.write_text(json.dumps(cells), encoding="utf-8")
        calc = subprocess.Popen(
            [
                *("soffice", "--headless", "--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"),
                f"-env:UserInstallation=file://{tmp_path}/profile",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            script = Path(__file__).with_name("calc.py")
            subprocess.run([BRIDGE, str(script), str(file), str(asked), pipe], check=True, timeout=200)
        finally:
            calc.kill()
            calc.wait()
        return file.read_bytes()

    return typed


def test_fifty_cells_typed_in_calc_are_exactly_what_the_preview_shows(cast, crowd, back, typed):
    for number, text in enumerate(HOSTILE):
        actions.register({"name": f"Hostile {number}", "purpose": text, "fallback": text}, by=cast.lead, at=AT)
    titles = {
        name: label[:1].upper() + label[1:]
        for name in TEXTS
        for label in [str(crowd[0]._meta.get_field(name).verbose_name)]
    }
    cells = random.Random(4).sample([(row.key, name) for row in crowd for name in TEXTS], 50)
    asked = {cell: f"Typed {n}" for n, cell in enumerate(cells)}
    content = typed(made(cast.lead), [(key, titles[name], text) for (key, name), text in asked.items()])

    batch = back(content)

    assert batch.state == State.READY, batch.failed_because
    assert batch.records == 30 + len(HOSTILE)
    assert {cell: says for cell, (_here, says) in changes(batch).items()} == asked
    assert problems(batch) == {}


def test_opening_and_saving_in_calc_changes_nothing_whatever_the_texts(cast, crowd, back, typed):
    for number, text in enumerate(HOSTILE):
        actions.register({"name": f"Hostile {number}", "purpose": text, "fallback": text}, by=cast.lead, at=AT)

    batch = back(typed(made(cast.lead), []))

    assert (changes(batch), problems(batch)) == ({}, {})
    assert set(batch.rows.values_list("how", flat=True)) == {"unchanged"}
