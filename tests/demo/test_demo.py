"""The demo: a company made through the real actions, a clock that moves forward, and nothing of it elsewhere."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from governance.core import clock
from governance.core.models import Installation
from governance.demo import actions, seed
from governance.gates.models import Decision, Stop
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.ledger import verify
from governance.people.models import Person
from governance.raci import grants


@pytest.mark.django_db
def test_the_company_stands_in_every_stage_and_its_record_is_whole(demo_company):
    stages = Counter(Initiative.objects.values_list("stage", flat=True))

    assert set(stages) == set(Stage.counted())
    assert 40 <= sum(stages.values()) <= 50
    assert Initiative.objects.get(number=42).name == "Support refunds"
    assert verify.verify(checkpoints=[]).ok
    assert grants.differences() == []
    assert Stop.objects.filter(confirmed_at=None, lifted_at=None).count() == 1


@pytest.mark.django_db
def test_the_gate_of_the_tour_waits_for_money_alone_and_the_other_for_nothing(demo_company):
    from governance.gates import queries

    at = clock.now()
    gates = {
        d.initiative.number: [b.code for b in queries.blockers(d, d.initiative, at)]
        for d in Decision.objects.open().filter(kind="funding").select_related("initiative")
    }

    assert gates[40] == ["budget.open"]
    assert gates[42] == []


@pytest.mark.django_db
def test_nobody_of_the_company_has_a_password(demo_company):
    assert not [p for p in Person.objects.all() if p.has_usable_password()]


@pytest.mark.django_db
def test_becoming_somebody_signs_in_and_leads_back(demo_company, client):
    priya = Person.objects.get(name="Priya Nair")

    response = client.post(f"/demo/become/{priya.pk}/", {"next": "/catalog/?q=refunds"})

    assert (response.status_code, response["Location"]) == (303, "/catalog/?q=refunds")
    assert client.get("/").context["me"] == priya
    assert client.post(f"/demo/become/{priya.pk}/", {"next": "https://elsewhere.example/"})["Location"] == "/"


@pytest.mark.django_db
def test_the_clock_moves_forward_by_a_day_or_a_week_and_never_back(demo_company, client):
    client.post(f"/demo/become/{Person.objects.get(name='Kim Sato').pk}/")
    before = clock.now()

    opened = Installation.objects.get().clock_offset_seconds

    assert client.post("/demo/clock/", {"days": "-1"}).status_code == 303
    assert Installation.objects.get().clock_offset_seconds == opened
    client.post("/demo/clock/", {"days": "7"})

    assert Installation.objects.get().clock_offset_seconds == opened + 7 * 86_400
    assert (clock.now() - before).days == 7


@pytest.mark.django_db
def test_one_byte_changed_on_a_copy_is_named_and_the_live_record_stays_whole(demo_company, client):
    client.post(f"/demo/become/{Person.objects.get(name='Ada Finch').pk}/")

    page = client.post("/demo/tamper/")

    assert page.status_code == 200
    assert page.context["verdict"].ok is False
    assert f"The check names entry {page.context['entry']}" in page.content.decode().replace(",", "")
    assert verify.verify(checkpoints=[]).ok


@pytest.mark.parametrize(
    ("installed", "opens"),
    [
        ("2026-11-25T03:41", "2026-11-25T09:12"),  # a Wednesday night: the same morning
        ("2026-11-25T15:41", "2026-11-26T09:12"),
        ("2026-11-27T09:13", "2026-11-30T09:12"),  # a Friday, a minute late: Monday
        ("2026-11-29T04:41", "2026-11-30T09:12"),
        ("2026-10-24T12:00", "2026-10-26T09:12"),  # over the change of the clock
    ],
)
def test_it_opens_on_the_next_working_morning(installed, opens):
    zone = ZoneInfo("Europe/Berlin")

    found = seed.opening(datetime.fromisoformat(installed).replace(tzinfo=zone), zone)

    assert found == datetime.fromisoformat(opens).replace(tzinfo=zone)


def test_the_clock_stops_where_something_goes_out_and_ends_where_it_was_asked_to():
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 11, 30, 9, 12, 30, 500_000, tzinfo=zone)

    found = list(actions.stops(at, 1, zone))

    assert [f"{stop:%d %H:%M}" for stop in found] == ["30 13:00", "30 17:00", "01 08:00", "01 09:12"]
    assert all((stop - at).total_seconds().is_integer() for stop in found)
    assert found[0] >= datetime(2026, 11, 30, 13, tzinfo=zone)
