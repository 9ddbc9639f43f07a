"""What people write when they ask, answer, stop and end. Whether they may is the domain's question."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import policy
from governance.core.forms import Form, ModelForm
from governance.core.words import mid_sentence
from governance.gates import retire
from governance.gates.models import Answer, Kind, Retirement, StopReason
from governance.gates.questions import Question
from governance.initiatives.lifecycle import Stage
from governance.proof.models import SignOff

#: How long free text may be; stored as it is, so the limit is about reading.
LONG, SHORT, LINE = 4000, 600, 300
#: Kinds whose answer always says what was learned, whichever way it goes.
TEACH = (Kind.FUNDING, Kind.GO_LIVE, Kind.DAY_90)
#: Kinds that nobody decides without a recommendation.
ARGUED = (Kind.PILOT_GO, Kind.FUNDING, Kind.GO_LIVE)


def _text(
    label: Any, *, rows: int = 4, most: int = LONG, required: bool = True, help_text: Any = "", missing: Any = ""
) -> forms.CharField:
    """Return a field for free text. `missing` says what to enter when it is empty."""
    messages = {"required": missing} if missing else None
    return forms.CharField(
        label=label,
        required=required,
        max_length=most,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages=messages,
    )


class Sign(Form):
    """The answer to a question, on the page where it is signed. `seen` is the digest of what the page shows."""

    reason = _text(
        gettext_lazy("Why"),
        most=2000,
        help_text=gettext_lazy("One or two sentences. Whoever asked reads it."),
        missing=gettext_lazy("Say why. A No pass without a reason teaches nobody anything."),
    )
    learned = _text(
        gettext_lazy("What we learned"),
        most=2000,
        help_text=gettext_lazy("For the next team that tries something like it."),
        missing=gettext_lazy("Write what we learned, even if it is one sentence."),
    )
    seen = forms.CharField(
        widget=forms.HiddenInput,
        max_length=64,
        error_messages={"required": gettext_lazy("This page did not say what it showed. Load it again.")},
    )
    shown = forms.CharField(widget=forms.HiddenInput, max_length=60_000, required=False)

    def __init__(self, *args: Any, kind: str, outcome: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = outcome == Answer.NO_PASS
        self.fields["learned"].required = kind in TEACH


class Ask(Form):
    """A question put to the Accountable: what is recommended, and what its kind asks about."""

    recommendation = _text(
        gettext_lazy("What you recommend, and why"),
        help_text=gettext_lazy("The person who decides reads this first."),
        missing=gettext_lazy("Say what you recommend, and why."),
    )

    def __init__(self, *args: Any, question: Question, initiative, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.question = question
        if question.kind not in ARGUED:
            self.fields["recommendation"].required = False
            self.fields["recommendation"].label = _("What else the decider should know")
            self.fields["recommendation"].help_text = ""
        particulars = {name: self._particular(name, label, initiative) for name, label in question.particulars.items()}
        self.fields = {**particulars, **self.fields}

    def _particular(self, name: str, label: Any, initiative) -> forms.Field:
        if name == "widens":
            return forms.BooleanField(
                label=label,
                required=False,
                help_text=_(
                    "A new tool, a higher limit, more freedom, more people, other data or another purpose: then the business owner decides."
                ),
            )
        if name == "to":
            tiers = [t for t in policy.current().tiers.values() if t.tier != initiative.tier]
            choices = [
                (
                    t.tier,
                    format_html(
                        "{} <small>{}</small>",
                        _("Tier %(tier)s: %(title)s") % {"tier": t.tier, "title": t.title},
                        t.harm,
                    ),
                )
                for t in tiers
            ]
            return forms.TypedChoiceField(
                label=_("The tier it belongs in"),
                choices=choices,
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose the tier it belongs in.")},
            )
        return _text(label)

    def particulars(self) -> dict[str, Any]:
        """Return what this kind asks about, cleaned."""
        return {name: self.cleaned_data[name] for name in self.question.particulars}


class Withdraw(Form):
    """Why a question is taken back."""

    because = _text(
        gettext_lazy("Why you withdraw it"),
        rows=3,
        most=SHORT,
        help_text=gettext_lazy("It stays in the history."),
        missing=gettext_lazy("Say why you withdraw it."),
    )


class Extend(Form):
    """More time for a question, once."""

    days = forms.IntegerField(label=gettext_lazy("Working days more"), min_value=1)
    because = _text(
        gettext_lazy("Why it needs more time"), rows=3, most=LINE, missing=gettext_lazy("Say why it needs more time.")
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if kind == Kind.DAY_90:
            del self.fields["days"]
        else:
            most = policy.current().windows["extend_wd"]
            self.fields["days"] = forms.IntegerField(
                label=_("Working days more"),
                min_value=1,
                max_value=most,
                initial=most,
                help_text=_("Between 1 and %(most)s, once.") % {"most": most},
            )


class AnswerSignOff(Form):
    """Sign off, or not; not signing off says why. `seen` is the digest of what the page shows."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Your answer"),
        choices=SignOff.Answer.choices,
        error_messages={"required": gettext_lazy("Press “Sign off” or “Do not sign off”.")},
    )
    reason = _text(
        gettext_lazy("Why"),
        rows=3,
        most=SHORT,
        required=False,
        help_text=gettext_lazy("Needed when you do not sign off: what would have to change."),
    )
    seen = forms.CharField(
        widget=forms.HiddenInput,
        max_length=64,
        error_messages={"required": gettext_lazy("This page did not say what it showed. Load it again.")},
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the reason where somebody does not sign off."""
        data = super().clean() or self.cleaned_data
        if data.get("answer") == SignOff.Answer.REFUSED and not data.get("reason"):
            self.add_error("reason", _("Say why you do not sign off, and what would have to change."))
        return data


class StopNow(Form):
    """Why it is stopped: one press, and a note for whoever reads it later."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=[c for c in StopReason.choices if c[0] != StopReason.DAY_90],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose why. Nothing has been stopped yet.")},
    )
    note = _text(gettext_lazy("What you saw"), rows=2, most=SHORT, required=False)


class ConfirmStop(Form):
    """How somebody knows that it really stopped."""

    how = _text(
        gettext_lazy("How you know"),
        rows=3,
        most=LINE,
        help_text=gettext_lazy("What you saw or who told you, and when."),
        missing=gettext_lazy("Say how you know that it has stopped."),
    )
    stop = forms.IntegerField(
        widget=forms.HiddenInput,
        error_messages={"required": gettext_lazy("This page did not say which stop it showed. Load it again.")},
    )


class AskToStop(Form):
    """What somebody without stop authority saw."""

    saw = _text(
        gettext_lazy("What you saw"),
        most=SHORT,
        help_text=gettext_lazy("What it did, when, to whom. A case number helps."),
        missing=gettext_lazy("Say what you saw."),
    )


class AnswerWish(Form):
    """Why it runs on."""

    answer = _text(
        gettext_lazy("Why it runs on"),
        rows=3,
        most=SHORT,
        missing=gettext_lazy("Say why it runs on. Whoever asked reads it."),
    )


class Retire(Form):
    """Why it ends, and what people are left with."""

    reason = _text(gettext_lazy("Why it retires"), rows=3, missing=gettext_lazy("Say why it retires."))
    replaced_by = _text(
        gettext_lazy("What replaces it"),
        rows=2,
        required=False,
        help_text=gettext_lazy("A tool, a team, or the way it was done before."),
    )
    after_care = _text(
        gettext_lazy("What has to be taken care of"),
        rows=3,
        required=False,
        help_text=gettext_lazy("Data to delete or keep, access to take away, people to tell."),
    )


class Postmortem(ModelForm):
    """What was learned. A draft may have gaps; what is published may not."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    class Meta:
        model = Retirement
        fields = retire.PARTS
        help_texts = {
            "set_out": gettext_lazy("The outcome you wanted, for whom, by when."),
            "happened": gettext_lazy(
                "In order, with dates. Write what people knew at the time, not what is known now."
            ),
            "numbers": gettext_lazy("Filled in from the record. Correct it where it misleads."),
            "causes": gettext_lazy(
                "What made this the likely end. Ask “what made it easy to go wrong?”, not “who did it?”."
            ),
            "keep": gettext_lazy("What worked, and what the next team should know before it starts."),
            "actions": gettext_lazy("One a line: what, who, by when."),
        }

    def __init__(self, *args: Any, draft: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in retire.PARTS:
            field = self.fields[name]
            field.label = label_of(name)
            field.widget.attrs["rows"] = 5
            # "(optional)" stands where it is true for publishing; a draft may miss anything.
            field.required = name in retire.NEEDED and not draft
            field.error_messages["required"] = _("Write %(part)s before you publish.") % {
                "part": mid_sentence(field.label)
            }


def label_of(part: str) -> str:
    """Return what a part of the postmortem is called, as a heading."""
    label = str(cast(models.Field, Retirement._meta.get_field(part)).verbose_name)
    return label[:1].upper() + label[1:]


class Because(Form):
    """A reason."""

    because = _text(gettext_lazy("Why"), rows=3, most=LONG, missing=gettext_lazy("Say why."))


def _stages(stages: Iterable[str], says: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(stage, format_html("{} <small>{}</small>", Stage(stage).label, says[stage])) for stage in stages]


#: What it means to say that something stands at a stage, where nobody decided it here.
MEANS = {
    "idea": gettext_lazy("Nobody uses it yet."),
    "discovered": gettext_lazy("People use it and nobody answers for it here. The 30 days to name an owner start now."),
    "pilot": gettext_lazy("It is tried by some people."),
    "production": gettext_lazy("It serves real people. It is marked “evidence missing” until the rest is here."),
    "retired": gettext_lazy("It is over."),
    "triage": gettext_lazy("Its stage is not known."),
}


class Place(Form):
    """Where something of unknown stage stands, and who or what says so."""

    to = forms.ChoiceField(
        label=gettext_lazy("Where it stands"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose where it stands.")},
    )
    source = _text(
        gettext_lazy("How you know"),
        rows=2,
        most=SHORT,
        help_text=gettext_lazy("A person, a document or a system. It stays in the history."),
        missing=gettext_lazy("Say how you know."),
    )

    def __init__(self, *args: Any, stages: Iterable[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["to"]).choices = _stages(stages, MEANS)


class Correct(Form):
    """The stage a register should have stated, and why."""

    to = forms.ChoiceField(
        label=gettext_lazy("Where it really stands"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose where it really stands.")},
    )
    because = _text(
        gettext_lazy("What was wrong, and how you know"),
        rows=3,
        missing=gettext_lazy("Say what was wrong, and how you know."),
    )

    def __init__(self, *args: Any, stages: Iterable[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["to"]).choices = _stages(stages, MEANS)
