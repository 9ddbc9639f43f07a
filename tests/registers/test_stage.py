"""What a record states, and what it does not: nothing is guessed, and what cannot be read is kept as it came."""

import pytest

from governance.registers import profiles, read
from governance.registers.stage import Reader, in_chunks
from tests.registers.conftest import COLUMNS, record, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staged(file, profile):
    """Return a function that gives the rows of a made-up file, not saved."""

    def staged(content, name: str = "omb-2025"):
        under = profiles.load(name)
        source = read.look_through(file(content), under)
        return list(Reader(under, source).rows())

    return staged


def one(staged, **cells):
    """Return the only row of a file with one record."""
    return staged([record(1, **cells)])[0]


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("Pre-deployment", "idea"),
        ("Pilot", "pilot"),
        ("Deployed", "production"),
        ("Retired", "retired"),
        (" Pilot ", "pilot"),
    ],
)
def test_a_word_for_a_stage_is_that_stage(staged, word, stage):
    row = one(staged, development_stage=word)

    assert (row.values["stage"], row.problems) == (stage, [])


@pytest.mark.parametrize("word", ["", "pilot", "Piloting", "Deployed?", "production", "funding", "Pilot, Deployed"])
def test_any_other_word_is_a_stage_nobody_knows(staged, word):
    row = one(staged, development_stage=word)

    assert row.values["stage"] == "triage"
    assert row.values["stage_said"] == word
    assert row.problems == [
        {
            "record": 2,
            "field": "development_stage",
            "came": word,
            "expected": "one of Pre-deployment, Pilot, Deployed, Retired",
            "weight": "triage",
        }
    ]
    assert row.values["kept"] == ({"development_stage": word} if word else {})


def test_identity_is_agency_and_number_compared_without_case_and_spacing(staged):
    row, other = staged([record(1, agency=" DOX", id="Dox-  7"), record(2, agency="dox", id="dox- 7 ")])

    assert (row.identity, row.occurrence) == ("dox | dox- 7", 1)
    assert (other.identity, other.occurrence) == ("dox | dox- 7", 2)


@pytest.mark.parametrize("number", ["", "TBD", " n/a "])
def test_without_a_number_agency_bureau_and_name_are_the_identity(staged, number):
    assert one(staged, id=number).identity == "dox | bureau of samples | use 1"


def test_records_that_nothing_tells_apart_are_told_apart_by_their_order(staged):
    rows = staged([record(1), record(1, use_case_name="Another"), record(1)])

    assert [(row.identity, row.occurrence) for row in rows] == [
        ("dox | dox-1", 1),
        ("dox | dox-1", 2),
        ("dox | dox-1", 3),
    ]
    assert [row.problems for row in rows] == [[]] + [
        [
            {
                "record": number,
                "field": "id",
                "came": "DOX-1",
                "expected": "something no earlier record has; told apart by their order",
                "weight": "noted",
            }
        ]
        for number in (3, 4)
    ]


def test_an_identity_that_is_too_long_stays_its_own(staged):
    long = "x" * 300
    rows = staged(
        [
            record(1, id="", agency_bureau=long, use_case_name=long + "1"),
            record(2, id="", agency_bureau=long, use_case_name=long + "2"),
        ]
    )

    assert [len(row.identity) for row in rows] == [400, 400]
    assert rows[0].identity != rows[1].identity


@pytest.mark.parametrize(
    ("number", "name"),
    [("DOX-0015", "(no name) DOX-0015"), ("", "(no name) record 2"), ("TBD", "(no name) record 2")],
)
def test_a_blank_name_says_so_with_the_registers_own_reference(staged, number, name):
    row = one(staged, id=number, use_case_name="  ")

    assert row.values["fields"]["name"] == name
    assert row.problems == [
        {"record": 2, "field": "use_case_name", "came": "", "expected": "a name", "weight": "noted"}
    ]


@pytest.mark.parametrize("length", [200, 201, 5000])
def test_a_name_that_is_too_long_is_cut_and_kept_whole(staged, length):
    row = one(staged, use_case_name="n" * length)

    assert row.values["fields"]["name"] == ("n" * 200 if length == 200 else "n" * 199 + "…")
    assert row.values["kept"] == ({} if length == 200 else {"use_case_name": "n" * length})
    assert [(p["expected"], p["weight"]) for p in row.problems] == (
        [] if length == 200 else [("200 characters at most", "noted")]
    )


def test_a_name_is_one_line_because_subjects_of_mails_are(staged):
    assert (
        one(staged, use_case_name="Machine Translation\r\n(Previously  Translator)\u2028").values["fields"]["name"]
        == "Machine Translation (Previously  Translator)"
    )


def test_purpose_is_problem_and_benefits_each_once(staged):
    rows = staged(
        [
            record(1, problem_solved="Slow letters.", benefits="Faster\nletters."),
            record(2, problem_solved="Same", benefits="Same"),
            record(3, problem_solved="Not available", benefits="Speed"),
            record(4, problem_solved="", benefits=""),
        ]
    )

    assert [row.values["fields"]["purpose"] for row in rows] == [
        "Slow letters.\n\nFaster\nletters.",
        "Same",
        "Speed",
        "",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://x")',
        "@SUM(A1)",
        "-2+3|cmd",
        "<script>alert(1)</script>",
        "{{ 7*7 }} {% now %}",
        "'; DROP TABLE governance_initiative; --",
        "%(name)s %s {0}",
        "\u202ereversed",
        "a\u0301\U0001f642",
        "\x07bell",
        "\\N",
        "NULL",
        "None",
    ],
)
def test_hostile_cells_stay_as_they_are(staged, cell):
    values = one(staged, use_case_name=cell, problem_solved=cell, system_outputs=cell, topic_area=cell).values

    assert values["fields"]["name"] == cell
    assert values["fields"]["purpose"] == cell
    assert values["states"]["outputs"] == cell
    assert values["kept"]["topic_area"] == cell


@pytest.mark.parametrize(
    ("cell", "on", "precision"),
    [
        ("2024-10-01 00:00:00", "2024-10-01", "day"),
        ("01/2024", "2024-01-01", "month"),
        ("Jul-25", "2025-07-01", "month"),
        ("2023", "2023-01-01", "year"),
        ("1/2/2023 0:00", "2023-01-02", "day"),
        ("01/01/2026 12:00:00 AM", "2026-01-01", "day"),
        ("11/30/2022", "2022-11-30", "day"),
        ("8/4/2025", "2025-08-04", "day"),
        ("01/01/2018 00:00:00", "2018-01-01", "day"),
    ],
)
def test_a_date_is_as_exact_as_it_was_written(staged, cell, on, precision):
    row = one(staged, operational_date=cell)

    assert row.values["states"]["operational"] == {"on": on, "precision": precision}
    assert row.problems == []


@pytest.mark.parametrize("cell", ["soon", "Q3 2024", "13/2024", "31/12/2024", "2024-02-30 00:00:00", "0", "Fall 2025"])
def test_a_date_nobody_can_read_is_kept_and_not_guessed(staged, cell):
    row = one(staged, operational_date=cell)

    assert "operational" not in row.values["states"]
    assert row.values["kept"] == {"operational_date": cell}
    assert [(p["came"], p["expected"], p["weight"]) for p in row.problems] == [
        (cell, "a date such as 2025-07-31 00:00:00, Jul-25, 07/2025, 07/31/2025 00:00:00", "noted")
    ]


@pytest.mark.parametrize(
    ("cell", "stated"), [("Yes", "yes"), ("no", "no"), ("", None), ("N/A", None), ("unknown", None)]
)
def test_yes_no_and_unknown(staged, cell, stated):
    row = one(staged, has_pii=cell)

    assert row.values["states"].get("personal_data") == stated
    assert row.problems == []


def test_an_answer_that_is_neither_yes_nor_no_is_kept(staged):
    row = one(staged, has_pii="Partly")

    assert "personal_data" not in row.values["states"]
    assert row.values["kept"] == {"has_pii": "Partly"}
    assert [(p["field"], p["expected"]) for p in row.problems] == [("has_pii", "yes or no")]


def test_a_word_outside_the_registers_own_list_is_kept(staged):
    row = one(staged, classification="Quantum")

    assert "technique" not in row.values["states"]
    assert row.values["kept"] == {"classification": "Quantum"}


@pytest.mark.parametrize(
    ("cell", "stated"),
    [
        ("['b) Sex', 'c) Age']", ["b) Sex", "c) Age"]),
        ("[]", None),
        ("", None),
        ("['One, free sentence.']", ["One, free sentence."]),
    ],
)
def test_a_list_in_text_is_a_list(staged, cell, stated):
    row = one(staged, demographic_features=cell)

    assert row.values["states"].get("demographic_features") == stated
    assert row.problems == []


@pytest.mark.parametrize(
    "cell",
    [
        "Sex, Age",
        "['Sex'",
        "[1, 2]",
        "__import__('os').system('true')",
        "[" * 5000 + "]" * 5000,
        "['a'] + ['b']",
        "[open('x')]",
    ],
)
def test_what_only_looks_like_a_list_is_kept_and_never_run(staged, cell):
    row = one(staged, demographic_features=cell)

    assert "demographic_features" not in row.values["states"]
    assert row.values["kept"] == {"demographic_features": cell}


def test_units_stand_from_the_top_down(staged):
    rows = staged(
        [
            record(1),
            record(2, agency_bureau=""),
            record(3, agency_bureau="department of  EXAMPLES"),
            record(4, agency_bureau="N/A"),
            record(5, agency_bureau="Two\nlines"),
            record(6, agency_bureau="b" * 201),
        ]
    )

    assert [row.values["unit"][1:] for row in rows] == [["Bureau of Samples"], [], [], [], ["Two lines"], []]
    assert {row.values["unit"][0] for row in rows} == {"Department of Examples"}
    assert [p["field"] for p in rows[5].problems] == ["agency_bureau"]
    assert rows[5].values["kept"] == {"agency_bureau": "b" * 201}


def test_the_mailbox_is_nowhere(staged):
    row = one(staged, contact_email="somebody@example.org")

    assert "somebody" not in str(row.values)


@pytest.mark.parametrize(
    ("line", "field", "came", "expected"),
    [
        ("DOX,only,three\n", "", "3 cells", "36 cells, as the header has"),
        ("DOX" + "," * 36 + "more\n", "", "37 cells", "36 cells, as the header has"),
        (
            text_of([record(1, use_case_name="ze\0ro")]).splitlines(keepends=True)[1],
            "use_case_name",
            "ze␀ro",
            "text without zero characters, which no database keeps",
        ),
        (
            text_of([record(1, agency="", id="", agency_bureau="", use_case_name="")]).splitlines(keepends=True)[1],
            "agency, id, agency_bureau, use_case_name",
            "",
            "something that tells this record from others",
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_alone(staged, line, field, came, expected):
    rows = staged(text_of([record(7)]) + line + text_of([record(8)]).splitlines(keepends=True)[1])

    assert [row.values["fields"]["name"] if row.values else "" for row in rows] == ["Use 7", "", "Use 8"]
    assert rows[1].problems == [{"record": 3, "field": field, "came": came, "expected": expected, "weight": "refused"}]


def test_empty_cells_beyond_the_header_are_no_harm(staged):
    text = text_of([record(1)])

    assert one(staged).values == staged(text.rstrip("\n") + ",,\n")[0].values


def test_a_column_nobody_expected_is_noted_once(file, profile):
    text = text_of([{**record(1), "Mood": "good"}], [*COLUMNS, "Mood"])
    reader = Reader(profile, read.look_through(file(text), profile))

    assert reader.unread() == [
        {
            "record": 1,
            "field": "Mood",
            "came": "Mood",
            "expected": "a column that the profile omb-2025 reads or ignores",
            "weight": "noted",
        }
    ]


def test_a_use_answered_no_is_skipped_and_a_blank_one_is_not_known(staged):
    head = "Agency,AI Use Case,Agency Use (Y/N)?,Name of Commercial Product or Service Used,Estimated # of Licenses/Users\n"
    rows = staged(head + "Examples,Reading,Y,Acme,1-100\nExamples,Writing,N,,\nExamples,Counting,,,\n", "omb-2025-cots")

    assert [row.values["stage"] for row in rows] == ["production", "skip", "triage"]
    assert rows[0].values == {
        "stage": "production",
        "stage_said": "Y",
        "fields": {"name": "Reading", "vendor": "Acme"},
        "unit": ["Examples"],
        "states": {"users": "1-100"},
        "reference": "",
        "gaps": {},
        "kept": {},
    }


def test_what_came_is_repeated_in_200_characters(staged):
    row = one(staged, has_pii="y" * 500)

    assert row.problems[0]["came"] == "y" * 199 + "…"
    assert row.values["kept"]["has_pii"] == "y" * 500


def test_chunks_lose_nothing():
    assert list(in_chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_chunks([], 2)) == []
