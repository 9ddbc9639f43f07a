"""A secret kept in a file: made once, whole, and readable by its owner only, however many ask for it at once."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def once(path: Path, make: Callable[[], str]) -> str:
    """Return the text `path` holds, without the space around it; the first who asks has it made by `make`.

    The file appears whole or not at all, so two processes that start together agree on one text and nobody
    reads half of it. Raises `OSError` when the file cannot be read or its folder cannot be written.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, mine = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600, a name of its own
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(make() + "\n")
            with suppress(FileExistsError):
                os.link(mine, path)
        finally:
            os.unlink(mine)
    return path.read_text(encoding="ascii").strip()
