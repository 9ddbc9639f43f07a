"""Signing, voiding, and checking that a signature still matches."""

from datetime import datetime

from governance.core import canonical
from governance.core.errors import Refused
from governance.people.proof import Proof
from governance.signatures.models import Meaning, Signature


def _seal(signature: Signature) -> str:
    """Return the digest that binds signer, meaning, statement, time and what was seen."""
    return canonical.digest(
        {
            "schema": 1,
            "initiative": signature.initiative_id,
            "person": signature.person_id,
            "name": signature.printed_name,
            "title": signature.printed_title,
            "meaning": signature.meaning,
            "statement": signature.statement,
            "signed_at": signature.signed_at,
            "proof": signature.proof_method,
            "facts": signature.facts_sha256,
        }
    )


def sign(
    *, initiative, by, meaning: Meaning, statement: str, facts: dict, proof: Proof | None, at: datetime
) -> Signature:
    """Write the signature of `by` under `statement` over `facts`, inside the caller's act. One query.

    Raises Refused without a proof, or with somebody else's: nobody signs for another.
    """
    if proof is None or proof.person_id != by.pk:
        raise Refused("Prove that it is you before you sign.")
    # Through canonical bytes and back: what is stored is what was digested, instants and money as text.
    kept = canonical.plain(facts)
    signature = Signature(
        initiative=initiative,
        person=by,
        meaning=meaning,
        printed_name=by.name,
        printed_title=by.title,
        statement=str(statement),
        signed_at=at,
        proof_method=proof.method,
        proved_at=proof.at,
        facts=kept,
        facts_sha256=canonical.digest(kept),
    )
    signature.seal_sha256 = _seal(signature)
    signature.save(force_insert=True)
    return signature


def void(signature: Signature, *, because: str, at: datetime) -> None:
    """Mark a signature void by rule; the row and its digest stay. One query; a void one stays as it is."""
    Signature.objects.filter(pk=signature.pk, voided_at=None).update(voided_at=at, voided_because=str(because)[:300])


def matches(signature: Signature) -> bool:
    """Return whether the stored bytes are still the ones that were signed. No query."""
    return canonical.digest(signature.facts) == signature.facts_sha256 and _seal(signature) == signature.seal_sha256
