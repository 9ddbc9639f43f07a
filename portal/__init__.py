"""How Mandate is run: settings, addresses, the task queue, the one-command start, backups, deployment files."""

from portal.celery import app as celery

__all__ = ["celery"]
