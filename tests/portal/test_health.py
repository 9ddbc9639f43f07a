"""Ready means: the database answers, is migrated and guarded, and reminders arrive."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from portal import health

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_it_is_alive_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz/live").json() == {"live": True}


def test_it_is_ready_without_signing_in(client):
    response = client.get("/healthz/ready")

    assert (response.status_code, response.json()) == (200, {"ready": True, "reasons": []})


def test_a_late_sweep_counts_from_the_start_of_the_process(client, monkeypatch):
    from governance.core.models import Pulse

    Pulse.objects.create(name="sweep", beat_at=timezone.now() - timedelta(days=7))
    assert client.get("/healthz/ready").status_code == 200

    monkeypatch.setattr(health, "STARTED_AT", timezone.now() - timedelta(minutes=16))
    late = client.get("/healthz/ready")
    assert late.status_code == 503
    assert late.json() == {
        "ready": False,
        "reasons": ["The last sweep was 16 minutes ago. Are the worker and the beat running?"],
    }

    Pulse.beat("sweep")
    assert client.get("/healthz/ready").status_code == 200
    assert Pulse.objects.count() == 1


def test_a_missing_guard_is_a_reason(client):
    from governance.ledger import guards

    table = f" ON {guards.ENTRY}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER ledger_entry_stays{table}")

    response = client.get("/healthz/ready")

    assert response.status_code == 503
    assert response.json()["reasons"] == [
        "1 guards of the ledger are missing. Run: manage.py migrate, then manage.py verify_ledger"
    ]


def test_a_migration_that_has_not_run_is_a_reason(client):
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="guardian").order_by("-name").first().delete()

    response = client.get("/healthz/ready")

    assert response.status_code == 503
    assert response.json()["reasons"] == ["1 migrations have not run. Run: manage.py migrate"]


def test_a_database_that_does_not_answer_is_a_reason_without_its_address(client, monkeypatch):
    def gone(*args, **kwargs):
        raise OSError("could not connect to host=secret-host")

    monkeypatch.setattr(health.connection, "cursor", gone)

    response = client.get("/healthz/ready")

    assert (response.status_code, response.json()) == (
        503,
        {"ready": False, "reasons": ["The database does not answer."]},
    )
