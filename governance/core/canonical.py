"""One way to write a value as bytes, so that a digest of it means something (after RFC 8785)."""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def _plain(value: Any) -> Any:
    """Return what JSON cannot say as text: instants in UTC with microseconds, money as written."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical form; pass text, a number, a date or an instant.")


def encode(value: Any) -> bytes:
    """Return `value` as canonical JSON: keys sorted, no spaces, UTF-8. Raises TypeError for floats that are not finite."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    ).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of `value`, in hexadecimal."""
    return hashlib.sha256(encode(value)).hexdigest()


def plain(value: Any) -> Any:
    """Return `value` as what a JSON column gives back: instants, dates and money as their canonical text."""
    return json.loads(encode(value))
