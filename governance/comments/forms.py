"""What people say. Whom a text mentions is the domain's question, not a form's."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.initiatives.comments import LONGEST
from governance.people.models import Person


class Text(forms.CharField):
    """A text of some length. Too long is refused in a sentence, never cut: a browser cuts what is pasted without a word."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any):
        super().__init__(validators=[MaxLengthValidator(LONGEST)], **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the text with line ends of one kind: browsers send two characters for each."""
        return super().to_python(str(value).replace("\r\n", "\n") if value else value)


class Say(Form):
    """A comment, or a reply. `like` is somebody it could mention, for example."""

    text = Text(
        label=gettext_lazy("Comment"),
        help_text=gettext_lazy("To tell somebody, write @ and their name or e-mail address."),
        error_messages={"required": gettext_lazy("Enter what you want to say.")},
    )

    def __init__(self, *args: Any, label: Any = "", like: Person | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if label:
            self.fields["text"].label = label
        if like is not None:
            says = _("To tell somebody, write @ and their name, as in @%(name)s, or their e-mail address.")
            self.fields["text"].help_text = says % {"name": like.name}


class Edit(Say):
    """A comment of one's own, said otherwise."""

    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=1,
        error_messages={"required": gettext_lazy("This page did not say which text it showed. Load it again.")},
    )
