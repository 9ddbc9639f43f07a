"""What people write about people and units. Whether they may is the domain's question, not a form's."""

import re
from collections.abc import Iterable
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import policy
from governance.core.forms import Day, Form, ModelForm, came
from governance.people import actions, calendars, holidays, units
from governance.people.choosing import PersonField
from governance.people.functions import Function
from governance.people.models import Person, Unit, address

#: How long a password may be; longer text would only be hashed for nothing.
LONGEST = 4096
#: So many days off one unit may list: thirty years of them.
MOST_HOLIDAYS = 600
WEEKDAYS = (
    ("0", gettext_lazy("Monday")),
    ("1", gettext_lazy("Tuesday")),
    ("2", gettext_lazy("Wednesday")),
    ("3", gettext_lazy("Thursday")),
    ("4", gettext_lazy("Friday")),
    ("5", gettext_lazy("Saturday")),
    ("6", gettext_lazy("Sunday")),
)


# Fields


class Line(forms.CharField):
    """One line of text: line breaks and runs of spaces become one space, control characters go."""

    def to_python(self, value: Any) -> str:
        """Return the line."""
        text = "".join(c if c.isprintable() else " " for c in super().to_python(value))
        return " ".join(text.split())


class Phone(Line):
    """A phone number as people write it; stop pages turn it into a link that calls."""

    def clean(self, value: Any) -> str:
        """Return the number. Raises ValidationError for anything that cannot be called."""
        text = super().clean(value)
        if text and not re.fullmatch(r"\+?[0-9][0-9 ()./-]{3,}( ?(x|ext\.?) ?[0-9]{1,6})?", text):
            raise ValidationError(
                _("%(label)s is “%(came)s”. Enter a number that can be called, for example +44 20 7946 0101.")
                % {"label": self.label, "came": came(text)}
            )
        return text


def zones() -> tuple[str, ...]:
    """Return the time zones people can choose: a place in each, and UTC."""
    return tuple(
        sorted(
            name
            for name in available_timezones()
            if name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
        )
    )


class ZoneInput(forms.TextInput):
    """A time zone, typed, with every place there is as the browser's suggestions."""

    template_name = "people/_zone.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        context["widget"]["zones"] = zones()
        return context


class Zone(forms.CharField):
    """A time zone by its place, such as Europe/Berlin; how it is written does not matter, and the place alone is enough."""

    widget = ZoneInput

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=60, **kwargs)

    def clean(self, value: Any) -> str:
        """Return the zone's name as it is spelled. Raises ValidationError saying what could be meant."""
        text = super().clean(value)
        wanted = text.strip().replace(" ", "_").casefold()
        if not wanted:
            return ""
        spelled = {name.casefold(): name for name in zones()}
        if wanted in spelled:
            return spelled[wanted]
        near = [name for key, name in spelled.items() if key.rpartition("/")[2] == wanted] or [
            name for key, name in spelled.items() if wanted in key
        ]
        if len(near) == 1:
            return near[0]
        said = {"label": self.label, "came": came(text), "near": ", ".join(near[:3])}
        if near:
            raise ValidationError(_("%(label)s is “%(came)s”, which could be %(near)s. Enter one of them.") % said)
        raise ValidationError(
            _("%(label)s is “%(came)s”, which is no time zone known here. Enter one such as Europe/Berlin.") % said
        )


class Holidays(forms.CharField):
    """Days nobody works: one a line with what it is called, or the text of a calendar file."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return the dates one a line; what was typed stays as it was typed."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Return the days as they are kept, each once, in order. Raises ValidationError naming each line that is none."""
        days, lines = holidays.read(super().clean(value))
        wrong = [
            _("%(label)s, line %(number)s, is “%(came)s”. Enter a date, for example 2026-12-25.")
            % {"label": self.label, "number": number, "came": came(line)}
            for number, line in lines
        ]
        if len(days) > MOST_HOLIDAYS:
            wrong.append(
                _("%(label)s has %(has)s days and may have %(most)s. Leave out those that are over.")
                % {"label": self.label, "has": len(days), "most": MOST_HOLIDAYS}
            )
        if wrong:
            raise ValidationError(wrong[:5])
        return days


class Weekdays(forms.MultipleChoiceField):
    """The days people work, kept as digits; none chosen means those of the unit above."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any):
        super().__init__(choices=WEEKDAYS, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return the digits one by one."""
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        """Return the digits in order."""
        return "".join(sorted(set(super().clean(value))))


class TimeOfDay(forms.TimeField):
    """A time of day, 17:00."""

    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")

    def to_python(self, value: Any) -> time | None:
        """Return the time. Raises ValidationError saying what came."""
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(
                _("%(label)s is “%(came)s”. Enter a time of day, for example 17:00.")
                % {"label": self.label, "came": came(value)}
            ) from None


def unit_choices(*also: Unit | None) -> list[tuple[Any, str]]:
    """Return the units that exist, and `also`, as a list shows them: "Northwind / Support". One query."""
    rows = {u.pk: u for u in Unit.objects.order_by("name", "pk")}
    for unit in rows.values():
        if unit.parent_id:
            unit.parent = rows[unit.parent_id]
    kept = {u.pk for u in also if u is not None}
    named = [
        (u.pk, " / ".join(above.name for above in reversed(units.line(u))))
        for u in rows.values()
        if u.is_active or u.pk in kept
    ]
    return sorted(named, key=lambda pair: pair[1].casefold())


class UnitField(forms.TypedChoiceField):
    """One unit, or none; comes out as a Unit. One query to list them, one for the unit chosen."""

    def __init__(self, *, also: Iterable[Unit | None] = (), none: str, **kwargs: Any):
        super().__init__(coerce=int, empty_value=None, choices=[("", none), *unit_choices(*also)], **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return what the control shows for a unit."""
        return value.pk if isinstance(value, Unit) else value

    def clean(self, value: Any) -> Unit | None:
        """Return the unit."""
        pk = super().clean(value)
        return None if pk is None else Unit.objects.select_related("parent", "leader").get(pk=pk)


def said(field: forms.Field, value: Any) -> str:
    """Return a field's value as a reader sees it: a choice in its words, a unit or a person by name, a dash for nothing."""
    if isinstance(value, Unit | Person):
        return value.name
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, Weekdays):
        return ", ".join(str(label) for digit, label in WEEKDAYS if digit in value) or "–"
    if isinstance(value, list):
        return ", ".join(value) or "–"
    if value in (None, ""):
        return "–"
    return str(dict(getattr(field, "choices", ())).get(value, value))


# People


class PersonForm(ModelForm):
    """Everything an administrator sets on a person; what `of` may not set on themselves is left out."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    name = Line(label=gettext_lazy("Name"), max_length=200)
    title = Line(
        label=gettext_lazy("Title"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As it stands under a signature: VP Support."),
    )
    job_family = Line(
        label=gettext_lazy("Job family"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"list": "job-families"}),
    )
    phone = Phone(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Shown where somebody has to be called: on stop pages and on their own page."),
    )
    time_zone = Zone(label=gettext_lazy("Time zone"), required=False)
    spend_limit = forms.DecimalField(
        label=gettext_lazy("Spend limit"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        help_text=gettext_lazy("How much they may spend in their own right. Empty counts as 0."),
    )
    is_functional_lead = forms.BooleanField(label=gettext_lazy("Listed functional lead"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Person
        fields = ("email", "name", "title", "phone", "time_zone", "spend_limit", "is_functional_lead")

    #: The form in sections: heading, and the fields under it.
    SECTIONS = (
        (gettext_lazy("Who it is"), ("name", "email", "title", "phone")),
        (
            gettext_lazy("Where they stand"),
            ("unit", "manager", "grade", "job_family", "is_functional_lead", "spend_limit"),
        ),
        (gettext_lazy("How they read"), ("time_zone", "language")),
    )

    def __init__(self, *args: Any, by: Person, company_zone: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        person, rules = self.instance, policy.current()
        words = rules.people["grade_words"]
        grades = [(grade, words.get(grade, grade)) for grade in rules.people["grades"]]
        if person.grade and person.grade not in dict(grades):
            grades.append((person.grade, person.grade))
        self.fields["grade"] = forms.ChoiceField(
            label=_("Grade"),
            required=False,
            choices=[("", _("Not known")), *grades],
            help_text=_("From %(line)s up somebody can be business owner. A grade that is not known counts as below.")
            % {"line": rules.grade_word(rules.people["vp_line"])},
        )
        self.fields["unit"] = UnitField(label=_("Unit"), required=False, also=[person.unit], none=_("No unit"))
        self.fields["manager"] = PersonField(label=_("Manager"), required=False, also=[person.manager])
        self.fields["time_zone"].help_text = _("Empty means the company’s, %(zone)s.") % {"zone": company_zone}
        refused = ", ".join(rules.people["refused_job_families"])
        self.fields["job_family"].help_text = _(
            "For example operations, finance, engineering. Whoever is in %(refused)s cannot be business owner."
        ) % {"refused": refused}
        self.fields["is_functional_lead"].help_text = _(
            "In a company of up to %(n)s people, counts like the grade of a business owner."
        ) % {"n": rules.people["small_company"]}
        _add_language(self)
        for name in ("grade", "unit", "manager"):
            self.initial.setdefault(name, getattr(person, name))
        self.initial["job_family"] = person.job_family
        self.initial["version"] = person.version
        if person.pk and person.pk == by.pk:
            for name in actions.NOT_ONES_OWN:
                del self.fields[name]
        self.order_fields(name for _title, names in self.SECTIONS for name in names)

    @cached_property
    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the form's fields under their headings, as the page shows them."""
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in self.SECTIONS]

    @cached_property
    def job_families(self) -> list[str]:
        """Return the families that are in use, for the browser to suggest. One query."""
        rules = policy.current().people
        used = Person.objects.exclude(job_family="").order_by().values_list("job_family", flat=True).distinct()
        return sorted({*used[:200], *rules["refused_job_families"], *rules["engineering_job_families"]})

    def clean_email(self) -> str:
        """Return the address as it is kept. Raises ValidationError naming who has it, also when they left."""
        email = address(self.cleaned_data["email"])
        other = Person.objects.filter(email=email).exclude(pk=self.instance.pk).first()
        if other is not None:
            said = {"email": email, "name": other.name, "day": other.left_on}
            words = (
                _("%(email)s is the address of %(name)s already.")
                if other.is_active
                else _(
                    "%(email)s is the address of %(name)s, who left on %(day)s. Addresses stay taken; bring them back on their page."
                )
            )
            raise ValidationError(words % said)
        return email

    def clean_job_family(self) -> str:
        """Return the family as the policy spells it: "Data Science" is data-science."""
        return slugify(self.cleaned_data["job_family"])[:60]

    def clean_spend_limit(self) -> Any:
        """Return the limit; empty is 0."""
        return self.cleaned_data["spend_limit"] or 0

    def values(self) -> dict[str, Any]:
        """Return what the domain takes."""
        return {name: self.cleaned_data[name] for name in actions.ADMINISTERED if name in self.cleaned_data}


def _add_language(form: forms.BaseForm) -> None:
    """Add the language where there is more than one to choose."""
    if len(settings.LANGUAGES) > 1:
        form.fields["language"] = forms.ChoiceField(
            label=_("Language"), required=False, choices=[("", _("The company’s")), *settings.LANGUAGES]
        )


class Mine(ModelForm):
    """What people set on themselves."""

    phone = Phone(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Shown where somebody has to call you: on stop pages and on your own page."),
    )
    time_zone = Zone(label=gettext_lazy("Time zone"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Person
        fields = ("phone", "time_zone")

    def __init__(self, *args: Any, company_zone: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].help_text = _(
            "Every time on every page is shown in it. Empty means the company’s, %(zone)s."
        ) % {"zone": company_zone}
        self.initial["version"] = self.instance.version
        _add_language(self)
        self.initial["language"] = self.instance.language

    def values(self) -> dict[str, Any]:
        """Return what the domain takes."""
        return {name: self.cleaned_data[name] for name in actions.OWN if name in self.cleaned_data}


class Leave(Form):
    """The day somebody works for the last time."""

    left_on = Day(label=gettext_lazy("Last day"))


class DeputyForm(Form):
    """Who stands in, from when to when."""

    starts_on = Day(label=gettext_lazy("From"))
    ends_on = Day(
        label=gettext_lazy("Until"), help_text=gettext_lazy("The last whole day, in the zone of whoever is away.")
    )

    field_order = ("deputy", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["deputy"] = PersonField(label=_("Deputy"))
        self.order_fields(self.field_order)


class Give(Form):
    """Somebody for a function."""

    function = forms.ChoiceField(choices=Function.choices, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["person"] = PersonField(label=_("Person"))


# Units


class UnitForm(ModelForm):
    """A unit: where it stands, who leads it, when it works."""

    name = Line(label=gettext_lazy("Name"), max_length=200)
    is_active = forms.BooleanField(
        label=gettext_lazy("It exists in the organisation"),
        required=False,
        help_text=gettext_lazy(
            "Take the tick away to retire it. It stays on the record, and nobody can be put into it."
        ),
    )
    time_zone = Zone(label=gettext_lazy("Time zone"), required=False)
    working_days = Weekdays(label=gettext_lazy("Working days"), required=False)
    holidays = Holidays(
        label=gettext_lazy("Holidays"),
        required=False,
        max_length=20_000,
        help_text=gettext_lazy("One day a line, such as 2026-12-25 Christmas Day. Those of the units above count too."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    class Meta:
        model = Unit
        fields = ("name", "is_active", "time_zone", "working_days", "holidays")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        unit = self.instance
        self.initial["seen"] = actions.unit_digest(unit) if unit.pk else ""
        self.fields["parent"] = UnitField(
            label=_("Part of"), required=False, also=[unit.parent], none=_("Nothing: it stands at the top")
        )
        self.fields["leader"] = PersonField(
            label=_("Leader"),
            required=False,
            also=[unit.leader],
            help_text=_("Whoever leads a unit can be business owner of what the unit and those below it use."),
        )
        self.fields["closes_at"] = TimeOfDay(label=_("The day ends at"), required=False)
        for name in ("parent", "leader", "closes_at"):
            self.initial.setdefault(name, getattr(unit, name))
        above = calendars.of(unit.parent)
        self.fields["time_zone"].help_text = _("Empty means that of the unit above, now %(zone)s.") % {
            "zone": above.zone
        }
        self.fields["working_days"].help_text = _("No tick at all means those of the unit above.")
        self.fields["closes_at"].help_text = _(
            "A deadline ends then. Empty means that of the unit above, now %(time)s."
        ) % {"time": f"{above.closes_at:%H:%M}"}
        if not unit.pk:
            del self.fields["is_active"]
        self.order_fields(name for _title, names in self.SECTIONS for name in names)

    #: The form in sections: heading, and the fields under it.
    SECTIONS = (
        (gettext_lazy("What it is"), ("name", "parent", "leader", "is_active")),
        (gettext_lazy("When it works"), ("time_zone", "working_days", "closes_at", "holidays")),
    )

    @cached_property
    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the form's fields under their headings, as the page shows them."""
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in self.SECTIONS]

    def clean(self) -> dict[str, Any]:
        """Refuse a name that a unit in the same place has."""
        values = super().clean() or self.cleaned_data
        if "name" in values and "parent" in values:
            twin = (
                Unit.objects.filter(name__iexact=values["name"], parent=values["parent"])
                .exclude(pk=self.instance.pk)
                .first()
            )
            if twin is not None:
                where = values["parent"].name if values["parent"] else _("the top")
                self.add_error(
                    "name",
                    _("There is a unit called %(name)s at %(where)s already. Choose another name.")
                    % {"name": twin.name, "where": where},
                )
        return values

    def unit(self) -> Unit:
        """Return the unit as it was typed, unsaved."""
        for name in actions.UNIT_FIELDS:
            if name in self.cleaned_data:
                setattr(self.instance, name, self.cleaned_data[name])
        return self.instance


# Links


def _password(label: Any, missing: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": missing},
    )


class NewPassword(Form):
    """A password, typed twice; the rules are those of the settings."""

    password1 = _password(gettext_lazy("New password"), gettext_lazy("Enter a new password."))
    password2 = _password(gettext_lazy("The same again"), gettext_lazy("Enter the new password again."))

    def __init__(self, *args: Any, person: Person | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.person = person
        least = next(check.min_length for check in get_default_password_validators() if hasattr(check, "min_length"))
        self.fields["password1"].help_text = _(
            "At least %(least)s characters. A sentence you can remember is stronger than a short puzzle."
        ) % {"least": least}

    def clean(self) -> dict[str, Any]:
        """Refuse two that differ, and one that is easily guessed."""
        values = super().clean() or self.cleaned_data
        first, second = values.get("password1"), values.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ. Enter the same one twice."))
        elif first and second:
            try:
                validate_password(first, self.whose(values))
            except ValidationError as error:
                self.add_error("password1", error)
        return values

    def whose(self, values: dict[str, Any]) -> Person | None:
        """Return whose password it is, so that their own name is refused."""
        return self.person


class SetUp(NewPassword):
    """The company, its zone, and the first person."""

    company = Line(
        label=gettext_lazy("Company"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    time_zone = Zone(
        label=gettext_lazy("Time zone of the company"),
        help_text=gettext_lazy("Deadlines end at 17:00 there until a unit says otherwise."),
    )
    name = Line(label=gettext_lazy("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )

    field_order = ("company", "time_zone", "name", "email", "password1", "password2")

    def clean_email(self) -> str:
        """Return the address as it is kept. Raises ValidationError when somebody has it."""
        email = address(self.cleaned_data["email"])
        if Person.objects.filter(email=email).exists():
            raise ValidationError(_("%(email)s belongs to somebody already. Enter another address.") % {"email": email})
        return email

    def whose(self, values: dict[str, Any]) -> Person:
        """Return the person to be."""
        return Person(name=values.get("name", ""), email=values.get("email", ""))
