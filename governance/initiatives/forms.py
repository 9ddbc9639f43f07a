"""What people write about an initiative. Whether they may is the domain's question, not a form's."""

from copy import copy
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import policy
from governance.core.forms import Day, Form, ModelForm
from governance.initiatives import tags, technical
from governance.initiatives.actions import AMENDABLE
from governance.initiatives.forms_own import field_for, written
from governance.initiatives.models import Initiative
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people import functions
from governance.people.choosing import PersonField
from governance.people.functions import Function
from governance.people.models import Unit

# The matrix


class Offer(Form):
    """Naming an Accountable or an Escalation owner."""

    def __init__(self, *args: Any, may_waive: bool = False, suggested=(), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["person"] = PersonField(label=_("Person"), suggested=suggested)
        if may_waive:
            self.fields["grade_waived_because"] = forms.CharField(
                label=_("Why the grade does not matter here"),
                required=False,
                max_length=300,
                help_text=_(
                    "At tiers 0 and 1 the Portfolio office may name somebody below VP, with a reason that stays on the record."
                ),
            )


class Assign(Form):
    """Putting a person or a group into R, C or I."""

    def __init__(self, *args: Any, suggested=(), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["person"] = PersonField(label=_("Person"), required=False, suggested=suggested)
        groups = [(g.pk, str(functions.label(g.name))) for g in Group.objects.order_by("name")]
        self.fields["group"] = forms.TypedChoiceField(
            label=_("Group"),
            help_text=_("Instead of a person."),
            required=False,
            coerce=int,
            empty_value=None,
            choices=[("", _("Choose a group")), *sorted(groups, key=lambda pair: pair[1])],
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.errors and bool(values.get("person")) == bool(values.get("group")):
            self.add_error("person", _("Choose a person or a group, one of the two."))
        return values

    @property
    def holder(self):
        """Return the person or the group chosen."""
        return self.cleaned_data["person"] or Group.objects.get(pk=self.cleaned_data["group"])


class WorkflowOwner(Form):
    """Naming who answers for how the workflow behaves."""

    def __init__(self, *args: Any, suggested=(), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["person"] = PersonField(
            label=_("Workflow owner"),
            required=False,
            suggested=suggested,
            help_text=_("Leave it empty to name nobody."),
        )


class Because(Form):
    """One reason."""

    because = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why. It is read by whoever is concerned.")},
    )

    def __init__(self, *args: Any, label: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        if label:
            self.fields["because"].label = label


# What an initiative says


class Writing(ModelForm):
    """A model's form that validates on a copy: the row at hand stays as the database has it, and the domain saves."""

    def __init__(self, *args: Any, **kwargs: Any):
        if kwargs.get("instance") is not None:
            kwargs["instance"] = copy(kwargs["instance"])
        super().__init__(*args, **kwargs)
        self.initial = {name: _written(value) for name, value in self.initial.items()}


def _written(value: Any) -> Any:
    """Return a number as one would write it into a field: 84000, not 84000.00; everything else as it is."""
    if not isinstance(value, Decimal):
        return value
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


#: The form in sections: heading, and the fields under it.
SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        gettext_lazy("What it is"),
        ("name", "purpose", "not_for", "known_limits", "how_to_get", "today", "could_go_wrong", "tags"),
    ),
    (gettext_lazy("What it may do"), ("capability", "tools", "exposure", "vendor")),
    (gettext_lazy("If it makes a bad call"), ("breaks", "rollback_how", "rollback_minutes", "fallback")),
    (gettext_lazy("Where it belongs"), ("unit", "receiving_unit", "building_unit")),
    (gettext_lazy("The pilot and its gate"), ("scope_who", "scope_people", "scope_limit", "scope_until", "gate_on")),
)

_HELP = {
    "purpose": gettext_lazy("One or two sentences that somebody outside the team understands."),
    "not_for": gettext_lazy("What people must not use it for."),
    "known_limits": gettext_lazy("Where it is known to be wrong or weak."),
    "how_to_get": gettext_lazy("Where to ask, or what to open. An address becomes a link."),
    "tools": gettext_lazy("One a line: what it can call, such as billing.refund."),
    "breaks": gettext_lazy("It reads on in the bad-call line: “… refunds up to €50 go out wrongly …”."),
    "rollback_how": gettext_lazy("What somebody does to get back to the way it was."),
    "fallback": gettext_lazy("Everybody reads this the moment it is stopped."),
    "receiving_unit": gettext_lazy("Its leader is the one to be business owner. Empty means the unit above."),
    "building_unit": gettext_lazy("Nobody from its line is business owner."),
    "tags": gettext_lazy("Short words by which people find what belongs together, with spaces between."),
    "scope_limit": gettext_lazy("For example: 200 cases a week, refunds up to €50."),
    "scope_until": gettext_lazy("At most 90 days after the pilot go."),
    "gate_on": gettext_lazy("The day on which the business owner is to decide about production money."),
}


class Amend(Writing):
    """Everything an initiative says; fields that an open gate locks are left out."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Initiative
        fields = AMENDABLE
        field_classes = {"scope_until": Day, "gate_on": Day}
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in (
                "purpose",
                "not_for",
                "known_limits",
                "how_to_get",
                "today",
                "could_go_wrong",
                "tools",
                "fallback",
            )
        } | {
            "capability": forms.RadioSelect,
            "exposure": forms.RadioSelect,
            "tags": forms.TextInput,
        }
        help_texts = _HELP

    def __init__(self, *args: Any, locked=(), own: dict[Any, Any] | None = None, **kwargs: Any):
        """`own` is what it says in own columns now, as `own.standing` returns it."""
        super().__init__(*args, **kwargs)
        self.own = own or {}
        for column, standing in self.own.items():
            self.fields[column.name], self.initial[column.name] = field_for(column, standing), written(standing)
        units = [(u.pk, u.name) for u in Unit.objects.active().order_by("name")]
        for name in ("unit", "receiving_unit", "building_unit"):
            self.fields[name].choices = [("", _("Not known")), *units]  # type: ignore[attr-defined]
        for name, unknown in (("capability", _("Not known yet")), ("exposure", _("Not known yet"))):
            choices = [choice for choice in self.fields[name].choices if choice[0]]  # type: ignore[attr-defined]
            self.fields[name].choices = [*choices, ("", unknown)]  # type: ignore[attr-defined]
        self.fields["version"].initial = self.instance.version
        self.initial["tags"] = self.instance.tags.strip()
        for name in locked:
            self.fields.pop(name, None)

    def clean_name(self) -> str:
        """Return the name without spaces at its ends; empty is refused by the field."""
        return self.cleaned_data["name"].strip()

    def clean_tags(self) -> str:
        """Return the tags as they are kept. Raises ValidationError for what is none."""
        return tags.keep(tags.read(self.cleaned_data["tags"]))

    def values(self) -> dict[str, Any]:
        """Return what to amend: every field that is on the form."""
        return {name: self.cleaned_data[name] for name in AMENDABLE if name in self.fields}

    def own_values(self) -> dict[Any, Any]:
        """Return what to say in own columns."""
        return {column: self.cleaned_data[column.name] for column in self.own}

    @cached_property
    def sections(self) -> list[tuple[Any, list]]:
        """Return the sections with their fields, those left out missing; own columns stand last."""
        theirs = (_("Own columns"), [column.name for column in self.own])
        return [(title, [self[n] for n in names if n in self.fields]) for title, names in (*SECTIONS, theirs)]


class Tier(Form):
    """How much harm a mistake can do."""

    reason = forms.CharField(
        label=gettext_lazy("Why this one"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, with_reason: bool = True, **kwargs: Any):
        super().__init__(*args, **kwargs)
        tiers = policy.current().tiers.values()
        choices = [(str(t.tier), _("Tier %(tier)s: %(harm)s") % {"tier": t.tier, "harm": t.harm}) for t in tiers]
        field = forms.TypedChoiceField(
            label=_("What is the worst a mistake can do?"),
            choices=choices,
            coerce=int,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose the worst that a mistake can do.")},
        )
        self.fields = {"tier": field, **(self.fields if with_reason else {})}


# Outcome, figures, budget, controls


class OutcomeForm(Writing):
    """The primary outcome, in business terms."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    better = forms.TypedChoiceField(
        label=gettext_lazy("Which way is better"),
        coerce=lambda value: value == "lower",
        widget=forms.RadioSelect,
        choices=[("lower", gettext_lazy("Lower is better")), ("higher", gettext_lazy("Higher is better"))],
    )

    class Meta:
        model = Outcome
        fields = (
            "metric",
            "kind",
            "unit",
            "baseline",
            "baseline_kind",
            "baseline_source",
            "baseline_on",
            "target",
            "threshold",
        )
        field_classes = {"baseline_on": Day}
        widgets = {"kind": forms.RadioSelect, "baseline_kind": forms.RadioSelect}
        help_texts = {
            "metric": gettext_lazy(
                "A business figure: cost per refund, days to pay a claim, complaints per 1,000 calls."
            ),
            "unit": gettext_lazy("What one number means: € per refund, hours, %."),
            "threshold": gettext_lazy(
                "What the pilot has to reach. It counts for what is measured after the day you set it."
            ),
            "target": gettext_lazy("Where it should end up in production."),
            "baseline_source": gettext_lazy("Where somebody else can look it up."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        there = self.instance.pk is not None
        self.fields["version"].initial = self.instance.version if there else 0
        self.fields["better"].initial = "lower" if self.instance.lower_is_better else "higher"
        for name in ("kind", "baseline_kind"):
            self.fields[name].choices = [choice for choice in self.fields[name].choices if choice[0]]  # type: ignore[attr-defined]
        self.order_fields(
            [
                "metric",
                "kind",
                "unit",
                "better",
                "baseline",
                "baseline_kind",
                "baseline_source",
                "baseline_on",
                "target",
                "threshold",
                "version",
            ]
        )

    def clean_metric(self) -> str:
        """Return the metric. Raises ValidationError for a technical one, which is the CTO's task to translate."""
        metric = self.cleaned_data["metric"].strip()
        if word := technical.found_in(metric):
            raise ValidationError(technical.refusal(metric, word))
        return metric

    def clean_unit(self) -> str:
        """Return the unit. Raises ValidationError for one that counts use."""
        unit = self.cleaned_data["unit"].strip()
        if word := technical.found_in(unit):
            raise ValidationError(technical.refusal(unit, word))
        return unit

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("baseline") is not None and not values.get("baseline_kind"):
            self.add_error(
                "baseline_kind", _("Say whether the number before AI was measured or reconstructed afterwards.")
            )
        better, start, threshold = values.get("better"), values.get("baseline"), values.get("threshold")
        if (
            better is not None
            and start is not None
            and threshold is not None
            and start != threshold
            and (threshold > start) is better
        ):
            way = _("lower") if better else _("higher")
            self.add_error(
                "threshold",
                _(
                    "The threshold is %(threshold)s and before AI it was %(start)s, but %(way)s is better. Turn one of them round."
                )
                % {"threshold": threshold, "start": start, "way": way},
            )
        return values

    def values(self) -> dict[str, Any]:
        """Return what to set on the outcome."""
        return {
            **{name: self.cleaned_data[name] for name in self.Meta.fields},
            "lower_is_better": self.cleaned_data["better"],
        }


class Figure(Writing):
    """One figure of the primary outcome."""

    class Meta:
        model = Measurement
        fields = ("value", "starts_on", "ends_on", "cases", "source")
        field_classes = {"starts_on": Day, "ends_on": Day}
        help_texts = {
            "source": gettext_lazy("Where somebody else can look it up."),
            "cases": gettext_lazy("On how many cases the figure rests."),
        }

    def __init__(self, *args: Any, at=None, **kwargs: Any):
        self.at = at
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        start, end = values.get("starts_on"), values.get("ends_on")
        if start and end and end < start:
            self.add_error(
                "ends_on",
                _("The last day measured is %(end)s, before the first, %(start)s.") % {"end": end, "start": start},
            )
        elif end and self.at is not None and end > self.at.date():
            self.add_error("ends_on", _("The last day measured is %(end)s, which has not come yet.") % {"end": end})
        return values


class AskBudget(Writing):
    """What production costs."""

    class Meta:
        model = Budget
        fields = ("asked", "currency", "months", "pays_for", "licence")
        labels = {"asked": gettext_lazy("Amount for the whole period")}
        help_texts = {
            "asked": gettext_lazy("0 is an answer where a licence covers it; name the licence."),
            "months": gettext_lazy("For how many months of production."),
            "licence": gettext_lazy("Only where the amount is 0."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        currencies = policy.current().limits["currencies"]
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"), choices=[(c, c) for c in currencies], initial=currencies[0]
        )
        self.order_fields(["asked", "currency", "months", "pays_for", "licence"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("asked") == 0 and not values.get("licence"):
            self.add_error("licence", _("The amount is 0. Name the licence that covers it."))
        return values


class ApproveBudget(Writing):
    """Finance's approval."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Budget
        fields = ("approved", "cost_centre", "reference")
        help_texts = {
            "cost_centre": gettext_lazy("The department that carries it."),
            "reference": gettext_lazy("Where the approval is filed: a purchase request, a minute."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version
        self.fields["approved"].label = _("Amount approved, in %(currency)s") % {"currency": self.instance.currency}
        if self.initial.get("approved") is None:
            self.initial["approved"] = _written(self.instance.asked)
        for name in self.Meta.fields:
            self.fields[name].required = True


class Supply(Form):
    """How a control is met."""

    note = forms.CharField(
        label=gettext_lazy("How it is met, and where the evidence is"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Say how it is met, and where somebody can look.")},
    )
    effective_on = Day(
        label=gettext_lazy("Evidence is from"),
        help_text=gettext_lazy("The day the evidence was made, not the day you upload it."),
    )

    def __init__(self, *args: Any, at=None, **kwargs: Any):
        self.at = at
        super().__init__(*args, **kwargs)

    def clean_effective_on(self):
        """Return the day. Raises ValidationError for one that has not come."""
        day = self.cleaned_data["effective_on"]
        if self.at is not None and day > self.at.date():
            raise ValidationError(_("Evidence is from %(day)s, which has not come yet.") % {"day": day})
        return day


class Waive(Form):
    """Setting a control aside until a day."""

    until = Day(label=gettext_lazy("Set aside until"))
    because = forms.CharField(
        label=gettext_lazy("Why it can wait"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, at=None, **kwargs: Any):
        self.at = at
        super().__init__(*args, **kwargs)

    def clean_until(self):
        """Return the day. Raises ValidationError for one that is past or more than a year ahead."""
        day = self.cleaned_data["until"]
        if self.at is not None and not 0 < (day - self.at.date()).days <= 366:
            raise ValidationError(
                _("Set aside until %(day)s. Choose a day from tomorrow on, at most a year ahead.") % {"day": day}
            )
        return day


# Beginning one

#: The four answers to "what is the worst a mistake can do", each with the tier it suggests. The last is the cautious one.
HARMS = (
    ("0", gettext_lazy("A colleague loses some time")),
    ("1", gettext_lazy("A customer reads something wrong")),
    ("2", gettext_lazy("A record or some money changes, and can be changed back")),
    ("4", gettext_lazy("It reaches many people or running systems at once, breaks a law, or cannot be taken back")),
)


class WhatWork(Form):
    """Page 1: the work that would improve."""

    purpose = forms.CharField(
        label=gettext_lazy("What work would improve?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Say it as you would to a colleague. No model, vendor or budget is asked."),
    )
    name = forms.CharField(label=gettext_lazy("A short name for it"), max_length=200)


class WhoToday(Form):
    """Page 2: who does it today, and where."""

    today = forms.CharField(
        label=gettext_lazy("Who does it today, and how often?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("For example: eight people on the refund desk, about 40 an hour."),
    )

    def __init__(self, *args: Any, person=None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["unit"] = unit_field(_("Which unit is it for?"), person)


class WhatHarm(Form):
    """Page 3: what could go wrong."""

    tier_proposed = forms.TypedChoiceField(
        label=gettext_lazy("What could go wrong?"),
        choices=HARMS,
        coerce=int,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The worst of them that could really happen. Somebody else confirms it later."),
        error_messages={"required": gettext_lazy("Choose the worst that could really happen.")},
    )
    could_go_wrong = forms.CharField(
        label=gettext_lazy("In your own words"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Found(Form):
    """AI found in use: four questions, nobody is blamed."""

    name = forms.CharField(
        label=gettext_lazy("What is it?"), max_length=200, help_text=gettext_lazy("Its name, or what people call it.")
    )
    today = forms.CharField(
        label=gettext_lazy("Who uses it, and for what?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A team is enough. No names are needed."),
    )
    could_go_wrong = forms.CharField(
        label=gettext_lazy("What could go wrong with it?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, person=None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["unit"] = unit_field(_("Which unit uses it?"), person)

    def values(self) -> dict[str, Any]:
        """Return what is registered: what it is used for is its purpose until somebody says it better."""
        values = dict(self.cleaned_data)
        return {**values, "purpose": values["today"]}


def unit_field(label: str, person) -> forms.TypedChoiceField:
    """Return a field for one active unit, the person's own chosen already. One query."""
    units = {unit.pk: unit for unit in Unit.objects.active().order_by("name")}
    return forms.TypedChoiceField(
        label=label,
        coerce=lambda pk: units[int(pk)],
        empty_value=None,
        choices=[("", _("Choose a unit")), *((pk, unit.name) for pk, unit in units.items())],
        initial=person.unit_id if person is not None and person.unit_id in units else None,
    )


def may_waive(person, initiative) -> bool:
    """Return whether `person` may waive a grade here: the Portfolio office, at tiers 0 and 1."""
    tier = initiative.tier if initiative.tier is not None else 9
    return tier <= 1 and functions.has(person, Function.PORTFOLIO)


def shown_value(field: forms.Field, value: Any) -> str:
    """Return a field's value as a reader sees it: a choice in its words, a unit by its name, a dash for nothing."""
    if value in (None, ""):
        return "–"
    if isinstance(value, Unit):
        return value.name
    choices = dict(getattr(field, "choices", ()) or ()) if not isinstance(field, forms.ModelChoiceField) else {}
    return str(choices.get(value, value))
