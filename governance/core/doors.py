"""Who may come in without signing in: nobody, except where a view is marked."""

from collections.abc import Callable
from typing import Any


def open_in_a_demo(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let people who have not signed in reach `view` in a demo, and in a demo only (the front door)."""
    view.open_in_a_demo = True  # type: ignore[attr-defined]
    return view
