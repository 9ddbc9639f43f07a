"""A secret made by many at once is one secret, and nobody reads half of it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from governance.core import secret


def test_all_who_ask_at_the_same_moment_get_the_same_whole_text(tmp_path):
    asked = 8
    for round_ in range(50):
        path, together = tmp_path / str(round_) / "key", Barrier(asked)

        def ask(number: int, path=path, together=together) -> str:
            together.wait()
            return secret.once(path, lambda: f"{number}" * 44)

        with ThreadPoolExecutor(asked) as pool:
            got = set(pool.map(ask, range(asked)))

        assert got == {path.read_text().strip()}
        assert [one.name for one in path.parent.iterdir()] == ["key"]


def test_it_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "key"

    assert (secret.once(path, lambda: "mine"), secret.once(path, lambda: "yours")) == ("mine", "mine")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_fails_while_it_is_made_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        secret.once(tmp_path / "key", lambda: str(1 / 0))

    assert list(tmp_path.iterdir()) == []
