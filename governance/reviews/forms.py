"""The five questions of a review."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form
from governance.reviews.models import ReviewOutcome


def _question(label, help_text="") -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class Answers(Form):
    """Five answers and what they lead to. `due` is the date the form was shown for."""

    moved = _question(
        gettext_lazy("What moved since the last review, in business terms?"),
        gettext_lazy("Ask where the outcome changed, not where it was used."),
    )
    evidence = _question(
        gettext_lazy("How do you know?"), gettext_lazy("The figure, its period, and where it can be looked up.")
    )
    went_wrong = _question(
        gettext_lazy("What went wrong, and who noticed?"),
        gettext_lazy("“Nothing” is an answer. Say how you would have noticed."),
    )
    people = _question(gettext_lazy("Is everybody named here still the right person?"))
    next_step = _question(gettext_lazy("What happens next?"))
    outcome = forms.ChoiceField(label=gettext_lazy("What does this lead to?"), widget=forms.RadioSelect)
    due = forms.DateTimeField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, may_stop: bool = True, may_retire: bool = True, is_paused: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        says = {
            ReviewOutcome.CONTINUE: _("Continue: it runs on as it is"),
            ReviewOutcome.PAUSE: _("Pause the rollout: it runs on and does not expand"),
            ReviewOutcome.STOP: _("Stop: the next page stops it"),
            ReviewOutcome.RETIRE: _("Retire: the next page begins it"),
        }
        if is_paused:
            says[ReviewOutcome.PAUSE] = _("Keep the rollout paused: it runs on and does not expand")
        if not may_stop:
            says[ReviewOutcome.STOP] = _("Stop: the next page asks those who can stop it")
        if not may_retire:
            says[ReviewOutcome.RETIRE] = _("Retire: the business owner is told")
        self.fields["outcome"].choices = list(says.items())  # type: ignore[attr-defined]
