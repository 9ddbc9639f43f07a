"""Small secrets at rest: a copy of the database alone opens none of them.

The keys are derived from SECRET_KEY, one for each purpose; what an earlier key of SECRET_KEY_FALLBACKS
sealed still opens. With the key gone, what was sealed is lost, and whoever reads it must refuse.
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(text: str, purpose: str) -> str:
    """Return `text` encrypted and authenticated for one purpose, with the second it was sealed."""
    return _box(purpose).encrypt(text.encode()).decode("ascii")


def opened(sealed: str, purpose: str, within: timedelta | None = None) -> str | None:
    """Return what was sealed for this purpose, or None when it is anything else, or older than `within`."""
    try:
        return _box(purpose).decrypt(sealed.encode(), ttl=int(within.total_seconds()) if within else None).decode()
    except (InvalidToken, ValueError):
        return None


def mark(text: str, purpose: str) -> str:
    """Return a keyed digest by which `text` is known again and from which it cannot be read."""
    return _mark(settings.SECRET_KEY, text, purpose)


def knows(marked: str, text: str, purpose: str) -> bool:
    """Return whether `marked` is the mark of `text`, under this key or an earlier one. In constant time for each."""
    return any([hmac.compare_digest(marked, _mark(secret, text, purpose)) for secret in _secrets()])


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _box(purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret, f"seal {purpose}"))) for secret in _secrets()])


def _mark(secret: str, text: str, purpose: str) -> str:
    return hmac.new(_key(secret, f"mark {purpose}"), text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=32)
def _key(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"mandate {purpose}".encode()).derive(secret.encode())
