"""Own columns in forms: the field in which an initiative says something, and what the Portfolio office writes of a column."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Day, Form, came
from governance.initiatives import own
from governance.initiatives.models import OwnColumn, OwnKind
from governance.people.forms import Line

# The field of a value


class OwnLine(forms.CharField):
    """A text, a number or a link as its own column reads it."""

    def __init__(self, column: OwnColumn, **kwargs: Any):
        attrs: dict[str, Any] = {"maxlength": own.LONGEST.get(OwnKind(column.kind), own.LONGEST[OwnKind.TEXT])}
        if column.kind == OwnKind.NUMBER:
            attrs["inputmode"] = "decimal"
        widget = forms.URLInput if column.kind == OwnKind.LINK else forms.TextInput
        super().__init__(widget=widget(attrs=attrs), **kwargs)
        self.column = column

    def clean(self, value: Any) -> Any:
        """Return what `own.read` makes of it. Raises ValidationError with its sentence."""
        try:
            return own.read(self.column, str(value or ""))
        except own.Unreadable as unreadable:
            raise ValidationError(unreadable.message) from None


def field_for(column: OwnColumn, standing: Any) -> forms.Field:
    """Return the field of a column; a retired choice that stands there can stay. No query for one of `own.columns`."""
    said: dict[str, Any] = {"label": column.title, "help_text": column.help, "required": False}
    if column.kind == OwnKind.DATE:
        return Day(**said)
    if column.kind != OwnKind.CHOICE:
        return OwnLine(column, **said)
    offered = {choice.key: choice for choice in own.offered(column, standing)}
    retired = _("%(choice)s (retired)")
    words = [(c.key, c.title if c.retired_at is None else retired % {"choice": c.title}) for c in offered.values()]
    choices = [("", _("Not known")), *words]
    return forms.TypedChoiceField(choices=choices, coerce=lambda key: offered[key], empty_value=None, **said)


def written(standing: Any) -> Any:
    """Return a value as its field holds it: a choice by its key, a day as such, everything else as text."""
    if getattr(standing, "column_id", None) is not None:
        return standing.key
    return standing if hasattr(standing, "isoformat") else own.plain(standing)


# What the Portfolio office writes of a column


class Lines(forms.CharField):
    """Titles, one a line; empty lines count for nothing."""

    widget = forms.Textarea(attrs={"rows": 6})

    def clean(self, value: Any) -> list[str]:
        """Return the titles, single-spaced. Raises ValidationError for one that is too long."""
        titles = [" ".join(line.split()) for line in super().clean(value).splitlines()]
        for title in titles:
            if len(title) > 60:
                words = _("“%(choice)s” has %(has)d characters and may have 60. Shorten it by %(over)d.")
                raise ValidationError(words % {"choice": came(title), "has": len(title), "over": len(title) - 60})
        return [title for title in titles if title]


class Make(Form):
    """A new own column."""

    title = Line(label=gettext_lazy("Title"), max_length=60, help_text=gettext_lazy("What pages and files call it."))
    kind = forms.ChoiceField(
        label=gettext_lazy("What it holds"),
        choices=OwnKind.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("It stays so. Another kind is another column."),
        error_messages={"required": gettext_lazy("Choose what it holds.")},
    )
    choices = Lines(
        label=gettext_lazy("Its choices"),
        required=False,
        max_length=6000,
        help_text=gettext_lazy("One a line, in their order; only where it holds a choice."),
    )
    help = Line(
        label=gettext_lazy("Help"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("One sentence beside its field: what belongs there."),
    )


class Change(Form):
    """A column's title and help, and more choices."""

    title = Line(label=gettext_lazy("Title"), max_length=60, help_text=gettext_lazy("What pages and files call it."))
    help = Line(
        label=gettext_lazy("Help"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("One sentence beside its field: what belongs there."),
    )
    more = Lines(
        label=gettext_lazy("More choices"),
        required=False,
        max_length=6000,
        help_text=gettext_lazy("One a line; they come after those it has."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, column: OwnColumn, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.update(title=column.title, help=column.help, version=column.version)
        if column.kind != OwnKind.CHOICE:
            del self.fields["more"]
