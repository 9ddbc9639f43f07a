"""What one entry of the record tells, in pieces: names, roles, stages, days, amounts, and what changed. (The sentences: history.py.)"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from governance.core.words import mid_sentence, money, plain, shortened
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative
from governance.people import functions
from governance.policy import current
from governance.raci.models import Role, Row
from governance.templatetags.mandate import moment


@dataclass(frozen=True)
class Told:
    """What an entry tells: its numbers and codes (`d`), its words (`t`, empty once erased), and who is who."""

    d: dict[str, Any]
    t: dict[str, Any]
    people: dict[int, str] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    subject_kind: str = ""
    subject_id: int | None = None

    def name(self, key: str) -> str:
        """Return the name of the person whose id stands under `key`, or words for nobody known."""
        return self.people.get(self.d.get(key), _("somebody")) if self.d.get(key) else _("nobody")

    def names(self, key: str) -> str:
        """Return the names of the people whose ids stand under `key`."""
        return ", ".join(self.people.get(pk, _("somebody")) for pk in self.d.get(key) or ()) or _("nobody")

    @property
    def subject(self) -> str:
        """Return the name of the person the entry is about, or words for nobody known."""
        return self.people.get(self.subject_id, _("a person")) if self.subject_kind == "person" else _("a person")

    @property
    def holder(self) -> str:
        """Return the person or the group a role went to."""
        if self.d.get("person"):
            return self.name("person")
        return self.groups.get(self.d.get("group"), _("a group")) if self.d.get("group") else _("nobody")

    @property
    def role(self) -> str:
        """Return a role on its row in words: "Accountable for Production go-live"."""
        if self.d.get("row") == "workflow":
            return _("workflow owner")
        row, role = self.d.get("row", ""), self.d.get("role", "")
        words = {
            "role": Role(role).label if role in Role.values else _("a role"),
            "row": Row(row).label if row in Row.values else _("the matrix"),
        }
        return _("%(role)s for %(row)s") % words

    @property
    def kind(self) -> str:
        """Return what a decision is about."""
        return choice("decisions", "kind", self.d.get("kind"), _("the decision"))

    @property
    def function(self) -> str:
        """Return a function in words."""
        return str(functions.label(self.d.get("function", ""))) or _("the function")

    @property
    def control(self) -> str:
        """Return a control in words."""
        found = current().controls.get(self.d.get("ref", ""))
        return found.title if found else _("control %(ref)s") % {"ref": self.d.get("ref", "")}

    def stage(self, key: str) -> str:
        """Return a stage in words."""
        value = self.d.get(key, "")
        return str(Stage(value).label) if value in Stage.values else _("another stage")

    def day(self, key: str) -> str:
        """Return the day or the moment under `key` in words."""
        value = self.d.get(key)
        if not value:
            return _("a day not recorded")
        return moment(date.fromisoformat(value)) if len(value) == 10 else moment(datetime.fromisoformat(value))

    def number(self, key: str) -> str:
        """Return a number as readers write it."""
        try:
            return plain(Decimal(str(self.d.get(key)))) or "–"
        except InvalidOperation:
            return "–"

    def amount(self, key: str) -> str:
        """Return an amount of money with its currency."""
        try:
            return money(Decimal(str(self.d.get(key))), self.d.get("currency", ""))
        except InvalidOperation:
            return _("an amount")

    def said(self, *keys: str) -> str:
        """Return the words under these keys, one after the other."""
        return " ".join(str(self.t[key]).strip() for key in keys if self.t.get(key))


def choice(relation: str, name: str, value: Any, unknown: str) -> str:
    """Return what the model behind a relation of the initiative calls one of its choices."""
    choices = dict(Initiative._meta.get_field(relation).related_model._meta.get_field(name).flatchoices)
    return str(choices.get(value, unknown))


def label(relation: str | type | None, name: str) -> str:
    """Return what pages call a field: of the initiative, of the model behind a relation, or of a model."""
    if isinstance(relation, str):
        relation = Initiative._meta.get_field(relation).related_model
    try:
        return str((relation or Initiative)._meta.get_field(name).verbose_name)  # type: ignore[attr-defined]
    except (LookupError, AttributeError):  # an own column, or what only other rows hold
        return name.removeprefix("own_").replace("_", " ")


def labels(relation: str | type | None, told: Told, key: str = "fields") -> str:
    """Return what pages call the fields named under `key`, as a list in a sentence; own columns as they were called then."""
    titles = told.t.get("titles") or {}
    return ", ".join(titles.get(name) or mid_sentence(label(relation, name)) for name in told.d.get(key, ()))


def changes(relation: str | type | None, told: Told) -> str:
    """Return from → to for each field that changed."""
    before, after, titles = (told.t.get(key) or {} for key in ("before", "after", "titles"))
    lines = []
    for name in sorted({*before, *after}):
        old, new = short(before.get(name)), short(after.get(name))
        said = titles.get(name) or label(relation, name)
        lines.append(_("%(field)s: %(old)s → %(new)s") % {"field": said[:1].upper() + said[1:], "old": old, "new": new})
    return " · ".join(lines)


def short(value: Any) -> str:
    """Return a value short enough for one line."""
    return "–" if value in (None, "") else shortened(str(value), 120)
