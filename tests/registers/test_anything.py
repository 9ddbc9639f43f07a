"""Whatever a file holds, it is read or refused in a sentence: never a crash, never half."""

import csv
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from governance.registers import profiles, read
from governance.registers.models import Staged
from governance.registers.profile import Unreadable, same
from governance.registers.stage import Reader
from tests.registers.conftest import COLUMNS, record, text_of

pytestmark = pytest.mark.django_db

LIMITS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GOOD = text_of([record(1), record(2, demographic_features="['a']", operational_date="Jul-25")]).encode()

#: Text a file in UTF-8 can hold.
CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@LIMITS
@given(
    at=st.integers(0, len(GOOD)),
    cut=st.integers(0, 40),
    put=st.binary(max_size=12),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0"]),
)
@example(at=0, cut=0, put=b"\0", mark=b"")
def test_any_bytes_are_read_or_refused_in_one_sentence(tmp_path, at, cut, put, mark):
    path = tmp_path / "any.csv"
    path.write_bytes(mark + GOOD[:at] + put + GOOD[at + cut :])
    profile = profiles.load("omb-2025")

    said, count, rows = "", 0, []
    try:
        source = read.look_through(path, profile)
        count, rows = source.count, list(Reader(profile, source).rows())
    except Unreadable as refusal:
        said = str(refusal)

    assert len(rows) == count
    assert bool(said) is not bool(rows)
    assert said == "" or (said.endswith(".") and "\n" not in said)


@LIMITS
@given(cells=st.fixed_dictionaries({column: CELL for column in COLUMNS}))
@example(cells=dict.fromkeys(COLUMNS, "") | {"id": "1\n2"})
def test_any_cells_are_staged_and_what_is_not_understood_is_kept(tmp_path, cells):
    path = tmp_path / "any.csv"
    path.write_text(
        text_of([{**cells, "agency": "x" + cells["agency"]}], quoting=csv.QUOTE_ALL), encoding="utf-8", newline=""
    )
    profile = profiles.load("omb-2025")

    (row,) = Reader(profile, read.look_through(path, profile)).rows()

    assert json.loads(json.dumps(row.values)) == row.values
    assert len(row.identity) <= Staged._meta.get_field("identity").max_length
    if not row.values:
        assert [problem["weight"] for problem in row.problems] == ["refused"]
        return
    assert 0 < len(row.values["fields"]["name"]) <= 200
    assert "\n" not in row.values["fields"]["name"]
    for column, cell in row.values["kept"].items():
        assert cell == cells[column].strip()
    read_or_kept = {
        "development_stage": row.values["stage"] != "triage",
        "has_pii": "personal_data" in row.values["states"],
    }
    for column, understood in read_or_kept.items():
        unknown = same(cells[column]) in profile.unknown and column != "development_stage"
        assert understood or unknown or not cells[column].strip() or row.values["kept"][column] == cells[column].strip()


@pytest.mark.parametrize("name", ["omb-2025", "omb-2025-cots"])
def test_every_profile_reads_a_file_of_its_own_titles(tmp_path, name):
    profile = profiles.load(name)
    path = tmp_path / "own.csv"
    path.write_text(text_of([dict.fromkeys(profile.columns, "x")], list(profile.columns)), encoding="utf-8")

    rows = list(Reader(profile, read.look_through(path, profile)).rows())

    assert [row.values["stage"] for row in rows] == ["triage"]
