"""Put the guards of the record and the search index in place; furnish.py puts them back after every migrate."""

from django.db import migrations


def install(apps, schema_editor):
    from governance.initiatives import search
    from governance.ledger import guards

    guards.install(schema_editor.connection.alias)
    search.install(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
