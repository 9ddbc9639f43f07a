"""What is governed is on record: no act changes such a row without an entry, and every such table is tried."""

import pytest
from django.apps import apps

from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_access import ask
from tests.safety.test_extra_fields import SENT, allowed

#: Tables that are no record of their own, and why not.
NOT_GOVERNED = {
    "LedgerEntry": "the record itself",
    "LedgerHead": "the record itself",
    "KeyCounter": "numbers, and no fact",
    "SearchText": "made again from the initiative",
    "CatalogRow": "kept by triggers; check_catalog proves it",
    "InitiativeUserPermission": "follows the matrix; check_grants proves it",
    "InitiativeGroupPermission": "follows the matrix; check_grants proves it",
    "Notice": "follows from entries: who is told of them",
    "Message": "the e-mail of notices; a failure is an entry",
    "Told": "which occasion was said; its entry is clock.reminded",
    "Pulse": "when a process last ticked",
    "FilePart": "a file until it was read",
    "FirstView": "which view one person's own catalog opens with; decides nothing",
    "Staged": "rows of a file before they are applied",
    "Listed": "which directory listed somebody last; its import is on record",
    "Before": "what an import may be taken back to; taking it back is on record",
}
#: Governed, and written by no form: a command or a release does it, and its own test asks for the entry.
NO_FORM = {
    "Identity": "people/test_oidc.py",
    "PolicyVersion": "policy/test_versions.py",
    "Origin": "registers/test_apply.py",
}
MODELS = {m.__name__: m._meta.db_table for m in apps.get_app_config("governance").get_models()}
GOVERNED = {name: table for name, table in MODELS.items() if name not in NOT_GOVERNED}


@pytest.fixture(scope="module")
def written() -> dict[str, set[str]]:
    """By entry of the table of access, the governed tables that its form wrote; filled as the tests go."""
    return {}


@pytest.mark.parametrize("entry", SENT)
def test_a_form_that_changes_what_is_governed_is_on_record(world, entry, written):
    name, how = reach(entry)
    seq = watch.last_seq()
    with watch.undone(), watch.watching() as wrote:
        ask(world, allowed(entry), "post", how.url(name, world), how.data(world))
        said = watch.said_since(seq)
    written[entry] = set(GOVERNED.values()) & wrote.tables

    assert said or not written[entry], f"{entry} wrote {sorted(written[entry])} and the record says nothing."


def test_every_governed_table_is_written_by_one_of_them(written):
    if len(written) < len(SENT):
        pytest.skip("only a part of the forms was tried in this run")
    tried = set().union(*written.values())

    assert sorted(name for name, table in GOVERNED.items() if table not in tried) == sorted(NO_FORM), (
        "A governed table that no form of tests/safety/reach.py writes: add the form, or say in NO_FORM or"
        " NOT_GOVERNED why its rows need no entry of their own."
    )
