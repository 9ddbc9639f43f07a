"""Who stands at the front door, and what waits for each of them."""

from datetime import datetime
from typing import Any

from governance.demo.seed import company
from governance.desk import home, mine
from governance.people.models import Person


def doors(at: datetime) -> list[dict[str, Any]]:
    """Return the six people and the one just browsing, each with what waits for them. Queries as home, per person."""
    told = company()
    found = []
    for key in [*told["front_door"], told["browsing"]]:
        name = told["people"][key][0]
        person = Person.objects.active().filter(name=name).first()
        if person is not None:
            built = home.build(mine.of(person, at))
            waits = [*built.decide.items, *built.sign.items, *built.do.items]
            found.append(
                {
                    "person": person,
                    "says": told["says"][key],
                    "browsing": key == told["browsing"],
                    "count": len(waits),
                    "first": waits[0] if waits else None,
                }
            )
    return found


def switch() -> list[Person]:
    """Return the people the bar offers, in the front door's order. One query."""
    told = company()
    names = [told["people"][key][0] for key in [*told["front_door"], told["browsing"]]]
    people = {p.name: p for p in Person.objects.active().filter(name__in=names)}
    return [people[name] for name in names if name in people]
