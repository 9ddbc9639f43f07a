"""The app's configuration: its one signal fills what every database must hold after a migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class GovernanceConfig(AppConfig):
    """One app, one migration tree, many rooms."""

    name = "governance"
    verbose_name = "Mandate"

    def ready(self):
        from governance import checks, furnish

        checks.register_all()
        post_migrate.connect(furnish.after_migrate, sender=self, dispatch_uid="governance.furnish")
