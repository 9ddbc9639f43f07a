"""Registers of very different shapes come in through a profile alone: another language, encoding and kind of file."""

import codecs
import json
from collections import Counter
from datetime import date

import openpyxl
import pytest

from governance.initiatives.models import Initiative
from governance.people.models import Unit
from governance.registers import profiles, read
from governance.registers.models import Origin
from governance.registers.profile_text import read as profile_in

#: A German department's sheet as Excel saves it there: Windows letters, semicolons, three rows above the titles,
#: “Bemerkung” twice, and answers in German.
GERMAN = '''\
KI-Anwendungen im Geschäftsbereich;;;;;;;
Stand: 01.03.2026;;;;;;;
;;;;;;;
Lfd. Nr.;Bezeichnung;Dienststelle;Bemerkung;Status;Personenbezogene Daten;Einsatz seit;Bemerkung
1;Prüfung von Anträgen;Amt für Soziales;Sortiert Anträge vor;im Einsatz;ja;12.05.2024;Übergangslösung
2;Übersetzungen;Pressestelle;Übersetzt Meldungen;Erprobung;nein;Juni 2025;
3;"Chatbot ""Lotse""";Bürgerdienste;Beantwortet Fragen;abgeschaltet;ja;2021;
4;Gesichtserkennung;Amt für Soziales;Gleicht Fotos ab;in Prüfung;k. A.;;nicht weiterverfolgt
5;;Amt für Soziales;Ohne Namen;im Einsatz;ja;;
'''
GERMAN_PROFILE = """
title = "KI-Verzeichnis"
identity = ["Lfd. Nr."]
unit = "Dienststelle"
[file]
kind = "csv"
[stage]
column = "Status"
words = { "im Einsatz" = "production", "Erprobung" = "pilot", "abgeschaltet" = "retired" }
[words]
yes = ["ja"]
no = ["nein"]
unknown = ["k. A."]
[fields]
name = "Bezeichnung"
purpose = "Bemerkung #1"
known_limits = "Bemerkung #2"
[[dates]]
layout = "%d.%m.%Y"
precision = "day"
[[dates]]
layout = "%Y"
precision = "year"
[[states]]
name = "personal_data"
label = "Personenbezogene Daten"
column = "Personenbezogene Daten"
kind = "yes_no"
[[states]]
name = "since"
label = "Einsatz seit"
column = "Einsatz seit"
kind = "date"
"""

#: A Dutch register as its interface answers: objects in objects, a list further in, keys left out where nothing is known.
DUTCH = {
    "meta": {"count": 4, "language": "NL"},
    "result": {
        "algoritmes": [
            {
                "lars": "10001",
                "naam": "Parkeercontrole",
                "organisatie": {"naam": "Gemeente Voorbeeld", "afdeling": "Handhaving"},
                "status": "In gebruik",
                "doel": "Vindt auto's zonder vergunning.",
                "grondslagen": ["Wegenverkeerswet", "Gemeentewet"],
                "menselijke_tussenkomst": True,
            },
            {
                "lars": "10002",
                "naam": "Risicotaxatie",
                "organisatie": {"naam": "Gemeente Voorbeeld"},
                "status": "In ontwikkeling",
            },
            {
                "lars": "10003",
                "naam": "Vertaalhulp",
                "organisatie": {"naam": "Waterschap Delta", "afdeling": None},
                "status": "Buiten gebruik",
            },
            {"lars": "10003", "naam": "Vertaalhulp", "organisatie": {"naam": "Waterschap Delta"}, "status": "Onbekend"},
        ]
    },
}
DUTCH_PROFILE = """
title = "Algoritmeregister"
identity = ["lars"]
reference = "lars"
unit = ["organisatie.naam", "organisatie.afdeling"]
[stage]
column = "status"
words = { "In gebruik" = "production", "In ontwikkeling" = "idea", "Buiten gebruik" = "retired" }
[fields]
name = "naam"
purpose = "doel"
[words]
yes = ["true"]
no = ["false"]
[[states]]
name = "law"
label = "Wettelijke grondslag"
column = "grondslagen"
kind = "list"
style = "bracketed"
[[states]]
name = "human"
label = "Menselijke tussenkomst"
column = "menselijke_tussenkomst"
kind = "yes_no"
"""

BRITISH_PROFILE = """
title = "Transparency records"
unit = "Organisation"
[stage]
column = "Phase"
words = { "Production" = "production", "Beta/Pilot" = "pilot", "Retired" = "retired", "Pre-deployment" = "idea" }
[fields]
name = "Name of tool"
purpose = ["What it does", "Benefits"]
rollback_minutes = "Minutes to switch off"
[fields.capability]
columns = "Decides by itself?"
words = { "Yes" = "can_act", "No" = "draft_only" }
[words]
unknown = ["N/A"]
[[dates]]
layout = "%Y-%m-%d"
precision = "day"
[[states]]
name = "published"
label = "Published"
column = "Published"
kind = "date"
"""

#: A Canadian list saved as “Unicode text”: UTF-16 with tabs, every column in two languages.
CANADIAN = """\
AI Register / Registre de l'IA
ID\tName (EN)\tNom (FR)\tDepartment / Ministère\tStatus / État
CA-1\tBenefit triage\tTri des prestations\tEmployment / Emploi\tIn production / En production
CA-2\tIce forecasts\tPrévisions des glaces\tEnvironment / Environnement\tIn development / En développement
CA-3\tMail sorting\tTri du courrier\tEmployment / Emploi\tRetired / Retirée
"""
CANADIAN_PROFILE = """
title = "Registre de l'IA"
identity = "ID"
reference = "ID"
unit = "Department / Ministère"
[stage]
column = "Status / État"
words = { "In production / En production" = "production", "In development / En développement" = "idea", "Retired / Retirée" = "retired" }
[fields]
name = ["Name (EN)"]
purpose = ["Nom (FR)"]
"""

#: A Japanese list without titles, in Shift JIS; everything on it is in use.
JAPANESE = """\
東京支店,議事録作成,会議の要約を作る
東京支店,需要予測,在庫を見積もる
大阪支店,議事録作成,会議の要約を作る
"""
JAPANESE_PROFILE = """
title = "AI台帳"
identity = ["#1", "#2"]
unit = "#1"
[file]
header = 0
[stage]
every = "production"
[fields]
name = "#2"
purpose = "#3"
"""

#: A Brazilian ministry's extract: Latin letters, bars between quoted cells, line breaks inside them, the month alone as a date.
BRAZILIAN = """\
"Código"|"Solução de IA"|"Órgão"|"Situação"|"Finalidade"|"Trata dados pessoais?"|"Início"|"Responsável"
"BR-01"|"Análise de recursos"|"Fazenda"|"Em produção"|"Lê recursos
e sugere respostas"|"Sim"|"03/2024"|"Ana"
"BR-02"|"Previsão de chuvas"|"Meio Ambiente"|"Em testes"|"Prevê; avisa"|"Não"|""|""
"BR-03"|"Triagem | filas"|"Saúde"|"Descontinuada"|""|"Não informado"|"2019"|"Rui"
"br-01 "|"Análise de recursos"|"Fazenda"|"Em Produção"|""|"Sim"|"13/2024"|""
"""
BRAZILIAN_PROFILE = """
title = "Soluções de IA"
identity = ["Código"]
reference = "Código"
unit = "Órgão"
[file]
encoding = "latin-1"
delimiter = "|"
[stage]
column = "Situação"
words = { "Em produção" = "production", "Em testes" = "pilot", "Descontinuada" = "retired" }
[words]
yes = ["sim"]
no = ["não"]
unknown = ["Não informado"]
[fields]
name = "Solução de IA"
purpose = "Finalidade"
[[dates]]
layout = "%m/%Y"
precision = "month"
[[dates]]
layout = "%Y"
precision = "year"
[[states]]
name = "since"
label = "Início"
column = "Início"
kind = "date"
[gap]
owner = "Responsável"
personal_data = { column = "Trata dados pessoais?", words = ["sim"] }
"""

#: A Korean table with tabs, in the country's older letters; what is not used is on it as well.
KOREAN = """\
번호\t서비스명\t부서\t도입 여부\t공급사
1\t민원 상담\t민원과\t도입\t가나다
2\t교통 예측\t교통과\t미도입\t
3\t문서 요약\t총무과\t시범\t라마바
"""
KOREAN_PROFILE = """
title = "AI 서비스 목록"
identity = ["번호", "부서"]
unit = "부서"
[stage]
column = "도입 여부"
skip = ["미도입"]
words = { "도입" = "production", "시범" = "pilot" }
[fields]
name = "서비스명"
vendor = "공급사"
"""

POLISH_PROFILE = """
title = "Rejestr systemów"
identity = ["Lp."]
reference = "Lp."
unit = ["Urząd", "Departament"]
[file]
kind = "xlsx"
sheet = "Rejestr 2026"
[stage]
column = "Etap"
words = { "wdrożony" = "production", "pilotaż" = "pilot" }
[words]
unknown = ["brak"]
[fields]
name = "System"
could_go_wrong = "Ryzyka"
rollback_minutes = "Czas wyłączenia (min)"
[[states]]
name = "checked"
label = "Data przeglądu"
column = "Data przeglądu"
kind = "date"
[[dates]]
layout = "%Y-%m-%d"
precision = "day"
"""

#: A Norwegian interface answers with the list itself, behind a byte order mark, and writes numbers as numbers.
NORWEGIAN = [
    {
        "id": 7,
        "tittel": "Søknadshjelp",
        "etat": {"navn": "Etaten", "kode": 12},
        "fase": {"kode": "PROD"},
        "åpen": False,
    },
    {"id": 8, "tittel": None, "etat": {"navn": "Etaten"}, "fase": {"kode": "FOU"}, "merkelapper": ["bilde", "lyd"]},
    {"id": 9, "tittel": "Kartlesing", "etat": None, "fase": None, "åpen": True},
]
NORWEGIAN_PROFILE = """
title = "Oversikt"
identity = "id"
reference = "id"
unit = "etat.navn"
[file]
kind = "json"
[stage]
column = "fase.kode"
words = { "PROD" = "production", "FOU" = "discovered" }
[fields]
name = "tittel"
[[states]]
name = "open"
label = "Åpen"
column = "åpen"
kind = "yes_no"
[[states]]
name = "tags"
label = "Merkelapper"
column = "merkelapper"
kind = "list"
style = "bracketed"
[words]
yes = ["true"]
no = ["false"]
"""


@pytest.fixture
def come_in(bring, file):
    """Return a function that imports a file under a profile's text and gives the report and the names by stage."""

    def come_in(content, name: str, text: str):
        path = file(content, name) if isinstance(content, bytes) else content
        report = bring(path, profile_in("theirs", text))
        found: dict[str, list[str]] = {}
        for initiative in Initiative.objects.order_by("number"):
            found.setdefault(initiative.stage, []).append(initiative.name)
        return report, found

    return come_in


def counted(report) -> dict:
    """Return the numbers of a report that are not zero, without the stages."""
    return {name: n for name, n in report.counts().items() if n and name != "by_stage"}


def test_a_german_sheet_in_windows_letters_with_rows_above_its_titles(come_in):
    report, found = come_in(GERMAN.replace("\n", "\r\n").encode("cp1252"), "ki.csv", GERMAN_PROFILE)

    assert counted(report) == {"records": 5, "created": 5, "triage": 1}
    assert found == {
        "production": ["Prüfung von Anträgen", "(no name) record 9"],
        "pilot": ["Übersetzungen"],
        "retired": ['Chatbot "Lotse"'],
        "triage": ["Gesichtserkennung"],
    }
    first = Initiative.objects.get(name="Prüfung von Anträgen")
    assert (first.purpose, first.known_limits, first.unit.name) == (
        "Sortiert Anträge vor",
        "Übergangslösung",
        "Amt für Soziales",
    )
    assert first.origin.stated["states"] == {
        "personal_data": "yes",
        "since": {"on": "2024-05-12", "precision": "day"},
    }
    assert [(p["record"], p["field"], p["came"], p["weight"]) for p in report.problems] == [
        (6, "Einsatz seit", "Juni 2025", "noted"),
        (8, "Status", "in Prüfung", "triage"),
        (9, "Bezeichnung", "", "noted"),
    ]


def test_a_dutch_list_in_json_with_objects_in_objects(come_in):
    report, found = come_in(json.dumps(DUTCH, ensure_ascii=False).encode(), "algoritmes.json", DUTCH_PROFILE)

    assert counted(report) == {"records": 4, "created": 4, "triage": 1}
    assert found == {
        "production": ["Parkeercontrole"],
        "idea": ["Risicotaxatie"],
        "retired": ["Vertaalhulp"],
        "triage": ["Vertaalhulp"],
    }
    first = Initiative.objects.get(name="Parkeercontrole")
    assert [first.unit.parent.name, first.unit.name] == ["Gemeente Voorbeeld", "Handhaving"]
    assert first.origin.stated["states"] == {"law": ["Wegenverkeerswet", "Gemeentewet"], "human": "yes"}
    # The lines of the language it was written in are columns nobody reads; a second record of one number is told apart.
    assert Origin.objects.filter(identity="10003").count() == 2


def test_a_british_workbook_with_a_cover_sheet_and_no_key(come_in, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["Transparency records", None, "Published by Examples"])
    sheet = book.create_sheet("Records")
    sheet.append(["Transparency records"])
    sheet.append([])
    titles = ["Organisation", "Name of tool", "What it does", "Benefits", "Phase", "Decides by itself?", "Published"]
    sheet.append([*titles, "Minutes to switch off"])
    sheet.append(
        ["Ministry A", "Letter drafts", "Drafts letters", "Saves time", "Production", "No", date(2025, 4, 1), 30]
    )
    sheet.append(["Ministry A", "Road damage", "Finds holes", "N/A", "Beta/Pilot", "Yes", "soon", "about 5"])
    sheet.append(["Ministry B", 2025, "Sorts cases", None, "Unknown", None, None, None])
    sheet.append(
        ["Ministry A", "Letter drafts", "Drafts letters", "Saves time", "Production", "No", date(2025, 4, 1), 30]
    )
    book.create_sheet("Lists").sheet_state = "hidden"
    book.save(tmp_path / "records.xlsx")

    report, found = come_in(tmp_path / "records.xlsx", "", BRITISH_PROFILE)

    assert counted(report) == {"records": 4, "created": 4, "triage": 1}
    assert found == {"production": ["Letter drafts", "Letter drafts"], "pilot": ["Road damage"], "triage": ["2025"]}
    drafts, again = Initiative.objects.filter(name="Letter drafts").order_by("number")
    assert (drafts.purpose, drafts.capability, drafts.rollback_minutes) == (
        "Drafts letters\n\nSaves time",
        "draft_only",
        30,
    )
    assert drafts.origin.stated["states"] == {"published": {"on": "2025-04-01", "precision": "day"}}
    assert (drafts.origin.occurrence, again.origin.occurrence) == (1, 2)
    assert Counter((p["field"], p["came"]) for p in report.problems) == {
        ("Published", "soon"): 1,
        ("Minutes to switch off", "about 5"): 1,
        ("Phase", "Unknown"): 1,
        ("Name of tool", "Letter drafts"): 1,
    }


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, b""])
def test_a_canadian_list_in_two_languages_saved_as_unicode_text(come_in, mark):
    report, found = come_in(mark + CANADIAN.encode("utf-16-le"), "registre.txt", CANADIAN_PROFILE)

    assert counted(report) == {"records": 3, "created": 3}
    assert found == {"production": ["Benefit triage"], "idea": ["Ice forecasts"], "retired": ["Mail sorting"]}
    assert Initiative.objects.get(name="Ice forecasts").purpose == "Prévisions des glaces"


def test_a_japanese_list_without_titles(come_in):
    report, found = come_in(JAPANESE.encode("cp932"), "daicho.csv", JAPANESE_PROFILE)

    assert counted(report) == {"records": 3, "created": 3}
    assert found == {"production": ["議事録作成", "需要予測", "議事録作成"]}
    assert set(Unit.objects.values_list("name", flat=True)) == {"東京支店", "大阪支店"}


def test_a_brazilian_extract_with_bars_line_breaks_and_a_code_that_is_there_twice(come_in):
    report, found = come_in(BRAZILIAN.encode("latin-1"), "solucoes.csv", BRAZILIAN_PROFILE)

    assert counted(report) == {"records": 4, "created": 4, "triage": 1}
    assert found == {
        "production": ["Análise de recursos"],
        "pilot": ["Previsão de chuvas"],
        "retired": ["Triagem | filas"],
        "triage": ["Análise de recursos"],  # "Em Produção" is not the word "Em produção"
    }
    first = Initiative.objects.get(name="Análise de recursos", stage="production")
    assert first.purpose == "Lê recursos\ne sugere respostas"
    assert first.origin.stated["states"] == {"since": {"on": "2024-03-01", "precision": "month"}}
    assert [(p["record"], p["field"], p["came"], p["weight"]) for p in report.problems if p["came"]] == [
        (5, "Código", "br-01", "noted"),
        (5, "Situação", "Em Produção", "triage"),
        (5, "Início", "13/2024", "noted"),
    ]


def test_a_korean_table_in_older_letters_with_what_is_not_used(come_in):
    report, found = come_in(KOREAN.encode("cp949"), "list.tsv", KOREAN_PROFILE + '[file]\nencoding = "euc_kr"\n')

    assert counted(report) == {"records": 3, "created": 2, "skipped": 1}
    assert found == {"production": ["민원 상담"], "pilot": ["문서 요약"]}
    assert Initiative.objects.get(name="문서 요약").vendor == "라마바"


def test_a_polish_workbook_with_joined_cells_formulas_and_real_dates(come_in, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Rejestr 2025"
    book.active.append(["Lp.", "Urząd", "Departament", "System", "Etap", "Ryzyka", "Czas wyłączenia (min)"])
    sheet = book.create_sheet("Rejestr 2026")
    sheet.append(["Rejestr systemów sztucznej inteligencji"])
    sheet.merge_cells("A1:H1")
    sheet.append(["Lp.", "Urząd", "Departament", "System", "Etap", "Ryzyka", "Czas wyłączenia (min)", "Data przeglądu"])
    sheet.append([1.0, "Urząd A", "Obsługa", "Asystent", "wdrożony", "Myli się", 15.0, date(2026, 1, 31)])
    sheet.append([2, "Urząd A", None, "Klasyfikator", "pilotaż", "brak", "brak", None])
    sheet.append([3, "Urząd B", "Urząd B", "Tłumacz", '=LOWER("X")', None, 0, "2026-02-30"])
    book.save(tmp_path / "rejestr.xlsx")

    report, found = come_in(tmp_path / "rejestr.xlsx", "", POLISH_PROFILE)

    assert counted(report) == {"records": 3, "created": 3, "triage": 1}
    assert found == {"production": ["Asystent"], "pilot": ["Klasyfikator"], "triage": ["Tłumacz"]}
    helper, sorter, translator = Initiative.objects.order_by("number")
    assert (helper.origin.identity, helper.rollback_minutes, helper.unit.name) == ("1", 15, "Obsługa")
    assert (sorter.could_go_wrong, sorter.rollback_minutes, sorter.unit.name) == ("", None, "Urząd A")
    assert (translator.unit.name, translator.unit.parent) == ("Urząd B", None)
    assert helper.origin.stated["states"] == {"checked": {"on": "2026-01-31", "precision": "day"}}
    assert Counter((p["field"], p["came"]) for p in report.problems) == {
        ("Etap", ""): 1,  # a formula that no program has worked out yet
        ("Czas wyłączenia (min)", "0"): 1,
        ("Data przeglądu", "2026-02-30"): 1,
    }


def test_a_norwegian_answer_that_is_the_list_itself(come_in):
    content = codecs.BOM_UTF8 + json.dumps(NORWEGIAN, ensure_ascii=False).encode()

    report, found = come_in(content, "oversikt.json", NORWEGIAN_PROFILE)

    assert counted(report) == {"records": 3, "created": 3, "triage": 1}
    assert found == {"production": ["Søknadshjelp"], "discovered": ["(no name) 8"], "triage": ["Kartlesing"]}
    rows = {origin.identity: origin for origin in Origin.objects.select_related("initiative__unit")}
    assert [rows[n].initiative.unit and rows[n].initiative.unit.name for n in "789"] == ["Etaten", "Etaten", None]
    assert [rows[n].stated["states"] for n in "789"] == [{"open": "no"}, {"tags": ["bilde", "lyd"]}, {"open": "yes"}]


@pytest.mark.parametrize(
    ("content", "name", "text", "found"),
    [
        (GERMAN.encode("cp1252"), "a.csv", GERMAN_PROFILE, {"encoding": "cp1252", "delimiter": ";", "header": 4}),
        (CANADIAN.encode("utf-16"), "b.txt", CANADIAN_PROFILE, {"encoding": "utf-16", "delimiter": "\t", "header": 2}),
        (json.dumps(DUTCH).encode(), "c.json", DUTCH_PROFILE, {"items": "result.algoritmes"}),
        (JAPANESE.encode("cp932"), "d.csv", JAPANESE_PROFILE, {"encoding": "cp932"}),
    ],
)
def test_what_nobody_declared_is_found_out_and_said(file, content, name, text, found):
    source = read.look_through(file(content, name), profile_in("theirs", text))

    assert {field: getattr(source.shape, field) for field in source.found} == found


def test_each_of_them_comes_in_once(come_in):
    for content, name, text in (
        (GERMAN.encode("cp1252"), "a.csv", GERMAN_PROFILE),
        (json.dumps(DUTCH).encode(), "b.json", DUTCH_PROFILE),
    ):
        come_in(content, name, text)
        report, _found = come_in(content, name, text)

        assert (report.created, report.updated, report.unchanged) == (0, 0, report.records)


def test_a_unit_goes_by_the_name_it_has_here(come_in):
    text = GERMAN_PROFILE + '[aliases]\n"Amt für Soziales" = "Sozialamt"\n'

    come_in(GERMAN.encode("cp1252"), "a.csv", text)

    assert set(Unit.objects.values_list("name", flat=True)) == {"Sozialamt", "Pressestelle", "Bürgerdienste"}


def test_the_profiles_of_2025_call_one_agency_by_one_name():
    assert profiles.load("omb-2025-cots").our_unit("Department of  Treasury") == "Department of the Treasury"
    assert profiles.load("omb-2025").our_unit("Department of the Treasury") == "Department of the Treasury"
