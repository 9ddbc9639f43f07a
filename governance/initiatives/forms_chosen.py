"""What the acts on many initiatives need to know: a unit, a person, a tag."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.initiatives import tags
from governance.people.choosing import PersonField
from governance.people.models import Unit


class Nothing(Form):
    """Nothing more has to be known."""


class ToUnit(Form):
    """The unit they belong to."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        units = Unit.objects.active().order_by("name", "pk")
        self.fields["unit"] = forms.TypedChoiceField(
            label=_("Unit"), coerce=int, choices=[("", _("Choose a unit")), *((u.pk, u.name) for u in units)]
        )

    def clean_unit(self) -> Unit:
        """Return the unit. One query."""
        return Unit.objects.get(pk=self.cleaned_data["unit"])


class ToPerson(Form):
    """The person who is asked to own them."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["person"] = PersonField(label=_("Person"))


class OneTag(Form):
    """One tag."""

    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=60, help_text=gettext_lazy("One short word."))

    def clean_tag(self) -> str:
        """Return the tag as it is kept. Raises ValidationError for none and for several."""
        found = tags.read(self.cleaned_data["tag"])
        if len(found) != 1:
            raise ValidationError(_("One tag at a time: a word without spaces. A hyphen joins two."))
        return found[0]
