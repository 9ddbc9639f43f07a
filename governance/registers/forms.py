"""What people send about a list: the file itself, and cells they mended."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.registers import bringing, mapping, profiles
from governance.registers.layout import USUAL, windows
from governance.registers.profile import CHOICES

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
    profile = forms.ChoiceField(label=gettext_lazy("What its columns mean"), required=False)
    encoding = forms.ChoiceField(
        label=gettext_lazy("How its letters are written"),
        required=False,
        help_text=gettext_lazy("Only for text files whose letters came out wrong."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        known = [(name, f"{profiles.load(name).title} ({name})") for name in profiles.names()]
        self.fields["profile"].choices = [("", _("I say so on the next page")), *known]  # type: ignore[attr-defined]
        self.fields["encoding"].choices = [  # type: ignore[attr-defined]
            ("", _("Find out from the file")),
            *((name, windows(name)) for name in ("utf-8", "utf-16", *USUAL)),
        ]


class OwnProfile(Form):
    """A profile somebody wrote to a file; it goes by the file's name."""

    file = forms.FileField(
        label=gettext_lazy("A profile you wrote"),
        help_text=gettext_lazy(
            "A TOML file such as those below. It goes by its file’s name, and takes the place of one of that name."
        ),
        max_length=100,
    )

    def clean_file(self):
        """Return the file. Raises ValidationError for one that is no text or too long."""
        file = self.cleaned_data["file"]
        if file.size > 200_000:
            raise ValidationError(_("%(file)s has more than 200 kB. Expected a profile.") % {"file": file.name})
        try:
            self.name_and_text = (Path(file.name).stem, file.read().decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ValidationError(
                _("%(file)s is no UTF-8 text: byte %(place)d cannot be read.")
                % {"file": file.name, "place": error.start}
            )
        return file


class Columns(Form):
    """What each column of a list is: three answers a column, and the row its titles are in."""

    header = forms.IntegerField(
        label=gettext_lazy("The titles are in row"),
        min_value=0,
        max_value=1000,
        help_text=gettext_lazy("0 where the file has none. Change it, and the file is looked at again."),
    )

    def __init__(self, *args: Any, columns: Sequence[mapping.Seen], said: dict[str, Any], header: int, **kwargs: Any):
        """`said` is what was said of each column so far, by its place."""
        super().__init__(*args, **kwargs)
        self.fields["header"].initial = header
        self._columns = columns
        questions, offered = [("", "–"), *mapping.QUESTIONS.items()], mapping.offered()
        for column in columns:
            so_far, names = said.get(str(column.place), {}), {"name": column.name}
            self.fields[f"is-{column.place}"] = forms.ChoiceField(
                label=_("What %(name)s is") % names,
                choices=offered,
                initial=so_far.get("is", ""),
                required=False,
            )
            self.fields[f"key-{column.place}"] = forms.BooleanField(
                label=_("%(name)s tells records apart") % names, initial=so_far.get("key", False), required=False
            )
            self.fields[f"answers-{column.place}"] = forms.ChoiceField(
                label=_("What %(name)s answers") % names,
                choices=questions,
                initial=so_far.get("answers", ""),
                required=False,
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return each column with its three fields."""
        return [
            {"column": one, **{what: self[f"{what}-{one.place}"] for what in ("is", "key", "answers")}}
            for one in self._columns
        ]

    @property
    def said(self) -> dict[str, Any]:
        """Return what was said of each column, by its place."""
        return {
            str(one.place): {what: self.cleaned_data[f"{what}-{one.place}"] for what in ("is", "key", "answers")}
            for one in self._columns
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what makes no profile, a sentence each."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and cleaned["header"] == self.fields["header"].initial:
            for sentence in mapping.wrong(self._columns, {"columns": self.said}):
                self.add_error(None, sentence)
        return cleaned


class Words(Form):
    """What the words of a list mean, and what the profile is called."""

    def __init__(self, *args: Any, columns: Sequence[mapping.Seen], draft: dict[str, Any], file: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        #: What is asked of the words of one column each: the column, and its words with how often they stand there and their fields.
        self.asked: list[tuple[str, list[tuple[str, int, str]]]] = []
        self._words: dict[str, list[tuple[str, str]]] = {}
        for column in mapping.meant(columns, draft, mapping.STAGE):
            self._ask("stages", column, mapping.stages(), mapping.likely_stage)
        if not self._words:
            self.fields["every"] = forms.ChoiceField(
                label=_("Every record is at the stage"), choices=mapping.stages()[:-1], required=False
            )
        for name in CHOICES:
            for column in mapping.meant(columns, draft, name):
                self._ask(name, column, mapping.choices_of(name), lambda word: "")
        for question, column in mapping.answering(columns, draft).items():
            self.fields[f"yes-{question}"] = forms.MultipleChoiceField(
                label=_("%(question)s: what in “%(column)s” means yes")
                % {"question": mapping.QUESTIONS[question], "column": column.name},
                choices=[(word, word) for word, _n in column.words or ()],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                help_text=_("Where nothing is ticked, anything that stands there does."),
            )
        self.fields["unknown"] = forms.CharField(
            label=_("Words that mean “not known”"),
            initial="N/A, n/a, unknown, TBD, -",
            required=False,
            max_length=500,
            help_text=_("With commas between them. Such a cell counts as empty."),
        )
        self.fields["title"] = forms.CharField(
            label=_("What this kind of list is called"), max_length=100, initial=file
        )
        self.fields["name"] = forms.CharField(
            label=_("The name of its profile"),
            max_length=60,
            initial=mapping.slug(file),
            help_text=_("Small letters, digits and hyphens. The next list of this kind is read under it."),
        )

    def _ask(
        self, what: str, column: mapping.Seen, choices: list[tuple[str, Any]], likely: Callable[[str], str]
    ) -> None:
        """Ask what each word of a column means."""
        self._words[what] = []
        self.asked.append((column.name, []))
        for number, (word, n) in enumerate(column.words or ()):
            name = f"{what}-{number}"
            self._words[what].append((word, name))
            self.asked[-1][1].append((word, n, name))
            self.fields[name] = forms.ChoiceField(
                label=_("“%(word)s” in “%(column)s”") % {"word": word, "column": column.name},
                choices=choices,
                initial=likely(word),
                required=False,
            )

    def clean_name(self) -> str:
        """Return the name. Raises ValidationError for one no profile may have, or another profile has."""
        name = self.cleaned_data["name"]
        if not profiles.NAME.fullmatch(name) or name in profiles.names() or name == profiles.OURS:
            raise ValidationError(
                _(
                    "The name of its profile is “%(name)s”. Expected small letters, digits and hyphens, 2 to 60 of them, and a name no other profile has."
                )
                % {"name": name}
            )
        return name

    @property
    def tables(self) -> list[dict[str, Any]]:
        """Return each column whose words are asked: its name, and each word, how often it stands there, and its field."""
        return [
            {"column": column, "rows": [{"word": word, "n": n, "field": self[name]} for word, n, name in rows]}
            for column, rows in self.asked
        ]

    @property
    def others(self) -> list[Any]:
        """Return the fields that are no word of a column."""
        words = {name for _column, rows in self.asked for _word, _n, name in rows}
        return [field for field in self if field.name not in words]

    @property
    def said(self) -> dict[str, Any]:
        """Return what the words mean, as mapping.toml reads it."""
        cleaned = self.cleaned_data
        of = {what: {word: cleaned[name] for word, name in words} for what, words in self._words.items()}
        return {
            "stages": of.pop("stages", {}),
            "every": cleaned.get("every", ""),
            "choices": of,
            "yes": {name[4:]: cleaned[name] for name in self.fields if name.startswith("yes-")},
            "unknown": [word.strip() for word in cleaned["unknown"].split(",") if word.strip()],
        }


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
