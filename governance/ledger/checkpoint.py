"""Checkpoints: the size and the root of the ledger, signed, in files the database's owner does not control.

Whoever holds the database can rewrite it from end to end; a checkpoint kept elsewhere is what shows it.
Every 1,000 entries or five minutes, when there is something new, one line of JSON is appended to each
sink (`MANDATE_CHECKPOINT_SINKS`), signed with an Ed25519 key that is not in the database
(`MANDATE_CHECKPOINT_KEY`, else a file made in MANDATE_HOME). The public keys used so far are listed
beside it, so that an auditor can check a signature and an old line stays valid under a new key.

A sink that refuses is logged, noted in the ledger and shown by `warnings`; it never costs an act.
"""

import base64
import binascii
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from governance.core import canonical
from governance.core.secret import once
from governance.ledger.acts import act
from governance.ledger.models import LedgerEntry, LedgerHead, instant
from governance.ledger.verbs import Verb

log = logging.getLogger(__name__)

#: A checkpoint is due after so many entries, or after so long when there is anything new.
ENTRIES, AGE = 1000, timedelta(minutes=5)

PRIVATE, PUBLIC = "checkpoint_key", "checkpoint_key.pub"


@dataclass(frozen=True, slots=True)
class Line:
    """One checkpoint as a sink holds it; `problem` says what is wrong with the line itself, empty when nothing is."""

    sink: str
    number: int
    size: int = 0
    root: str = ""
    chain: str = ""
    at: str = ""
    problem: str = ""


def due(at: datetime, using: str = "default") -> bool:
    """Return whether a checkpoint should be made at `at`. Two queries."""
    size = LedgerHead.objects.using(using).values_list("size", flat=True).get(pk=1)
    last = _last(using)
    if last is None:
        return size > 0
    new = size - last.seq  # A checkpoint's own entry is nothing new.
    return new > 0 and (size - last.detail["size"] >= ENTRIES or at - last.at >= AGE)


def make(at: datetime, using: str = "default") -> bool:
    """Sign the ledger's size and root as they are now, append the line to every sink, and return whether all took it.

    The files are written outside any transaction; then one entry says which sinks took the line. Two
    processes may do this at once: two lines, both true. Raises ImproperlyConfigured when the key cannot
    be read or made.
    """
    head = LedgerHead.objects.using(using).get(pk=1)
    key = _private_key()
    body = {
        "at": instant(at),
        "chain": head.chain,
        "key": _key_id(key.public_key()),
        "root": head.root,
        "size": head.size,
    }
    line = canonical.encode({**body, "signature": base64.b64encode(key.sign(canonical.encode(body))).decode()}) + b"\n"
    took, refused = [], []
    for path in map(Path, settings.MANDATE_CHECKPOINT_SINKS):
        try:
            _append(path, line)
            took.append(sink_id(path))
        except OSError as error:
            log.error(
                "The checkpoint file %s cannot be written (%s). Until it can, nothing outside the database there vouches for the ledger.",
                path,
                error.strerror,
            )
            refused.append(sink_id(path))
    with act(by="system:checkpoint", at=at, using=using) as say:
        say(
            Verb.CHECKPOINT_MADE,
            head,
            size=head.size,
            root=head.root,
            key=body["key"],
            took=took,
            refused=refused,
        )
    return not refused


def keep(at: datetime, using: str = "default") -> bool:
    """Make a checkpoint if one is due and return whether one was made. For the sweep; a failure is logged, never raised."""
    try:
        if not due(at, using):
            return False
        make(at, using)
    except (ImproperlyConfigured, OSError) as error:
        log.error("No checkpoint of the ledger was made: %s", error)
        return False
    return True


def warnings(using: str = "default") -> list[str]:
    """Return what an administrator should mend about checkpoints, in sentences; empty when nothing. One query."""
    found = []
    sinks = [Path(path) for path in settings.MANDATE_CHECKPOINT_SINKS]
    home = Path(settings.MANDATE_HOME).resolve()
    inside = [path for path in sinks if path.resolve().is_relative_to(home)]
    if not sinks:
        found.append(
            _(
                "Checkpoints of the ledger go nowhere. Name at least one file in MANDATE_CHECKPOINT_SINKS, where the database's owner cannot write."
            )
        )
    elif len(inside) == len(sinks):
        found.append(
            _(
                "Every checkpoint file is inside the data folder (%(path)s). Whoever can rewrite the ledger can rewrite it too; add one elsewhere in MANDATE_CHECKPOINT_SINKS."
            )
            % {"path": inside[0]}
        )
    last = _last(using)
    lost = [] if last is None else [path for path in sinks if sink_id(path) in last.detail["refused"]]
    found.extend(_("The last checkpoint could not be written to %(path)s.") % {"path": path} for path in lost)
    return found


def sink_id(path: Path | str) -> str:
    """Return the short digest by which the ledger calls a sink: entries hold no machine's paths."""
    return sha256(str(path).encode()).hexdigest()[:12]


def lines(path: Path | str) -> Iterator[Line]:
    """Yield every checkpoint a sink holds, in its order, each with its signature checked. Raises OSError."""
    keys = known_keys()
    with open(path, "rb") as file:
        for number, raw in enumerate(file, start=1):
            yield _read(str(path), number, raw, keys)


def lengths() -> dict[Path, int]:
    """Return how many bytes each sink holds now, for `gathered`. No query."""
    return {path: path.stat().st_size for path in map(Path, settings.MANDATE_CHECKPOINT_SINKS) if path.exists()}


def gathered(size: int, before: dict[Path, int]) -> bytes:
    """Return the lines of every sink, each once, as they belong to a copy of the ledger that holds `size` entries.

    `before` are the lengths from before the copy began: what stood there then belongs to it, whatever it says;
    of what was added since, only the checkpoints over no more entries. A sink that cannot be read is left out.
    """
    kept: dict[bytes, None] = {}
    for path in map(Path, settings.MANDATE_CHECKPOINT_SINKS):
        try:
            held = path.read_bytes()
        except OSError:
            continue
        known = before.get(path, 0)
        kept.update(dict.fromkeys(held[:known].splitlines()))
        kept.update(dict.fromkeys(line for line in held[known:].splitlines() if _signed_over(line) <= size))
    return b"".join(line + b"\n" for line in kept)


def _signed_over(raw: bytes) -> float:
    """Return how many entries a line says it was signed over; without end when it cannot be read."""
    try:
        return int(json.loads(raw)["size"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def known_keys() -> dict[str, Ed25519PublicKey]:
    """Return the public keys checkpoints were signed with here, by key id; makes no key."""
    found = {}
    try:
        public = [_private_key(make_one=False).public_key()]
    except ImproperlyConfigured:
        public = []
    try:
        listed = (Path(settings.MANDATE_HOME) / PUBLIC).read_text(encoding="ascii").split()
        public += [Ed25519PublicKey.from_public_bytes(base64.b64decode(one)) for one in listed]
    except (OSError, ValueError):
        pass
    for key in public:
        found[_key_id(key)] = key
    return found


def know(public: Iterable[str]) -> None:
    """Add public keys, in base64, to those listed in MANDATE_HOME: a restored ledger brings those it was signed with.

    Raises OSError.
    """
    path = Path(settings.MANDATE_HOME) / PUBLIC
    known = path.read_text(encoding="ascii").split() if path.exists() else []
    for key in dict.fromkeys(public):
        if key not in known:
            _append(path, key.encode("ascii") + b"\n")


def _read(sink: str, number: int, raw: bytes, keys: dict[str, Ed25519PublicKey]) -> Line:
    try:
        said: dict[str, Any] = json.loads(raw)
        signature = base64.b64decode(said.pop("signature"))
        line = Line(sink, number, int(said["size"]), str(said["root"]), str(said["chain"]), str(said["at"]))
        key = keys.get(said["key"])
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return Line(sink, number, problem="cannot be read")
    if key is None:
        return Line(sink, number, problem=f"is signed with a key unknown here ({str(said['key'])[:16]})")
    try:
        key.verify(signature, canonical.encode(said))
    except InvalidSignature:
        return Line(sink, number, problem="carries a signature that does not fit it")
    return line


def _last(using: str) -> LedgerEntry | None:
    return (
        LedgerEntry.objects.using(using)
        .filter(verb=Verb.CHECKPOINT_MADE)
        .only("seq", "at", "detail")
        .order_by("-seq")
        .first()
    )


def _append(path: Path, line: bytes) -> None:
    """Append one whole line, on disk before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private_key(make_one: bool = True) -> Ed25519PrivateKey:
    """Return the signing key: from the environment, else from MANDATE_HOME, where it is made on first use."""
    path = Path(settings.MANDATE_HOME) / PRIVATE
    given = settings.MANDATE_CHECKPOINT_KEY
    if not given:
        try:
            given = once(path, _fresh_key) if make_one else path.read_text(encoding="ascii")
        except OSError as error:
            raise ImproperlyConfigured(
                f"The key that signs checkpoints, {path}, can be neither read nor made: {error.strerror}."
            ) from error
    try:
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(given.strip(), validate=True))
    except (ValueError, binascii.Error) as error:
        name = "MANDATE_CHECKPOINT_KEY" if settings.MANDATE_CHECKPOINT_KEY else str(path)
        raise ImproperlyConfigured(
            f"{name} holds no Ed25519 private key. Expected 32 random bytes in base64 (44 characters)."
        ) from error
    if make_one:
        _list_public(key)
    return key


def _fresh_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _list_public(key: Ed25519PrivateKey) -> None:
    """Add the public key to the list beside the private one, unless it is there. An unwritable folder leaves it unlisted."""
    path = Path(settings.MANDATE_HOME) / PUBLIC
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    try:
        know([public])
    except OSError as error:
        log.warning("The public key that checks checkpoints cannot be listed in %s: %s.", path, error.strerror)


def _key_id(key: Ed25519PublicKey) -> str:
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
