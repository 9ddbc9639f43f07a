"""The forms of the public register."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.people.models import Person


class Open(Form):
    """Where people outside may ask."""

    contact = forms.CharField(
        label=gettext_lazy("Where people outside may ask"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A shared mailbox or a page, never a person. Anybody can read it."),
    )

    def clean_contact(self) -> str:
        """Refuse the address or the name of a person."""
        contact = " ".join(self.cleaned_data["contact"].split())
        if contact and (
            Person.objects.filter(email__iexact=contact).exists()
            or Person.objects.filter(name__iexact=contact).exists()
        ):
            raise forms.ValidationError(
                _("“%(contact)s” is somebody’s own. Give a shared mailbox or a page: anybody will read it.")
                % {"contact": contact}
            )
        return contact


class Withhold(Form):
    """Why it is withheld."""

    reason = forms.CharField(
        label=gettext_lazy("Why people outside must not read it"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept here, and read by those who see it. People outside never do."),
    )
