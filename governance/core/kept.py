"""Answers kept for a while: what is true of the whole organisation is asked once while many initiatives are explained."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def asking_once() -> Iterator[None]:
    """While this block runs, `answer` asks each question once. Only for reading: nothing may change meanwhile."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def answer(question: Hashable, ask: Callable[[], Any]) -> Any:
    """Return what `ask` returns; inside `asking_once`, what it returned the first time for this `question`."""
    answers = _answers.get()
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    return answers[question]


def asked_once() -> bool:
    """Return whether answers are being kept."""
    return _answers.get() is not None
