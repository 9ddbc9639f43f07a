"""The rows of the catalog: whatever changes an initiative or what hangs on it changes its row, on both databases, by whatever hand."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from governance import furnish
from governance.gates.models import Decision, Stop
from governance.initiatives import catalog_keeping
from governance.initiatives.models import CatalogRow, Initiative
from governance.outcomes.models import Budget, Measurement, Outcome
from governance.people.models import Person
from governance.proof.models import SignOff
from governance.raci.models import Assignment, Role, Row
from portal import health
from tests.make import AT

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def row(story) -> CatalogRow:
    """Return the row of a story's initiative as it stands in the database."""
    return CatalogRow.objects.get(pk=story.initiative.pk)


def check(*arguments: str) -> tuple[int, list[str]]:
    """Run the command; return its exit code and its lines."""
    out, code = io.StringIO(), 0
    try:
        call_command("check_catalog", *arguments, stdout=out)
    except SystemExit as ended:
        code = ended.code
    return code, out.getvalue().splitlines()


IN_ORDER = (0, ["Every row of the catalog is what it follows from."])


@pytest.mark.parametrize("stage", ["idea", "pilot", "funding", "build", "production", "stopped", "retired"])
def test_at_every_stage_its_row_is_what_it_follows_from(story, stage):
    made = story(stage)

    assert check() == IN_ORDER
    kept = row(made)
    assert (kept.number, kept.name, kept.stage) == (made.initiative.number, made.initiative.name, stage)
    assert kept.way_back is bool(made.initiative.rollback_how and made.initiative.rollback_minutes)


def test_an_empty_database_is_in_order(db):
    assert check() == IN_ORDER


# --- What moves it ----------------------------------------------------------------------------


def test_it_follows_its_initiative(story):
    made = story("idea")

    Initiative.objects.filter(pk=made.initiative.pk).update(
        name="Claims", tier=2, tier_confirmed_at=made.at, unit=None, restricted=True
    )

    kept = row(made)
    assert (kept.name, kept.tier, kept.unit_id, kept.restricted, kept.way_back) == ("Claims", 2, None, True, True)
    Initiative.objects.filter(pk=made.initiative.pk).update(rollback_how="")
    assert row(made).way_back is False


def test_it_follows_the_owner_whose_name_changes_and_who_leaves_and_comes_back(story):
    made = story("production")
    owner = made.cast.owner
    assert (row(made).owned, row(made).owner_id, row(made).owner_name) == (True, owner.pk, owner.name)

    Person.objects.filter(pk=owner.pk).update(name="Priya Nair-Duarte")
    assert row(made).owner_name == "Priya Nair-Duarte"
    Person.objects.filter(pk=owner.pk).update(is_active=False, left_on=made.at.date())
    assert (row(made).owned, row(made).owner_id, row(made).owner_name) == (False, None, "")
    Person.objects.filter(pk=owner.pk).update(is_active=True)
    assert (row(made).owned, row(made).owner_id, row(made).owner_name) == (True, owner.pk, "Priya Nair-Duarte")


def test_it_follows_the_role_that_ends_and_the_one_that_is_accepted(story):
    made = story("production")
    accountable = Assignment.objects.filter(
        initiative=made.initiative, row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None
    )

    accountable.update(ended_at=made.at)
    assert row(made).owned is False
    Assignment.objects.create(
        initiative=made.initiative,
        row=Row.GO_LIVE,
        role=Role.ACCOUNTABLE,
        person=made.cast.other_owner,
        assigned_at=made.at,
    )
    assert row(made).owned is False  # an offer is no owner
    accountable.update(accepted_at=made.at)
    assert row(made).owner_id == made.cast.other_owner.pk


def test_it_follows_the_metric(story):
    made = story("pilot")
    figures, outcomes = (model.objects.filter(initiative=made.initiative) for model in (Measurement, Outcome))
    Measurement.objects.filter(initiative=made.initiative).delete()
    assert (row(made).metric, row(made).threshold, row(made).measured) == (True, True, False)

    outcomes.update(baseline=None, threshold=None)
    assert (row(made).metric, row(made).threshold) == (False, False)
    day = made.at.date()
    Measurement.objects.create(
        initiative=made.initiative,
        number=99,
        starts_on=day,
        ends_on=day,
        value=1,
        cases=1,
        supplied_by=made.cast.lead,
        supplied_at=made.at,
    )
    assert (row(made).metric, row(made).measured, row(made).figure) == (False, True, False)
    figures.update(confirmed_at=made.at, confirmed_by=made.cast.owner)
    assert (row(made).metric, row(made).figure) == (True, True)


def test_it_follows_money_sign_offs_decisions_and_stops(story):
    made = story("funding")
    budgets, decisions = (model.objects.filter(initiative=made.initiative) for model in (Budget, Decision))
    Budget.objects.filter(initiative=made.initiative).update(approved_at=None, approved=None, approved_by=None)
    assert row(made).money_asked is True
    budgets.update(approved_at=made.at, approved=1, approved_by=made.cast.owner)
    assert row(made).money_asked is False
    budgets.update(approved_at=None, approved=None, approved_by=None)
    assert row(made).money_asked is True
    budgets.delete()
    assert row(made).money_asked is False

    decisions.filter(closed="").update(closed="overtaken", closed_at=made.at)
    assert (row(made).open_due_at, row(made).open_kind) == (None, "")
    pilot, day_90 = (
        Decision.objects.create(
            initiative=made.initiative,
            number=90 + place,
            kind=kind,
            row=Row.PILOT,
            asked_at=made.at,
            due_at=made.at + timedelta(days=days),
            final_at=made.at + timedelta(days=9),
        )
        for place, (kind, days) in enumerate([("go_live", 3), ("day_90", 2)])
    )
    kept = row(made)
    assert (kept.open_due_at, kept.open_kind, kept.day_90_asked) == (day_90.due_at, "day_90", True)
    Decision.objects.filter(pk=day_90.pk).update(due_at=made.at + timedelta(days=4))
    assert (row(made).open_due_at, row(made).open_kind) == (pilot.due_at, "go_live")


def test_it_follows_a_sign_off_and_the_decision_that_closes(story):
    made = story("funding")
    decisions = Decision.objects.filter(initiative=made.initiative, closed="")
    decision = decisions.first()
    asked = SignOff.objects.create(
        initiative=made.initiative, decision=decision, function="odd", asked_at=made.at, due_at=made.at
    )
    assert row(made).signing is True

    closing = Decision.objects.filter(pk=decision.pk)
    closing.update(closed="overtaken", closed_at=made.at)
    assert row(made).signing is False
    closing.update(closed="", closed_at=None)
    assert row(made).signing is True
    SignOff.objects.filter(pk=asked.pk).delete()
    assert row(made).signing is SignOff.objects.filter(decision=decision, answer="").exists()


def test_it_follows_the_stop_that_somebody_confirms(story):
    made = story("stopped")
    Stop.objects.filter(initiative=made.initiative, lifted_at=None).update(confirmed_at=None, confirmed_by=None)
    assert row(made).stop_unconfirmed is True

    Stop.objects.filter(initiative=made.initiative).update(confirmed_at=made.at, confirmed_by=made.cast.lead)
    assert row(made).stop_unconfirmed is False


def test_it_goes_with_its_initiative(db):
    made = Initiative.objects.create(number=9999, name="From a register", stage_since=AT, registered_at=AT)
    assert CatalogRow.objects.filter(pk=made.pk).exists()

    made.delete()

    assert not CatalogRow.objects.exists()


def test_a_role_that_is_given_to_another_initiative_by_hand_moves_both_rows(story):
    first, second = story("production"), story("idea", name="Claims drafts")
    held = Assignment.objects.filter(initiative=first.initiative, row=Row.GO_LIVE, role=Role.ACCOUNTABLE, ended_at=None)
    assert (row(first).owned, row(second).owned) == (True, False)

    held.update(initiative=second.initiative)

    assert (row(first).owned, row(second).owned) == (False, True)
    assert check() == IN_ORDER


# --- Proving it, and mending it ---------------------------------------------------------------


def test_a_row_somebody_wrote_or_took_away_by_hand_is_named_and_mended(story):
    first, second = story("production"), story("idea", name="Claims drafts")
    CatalogRow.objects.filter(pk=first.initiative.pk).update(owned=False)
    CatalogRow.objects.filter(pk=second.initiative.pk).delete()

    code, lines = check()
    assert code == 1
    named = ", ".join(f"AI-{n}" for n in sorted((first.initiative.number, second.initiative.number)))
    assert lines == [f"2 rows of the catalog are not what it follows from: {named}."]

    assert check("--mend") == (0, [*lines, "Every row is made anew."])
    assert check() == IN_ORDER
    assert row(first).owned is True


def test_a_trigger_that_is_gone_is_told_and_put_back_and_what_it_missed_is_made_good(story):
    made = story("production")
    table = Person._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {table}_row_update" + ("" if connection.vendor == "sqlite" else f" ON {table}"))
    Person.objects.filter(pk=made.cast.owner.pk).update(name="Somebody else")

    assert catalog_keeping.missing() == [f"{table}_row_update"]
    assert "1 triggers that keep the catalog are missing. Run: manage.py check_catalog --mend" in health.problems()
    assert check()[0] == 1

    catalog_keeping.install()

    assert row(made).owner_name == "Somebody else"
    assert check() == IN_ORDER


def test_a_trigger_that_was_altered_is_as_good_as_gone(db):
    table = Budget._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {table}_row_insert")
            cursor.execute(f"CREATE TRIGGER {table}_row_insert AFTER INSERT ON {table} BEGIN SELECT 1; END")
        else:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_row_insert")

    assert catalog_keeping.missing() == [f"{table}_row_insert"]
    catalog_keeping.install()
    assert catalog_keeping.missing() == []


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_remakes_a_table_finds_nothing_in_its_way(story):
    made = story("production")

    with pytest.raises(DatabaseError):
        _change_tables()
    furnish.before_migrate(plan=["something"])
    _change_tables()
    furnish.after_migrate()

    assert catalog_keeping.missing() == []
    assert check() == IN_ORDER
    Person.objects.filter(pk=made.cast.owner.pk).update(name="Somebody else")
    assert row(made).owner_name == "Somebody else"


def _change_tables() -> None:
    """Remake a table that triggers speak of, as a migration does on SQLite; or change the type of a column, and change it back."""
    with connection.schema_editor() as editor:
        if connection.vendor == "sqlite":
            editor._remake_table(Outcome)
            return
        for kind in ("varchar(210)", "varchar(200)"):
            editor.execute(f"ALTER TABLE {Initiative._meta.db_table} ALTER COLUMN name TYPE {kind}")


def test_a_migration_with_nothing_to_do_leaves_them_alone(story):
    story("idea")
    furnish.before_migrate(plan=[])

    assert catalog_keeping.missing() == []
