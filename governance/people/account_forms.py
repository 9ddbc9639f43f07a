"""The forms of signing in, of passwords and of codes, in our words: settings.ACCOUNT_FORMS and MFA_FORMS name them."""

from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from allauth.core import context
from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.core.forms import Form, Sentences
from governance.people import passwords, proof, second_factor

#: How long a password may be; longer text is no password, and would only be hashed for nothing.
LONGEST = 4096


class Ours(Sentences):
    """Mixed into allauth's forms: our labels, our sentences, and no grey words inside the fields."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field.widget, forms.PasswordInput):
                field.max_length = LONGEST  # type: ignore[attr-defined]
                field.validators.append(forms.fields.validators.MaxLengthValidator(LONGEST))  # type: ignore[attr-defined]

    def _call(self, name: str, label: str, missing: str) -> None:
        """Name a field, and say what to enter where it is empty."""
        field = self.fields[name]
        field.label, field.error_messages = label, {**field.error_messages, "required": missing}


class TwicePassword(Ours):
    """A new password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._call("password1", _("New password"), _("Enter a new password."))
        self._call("password2", _("The same again"), _("Enter the new password again."))

    def clean(self) -> dict[str, Any]:
        """Refuse two that differ."""
        values = super(allauth.PasswordVerificationMixin, self).clean()  # type: ignore[misc]
        first, second = values.get("password1"), values.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ. Enter the same one twice."))
        return values


class SignIn(Ours, allauth.LoginForm):
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._call("login", _("E-mail address"), _("Enter your e-mail address."))
        self._call("password", _("Password"), _("Enter your password."))

    def clean(self) -> dict[str, Any]:
        """Refuse whoever signs in through the company alone."""
        values = super().clean()
        if getattr(self, "user", None) is not None and not passwords.may_use(self.user):
            said = {"name": settings.OIDC_NAME}
            self.add_error(None, _("Passwords are for administrators. Sign in with %(name)s.") % said)
        return values


class ForgotPassword(Ours, allauth.ResetPasswordForm):
    """The address a link goes to."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._call("email", _("E-mail address"), _("Enter your e-mail address."))


class NewPassword(TwicePassword, allauth.ResetPasswordKeyForm):
    """A password set through the link."""


class ChangePassword(TwicePassword, allauth.ChangePasswordForm):
    """A new password, by somebody who knows the one they have."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._call("oldpassword", _("Your password now"), _("Enter the password you have now."))


# Codes


def code_field(label: Any = "", **attrs: Any) -> forms.CharField:
    """Return the field for a code: of the app, or one of the recovery codes where `label` says nothing else."""
    label = label or gettext_lazy("Code from your app, or a recovery code")
    attrs = {"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false", **attrs}
    return forms.CharField(label=label, max_length=40, widget=forms.TextInput(attrs=attrs))


class Codes(Form):
    """Mixed into forms that take a code: uses it up last of all, when nothing else is wrong."""

    where = ""
    how = ""

    def use_code(self, person: Any, *, by: Any) -> None:
        """Use up the code that was typed and keep how it counts; say what is wrong with one that does not."""
        request = context.request
        answer = second_factor.use(person, self.cleaned_data["code"], by=by, at=request.at, where=self.where)
        self.how = answer.how
        if answer.began_to_rest:
            get_adapter(request).send_notification_mail("account/email/wrong_codes", person)
        if answer.rests:
            self.add_error(
                "code",
                _("Too many wrong codes came, so those of your app rest. Enter a recovery code, or try again later."),
            )
        elif not answer.how:
            self.add_error("code", _("This code does not count. Enter the one your app shows now; each counts once."))


class Code(Codes):
    """The second step of signing in, after the password of somebody who has a second factor."""

    where = "sign-in"
    code = code_field(autofocus=True)

    def __init__(self, *args: Any, user: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        """Use up the code."""
        if self.cleaned_data.get("code"):
            self.use_code(self.user, by="system:sign-in")
        return self.cleaned_data

    def save(self) -> None:
        """Say how they proved it was them, and when they began; allauth signs them in next, in this request."""
        half = proof.begun(context.request, self.user)
        context.request.proved_by = (f"{half.method}+{self.how}", half.at) if half else ("", None)  # type: ignore[attr-defined]
