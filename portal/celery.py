"""The task queue. Messages carry only "look now": what is owed stands in rows (see governance.notices)."""

import os
import threading

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("mandate")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Rooms are not Django apps, so autodiscovery would find nothing in them: they are named here.
app.conf.imports = ("governance.reviews.tasks", "governance.notices.tasks", "governance.registers.tasks")


@signals.celeryd_init.connect
@signals.beat_init.connect
def _start_safely(**kwargs) -> None:
    """A worker or a beat of its own refuses to start where the web server would."""
    if threading.current_thread() is not threading.main_thread():
        return  # quickstart's own threads: it has asked already, and needs no broker between processes
    import django

    django.setup()
    from portal.safety import refuse_unsafe_start

    refuse_unsafe_start(alone=False)
