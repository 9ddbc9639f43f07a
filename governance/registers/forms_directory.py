"""What people send about a directory: the file, which column is which, and what is to happen with it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from governance.core.forms import Form
from governance.registers import directory
from governance.registers.directory_columns import COLUMNS


class BringDirectory(Form):
    """A file of people."""

    file = forms.FileField(
        label=gettext_lazy("The directory"),
        help_text=gettext_lazy("A CSV file or an Excel workbook (.xlsx) with one person a row, up to 50 MB."),
        allow_empty_file=True,
    )

    def clean_file(self):
        """Return the file. Raises ValidationError for one that is too large."""
        file = self.cleaned_data["file"]
        if file.size > directory.MOST_BYTES:
            raise ValidationError(
                _("%(file)s has %(mb)s MB. Expected 50 MB at most: leave out columns nobody reads.")
                % {"file": file.name, "mb": f"{file.size // 1_000_000:,}"}
            )
        return file


class Columns(Form):
    """Which column of the file is which, each with what stands in it first."""

    def __init__(self, *args: Any, titles: list[str], samples: dict[int, list[str]], **kwargs: Any):
        """`titles` are those of the columns in order, `samples` a few cells of each by its place."""
        super().__init__(*args, **kwargs)
        choices: list[tuple[Any, str]] = [("", _("Not in this file"))]
        for place, title in enumerate(titles):
            seen = ", ".join(f"“{Truncator(cell).chars(24)}”" for cell in samples.get(place, ()))
            named = Truncator(title).chars(40)
            choices.append((place, f"{named}: {seen}" if seen else _("%(title)s: empty") % {"title": named}))
        for column in COLUMNS:
            self.fields[column.name] = forms.TypedChoiceField(
                label=column.label,
                help_text=column.help,
                choices=choices,
                coerce=int,
                empty_value=None,
                required=column.name == "email",
            )

    def clean(self) -> dict[str, Any]:
        """Refuse one column for two things, and a file that names nobody."""
        values = super().clean() or self.cleaned_data
        taken: dict[int, str] = {}
        for column in COLUMNS:
            place = values.get(column.name)
            if place is not None and place in taken:
                said = {"one": column.label, "other": taken[place]}
                self.add_error(column.name, _("%(one)s is the same column as %(other)s. Choose another one.") % said)
            elif place is not None:
                taken[place] = str(column.label)
        return values

    @property
    def places(self) -> dict[str, int]:
        """Return where each thing stands, as far as it was said."""
        return {name: place for name, place in self.cleaned_data.items() if place is not None}


class Begin(Form):
    """What is to happen besides what the rows say."""

    gone_leave = forms.BooleanField(required=False)
    invite = forms.BooleanField(
        label=gettext_lazy("Write to everybody new that they have an account"),
        required=False,
        help_text=gettext_lazy(
            "The e-mail leads to the page on which they set a password; it lets nobody in by itself."
        ),
    )
    confirmed = forms.IntegerField(label=gettext_lazy("How many people leave"), required=False, min_value=0)

    def __init__(self, *args: Any, new: int, gone: int, leaving: int, confirm: bool, **kwargs: Any):
        """`new`, `gone` and `leaving` are how many; `confirm` whether so many leave that somebody says how many."""
        super().__init__(*args, **kwargs)
        words = ngettext(
            "%(n)s person is no longer listed: record that they left today",
            "%(n)s people are no longer listed: record that they left today",
            gone,
        )
        self.fields["gone_leave"].label = words % {"n": gone}
        self.fields["gone_leave"].help_text = _("Without a tick they stay as they are.")
        if not gone:
            del self.fields["gone_leave"]
        if not new:
            del self.fields["invite"]
        if not confirm:
            del self.fields["confirmed"]
        else:
            self.fields["confirmed"].help_text = _(
                "More than a third of everybody may leave: %(leaving)s by the file, %(gone)s no longer listed."
            ) % {"leaving": leaving, "gone": gone}
