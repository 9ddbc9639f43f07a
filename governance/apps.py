"""The app's configuration: its two signals are those of a migration, which takes triggers away and fills what every database must hold."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class GovernanceConfig(AppConfig):
    """One app, one migration tree, many rooms."""

    name = "governance"
    verbose_name = "Mandate"

    def ready(self):
        from governance import checks, furnish

        checks.register_all()
        pre_migrate.connect(furnish.before_migrate, sender=self, dispatch_uid="governance.clear")
        post_migrate.connect(furnish.after_migrate, sender=self, dispatch_uid="governance.furnish")
