"""Many initiatives with all a list reads, written at once: a crowd of a few thousand, then copies of it by the database.

For those who see by grants every initiative is restricted, and three others were granted each; for who sees
everything one in twenty is.
"""

from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction

from governance.core import clock
from governance.gates.models import Decision, Stop
from governance.initiatives import catalog_keeping
from governance.initiatives.models import Initiative, KeyCounter, SearchText
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people.models import Person
from governance.raci.models import Assignment, InitiativeGroupPermission, InitiativeUserPermission
from tests.bench import place
from tests.crowd import make_crowd
from tests.make import make_cast, make_person

#: How large the crowd is that is copied, and how many others see each.
CROWD, OTHERS = 3_600, 3
#: Those who look, and how many they may see.
LOOKERS = {"u0": 0, "u50": 50, "u5000": 5_000, "all": None}


def filled(size: int) -> None:
    """Go on with a database of so many initiatives, made unless it was kept."""
    name = f"bench_{size}"
    if place.is_there(name):
        place.use(name)
        return
    crowd = min(size, CROWD)
    base = f"bench_base_{crowd}"
    if not place.is_there(base) and base not in _made:
        place.make(f"{base}_new")
        _crowd(crowd, clock.now())
        place.rename(f"{base}_new", base)
        _made.add(base)
    place.make(f"{name}_new", like=base)
    with transaction.atomic():
        catalog_keeping.remove()
        _copy(crowd, size)
        catalog_keeping.install()
        _grant()
    see_by_grants(True)
    place.rename(f"{name}_new", name)


_made: set[str] = set()


def _crowd(count: int, at: datetime) -> None:
    with transaction.atomic():
        cast = make_cast()
        for n in range(min(count, 200)):
            make_person(f"Other {n}")
        group = Group.objects.create(name="readers")
        for who in LOOKERS:
            person = make_person(f"Looker {who}", *(["auditors"] if who == "all" else []))
            if who not in ("u0", "all"):
                person.groups.add(group if who == "u5000" else Group.objects.create(name=f"readers of {who}"))
        make_crowd(cast, count, at)
        InitiativeUserPermission.objects.all().delete()
        InitiativeGroupPermission.objects.all().delete()


def _copy(crowd: int, size: int) -> None:
    """Copy the crowd until there are `size`: everything a list reads, with numbers and names of their own."""
    first = Initiative.objects.order_by("pk").values_list("pk", "number").first()
    assert first is not None
    low, number = first
    for start in range(crowd, size, crowd):
        most = min(crowd, size - start)
        shift = {"id": f"id + {start}", "number": f"number + {start}", "name": f"name || ' ' || {start}"}
        _insert(Initiative, shift, f"id < {low + most} AND id >= {low}")
        mine = f"initiative_id < {low + most} AND initiative_id >= {low}"
        for model in (Assignment, Outcome, Measurement, Budget, Decision, Stop):
            _insert(model, {"id": None, "initiative_id": f"initiative_id + {start}"}, mine)
        _insert(SearchText, {"initiative_id": f"initiative_id + {start}", "body": f"body || ' {start}'"}, mine)
    KeyCounter.objects.update(last=number + size)


def _insert(model: type, said: dict[str, str | None], where: str) -> None:
    """Insert copies of rows of one table; a column said to be None is left to the database."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]  # type: ignore[attr-defined]
    columns = [field.column for field in fields if said.get(field.column, "") is not None]
    quoted = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(said.get(column) or f'"{column}"' for column in columns)
    table = model._meta.db_table  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({quoted}) SELECT {values} FROM {table} WHERE {where}")


def _grant() -> None:
    """Let three others see each, and each of LOOKERS as many as they may, four in five in person and the rest through a group."""
    see = Permission.objects.get(codename="see", content_type__app_label="governance")
    others = list(Person.objects.filter(email__startswith="other.").order_by("pk").values_list("pk", flat=True))
    ids = list(Initiative.objects.order_by("pk").values_list("pk", flat=True))
    users = [
        InitiativeUserPermission(user_id=others[(n * 7 + k * 31) % len(others)], permission=see, content_object_id=pk)
        for n, pk in enumerate(ids)
        for k in range(OTHERS)
    ]
    groups = []
    for who, many in LOOKERS.items():
        if not many:
            continue
        person = Person.objects.get(email__startswith=f"looker.{who}@")
        group = person.groups.get()
        step = max(len(ids) // many, 1)
        for turn, pk in enumerate(ids[::step][:many]):
            if turn % 5:
                users.append(InitiativeUserPermission(user=person, permission=see, content_object_id=pk))
            else:
                groups.append(InitiativeGroupPermission(group=group, permission=see, content_object_id=pk))
    InitiativeUserPermission.objects.bulk_create(users, batch_size=2_000)
    InitiativeGroupPermission.objects.bulk_create(groups, batch_size=2_000)


def see_by_grants(every: bool) -> None:
    """Restrict every initiative, or one in twenty, and let PostgreSQL look at its tables, as it does by itself."""
    with connection.cursor() as cursor:
        if every:
            cursor.execute("UPDATE governance_initiative SET restricted = TRUE WHERE NOT restricted")
        else:
            cursor.execute("UPDATE governance_initiative SET restricted = FALSE WHERE restricted AND id % 20 <> 0")
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")


def looker(who: str) -> Person:
    """Return one of those who look."""
    return Person.objects.get(email__startswith=f"looker.{who}@")
