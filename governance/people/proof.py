"""Proof that it is you: the newest authentication of this session, on the wall clock.

A binding act needs one younger than the policy's window. Only the listed methods count, and anything
that cannot be read counts as no proof. Whoever has a second factor proves with both. allauth's own
question answers yes for people without a password, so it is not asked.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from governance import policy
from governance.core import clock
from governance.people import second_factor

#: How people can prove it is them, and how a seal says so. "demo" exists only in a demo installation.
METHODS = {
    "password": _("with their password"),
    "password+code": _("with their password and a code from their app"),
    "password+recovery": _("with their password and a recovery code"),
    "oidc": _("through the company’s sign-in"),
    "oidc+code": _("through the company’s sign-in and with a code from their app"),
    "oidc+recovery": _("through the company’s sign-in and with a recovery code"),
    "demo": _("in the demo"),
}
#: Those in which no second factor was asked for here; what the company asks for is the company's.
ALONE = frozenset({"password", "oidc"})
_KEY = "mandate_proof"
#: The first half of a proof, of somebody who still has to enter a code.
_HALF = "mandate_half_proof"


@dataclass(frozen=True, slots=True)
class Proof:
    """One authentication: whose, how, and when on the wall clock (UTC)."""

    person_id: int
    method: str
    at: datetime


def record(request, person, method: str, at: datetime | None = None) -> None:
    """Remember in this session that `person` proved it is them by `method`, just now or at `at` on the wall clock."""
    request.session.pop(_HALF, None)
    request.session[_KEY] = {"person": person.pk, "method": method, "at": (at or clock.wall()).isoformat()}


def begin(request, person, method: str, at: datetime | None) -> None:
    """Remember the first half of a proof, until a code completes it; where nobody knows when it was, there is none."""
    request.session.pop(_HALF, None)
    if at is not None:
        request.session[_HALF] = {"person": person.pk, "method": method, "at": at.isoformat()}


def begun(request, person) -> Proof | None:
    """Return the first half of a proof of `person` in this session, however old, or None."""
    found = _read(request.session.get(_HALF))
    return found if found and found.person_id == person.pk and found.method in ALONE else None


def how_proved(method: str):
    """Return how somebody proved it was them, for a sentence."""
    return METHODS.get(method, method)


def newest(request, *, alone: bool = False) -> Proof | None:
    """Return this session's newest proof, or None; one that is not this person's or cannot be read is none.

    One without a second factor is none either where the person has one, nor is a password alone where the
    installation requires one; `alone` takes that of a person who has none yet, to set it up. One query for it.
    """
    proof = _read(request.session.get(_KEY))
    if proof is None:
        return None
    demo_only = proof.method == "demo" and not getattr(request.installation, "is_demo", False)
    if (
        proof.method not in METHODS
        or demo_only
        or proof.person_id != getattr(request.user, "pk", None)
        or proof.at > clock.wall() + timedelta(minutes=1)
    ):
        return None
    if proof.method in ALONE and second_factor.has(request.user):
        return None
    if proof.method == "password" and second_factor.required(request) and not alone:
        return None
    return proof


def _read(kept) -> Proof | None:
    """Return a proof as it was kept; one that cannot be read is none."""
    try:
        return Proof(int(kept["person"]), str(kept["method"]), datetime.fromisoformat(kept["at"]).astimezone(UTC))
    except (TypeError, KeyError, ValueError):
        return None


def fresh(request, within: timedelta | None = None, *, alone: bool = False) -> Proof | None:
    """Return the newest proof if it is younger than `within` (the policy's window when not given), or None."""
    proof = newest(request, alone=alone)
    return proof if proof and clock.wall() - proof.at <= (window() if within is None else within) else None


def window() -> timedelta:
    """Return how long a proof counts, by the policy."""
    return timedelta(minutes=policy.current().windows["proof_min"])
