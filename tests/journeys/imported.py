"""The walk of a real "Pilot" record that a register brought into the demo: from nobody to retirement."""

import csv
from datetime import timedelta
from io import StringIO
from urllib.parse import parse_qs, urljoin, urlsplit

from django.core.management import call_command

from governance.core import clock
from governance.initiatives.models import Initiative
from governance.people.models import Person
from tests.journeys.plain import Plain
from tests.journeys.walk import answer, ask, become, from_build_to_the_end, sees
from tests.registers.conftest import REAL, need


def brought_in(folder) -> Initiative:
    """Import the first "Pilot" of the real inventory, with its own header, and return what it became."""
    with need(REAL).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        pilot = next(row for row in rows if row["development_stage"] == "Pilot")
        header = rows.fieldnames
    with (folder / "pilot.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerow(pilot)
    call_command("import_inventory", str(folder / "pilot.csv"), profile="omb-2025", stdout=StringIO())
    return Initiative.objects.latest("number")


def person(name: str) -> str:
    return str(Person.objects.get(name=name).pk)


def walk_of_an_imported_pilot(visitor: Plain, folder) -> None:
    """Take the first real pilot of the inventory from nobody, through its gate, to its postmortem."""
    imported = brought_in(folder)
    at = imported.get_absolute_url()
    become(visitor, "Sam D")
    visitor.open(at)
    sees(visitor, imported.name, "Pilot", "From a register", "Nobody is business owner")

    name_people(visitor, imported)
    say_what_it_is(visitor, at)
    measure_and_fund(visitor, at)
    meet_the_controls(visitor, at)

    from_build_to_the_end(visitor, imported.key)


def name_people(visitor: Plain, imported: Initiative) -> None:
    """Its unit gets a leader, who becomes business owner; the Portfolio office names everybody else, and they accept."""
    matrix = f"{imported.get_absolute_url()}matrix/"
    become(visitor, "Al M")
    visitor.open(f"/people/units/{imported.unit_id}/")
    visitor.press("Save", leader=person("Priya Nair"))

    become(visitor, "Olga P")
    for row in ("pilot", "go_live", "modification", "halt"):
        visitor.open(f"{matrix}?cell={row}-R")
        visitor.press("Put down", person=person("Sam Doyle"))
    for cell, name in {
        "pilot-A": "Priya Nair",
        "go_live-A": "Priya Nair",
        "modification-A": "Lena Kraus",
        **{f"{row}-E": "Dana Roth" for row in ("pilot", "go_live", "modification", "halt")},
    }.items():
        visitor.open(f"{matrix}?cell={cell}")
        visitor.press("Ask this person", person=person(name))
    visitor.open(f"{matrix}?cell=workflow")
    visitor.press("Name the workflow owner", person=person("Lena Kraus"))
    for name in ("Priya N", "Lena K", "Dana R"):
        become(visitor, name)
        accept_everything(visitor, imported)
    visitor.open(matrix)
    sees(visitor, "Nothing is missing: every decision has people who accepted.")


def accept_everything(visitor: Plain, imported: Initiative) -> None:
    """Accept every role on it that waits for whoever this is, from Home."""
    visitor.open("/")
    offers = f"{imported.get_absolute_url()}matrix/offers/"
    waiting = list(dict.fromkeys(href for href, _words in visitor.browser.page.links if href.startswith(offers)))
    assert waiting
    for offer in waiting:
        visitor.open(offer)
        visitor.press("Sign and accept")


def say_what_it_is(visitor: Plain, at: str) -> None:
    """The lead says what it may do and what it has to prove; Compliance confirms the tier."""
    become(visitor, "Sam D")
    visitor.open(f"{at}amend/")
    visitor.press(
        "Save",
        capability="draft_only",
        breaks="A case is routed to the wrong desk",
        rollback_how="Switch it off in the routing table",
        rollback_minutes="10",
        fallback="Cases go to the desk queue.",
        gate_on=(clock.now() + timedelta(days=20)).date().isoformat(),
    )
    sees(visitor, "This cancels 1 acceptance")
    visitor.press("Save and ask again")
    visitor.open(f"{at}tier/")
    visitor.press("Propose this tier", tier="4")
    become(visitor, "Miriam O")
    visitor.open(f"{at}tier/")
    visitor.press("Confirm this tier", tier="4")

    become(visitor, "Sam D")
    visitor.open(f"{at}outcome/")
    visitor.press(
        "Save the outcome",
        metric="Cost per case",
        kind="money",
        unit="€ per case",
        better="lower",
        baseline="4.10",
        baseline_kind="measured",
        baseline_source="GL 6120",
        baseline_on=clock.now().date().isoformat(),
        target="2.50",
        threshold="3.00",
    )


def measure_and_fund(visitor: Plain, at: str) -> None:
    """Fifteen days on a figure counts: measured, confirmed by Finance; budget, acceptance, and the gate passes."""
    first = clock.now().date() + timedelta(days=1)
    for step in ("+1 week", "+1 week", "+1 day"):
        visitor.open("/")
        visitor.press(step)
    last = clock.now().date()
    assert (last - first).days == 14
    visitor.open(f"{at}outcome/")
    visitor.press(
        "Claim this figure",
        value="2.65",
        starts_on=first.isoformat(),
        ends_on=(last - timedelta(days=1)).isoformat(),
        cases="812",
        source="GL 6120 and the desk log",
    )
    visitor.open(f"{at}budget/")
    visitor.press("Ask Finance", asked="36000", currency="USD", months="12", pays_for="Licences and run")
    ask(visitor, at, "funding", recommendation="It pays for itself in five months.")
    visitor.open(f"{at}gates/funding/")
    sees(visitor, "0 of 3", "not confirmed", "not approved", "accepted an earlier version")

    become(visitor, "Tomas B")
    visitor.open(f"{at}outcome/")
    visitor.press("Sign and confirm")
    visitor.open(f"{at}budget/")
    visitor.press("Sign and approve", approved="36000", cost_centre="CC-1", reference="B-17")
    become(visitor, "Priya N")
    visitor.open(f"{at}gates/funding/")
    visitor.click("Accept again")
    visitor.press("Sign and accept again")
    answer(visitor, at, "funding", "Agree on the number first.")
    visitor.open(at)
    sees(visitor, "Build")


def meet_the_controls(visitor: Plain, at: str) -> None:
    """The lead says how each control is met; the functions look, and confirm."""
    become(visitor, "Sam D")
    visitor.open(f"{at}controls/")
    page = visitor.browser.page
    supplies = [urljoin(page.url, href) for href, words in page.links if words.startswith("Say how it is met")]
    assert len(supplies) > 8
    for href in supplies:
        visitor.open(href)
        field = parse_qs(urlsplit(href).query)["control"][0].replace(".", "-")
        said = {f"{field}-note": "See the run book.", f"{field}-effective_on": clock.now().date().isoformat()}
        visitor.press("Save and ask", **said)
    for who in ("Miriam O", "Ruth A", "Jon M"):
        become(visitor, who)
        visitor.open(f"{at}controls/")
        while "Sign and confirm" in visitor.words:
            visitor.press("Sign and confirm")
