"""What moved between two snapshots, said so that a decider can read it: a label, before, after."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _

from governance import policy
from governance.core import canonical
from governance.core.moments import moment
from governance.core.words import plain
from governance.gates import snapshot
from governance.initiatives import rules
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Capability, Initiative
from governance.outcomes.models import Budget, Outcome
from governance.people import functions
from governance.proof.models import SignOff
from governance.raci.models import Role, Row

#: What is compared after the answer. The stage is not: the answer itself moved it.
KEPT = ("initiative", "outcome", "figures", "budget", "controls", "matrix")


class Change(NamedTuple):
    """One fact that moved; an empty `before` was added, an empty `after` is gone."""

    what: str
    before: str
    after: str

    def __str__(self):
        if not self.before:
            return _("%(what)s: now %(after)s") % {"what": self.what, "after": self.after}
        if not self.after:
            return _("%(what)s: was %(before)s, now empty") % {"what": self.what, "before": self.before}
        return _("%(what)s: was %(before)s, now %(after)s") % {
            "what": self.what,
            "before": self.before,
            "after": self.after,
        }


def between(before: dict, after: dict) -> list[Change]:
    """Return what differs between two snapshots, in the order of the page. One query for names, where a person is named."""
    old, new = _lines(canonical.plain(before)), _lines(canonical.plain(after))
    moved = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    names = _names(value for key in moved for value in (old.get(key), new.get(key)))
    return [Change(_label(key), _word(key, old.get(key), names), _word(key, new.get(key), names)) for key in moved]


def since(decision, initiative, at: datetime) -> list[Change]:
    """Return how the facts moved since `decision` was signed; empty where nobody signed. Queries as snapshot.of, and one."""
    if not decision.snapshot:
        return []
    before = {name: decision.snapshot.get(name) for name in KEPT}
    now = canonical.plain(snapshot.of(decision, initiative, at))
    after = {name: now.get(name) for name in KEPT}
    for facts in (before, after):
        facts["initiative"] = {name: value for name, value in (facts["initiative"] or {}).items() if name != "stage"}
    if decision.kind == "pilot_go":  # Whoever decides it accepts by deciding.
        for row in before["matrix"] or ():
            if (row["row"], row["role"], row["person"]) == (Row.PILOT, Role.ACCOUNTABLE, decision.decided_by_id):
                row["accepted_at"] = row["accepted_at"] or "by deciding"
    return between(before, after)


# Flattening: one key a fact, lists by what names their rows


class Person(NamedTuple):
    """Somebody in a snapshot, by id; `offered` while they have not accepted."""

    pk: int
    offered: bool = False


def _lines(facts: dict) -> dict[tuple, Any]:
    """Return `facts` as one line a fact. The initiative's own copy of the budget says nothing that the budget does not."""
    lines: dict[tuple, Any] = {}
    for part in ("initiative", "decision", "outcome", "budget"):
        lines |= {
            (part, *path): value
            for path, value in _flat(facts.get(part) or {})
            if (part, *path[:1]) != ("initiative", "budget")
        }
    for part, called in (
        ("requirements", "code"),
        ("figures", "number"),
        ("controls", "ref"),
        ("sign_offs", "function"),
    ):
        for row in facts.get(part) or ():
            lines |= {
                (part, str(row[called]), name): value for name, value in row.items() if name not in (called, "blockers")
            }
    for row in facts.get("matrix") or ():
        holder = Person(row["person"], row["accepted_at"] is None) if row["person"] else row["group"]
        cell = ("matrix", row["row"], row["role"])
        lines[cell] = (*lines.get(cell, ()), holder)
    if facts.get("policy") is not None:
        lines[("policy",)] = facts["policy"]
    for line, value in lines.items():
        if line[-1] in ("confirmed_by", "answered_by", "asked_by") and value is not None:
            lines[line] = (Person(value),)
    return lines


def _flat(facts: dict, path: tuple = ()) -> Iterable[tuple[tuple, Any]]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, (*path, name))
        else:
            yield (*path, name), value


# Words


def _names(values: Iterable[Any]) -> dict[int, str]:
    """Return the names of every person among `values`. One query, none where nobody is."""
    from governance.people.models import Person as Somebody

    wanted = {one.pk for value in values if isinstance(value, tuple) for one in value if isinstance(one, Person)}
    return dict(Somebody.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def _word(key: tuple, value: Any, names: dict[int, str]) -> str:
    """Return one value in words."""
    if value in (None, "", (), []):
        return ""
    if isinstance(value, tuple):
        said = []
        for one in value:
            if isinstance(one, Person):
                name = names.get(one.pk, "–")
                said.append(_("%(name)s (asked)") % {"name": name} if one.offered else name)
            else:
                said.append(str(functions.label(one)))
        return ", ".join(sorted(said))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    match key:
        case (
            ("budget", "asked" | "approved")
            | ("outcome", "baseline" | "target" | "threshold")
            | ("figures", _, "value")
        ):
            return plain(value)
        case (_, "due_at" | "final_at" | "asked_at" | "threshold_set_at"):
            return moment(datetime.fromisoformat(value))
        case (_, _, "starts_on" | "ends_on" | "waived_until"):
            return formats.date_format(date.fromisoformat(value), "j M Y")
        case ("initiative", "stage"):
            return str(Stage(value).label)
        case ("initiative", "capability"):
            return str(Capability(value).label)
        case ("sign_offs", _function, "answer"):
            return str(SignOff.Answer(value).label)
    return str(value)


def _field(model, name: str) -> str:
    """Return what a field is called, as the start of a line."""
    label = str(model._meta.get_field(name).verbose_name)
    return label[:1].upper() + label[1:]


def _label(key: tuple) -> str:
    """Return what a fact is called."""
    match key:
        case ("initiative", "key"):
            return _("Key")
        case ("initiative", name):
            return _field(Initiative, name)
        case ("decision", "particulars", *rest):
            return _("What was asked: %(part)s") % {"part": ", ".join(rest)}
        case ("decision", name):
            return {
                "recommendation": _("Recommendation"),
                "due_at": _("Deadline"),
                "final_at": _("Closes by itself"),
                "asked_by": _("Asked by"),
            }.get(name, name)
        case ("requirements", code, _met):
            return next((str(rule.title) for rule in rules.ALL if rule.code == code), code)
        case ("matrix", row, role):
            return _("%(row)s, %(role)s") % {"row": Row(row).label, "role": Role(role).label}
        case ("outcome", "threshold_set_at"):
            return _("Threshold set at")
        case ("outcome", name):
            return _field(Outcome, name)
        case ("figures", number, name):
            words = {
                "value": _("value"),
                "starts_on": _("first day measured"),
                "ends_on": _("last day measured"),
                "cases": _("number of cases"),
                "confirmed_by": _("confirmed by"),
            }
            return _("Figure %(number)s, %(part)s") % {"number": number, "part": words[name]}
        case ("budget", name):
            return _field(Budget, name)
        case ("controls", ref, name):
            words = {"confirmed_by": _("confirmed by"), "waived_until": _("waived until")}
            control = policy.current().controls.get(ref)
            return _("Control “%(title)s”, %(part)s") % {
                "title": control.title if control else ref,
                "part": words[name],
            }
        case ("sign_offs", slug, name):
            words = {"answer": _("answer"), "answered_by": _("answered by")}
            return _("Sign-off of %(function)s, %(part)s") % {"function": functions.label(slug), "part": words[name]}
        case ("policy",):
            return _("Policy version")
    return ".".join(map(str, key))
