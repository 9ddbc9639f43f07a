"""The forms of signing in and of passwords, in our words: settings.ACCOUNT_FORMS names them."""

from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.utils.translation import gettext as _

from governance.core.forms import Sentences

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
