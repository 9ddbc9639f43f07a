"""What a row of a list says of itself, in sentences: what is wrong with it, what would change, what it may repeat."""

from typing import Any

from django.utils.translation import gettext as _

from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative, OwnColumn
from governance.registers.models import Batch
from governance.registers.profile import OWN


def field_word(name: str) -> str:
    """Return what a field is called on pages."""
    if name == "stage":
        return _("stage")
    if name.startswith(OWN):
        column = OwnColumn.objects.filter(key=name.removeprefix(OWN)).first()
        return column.title if column else name
    return str(Initiative._meta.get_field(name).verbose_name)


def _value(name: str, value: Any) -> str:
    if name == "stage":
        return str(Stage(value).label) if value in Stage.values else _("no stage")
    return str(value) if value not in ("", None) else _("nothing")


def change_words(change: dict[str, Any]) -> dict[str, Any]:
    """Return one change as a page shows it: the field, what is here, what the register says, whether it is applied."""
    name = change["field"]
    word = change.get("label") or field_word(name)
    return {
        "field": word[:1].upper() + word[1:],
        "here": _value(name, change["here"]),
        "says": _value(name, change["says"]),
        "applied": change["applied"],
    }


def problem_words(problem: dict[str, Any], titles: list[str]) -> str:
    """Return one problem as a sentence: the column, what came, what was expected."""
    if because := problem.get("because"):
        return str(because)
    came = _("“%(came)s” came") % {"came": problem["came"]} if problem["came"] else _("the cell is empty")
    if not problem["field"]:
        return _("%(came)s; expected %(expected)s.") % {"came": came, "expected": problem["expected"]}
    said = {"field": problem["field"], "came": came, "expected": problem["expected"]}
    return _("%(field)s: %(came)s; expected %(expected)s.") % said


def twin_words(twin: str, batch: Batch) -> dict[str, str] | None:
    """Return what a row may be a duplicate of, and the address of that; None where it is like nothing. No query."""
    if not twin:
        return None
    kind, number = twin.split(":")
    if kind == "here":
        return {"words": _("Called like AI-%(n)s") % {"n": number}, "url": f"/initiatives/AI-{number}/"}
    words = _("The same in every cell as row %(n)s") if kind == "row" else _("Called like row %(n)s")
    return {"words": words % {"n": number}, "url": f"{batch.get_absolute_url()}rows/{number}/"}
