"""The refusals that are not "blocked": not yours, and too late. `portal.middleware.Answers` shows them as pages."""

from collections.abc import Sequence


class Refused(Exception):
    """Not yours (403). `message` says whose it is; `who` names them."""

    def __init__(self, message, who: str = ""):
        self.message, self.who = message, who
        super().__init__(str(message))


class Conflict(Exception):
    """Too late or stale (409): somebody answered already, or the facts moved since the page was shown.

    `changes` lists what moved, in words, when that is why.
    """

    def __init__(self, message, changes: Sequence[str] = ()):
        self.message, self.changes = message, tuple(changes)
        super().__init__(str(message))
