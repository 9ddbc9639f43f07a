"""The one-time link of a new installation: its token is shown once, and only the token's digest is kept."""

import hashlib
import secrets

from django.conf import settings
from django.db import transaction

from governance.core import clock
from governance.core.models import Installation


class Done(Exception):
    """This installation is set up already, or is a demo; the sentence says which."""


def one_time_link() -> str:
    """Return a new link for setting up this database, and make earlier links useless. Raises Done.

    Makes the installation's row, real for ever, when the database has none.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        installation = Installation.objects.select_for_update().filter(pk=1).first()
        if installation is None:
            installation = Installation(
                pk=1,
                kind=Installation.Kind.REAL,
                company="",
                time_zone=settings.TIME_ZONE,
                made_at=clock.wall(),
            )
        elif installation.is_demo:
            raise Done("This database holds the demo company; there is nothing to set up.")
        elif not installation.setup_digest:
            raise Done("This installation is set up. People are invited in the portal, under People.")
        installation.setup_digest = digest(token)
        installation.save()
    return f"{settings.SITE_URL}/setup/{token}/"


def digest(token: str) -> str:
    """Return the SHA-256 of a token, in hexadecimal, as `Installation.setup_digest` keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()
