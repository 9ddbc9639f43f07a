"""Which profiles there are: those that come with Mandate, one TOML file each beside this module, and those kept here.

A profile somebody wrote by hand and one made on the page are the same text, and are kept the same way.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from governance import ledger
from governance.core.errors import Refused
from governance.ledger import Verb
from governance.people import functions
from governance.people.functions import Function
from governance.registers.columns import missing
from governance.registers.models import KeptProfile
from governance.registers.profile import Profile, Unreadable
from governance.registers.profile_text import read

FOLDER = Path(__file__).with_name("profiles")

#: What stands for a profile where our own export comes in again: its columns say themselves what they mean.
OURS = "mandate"
#: Who may import, and say what the columns of a list mean.
IMPORTERS = (Function.PORTFOLIO, Function.ADMINISTRATORS)
#: What a profile may be called: it stands in addresses and on command lines.
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]")


def shipped() -> list[str]:
    """Return the names of the profiles that come with Mandate, in order. No query."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def names() -> list[str]:
    """Return the names of all profiles there are, in order. One query."""
    return sorted({*shipped(), *KeptProfile.objects.values_list("name", flat=True)})


def load(name: str) -> Profile:
    """Return the profile `name`. A query unless it comes with Mandate. Raises Unreadable when there is none."""
    if name in shipped():
        return _shipped(name)
    if name == OURS:
        raise Unreadable(
            _(
                "“%(name)s” stands for an export of the catalog, which its bringer looks at first: bring it back on its page."
            )
            % {"name": name}
        )
    kept = KeptProfile.objects.filter(name=name).first()
    if kept is None:
        raise Unreadable(
            _("There is no profile “%(name)s”. Expected one of: %(names)s.")
            % {"name": name, "names": ", ".join(names())}
        )
    return read(name, kept.text)


@cache
def _shipped(name: str) -> Profile:
    return read(name, (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def text_of(name: str) -> str:
    """Return the text of a profile, to be read, changed and brought back. A query unless it comes with Mandate. Raises Unreadable."""
    if name in shipped():
        return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    load(name)
    return KeptProfile.objects.values_list("text", flat=True).get(name=name)


def of_file(path: Path) -> tuple[str, str]:
    """Return the name and the text of a profile somebody wrote to a file; it goes by the file's name. Raises Unreadable."""
    try:
        return path.stem, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else _("it is not UTF-8")
        raise Unreadable(_("The profile %(file)s cannot be read: %(why)s.") % {"file": path, "why": why}) from error


def checked(name: str, text: str) -> Profile:
    """Return the profile that `text` says. No query. Raises Unreadable for a name or a text that no profile may have."""
    if not NAME.fullmatch(name):
        raise Unreadable(
            _("A profile is called “%(name)s”. Expected small letters, digits and hyphens, 2 to 60 of them.")
            % {"name": name[:80]}
        )
    if name in (OURS, *shipped()):
        raise Unreadable(
            _("“%(name)s” comes with Mandate and stays as it is. Give your own profile another name.") % {"name": name}
        )
    return read(name, text)


def keep(name: str, text: str, *, by: Any, at: datetime) -> Profile:
    """Keep a profile under its name, in place of the one that was there, and return it. `by` is a person or a system's name.

    Two queries and those of the record; none is written when it says the same as before. Raises Unreadable as
    `checked`, and Refused for somebody who may not import.
    """
    may_import(by)
    profile = checked(name, text)
    if KeptProfile.objects.filter(name=name, text=text).exists():
        return profile
    with ledger.act(by=by, at=at) as say:
        kept, _new = KeptProfile.objects.update_or_create(name=name, defaults={"text": text, "kept_at": at})
        say(Verb.PROFILE_KEPT, kept, sha256=sha256(text.encode()).hexdigest(), text={"name": name, "profile": text})
    return profile


def may_import(by: Any) -> None:
    """Raise Refused unless `by` is of the Portfolio office, an administrator, or a system's name. At most one query."""
    if not isinstance(by, str) and not functions.has(by, *IMPORTERS):
        raise Refused(
            _("%(name)s may not import. The Portfolio office and administrators may.") % {"name": by.name},
            str(Function.PORTFOLIO.label),
        )


def may_bring(by: Any, profile: str) -> None:
    """Raise Refused unless `by` may bring a list under this profile: everybody an export of ours, others as `may_import`."""
    if profile != OURS:
        may_import(by)


def fitting(titles: Sequence[str]) -> list[str]:
    """Return the names of the profiles whose columns are all among `titles`. A query for each that is kept here, and one."""
    return [name for name in names() if not missing(load(name).columns, titles)]
