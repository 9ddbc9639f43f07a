"""What administrators write about the company as a whole."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.core.models import Installation
from governance.people import company
from governance.people.forms import Holidays, Line, TimeOfDay, Weekdays, Zone
from governance.people.models import DAY_ENDS, Unit

#: A calendar of public holidays for many years is smaller than this, in bytes.
MOST_BYTES = 1_000_000


class CompanyForm(Form):
    """The company's name, its zone, and when it works."""

    company = Line(label=gettext_lazy("Company"), max_length=200)
    time_zone = Zone(label=gettext_lazy("Time zone of the company"))
    working_days = Weekdays(
        label=gettext_lazy("Working days"),
        required=False,
        help_text=gettext_lazy("No tick at all means Monday to Friday."),
    )
    closes_at = TimeOfDay(label=gettext_lazy("The day ends at"), required=False)
    holidays = Holidays(
        label=gettext_lazy("Public holidays"),
        required=False,
        max_length=400_000,
        help_text=gettext_lazy(
            "One day a line: 2026-12-25 Christmas Day. The text of a calendar file (.ics) can be pasted as well."
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file of them"),
        required=False,
        help_text=gettext_lazy(
            "A calendar (.ics), or a list with one day a line. You see the days before they are saved."
        ),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, installation: Installation, top: Unit | None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["closes_at"].help_text = _("A deadline ends then. Empty means %(time)s.") % {
            "time": f"{DAY_ENDS:%H:%M}"
        }
        said = {name: getattr(installation, name) for name in company.OF_ALL}
        said["seen"] = company.digest(installation, top)
        if top is None:
            for name in (*company.OF_THE_UNIT, "file"):
                del self.fields[name]
        else:
            said |= {name: getattr(top, name) for name in company.OF_THE_UNIT}
        self.initial = {**said, **self.initial}

    #: The form in sections: heading, and the fields under it.
    SECTIONS = (
        (gettext_lazy("What it is called"), ("company",)),
        (gettext_lazy("When it works"), ("time_zone", "working_days", "closes_at", "holidays", "file")),
    )

    @cached_property
    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the form's fields under their headings, as the page shows them."""
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in self.SECTIONS]

    def clean_file(self) -> list[str]:
        """Return the days a file lists. Raises ValidationError for one that is no text, or whose lines are no days."""
        file = self.cleaned_data["file"]
        if file is None:
            return []
        try:
            if file.size > MOST_BYTES:
                raise ValueError
            text = file.read().decode("utf-8-sig")
        except ValueError as error:
            raise ValidationError(
                _("%(file)s is no text in UTF-8 of 1 MB at most. Expected a calendar (.ics) or one day a line.")
                % {"file": file.name}
            ) from error
        days = self.fields["holidays"].clean(text.replace("\x00", " "))
        if not days:
            raise ValidationError(
                _("%(file)s lists no day. Expected a calendar (.ics) or one day a line.") % {"file": file.name}
            )
        return days
