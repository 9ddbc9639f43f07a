"""What people send about a list: the file itself, and cells they mended."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.registers import bringing, profiles
from governance.registers.layout import USUAL, windows

#: A cell may be this long; longer ones are mended in the file.
LONGEST = 20_000


class BringBack(Form):
    """An export of the catalog that somebody changed in a spreadsheet."""

    file = forms.FileField(
        label=gettext_lazy("The file"),
        help_text=gettext_lazy("The XLSX or CSV you downloaded from the catalog, with cells changed. Up to 200 MB."),
        allow_empty_file=True,
    )

    def clean_file(self):
        """Return the file. Raises ValidationError for one that is too large."""
        file = self.cleaned_data["file"]
        if file.size > bringing.MOST_BYTES:
            raise ValidationError(
                _("%(file)s has %(mb)s MB. Expected 200 MB at most: leave out columns nobody reads.")
                % {"file": file.name, "mb": f"{file.size // 1_000_000:,}"}
            )
        return file


class Bring(BringBack):
    """A file, what its columns mean, and its letters where somebody knows better."""

    file = forms.FileField(
        label=gettext_lazy("The list"),
        help_text=gettext_lazy("A CSV file, an Excel workbook (.xlsx) or a list in JSON, up to 200 MB."),
        allow_empty_file=True,
    )
    profile = forms.ChoiceField(label=gettext_lazy("What its columns mean"))
    encoding = forms.ChoiceField(
        label=gettext_lazy("How its letters are written"),
        required=False,
        help_text=gettext_lazy("Only for text files whose letters came out wrong."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["profile"].choices = [(name, f"{profiles.load(name).title} ({name})") for name in profiles.names()]  # type: ignore[attr-defined]
        self.fields["encoding"].choices = [  # type: ignore[attr-defined]
            ("", _("Find out from the file")),
            *((name, windows(name)) for name in ("utf-8", "utf-16", *USUAL)),
        ]


class Mend(forms.Form):
    """The cells of one row that the profile reads, under the titles they have."""

    def __init__(self, *args: Any, columns: list[tuple[int, str, str]], **kwargs: Any):
        """`columns` are place, title and what stands there now."""
        super().__init__(*args, **kwargs)
        for place, title, cell in columns:
            long = len(cell) > 80 or "\n" in cell
            self.fields[f"cell-{place}"] = forms.CharField(
                label=title,
                initial=cell,
                required=False,
                max_length=LONGEST,
                widget=forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput(),
            )

    @property
    def cells(self) -> dict[int, str]:
        """Return the cells by place, counted from 0."""
        return {int(name.removeprefix("cell-")): cell for name, cell in self.cleaned_data.items()}
