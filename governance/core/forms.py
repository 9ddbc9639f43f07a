"""How forms look and how they refuse: our templates, and a sentence that names the field, what came and what was expected."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext as _

from governance.core.words import mid_sentence, shortened


class Renderer(TemplatesSetting):
    """Renders forms and fields with `templates/core/` and widgets with `templates/django/forms/`."""

    form_template_name = "core/_fields.html"
    field_template_name = "core/field.html"


class DayInput(forms.DateInput):
    """A date, chosen or typed; always ISO, as browsers expect."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__(attrs, format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    """A day and a time in the reader's zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class Day(forms.DateField):
    """A date in a form."""

    widget = DayInput


def came(value: Any) -> str:
    """Return what somebody sent, short enough to repeat."""
    return shortened(str(value).strip(), 60)


def _missing(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    if label.endswith("?"):
        return _("Answer “%(label)s”") % {"label": label}
    if isinstance(field, forms.BooleanField):
        return _("Tick “%(label)s” to go on") % {"label": label}
    if isinstance(field, (forms.ChoiceField, forms.ModelChoiceField, forms.FileField)):
        return _("Choose %(label)s") % {"label": mid_sentence(label)}
    return _("Enter %(label)s") % {"label": mid_sentence(label)}


def _unreadable(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    said = {"label": label, "came": came(value)}
    if isinstance(field, forms.DateTimeField):
        return _("%(label)s is “%(came)s”. Enter a day and a time, for example 2026-11-20 17:00.") % said
    if isinstance(field, forms.DateField):
        return _("%(label)s is “%(came)s”. Enter a date, for example 2026-11-20.") % said
    if isinstance(field, forms.DecimalField):
        return _("%(label)s is “%(came)s”. Enter a number, for example 4.10.") % said
    if isinstance(field, forms.IntegerField):
        return _("%(label)s is “%(came)s”. Enter a whole number, for example 12.") % said
    if isinstance(field, forms.EmailField):
        return _("%(label)s is “%(came)s”. Enter an e-mail address, for example name@example.org.") % said
    if isinstance(field, forms.URLField):
        return _("%(label)s is “%(came)s”. Enter an address that starts with https://.") % said
    return _("%(label)s is “%(came)s”, which cannot be read.") % said


def _unknown_choice(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    return _("%(label)s is “%(came)s”, which is not one of the choices. Choose one from the list.") % {
        "label": label,
        "came": came(params.get("value", value)),
    }


def _too_long(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    if "max" in params:  # a file's name; what a form says of the file has other words
        label, most, has = _("The name of the file"), params["max"], params["length"]
    else:
        most, has = params["limit_value"], params["show_value"]
    return _("%(label)s has %(has)d characters and may have %(most)d. Shorten it by %(over)d.") % {
        "label": label,
        "has": has,
        "most": most,
        "over": has - most,
    }


def _too_short(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    return _("%(label)s has %(has)d characters and needs %(least)d.") % {
        "label": label,
        "has": params["show_value"],
        "least": params["limit_value"],
    }


def _too_many_digits(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    before = field.max_digits - field.decimal_places  # type: ignore[attr-defined]
    said = {"label": label, "came": came(value), "before": before, "after": field.decimal_places}  # type: ignore[attr-defined]
    return (
        _(
            "%(label)s is “%(came)s”. Enter a number with at most %(before)d digits before the point and %(after)d after it."
        )
        % said
    )


def _unkeepable(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    return _("%(label)s holds a character that cannot be kept (NUL). Type it again.") % {"label": label}


def _too_small(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    return _("%(label)s is “%(came)s”. Enter %(limit)s or more.") % {
        "label": label,
        "came": came(value),
        "limit": params["limit_value"],
    }


def _too_large(field: forms.Field, label: str, value: Any, params: dict[str, Any]) -> str:
    return _("%(label)s is “%(came)s”. Enter %(limit)s or less.") % {
        "label": label,
        "came": came(value),
        "limit": params["limit_value"],
    }


#: What Django's own check of a number's digits may find.
_DIGITS = ("max_digits", "max_decimal_places", "max_whole_digits")

#: What Django's own refusals become. A form's own messages are left as they are.
_SENTENCES: dict[str, Callable[[forms.Field, str, Any, dict[str, Any]], str]] = {
    "required": _missing,
    "invalid": _unreadable,
    "invalid_choice": _unknown_choice,
    "invalid_list": _unreadable,
    "invalid_pk_value": _unknown_choice,
    "max_length": _too_long,
    "min_length": _too_short,
    **dict.fromkeys(_DIGITS, _too_many_digits),
    "null_characters_not_allowed": _unkeepable,
    "min_value": _too_small,
    "max_value": _too_large,
}


class Sentences:
    """Mixed into a form: turns Django's refusals into sentences that repeat the label and what came."""

    label_suffix = ""
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def add_error(self, field: str | None, error: Any) -> None:
        """Record `error` as Django does, in our words where it is one of Django's own."""
        if isinstance(error, ValidationError) and hasattr(error, "error_dict"):  # what the model refuses
            error.error_dict = {
                name: [self._said(name, one) for one in errors] if name in self.fields else errors
                for name, errors in error.error_dict.items()
            }
        elif field in self.fields and isinstance(error, ValidationError):
            error = ValidationError([self._said(field, one) for one in error.error_list])
        super().add_error(field, error)  # type: ignore[misc]

    def _said(self, name: str, error: ValidationError) -> ValidationError:
        field = self.fields[name]
        say = _SENTENCES.get(error.code or "")
        if say is None or not self._is_djangos(field, error):
            return error
        bound = self[name]  # type: ignore[index]
        return ValidationError(say(field, str(bound.label), bound.value(), error.params or {}), code=error.code)

    @staticmethod
    def _is_djangos(field: forms.Field, error: ValidationError) -> bool:
        """Return whether this is Django's own message; one that a form wrote is the better sentence already."""
        if "limit_value" in (error.params or {}) or error.code in _DIGITS:
            return True  # a validator's, worded for no field in particular
        defaults: dict[str, Any] = {}
        for parent in reversed(type(field).__mro__):
            defaults.update(getattr(parent, "default_error_messages", {}))
        theirs = [defaults.get(error.code or ""), *(getattr(check, "message", None) for check in field.validators)]
        return str(error.message) in {str(message) for message in theirs if message}


class Form(Sentences, forms.Form):
    """A form that refuses in sentences."""


class ModelForm(Sentences, forms.ModelForm):
    """A model's form that refuses in sentences."""
