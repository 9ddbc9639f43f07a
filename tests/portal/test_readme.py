"""What the README says about variables is what the code reads."""

import re
from pathlib import Path

from django.core.management import get_commands

from portal import env
from tests.running import copy_of_the_demo, manage

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_variables_is_the_one_the_code_reads():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    found = re.search(r"<!-- variables -->\n(.*?)\n<!-- /variables -->", readme, re.DOTALL)

    assert found, "README.md needs the table between <!-- variables --> and <!-- /variables -->"
    assert found[1].strip() == env.table().strip(), "Paste the output of: python -m portal.env"


def test_every_command_it_names_is_there():
    told = "".join((ROOT / path).read_text(encoding="utf-8") for path in ("README.md", "portal/deploy/compose.yaml"))
    commands = set(re.findall(r"manage\.py (\w+)", told))
    modules = set(re.findall(r"python -m ((?:portal|tests)\.\w+)", told))

    assert {"quickstart", "migrate", "collectstatic", "setup_link", "verify_ledger"} <= commands
    assert commands <= set(get_commands())
    assert "portal.serve" in modules
    for module in modules:
        place = ROOT / module.replace(".", "/")
        source = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
        assert "__main__" in source.read_text(encoding="utf-8"), f"python -m {module} would do nothing"


def test_a_backup_and_a_restore_are_made_by_the_commands_it_names(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    .*manage\.py ((?:backup|restore) .*)$", readme, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["backup", "restore"]
    (tmp_path / "backups").mkdir()
    home = copy_of_the_demo(tmp_path / "home")

    made = manage(*lines[0].replace("/backups", f"{tmp_path}/backups").split(), MANDATE_HOME=str(home))
    (file,) = (tmp_path / "backups").iterdir()
    named = re.sub(r"/backups/mandate-\d{8}T\d{6}Z\.tar\.gz", str(file), lines[1])
    back = manage(*named.split(), MANDATE_HOME=str(tmp_path / "again"))

    assert (made.returncode, made.stderr) == (0, "")
    assert (back.returncode, back.stderr) == (0, "")
    (whole,) = re.findall(r"The ledger is whole: .* agrees?\.", made.stdout)
    assert whole in back.stdout


def test_nothing_reads_the_environment_past_the_table():
    # These are read by the command line and the tests, before or beside the settings; the last hands all of it on.
    beside = {
        "portal/env.py",
        "portal/embedded_pg.py",
        "portal/quickstart.py",
        "portal/settings.py",
        "portal/postgres.py",
    }
    python = [path for room in ("portal", "governance") for path in (ROOT / room).rglob("*.py")]

    reading = {
        str(path.relative_to(ROOT))
        for path in python
        if re.search(r"os\.(environ\b(?!\.setdefault)|getenv)", path.read_text(encoding="utf-8"))
    }

    assert reading <= beside, (
        "Declare the variable with portal.env.read in portal/settings.py, so that the README names it."
    )


def test_the_samples_name_only_variables_there_are():
    lines = (ROOT / "portal/deploy/mandate.env.sample").read_text(encoding="utf-8").splitlines()

    named = {line.split("=")[0] for line in lines if line and not line.startswith("#")}

    env.table()
    assert named <= set(env.DECLARED)
