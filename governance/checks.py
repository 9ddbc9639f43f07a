"""What must not be when Mandate starts: mistakes of deployment, each with an id, a sentence and a hint.

`manage.py check` prints them; every server process refuses to start while an Error stands
(portal/safety.py).
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

#: Names that only this machine answers to.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def register_all() -> None:
    """Tell Django about every check of this module."""
    register(secret, Tags.security)
    register(debug, Tags.security)
    register(functions, Tags.security)
    register(broker, Tags.security, deploy=True)
    register(site, Tags.security, deploy=True)
    register(mail, Tags.security, deploy=True)
    register(demo, Tags.database)


def beyond_loopback() -> list[str]:
    """Return the ALLOWED_HOSTS entries that reach further than this machine."""
    return [host for host in settings.ALLOWED_HOSTS if host not in LOOPBACK]


def secret(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse the secret of the sample files anywhere, and a weak one beyond loopback."""
    key = settings.SECRET_KEY
    if key == settings.SAMPLE_SECRET:
        return [
            Error(
                "SECRET_KEY is the one from the sample files, which everybody knows.",
                hint="Make your own: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
                id="mandate.E001",
            )
        ]
    if beyond_loopback() and (len(key) < 50 or len(set(key)) < 10):
        return [
            Error(
                "SECRET_KEY can be guessed: it has fewer than 50 characters, or too few different ones.",
                hint="Make a better one: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
                id="mandate.E002",
            )
        ]
    return []


def debug(app_configs: Any = None, hosts: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse Django's debug pages where others can reach them. `hosts` replaces ALLOWED_HOSTS."""
    far = beyond_loopback() if hosts is None else [host for host in hosts if host not in LOOPBACK]
    if settings.DEBUG and far:
        return [
            Error(
                f"DEBUG is on and {far[0]} reaches further than this machine: others would see secrets.",
                hint="Unset DEBUG, or serve on localhost only.",
                id="mandate.E003",
            )
        ]
    return []


def broker(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the task queue of one process serves more than this machine."""
    if beyond_loopback() and settings.CELERY_BROKER_URL.startswith("memory:"):
        return [
            Warning(
                "CELERY_BROKER_URL is memory://, which no other process hears:"
                " a worker and a beat of their own would do nothing.",
                hint="Name a Redis or RabbitMQ, for example redis://localhost:6379/0.",
                id="mandate.W004",
            )
        ]
    return []


def site(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when links in e-mails lead to this machine although people sit at others."""
    if beyond_loopback() and not settings.SITE_URL.startswith("https://"):
        return [
            Warning(
                f"SITE_URL is {settings.SITE_URL}, so links in e-mails do not lead here over HTTPS.",
                hint="Set it to the address people use, such as https://mandate.example.org",
                id="mandate.W005",
            )
        ]
    return []


def mail(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when people at other machines are written to and nothing is sent."""
    if beyond_loopback() and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return [
            Warning(
                "EMAIL_URL is empty, so mail is kept in a folder and sent to nobody.",
                hint="Name a mail server, for example smtp+tls://user:password@mail.example.org:587.",
                id="mandate.W007",
            )
        ]
    return []


def functions(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to have groups of the OpenID provider mean functions that do not exist."""
    from governance.people.functions import Function

    return [
        Error(
            f"OIDC_FUNCTIONS has {group!r} mean {function!r}, which is no function.",
            hint=f"Expected one of {', '.join(Function.values)}.",
            id="mandate.E008",
        )
        for group, function in settings.OIDC_FUNCTIONS
        if function not in Function.values
    ]


def demo(app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a demo where others can reach it: anybody may become anybody there. One query."""
    if not databases or not beyond_loopback() or not is_demo():
        return []
    return [
        Error(
            "This database holds a demo, where anybody may become anybody,"
            f" and ALLOWED_HOSTS names {beyond_loopback()[0]}.",
            hint="Serve a demo on localhost, 127.0.0.1 or [::1] only,"
            " or start a real installation with a database of its own.",
            id="mandate.E006",
        )
    ]


def is_demo() -> bool:
    """Return whether the database says it is a demo; one without tables, or silent, does not say so."""
    from django.db import DatabaseError

    from governance.core.models import Installation

    try:
        return Installation.objects.filter(kind=Installation.Kind.DEMO).exists()
    except DatabaseError:
        return False
