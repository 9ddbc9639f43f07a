"""Saying on pages what a list's columns mean: what is shown of them, what is refused, and the profile that comes of it."""

import json
import tomllib

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.core import clock
from governance.core.errors import Conflict, Refused
from governance.initiatives import own, own_keeping
from governance.initiatives.models import Initiative
from governance.ledger.models import LedgerEntry
from governance.registers import bringing, mapping, profiles
from governance.registers.models import Batch, FilePart, State
from governance.registers.profile import Shape, Unreadable
from tests.registers.conftest import AT
from tests.web import Page

#: A list as a desk keeps it: a title above, two columns called alike, one without a title, French, semicolons.
LIST = """\
Registre des usages de l’IA;;;;;;;;
;;;;;;;;
N°;Nom;Service;Bureau;État;Remarque;Remarque;Responsable;
1;Tri des demandes;Social;Aides;en service;Trie;Provisoire;M. A;x
2;Traduction;Presse;;à l’essai;Traduit;;;
3;Robot de réponse;Social;Accueil;arrêté;Répond;;N/A;
4;Reconnaissance;Social;Aides;en service;Compare;;;
5;Essai sans suite;Presse;;abandonné;;;;
6;Sans état;Presse;;;;;;
"""
WORDS = {"en service": "production", "à l’essai": "pilot", "arrêté": "retired", "abandonné": "skip"}


@pytest.fixture
def office(client, cast, sign_in):
    """The browser of the Portfolio office."""
    return sign_in(client, cast.office)


@pytest.fixture
def waiting(office):
    """Return a function that brings a file whose columns nobody knows; returns the import, looked at."""

    def waiting(content=LIST, name="registre ia.csv"):
        content = content if isinstance(content, bytes) else content.encode("cp1252")
        office.post("/imports/", {"file": SimpleUploadedFile(name, content), "profile": ""})
        bringing.go_on(clock.now(), pause=0)
        return Batch.objects.latest("number")

    return waiting


def said(batch, **more) -> dict[str, str]:
    """Return the answers of the page of columns: by the number of the column, from 1."""
    answers = {"header": batch.layout["shape"]["header"]}
    for key, value in more.items():
        what, _sep, number = key.rpartition("_")
        answers[f"{what}-{int(number) - 1}"] = value
    return answers


MEANT = {
    "key_1": "on",
    "is_2": "name",
    "is_3": "unit-1",
    "is_4": "unit-2",
    "is_5": "stage",
    "is_6": "purpose",
    "is_7": "fact",
    "answers_8": "owner",
}


def page(client, address: str) -> Page:
    """Return a page that is there."""
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return Page(response.content.decode(), address)


def answer_words(client, address: str, meanings: dict[str, str], **more: str):
    """Send the page of words: each word of the stage is looked up among `meanings` by the label of its field."""
    form = client.get(address).context["form"]
    answers = {"title": form["title"].value(), "name": form["name"].value(), "unknown": "N/A"}
    for word, field in form._words.get("stages", []):
        answers[field] = meanings.get(word, "")
    return client.post(address, answers | more)


def test_a_list_nobody_knows_is_looked_at_told_and_read(office, waiting):
    batch = waiting()
    assert (batch.state, batch.records, batch.profile) == (State.MAPPING, 6, "")
    assert office.get(f"/imports/{batch.number}/")["Location"] == f"/imports/{batch.number}/columns/"
    shown = page(office, f"/imports/{batch.number}/columns/")
    assert "registre ia.csv holds 6 records in 9 columns" in shown.words
    for text in ("Remarque #1", "Remarque #2", "#9", "Tri des demandes · Traduction · Robot de réponse"):
        assert text in shown.words

    sent = office.post(f"/imports/{batch.number}/columns/", said(batch, **MEANT))
    assert (sent.status_code, sent["Location"]) == (303, f"/imports/{batch.number}/words/")
    assert "“en service” in “État”" in page(office, sent["Location"]).words
    sent = answer_words(office, sent["Location"], WORDS)
    assert (sent.status_code, sent["Location"]) == (303, f"/imports/{batch.number}/")
    bringing.go_on(clock.now(), pause=0)

    batch.refresh_from_db()
    assert (batch.state, batch.profile) == (State.READY, "registre-ia")
    assert batch.layout["found"] == []  # the profile says it all
    rows = {row.identity: row for row in batch.rows.all()}
    assert [rows[str(n)].values["stage"] for n in range(1, 7)] == [
        "production",
        "pilot",
        "retired",
        "production",
        "skip",
        "triage",
    ]
    first = rows["1"].values
    assert (first["fields"], first["unit"]) == ({"name": "Tri des demandes", "purpose": "Trie"}, ["Social", "Aides"])
    assert first["states"] == {"fact_7": "Provisoire"}
    assert (first["gaps"], rows["3"].values["gaps"]) == ({"owner": True}, {"owner": False})
    office.post(f"/imports/{batch.number}/", {"do": "import"})
    bringing.go_on(clock.now(), pause=0)
    assert Initiative.objects.count() == 5


def test_the_profile_a_page_makes_is_one_a_hand_could_have_written(office, waiting):
    batch = waiting()
    office.post(f"/imports/{batch.number}/columns/", said(batch, **MEANT))
    answer_words(office, f"/imports/{batch.number}/words/", WORDS, title="Registre")

    response = office.get("/imports/profiles/registre-ia.toml")
    body = tomllib.loads(response.content.decode())

    assert body == {
        "title": "Registre",
        "identity": ["N°"],
        "reference": "N°",
        "unit": ["Service", "Bureau"],
        "ignore": ["#9"],
        "file": {"kind": "csv", "encoding": "cp1252", "delimiter": ";", "header": 3},
        "stage": {
            "column": "État",
            "skip": ["abandonné"],
            "words": {word: stage for word, stage in WORDS.items() if stage != "skip"},
        },
        "words": {"unknown": ["N/A"]},
        "fields": {"name": "Nom", "purpose": "Remarque #1"},
        "states": [{"name": "fact_7", "label": "Remarque #2", "column": "Remarque #2", "kind": "text"}],
        "gap": {"owner": "Responsable"},
    }
    again = office.post("/imports/profiles/", {"file": SimpleUploadedFile("registre-deux.toml", response.content)})
    assert again.status_code == 303
    assert profiles.load("registre-deux") == profiles.checked("registre-deux", response.content.decode())
    assert "registre-deux.toml" in page(office, "/imports/profiles/").words
    entry = LedgerEntry.objects.filter(verb="profile.kept").latest("seq")
    assert entry.text["name"] == "registre-deux"


def test_the_next_list_of_the_kind_is_offered_its_profile(office, waiting):
    batch = waiting()
    office.post(f"/imports/{batch.number}/columns/", said(batch, **MEANT))
    answer_words(office, f"/imports/{batch.number}/words/", WORDS)

    second = waiting(name="autre.csv")

    address = f"/imports/{second.number}/columns/"
    assert "Read it as registre-ia" in page(office, address).words
    assert office.post(address, {"as": "registre-ia"}).status_code == 303
    bringing.go_on(clock.now(), pause=0)
    second.refresh_from_db()
    assert (second.state, second.profile, second.rows.count()) == (State.READY, "registre-ia", 6)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"is_5": "stage"}, "Say which column holds the name."),
        (
            {"is_2": "name", "is_5": "stage", "is_6": "stage"},
            "“État”, “Remarque #1” are both “Stage”. Expected one column.",
        ),
        ({"is_2": "name", "is_4": "unit-2"}, "A unit below needs a column for the unit above it."),
        ({"is_2": "name", "answers_7": "owner", "answers_8": "owner"}, "2 columns answer “Who owns it”. Expected one."),
    ],
)
def test_answers_that_make_no_profile_are_refused_in_a_sentence(office, waiting, answers, sentence):
    batch = waiting()

    response = office.post(f"/imports/{batch.number}/columns/", said(batch, **answers))

    assert response.status_code == 422
    assert sentence in Page(response.content.decode(), "columns").words
    batch.refresh_from_db()
    assert "draft" not in batch.layout
    assert office.get(f"/imports/{batch.number}/words/")["Location"] == f"/imports/{batch.number}/columns/"


def test_another_row_of_titles_has_the_file_looked_at_again(office, waiting):
    batch = waiting("Name,Stage\nOne,Live\nTwo,Live\n")
    assert batch.layout["titles"] == ["Name", "Stage"]

    sent = office.post(f"/imports/{batch.number}/columns/", said(batch) | {"header": 0})
    assert sent["Location"] == f"/imports/{batch.number}/"
    bringing.go_on(clock.now(), pause=0)

    batch.refresh_from_db()
    assert (batch.state, batch.records, batch.layout["titles"]) == (State.MAPPING, 3, ["", ""])
    assert "#1" in page(office, f"/imports/{batch.number}/columns/").words


def test_columns_are_offered_what_their_title_commonly_means_and_nothing_else(office, waiting):
    batch = waiting("ID,Title,Department,Status,Notes\n1,A,B,Pilot,n\n2,C,D,production,m\n")

    form = office.get(f"/imports/{batch.number}/columns/").context["form"]
    chosen = [(form[f"is-{n}"].value(), form[f"key-{n}"].value()) for n in range(5)]
    assert chosen == [("", True), ("name", False), ("unit-1", False), ("stage", False), ("", False)]

    office.post(f"/imports/{batch.number}/columns/", said(batch, key_1="on", is_2="name", is_4="stage"))
    form = office.get(f"/imports/{batch.number}/words/").context["form"]
    assert {word: form[field].value() for word, field in form._words["stages"]} == {
        "Pilot": "pilot",
        "production": "production",
    }


def test_without_a_stage_column_all_are_at_one_stage_or_wait(office, waiting):
    batch = waiting("Title\nA\nB\n")
    office.post(f"/imports/{batch.number}/columns/", said(batch, is_1="name"))

    answer_words(office, f"/imports/{batch.number}/words/", {}, every="discovered")
    bringing.go_on(clock.now(), pause=0)

    batch.refresh_from_db()
    assert [row.values["stage"] for row in batch.rows.all()] == ["discovered", "discovered"]


def test_words_of_a_choice_and_of_a_question_are_told_apart(office, waiting):
    batch = waiting("Title,Kind,Personal\nA,chat,oui\nB,agent,non\nC,chat,peut-être\n")
    office.post(
        f"/imports/{batch.number}/columns/", said(batch, is_1="name", is_2="capability", answers_3="personal_data")
    )
    address = f"/imports/{batch.number}/words/"
    form = office.get(address).context["form"]
    field = dict(form._words["capability"])["chat"]
    ours = form.fields[field].choices[1][0]

    answer_words(office, address, {}, **{field: ours, "yes-personal_data": "oui", "every": "pilot"})
    bringing.go_on(clock.now(), pause=0)

    batch.refresh_from_db()
    found = [
        (row.values["fields"]["capability"], row.values["gaps"]["personal_data"])
        for row in batch.rows.order_by("record")
    ]
    assert found == [(ours, True), ("", False), (ours, False)]


def test_words_nobody_gave_a_meaning_are_said_as_that(office, waiting):
    batch = waiting("Title,State,Kind\nA,live,chat\n")
    office.post(f"/imports/{batch.number}/columns/", said(batch, is_1="name", is_2="stage", is_3="capability"))

    answer_words(office, f"/imports/{batch.number}/words/", {})
    bringing.go_on(clock.now(), pause=0)

    problems = batch.rows.get().problems
    assert [(one["field"], one["came"]) for one in problems] == [("State", "live"), ("Kind", "chat")]
    assert {one["expected"] for one in problems} == {"a word its profile gives a meaning"}


def test_a_list_of_more_columns_than_a_page_can_ask_about_says_so(office, waiting):
    titles = ",".join(f"T{n}" for n in range(200))
    batch = waiting(f"{titles}\n{titles}\n")

    assert batch.state == State.FAILED
    assert batch.failed_because.startswith(
        "registre ia.csv has 200 columns with something in them. Expected 160 at most"
    )
    assert waiting("A," * 199 + "A\n" + "a," * 100 + "," * 99 + "\n").state == State.MAPPING


def test_a_column_may_fill_an_own_column(cast, office, waiting):
    own_keeping.make("Cost centre", "text", by=cast.office, at=AT)
    batch = waiting("Title,Centre\nA,CC-7\n")
    office.post(f"/imports/{batch.number}/columns/", said(batch, is_1="name", is_2="own_cost_centre"))
    answer_words(office, f"/imports/{batch.number}/words/", {}, every="pilot")
    bringing.go_on(clock.now(), pause=0)
    office.post(f"/imports/{batch.number}/", {"do": "import"})
    bringing.go_on(clock.now(), pause=0)

    made = Initiative.objects.get(name="A")
    assert own.current([made])[made.pk] == {"cost_centre": "CC-7"}


@pytest.mark.parametrize("name", ["omb-2025", "mandate", "Ünser", "a", "-x", "x" * 61])
def test_a_name_no_profile_may_have_is_refused_and_the_list_waits_on(office, waiting, name):
    batch = waiting("Title\nA\n")
    office.post(f"/imports/{batch.number}/columns/", said(batch, is_1="name"))

    response = answer_words(office, f"/imports/{batch.number}/words/", {}, name=name)

    assert response.status_code == 422
    batch.refresh_from_db()
    assert batch.state == State.MAPPING


def test_a_workbook_and_a_json_are_looked_at_as_well(office, waiting, tmp_path):
    book = openpyxl.Workbook()
    for row in (["Our AI"], [], ["Nr", "Name"], [1, "A"], [2, "B"]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    sheet = waiting((tmp_path / "list.xlsx").read_bytes(), "list.xlsx")
    listed = waiting(
        json.dumps({"data": [{"id": 1, "unit": {"name": "U"}}, {"id": 2, "more": "x"}]}).encode(), "l.json"
    )

    assert (sheet.layout["titles"], sheet.records, sheet.layout["shape"]["header"]) == (["Nr", "Name"], 2, 3)
    assert (listed.layout["titles"], listed.records) == (["id", "unit.name", "more"], 2)


def test_a_file_nobody_can_read_says_so_and_one_set_aside_leaves_nothing(office, waiting):
    failed = waiting(b"%PDF-1.7", "list.pdf")
    assert (failed.state, FilePart.objects.count()) == (State.FAILED, 0)

    batch = waiting()
    office.post(f"/imports/{batch.number}/columns/", {"do": "set_aside"})

    batch.refresh_from_db()
    assert (batch.state, FilePart.objects.count()) == (State.SET_ASIDE, 0)
    assert office.get(f"/imports/{batch.number}/columns/").status_code == 409


def test_only_who_may_import_says_what_columns_mean(cast, client, sign_in, waiting):
    batch = waiting()
    sign_in(client, cast.lead)

    for address in ("columns/", "words/"):
        assert client.get(f"/imports/{batch.number}/{address}").status_code == 403
    assert client.get("/imports/profiles/").status_code == 403
    assert client.get("/imports/profiles/omb-2025.toml").status_code == 403
    with pytest.raises(Refused):
        bringing.mean(batch, "x-y", "", by=cast.lead, at=AT)


def test_two_who_say_it_at_once_keep_one_meaning(cast, office, waiting):
    batch = waiting("Title\nA\n")
    text = mapping.toml("T", batch.layout, {"columns": {"0": {"is": "name"}}})
    bringing.mean(batch, "first-one", text, by=cast.office, at=AT)

    with pytest.raises(Conflict):
        bringing.mean(batch, "second-one", text, by=cast.office_two, at=AT)
    assert "second-one" not in profiles.names()


def test_a_profile_that_cannot_be_read_is_refused_with_its_sentence(office):
    for content, sentence in (
        (b"title = ", "is no TOML"),
        (b"\xff", "is no UTF-8 text: byte 0"),
        (b"a=1", "Expected one of"),
    ):
        response = office.post("/imports/profiles/", {"file": SimpleUploadedFile("own-list.toml", content)})
        assert response.status_code == 422
        assert sentence in Page(response.content.decode(), "profiles").words
    assert "own-list" not in profiles.names()


def test_a_long_list_is_looked_at_without_keeping_its_words(tmp_path):
    file = tmp_path / "long.csv"
    file.write_text("Id,Kind\n" + "".join(f"{n},{n % 3}\n" for n in range(5000)), encoding="utf-8")

    _shape, _digest, _titles, (ids, kinds), count = mapping.look_at(file, Shape())

    assert count == 5000
    assert (ids["words"], ids["filled"], ids["samples"]) == (None, 5000, ["0", "1", "2"])
    assert kinds["words"] == [("0", 1667), ("1", 1667), ("2", 1666)]
    file.write_text("Id,Kind\n", encoding="utf-8")
    with pytest.raises(Unreadable):
        mapping.look_at(file, Shape())
