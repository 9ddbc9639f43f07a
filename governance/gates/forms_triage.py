"""What somebody found out about one in the queue: only what is missing is asked, and nothing has to be answered."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext as _

from governance.core.forms import Form
from governance.gates.forms import MEANS
from governance.initiatives.lifecycle import Stage
from governance.people.choosing import PersonField
from governance.people.models import Unit

#: Who would be called first: the leader of its unit, somebody else, or nobody.
LEADER, OTHER, NOBODY = "leader", "other", "nobody"


class FoundOut(Form):
    """What is missing of one initiative. `asks` names it: name, unit, stage, called; `stages` are those it may stand at."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, asks, stages=(), leader=None, leads: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.asks, self.leader = set(asks), leader
        if "stage" in self.asks:
            self._ask_stage(stages)
        if "name" in self.asks:
            self.fields["name"] = forms.CharField(label=_("A short name for it"), required=False, max_length=200)
        if "unit" in self.asks:
            self._ask_unit()
        if "called" in self.asks:
            self._ask_who(leads)

    def _ask_stage(self, stages) -> None:
        choices = [(s, format_html("{} <small>{}</small>", Stage(s).label, MEANS[s])) for s in stages]
        self.fields["to"] = forms.ChoiceField(
            label=_("Where does it stand?"), required=False, choices=choices, widget=forms.RadioSelect
        )
        self.fields["source"] = forms.CharField(
            label=_("How you know"),
            required=False,
            max_length=300,
            help_text=_("A person, a document or a system. It stays in the history."),
        )

    def _ask_unit(self) -> None:
        units = [(unit.pk, unit.name) for unit in Unit.objects.active().order_by("name", "pk")]
        self.fields["unit"] = forms.TypedChoiceField(
            label=_("Which unit is it for?"),
            required=False,
            coerce=int,
            empty_value=None,
            choices=[("", _("Not known")), *units],
        )

    def _ask_who(self, leads: str) -> None:
        who = [(LEADER, format_html("{} <small>{}</small>", self.leader.name, leads))] if self.leader else []
        other = _("Somebody else, named below") if self.leader else _("Somebody, named below")
        self.fields["who"] = forms.ChoiceField(
            label=_("Who would be called first if it gave a bad answer?"),
            required=False,
            widget=forms.RadioSelect,
            choices=[*who, (OTHER, other), (NOBODY, _("Nobody known"))],
        )
        suggested = [self.leader] if self.leader else []
        self.fields["person"] = PersonField(
            label=_("Their name"),
            required=False,
            suggested=suggested,
            help_text=_("They are asked to own it, and do so only once they accept."),
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        if values.get("to") and not values.get("source", "").strip():
            self.add_error("source", _("Say how you know where it stands."))
        if values.get("source", "").strip() and not values.get("to"):
            self.add_error("to", _("Choose where it stands."))
        if values.get("who") == OTHER and values.get("person") is None:
            self.add_error("person", _("Choose the person who would be called."))
        elif values.get("who") in (LEADER, NOBODY) and values.get("person") is not None:
            self.add_error(
                "person",
                _("Choose one answer: “%(name)s” is named as somebody else.") % {"name": values["person"].name},
            )
        if not self.errors and not any(values.get(name) for name in self.fields if name != "version"):
            raise ValidationError(_("Nothing is filled in. Say what you found out, or leave it and go to the next."))
        return values

    def found(self) -> dict[str, Any]:
        """Return what to settle, as `triage.settle` takes it. One query where a unit was chosen."""
        values = self.cleaned_data
        words: dict[str, Any] = {}
        if name := values.get("name", "").strip():
            words["name"] = name
        if values.get("unit"):
            words["unit"] = Unit.objects.get(pk=values["unit"])
        who = values.get("who") or (OTHER if values.get("person") else "")
        return {
            "words": words,
            "to": values.get("to", ""),
            "source": values.get("source", "").strip(),
            "called": {LEADER: self.leader, OTHER: values.get("person")}.get(who),
            "nobody": who == NOBODY,
            "seen_version": values["version"],
        }
