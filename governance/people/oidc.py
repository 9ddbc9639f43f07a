"""The company's OpenID provider, as its protocol: where it is, the way there, and what is believed of what comes back.

OpenID Connect Core, authorization code with PKCE. The ID token is believed on its signature alone, by a key of
the provider's and never by "none" or a shared secret, and only when issuer, audience, time and nonce are ours;
claims come from nowhere else. allauth's own OpenID client skips the signature and knows no nonce, so it is not
used. Nothing here reads the database, and nothing asks the network where no provider is set up.
"""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt
from django.conf import settings
from django.urls import reverse

from governance.core import clock

log = logging.getLogger("mandate.oidc")

#: Signatures that are believed: by a key pair, so that only the provider can have made them.
SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
#: How far its clock and ours may differ, how long its papers are kept, how long an answer may take and be.
LEEWAY, KEPT_S, WAIT_S, MOST_BYTES = timedelta(minutes=1), 3600, 5, 1_000_000
#: Whoever proved it to the provider longer ago than this is asked there again when they sign in.
ASKED_AGAIN = timedelta(hours=12)


class Away(Exception):
    """The provider does not answer, or not in words of the protocol; another time it may."""


class Unbelievable(Exception):
    """What came back is not to be believed; why is for the log."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of whoever came back, checked."""

    issuer: str
    subject: str
    email: str
    verified: bool
    groups: frozenset[str]
    proved_at: datetime | None


class _Stay(HTTPRedirectHandler):
    """Follow no redirect: the provider's addresses are those it publishes."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = build_opener(_Stay)
_papers: dict[str, tuple[float, dict[str, Any]]] = {}


def is_set_up() -> bool:
    """Return whether this installation has a provider."""
    return bool(settings.OIDC_ISSUER)


# The way there


def begin(*, again: bool) -> tuple[str, dict[str, str]]:
    """Return the address to lead somebody to, and what must be kept until they come back. Raises Away.

    `again` has the provider ask who they are even when it knows, for a proof.
    """
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": back_url(),
        "scope": settings.OIDC_SCOPES,
        "state": kept["state"],
        "nonce": kept["nonce"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        # Asking for an age is what makes a provider say when somebody proved who they are.
        **({"prompt": "login", "max_age": "0"} if again else {"max_age": str(int(ASKED_AGAIN.total_seconds()))}),
    }
    there = _published("authorization_endpoint")
    return f"{there}{'&' if urlsplit(there).query else '?'}{urlencode(asked)}", kept


def back_url() -> str:
    """Return the address that must be registered at the provider: on our own site, whatever host a request names."""
    return settings.SITE_URL + reverse("people:back_from_company")


# What comes back


def finish(code: str, kept: Mapping[str, str]) -> Claims:
    """Return what the provider says of whoever brought `code`. Raises Away, or Unbelievable with why."""
    answer = _redeem(code, kept["verifier"])
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise Unbelievable("no ID token came")
    return _believed(_read(token), kept["nonce"])


def _redeem(code: str, verifier: str) -> dict[str, Any]:
    """Return what the provider gives for a code."""
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back_url(),
        "code_verifier": verifier,
    }
    headers = {}
    ways = _configuration().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" in ways:
        both = f"{quote(settings.OIDC_CLIENT_ID, safe='')}:{quote(settings.OIDC_CLIENT_SECRET, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    else:
        sent |= {"client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    try:
        return _ask(_published("token_endpoint"), urlencode(sent).encode(), headers)
    except HTTPError as error:
        if error.code == 400:
            raise Unbelievable("the provider does not take the code") from error
        raise Away(f"the token endpoint answered {error.code}") from error


def _read(token: str) -> dict[str, Any]:
    """Return the claims of an ID token whose signature, issuer, audience and time are right."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in SIGNED:
            raise Unbelievable(f"it is signed with {algorithm!r}")
        return jwt.decode(
            token,
            key=_key(header.get("kid")),
            algorithms=[algorithm],
            issuer=_configuration()["issuer"],
            audience=settings.OIDC_CLIENT_ID,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise Unbelievable(f"{type(error).__name__}: {error}") from error


def _believed(said: dict[str, Any], nonce: str) -> Claims:
    """Return the claims of a token that is the answer to what was asked here."""
    if not hmac.compare_digest(str(said.get("nonce", "")).encode(), nonce.encode()):
        raise Unbelievable("it is the answer to another question (nonce)")
    several = isinstance(said["aud"], list) and len(said["aud"]) > 1
    if (several or "azp" in said) and said.get("azp") != settings.OIDC_CLIENT_ID:
        raise Unbelievable("it was made for another client (azp)")
    subject = said["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Unbelievable("its subject is no name")
    groups = said.get(settings.OIDC_GROUPS_CLAIM) or []
    return Claims(
        issuer=said["iss"],
        subject=subject,
        email=str(said.get("email") or ""),
        verified=said.get("email_verified") is True,
        groups=frozenset(map(str, groups if isinstance(groups, list) else [groups])),
        proved_at=_proved_at(said.get("auth_time")),
    )


def _proved_at(auth_time: Any) -> datetime | None:
    """Return when they proved who they are at the provider; nothing where it does not say, or names no time that was."""
    if not isinstance(auth_time, int) or not 0 < auth_time < 1 << 40:
        return None
    proved_at = datetime.fromtimestamp(auth_time, UTC)
    now = clock.wall()
    return min(proved_at, now) if proved_at <= now + LEEWAY else None


# Its papers


def _configuration() -> dict[str, Any]:
    """Return what the provider publishes about itself, kept for an hour. Raises Away."""
    found = _paper(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        raise Away(f"it says it is {found.get('issuer')!r}")
    return found


def _published(name: str) -> str:
    """Return an address that the provider publishes. Raises Away where it is none to be trusted."""
    address = str(_configuration().get(name, ""))
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.OIDC_ISSUER.startswith("http:")):
        raise Away(f"its {name} is {address!r}")
    return address


def _key(kid: Any) -> Any:
    """Return the key named `kid`; looked for anew once a minute at most, because keys change. Raises Unbelievable."""
    address = _published("jwks_uri")
    for newer_than in (KEPT_S, 60):
        keys = jwt.PyJWKSet.from_dict(_paper(address, newer_than)).keys
        named = [one for one in keys if one.key_id == kid] if kid is not None else keys if len(keys) == 1 else []
        if named:
            return named[0].key
    raise Unbelievable(f"no key of the provider's is named {kid!r}")


def _paper(address: str, newer_than: int = KEPT_S) -> dict[str, Any]:
    """Return a document of the provider's, from memory when it was read less than `newer_than` seconds ago."""
    at, found = _papers.get(address, (-float("inf"), {}))
    if time.monotonic() - at >= newer_than:
        try:
            found = _ask(address)
        except HTTPError as error:
            raise Away(f"{address} answered {error.code}") from error
        _papers[address] = (time.monotonic(), found)
    return found


def _ask(address: str, data: bytes | None = None, headers: Mapping[str, str] = {}) -> dict[str, Any]:
    """Return the JSON object an address answers with. Raises HTTPError for another status, Away for anything else."""
    request = Request(address, data=data, headers={"Accept": "application/json", **headers})
    try:
        with _opener.open(request, timeout=WAIT_S) as response:
            found = json.loads(response.read(MOST_BYTES))
    except HTTPError:
        raise
    except (OSError, ValueError) as error:
        raise Away(f"{address}: {error}") from error
    if not isinstance(found, dict):
        raise Away(f"{address} answered with no object")
    return found
