"""Every environment variable Mandate reads, each declared where it is read with the words the README prints.

`python -m portal.env` prints the README's table; a test fails when the README differs from it.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: its name, what stands in for it when it is absent, and what it is for."""

    name: str
    default: str
    says: str


DECLARED: dict[str, Variable] = {}

#: How the address of a broker may start.
BROKERS = ("memory", "redis", "rediss", "amqp", "amqps", "pyamqp", "sentinel")


def read(name: str, default: Any, says: str, cast: Callable[[str], Any] = str, shown: str | None = None) -> Any:
    """Return the variable `name` cast by `cast`, or `default` when it is absent or blank.

    `NAME_FILE` may name a file that holds the value, as container secrets do. `shown` is what the
    README prints as the default where the real one is computed. Raises ImproperlyConfigured, naming
    the variable and what came, when the value cannot be read.
    """
    DECLARED[name] = Variable(name, str(default) if shown is None else shown, says)
    raw = os.environ.get(name, "")
    path = os.environ.get(f"{name}_FILE", "")
    if path and not raw:
        try:
            with open(path, encoding="utf-8") as file:
                raw = file.read().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {path!r}, which cannot be read: {error.strerror}."
            ) from error
    if not raw:
        return default
    try:
        return cast(raw)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name} is {raw!r}. Expected {error}.") from error


def truth(raw: str) -> bool:
    """Read yes or no; anything else is refused, because a typo must not switch something off."""
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if raw.strip().lower() not in words:
        raise ValueError("yes or no (also 1/0, true/false, on/off)")
    return words[raw.strip().lower()]


def items(raw: str) -> list[str]:
    """Read a list separated by commas."""
    return [item.strip() for item in raw.split(",") if item.strip()]


def number(raw: str) -> int:
    """Read a whole number."""
    try:
        return int(raw)
    except ValueError as error:
        raise ValueError("a whole number") from error


def period(raw: str) -> int:
    """Read a number of seconds that something may wait for: at least one, at most a day."""
    if not 1 <= (seconds := number(raw)) <= 86_400:
        raise ValueError("a whole number from 1 to 86400")
    return seconds


def hosts(raw: str) -> list[str]:
    """Read names of hosts. An address would match no request at all, so it is refused."""
    found = items(raw)
    if not found or not all(re.fullmatch(r"\*|\.?[\w.-]+|\[[0-9A-Fa-f:.]+\]", host) for host in found):
        raise ValueError(
            "names of hosts separated by commas, such as mandate.example.org, without http:// and without a port"
        )
    return found


def address(raw: str) -> str:
    """Read the address of a site."""
    try:
        parts = urlsplit(raw)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        fair = whole and not (parts.query or parts.fragment or re.search(r"\s", raw))
    except ValueError:
        fair = False
    if not fair:
        raise ValueError("an address such as https://mandate.example.org")
    return raw


def broker(raw: str) -> str:
    """Read the address of a broker; what came is not repeated, because it may hold a password."""
    if raw.partition("://")[0] not in BROKERS or "://" not in raw:
        raise ImproperlyConfigured(
            f"CELERY_BROKER_URL cannot be read. Expected an address that starts with {', '.join(f'{b}://' for b in BROKERS)}."
        )
    return raw


def sender(raw: str) -> str:
    """Read the sender of an e-mail."""
    _name, mailbox = parseaddr(raw)
    if "\n" in raw or "\r" in raw or not re.fullmatch(r"[^@\s]+@[^@\s]+", mailbox):
        raise ValueError("a sender such as Mandate <mandate@example.org>")
    return raw


def level(raw: str) -> str:
    """Read a level of logging."""
    if raw.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("DEBUG, INFO, WARNING or ERROR")
    return raw.upper()


def issuer(raw: str) -> str:
    """Read the issuer of an OpenID provider: over HTTPS, or on this machine."""
    found = address(raw)
    parts = urlsplit(found)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("an address that starts with https://")
    return found


def pairs(raw: str) -> list[tuple[str, str]]:
    """Read a list of group=function, separated by commas."""
    found = [tuple(part.strip() for part in item.rpartition("=")[::2]) for item in items(raw)]
    if not all(len(pair) == 2 and all(pair) for pair in found):
        raise ValueError("group=function, separated by commas, such as grc=compliance,it-sec=security")
    return found  # type: ignore[return-value]


def passwords(raw: str) -> str:
    """Read who may sign in with a password."""
    if raw.lower() not in {"everybody", "administrators"}:
        raise ValueError("everybody or administrators")
    return raw.lower()


def wanted(raw: str) -> str:
    """Read whether something may be or must be."""
    if raw.lower() not in {"optional", "required"}:
        raise ValueError("optional or required")
    return raw.lower()


def zone(raw: str) -> str:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(raw).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("the name of a time zone, such as Europe/Berlin") from error


def table() -> str:
    """Return the README's table of variables, in the order the settings read them."""
    import portal.settings  # noqa: F401  (declares them)

    rows = [f"| `{v.name}` | {f'`{v.default}`' if v.default else 'empty'} | {v.says} |" for v in DECLARED.values()]
    return "\n".join(["| Variable | Default | What it is for |", "|---|---|---|", *rows])


if __name__ == "__main__":
    from portal import env

    print(env.table())
