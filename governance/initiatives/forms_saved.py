"""What people say when they save a view of the catalog."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.people.models import Unit


class Save(Form):
    """A name, and whom it is for."""

    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=60)
    whose = forms.ChoiceField(label=gettext_lazy("For whom"), widget=forms.RadioSelect, initial="me")
    opens = forms.BooleanField(label=gettext_lazy("The catalog opens with it"), required=False)
    replace = forms.BooleanField(
        label=gettext_lazy("Replace the view of this name, where there is one"), required=False
    )

    def __init__(self, *args: Any, unit: Unit | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        choices = [("me", _("For me"))]
        if unit is not None:
            choices.append(("unit", _("For everybody in %(unit)s and below") % {"unit": unit.name}))
        self.fields["whose"].choices = choices  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Return the name with single spaces."""
        return " ".join(self.cleaned_data["name"].split())
