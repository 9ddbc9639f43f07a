"""Who may come in without signing in: nobody, except where a view is marked."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required


def open_in_a_demo(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let people who have not signed in reach `view` in a demo, and in a demo only (the front door)."""
    view.open_in_a_demo = True  # type: ignore[attr-defined]
    return view


def open_outside(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let anybody reach `view`, which is the same for everybody: nobody asks who reads it, and no session is opened."""
    view.open_outside = True  # type: ignore[attr-defined]
    return login_not_required(view)
