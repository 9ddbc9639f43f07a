"""What the demo company wants to know of its initiatives that Mandate does not ask: its own columns, and what stands in them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from governance.initiatives import actions, own, own_keeping


def tell(told: list[dict[str, Any]], stories: list[Any]) -> Iterator[datetime]:
    """Yield the instant of each act just before it: the Portfolio office makes the columns, leads fill them in.

    A date is told in days from the day the company opens.
    """
    by_name = {story.values["name"]: story for story in stories}
    first, made = stories[0], []
    for place, column in enumerate(told):
        yield (at := first.day(40, 9, place))
        made.append(own_keeping.make(column["title"], column["kind"], help=column["help"], by=first.cast.olga, at=at))
    for place, name in enumerate(dict.fromkeys(name for column in told for name in column["says"])):
        story = by_name[name]
        yield (at := story.day(38 - place, 14))
        says = {column: _value(column, one["says"][name], story) for column, one in zip(made, told, strict=True)}
        one = story.fresh
        actions.amend(one, {}, own=says, by=story.lead, at=at, seen_version=one.version)


def _value(column: Any, said: Any, story: Any) -> Any:
    return story.now.date() + timedelta(days=said) if isinstance(said, int) else own.read(column, said)
