"""The file a backup is: a compressed tar of one manifest and the parts it names, each with its size and SHA-256.

The manifest comes first, so that what follows is held against it while it is read. Only the names below can
be inside, and nothing is unpacked under a name that the archive chose: a link, a path, a part twice or a part
too many, and nothing of it is used.
"""

import errno
import fcntl
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

#: Of the layout below. A reader refuses what is higher.
FORMAT = 1

MANIFEST = "manifest.json"
#: The database, by vendor.
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
CHECKPOINTS, PUBLIC_KEYS, KEY = "checkpoints.log", "checkpoint_key.pub", "checkpoint_key"
PARTS = (*DATABASE.values(), CHECKPOINTS, PUBLIC_KEYS, KEY)

_CHUNK = 1 << 20
_WORKSHOP = ".mandate-"


class Unfit(Exception):
    """A file is no backup, or is not what it was; the sentence says what is wrong with it."""


@dataclass(slots=True)
class Manifest:
    """What a backup says about itself. `size` and `root` are the ledger's; `whole` is whether it verified then."""

    mandate: str
    at: str
    vendor: str
    server: str
    kind: str
    migrations: list[str]
    size: int
    root: str
    whole: bool
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def made_at(self) -> datetime:
        """Return when the backup began."""
        return datetime.fromisoformat(self.at)


# --- Writing ----------------------------------------------------------------------------------


def write(path: Path, manifest: Manifest, folder: Path) -> None:
    """Write the parts that stand in `folder` to the new file `path`, on disk before this returns; fill in `manifest.parts`.

    Only its owner can read it. Raises OSError.
    """
    found = [name for name in PARTS if (folder / name).exists()]
    manifest.parts = {name: _measure(folder / name) for name in found}
    said = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode() + b"\n"
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        # Level 3: a quarter of the time that the usual level takes, for a fifteenth more bytes.
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as tar:
            tar.addfile(_member(MANIFEST, len(said), manifest), io.BytesIO(said))
            for name in found:
                with open(folder / name, "rb") as part:
                    tar.addfile(_member(name, manifest.parts[name]["bytes"], manifest), part)
        raw.flush()
        os.fsync(raw.fileno())


def _member(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(manifest.made_at.timestamp())
    return member


def _measure(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


# --- Reading ----------------------------------------------------------------------------------


def read(path: Path) -> Manifest:
    """Return what the backup `path` says about itself, without reading further. Raises Unfit and OSError."""
    with _opened(path, to_its_end=False) as tar:
        return _manifest(path, tar)


def unpack(path: Path, into: Path | None) -> str:
    """Unpack a backup into the folder `into`, or only read it where that is None; return its SHA-256.

    Every byte is held against the manifest. Raises Unfit for a file that is not what it was, and OSError.
    """
    with _opened(path) as tar:
        owed = dict(_manifest(path, tar).parts)
        while (member := tar.next()) is not None:
            part = owed.pop(member.name, None)
            if part is None or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                raise Unfit(f"{path} holds {member.name[:80]!r}, which no backup holds. Nothing of it was used.")
            if member.size != part["bytes"] or _take(tar.extractfile(member), into, member.name) != part["sha256"]:
                raise Unfit(f"{path} is damaged or was altered: {member.name} is not what its manifest says.")
        if owed:
            raise Unfit(f"{path} is damaged or was altered: {', '.join(sorted(owed))} is missing.")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(path: Path, to_its_end: bool = True) -> Iterator[tarfile.TarFile]:
    """Open a backup for reading in its order; at its end, the checksum over all of it is looked at too."""
    try:
        with gzip.open(path, "rb") as raw:
            with tarfile.open(fileobj=raw, mode="r|") as tar:
                yield tar
            while to_its_end and raw.read(_CHUNK):
                pass
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise Unfit(f"{path} is no backup of Mandate, or it is damaged ({error}).") from error


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    """Return the manifest, which is the first member. Raises Unfit."""
    unfit = Unfit(f"{path} is no backup of Mandate: it does not begin with a manifest.")
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > _CHUNK:
        raise unfit
    try:
        said = json.loads(tar.extractfile(first).read())
        if said["format"] > FORMAT:
            raise Unfit(
                f"{path} was made by Mandate {said['mandate']}, which is newer than this one. Restore it with that version."
            )
        manifest = Manifest(**said)
        fair = (
            manifest.made_at.tzinfo is not None
            and isinstance(manifest.migrations, list)
            and (manifest.vendor == "sqlite" or manifest.server.isdigit())
            and DATABASE[manifest.vendor] in manifest.parts
            and set(manifest.parts) <= {DATABASE[manifest.vendor], CHECKPOINTS, PUBLIC_KEYS, KEY}
            and all(
                re.fullmatch(r"[0-9a-f]{64}", part["sha256"]) and part["bytes"] >= 0 for part in manifest.parts.values()
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unfit from error
    if not fair:
        raise unfit
    return manifest


def _take(source: IO[bytes] | None, into: Path | None, name: str) -> str:
    """Read one part to its end, keep it under `name` where `into` says, and return its SHA-256."""
    digest = hashlib.sha256()
    with open(into / name if into else os.devnull, "wb", opener=_private) as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


# --- Where the work is done -------------------------------------------------------------------


@contextmanager
def workshop(beside: Path) -> Iterator[Path]:
    """Make a folder inside `beside` that only its owner can enter, gone when the block ends; those of killed runs go too.

    Raises OSError.
    """
    for left in beside.glob(f"{_WORKSHOP}*"):
        descriptor = os.open(left, os.O_RDONLY)
        with suppress(OSError):  # somebody works in it, or this file system cannot say
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)
        os.close(descriptor)
    folder = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=beside))
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def is_full(error: BaseException) -> bool:
    """Return whether an error means that there is no space left."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "disk is full" in str(error)
