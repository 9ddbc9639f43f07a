"""What every database holds before anybody signs in; idempotent, run after every migrate.

The head row, the key counter, the closed public register, the function groups, policy version 1 the guards that refuse
changes to the record, and the triggers that keep the rows of the catalog: SQLite drops triggers silently when Django remakes a table, so they are put
back here each time.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connections


def before_migrate(using: str = "default", plan: Sequence[Any] = (), **kwargs) -> None:
    """Take the triggers that keep the catalog out of the way of a migration that changes tables; `after_migrate` puts them back."""
    if plan and "governance_catalogrow" in connections[using].introspection.table_names():
        from governance.initiatives import catalog_keeping

        catalog_keeping.remove(using)


def after_migrate(using: str = "default", **kwargs) -> None:
    """Fill the database `using`. Safe to run any number of times; called by Django after migrate."""
    from django.apps import apps

    if not _tables_are_there(using):
        return
    from governance.initiatives import catalog_keeping, search
    from governance.ledger import guards
    from governance.people import functions
    from governance.policy import versions

    guards.install(using)
    search.install(using)
    catalog_keeping.install(using)
    apps.get_model("governance", "LedgerHead").objects.using(using).get_or_create(pk=1)
    apps.get_model("governance", "KeyCounter").objects.using(using).get_or_create(pk=1)
    apps.get_model("governance", "PublicRegister").objects.using(using).get_or_create(pk=1)
    functions.ensure(using)
    versions.ensure(using)


def _tables_are_there(using: str) -> bool:
    """Return whether this database is migrated as far as the tables filled here (not after `migrate zero`)."""
    names = set(connections[using].introspection.table_names())
    return {
        "governance_ledgerhead",
        "governance_keycounter",
        "governance_policyversion",
        "governance_publicregister",
        "governance_searchtext",
        "governance_catalogrow",
    } <= names
