"""What a password must be, in sentences that say what came and what is expected, and who may use one."""

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.people import functions
from governance.people.functions import Function


def may_use(person) -> bool:
    """Return whether `person` may sign in and prove it with a password: everybody, unless the company's sign-in is for all
    but administrators, who keep theirs as the last resort. One query at most."""
    return settings.PASSWORD_SIGN_IN == "everybody" or functions.has(person, Function.ADMINISTRATORS)


class Length(password_validation.MinimumLengthValidator):
    """Long enough; nothing is asked about capitals or digits."""

    def validate(self, password, user=None):
        """Raise ValidationError naming how long it is and how long it has to be."""
        if (has := len(password)) < self.min_length:
            words = ngettext(
                "The password has %(has)d character and needs %(least)d.",
                "The password has %(has)d characters and needs %(least)d.",
                has,
            )
            raise ValidationError(words % {"has": has, "least": self.min_length}, code="password_too_short")


class NotCommon(password_validation.CommonPasswordValidator):
    """Not one of the twenty thousand that everybody tries first."""

    def get_error_message(self):
        """Return why, and what to do."""
        return _("This password is one of the first that others try. Choose another one.")


class NotSimilar(password_validation.UserAttributeSimilarityValidator):
    """Not the person's own name or address."""

    def get_error_message(self):
        """Return why, and what to do. Django fills in the field it resembles."""
        return _("The password is too much like the %(verbose_name)s. Choose another one.")
