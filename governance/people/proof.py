"""Proof that it is you: the newest authentication of this session, on the wall clock.

A binding act needs one younger than the policy's window. Only the listed methods count, and anything
that cannot be read counts as no proof. allauth's own question answers yes for people without a
password, so it is not asked.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from governance import policy
from governance.core import clock

#: How people can prove it is them. "demo" exists only in a demo installation.
METHODS = frozenset({"password", "demo"})
_KEY = "mandate_proof"


@dataclass(frozen=True, slots=True)
class Proof:
    """One authentication: whose, how, and when on the wall clock (UTC)."""

    person_id: int
    method: str
    at: datetime


def record(request, person, method: str) -> None:
    """Remember in this session that `person` has just proved it is them by `method`."""
    request.session[_KEY] = {"person": person.pk, "method": method, "at": clock.wall().isoformat()}


def newest(request) -> Proof | None:
    """Return this session's newest proof, or None; one that is not this person's or cannot be read is none."""
    kept = request.session.get(_KEY)
    try:
        proof = Proof(int(kept["person"]), str(kept["method"]), datetime.fromisoformat(kept["at"]).astimezone(UTC))
    except (TypeError, KeyError, ValueError):
        return None
    demo_only = proof.method == "demo" and not getattr(request.installation, "is_demo", False)
    if (
        proof.method not in METHODS
        or demo_only
        or proof.person_id != getattr(request.user, "pk", None)
        or proof.at > clock.wall() + timedelta(minutes=1)
    ):
        return None
    return proof


def fresh(request, within: timedelta | None = None) -> Proof | None:
    """Return the newest proof if it is younger than `within` (the policy's window when not given), or None."""
    within = timedelta(minutes=policy.current().windows["proof_min"]) if within is None else within
    proof = newest(request)
    return proof if proof and clock.wall() - proof.at <= within else None
