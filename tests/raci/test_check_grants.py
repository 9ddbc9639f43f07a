"""`manage.py check_grants`: the stored permissions equal the matrix, or every difference is named and the exit code is 1."""

import io

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection

from governance.initiatives import roles
from governance.raci import grants
from governance.raci.models import InitiativeGroupPermission, InitiativeUserPermission, Role, Row

pytestmark = pytest.mark.postgres


def check() -> tuple[int, list[str]]:
    """Run the command; return its exit code and its lines."""
    out, code = io.StringIO(), 0
    try:
        call_command("check_grants", stdout=out)
    except SystemExit as ended:
        code = ended.code
    return code, out.getvalue().splitlines()


def run(sql: str, *params) -> None:
    """Run one statement that changes one row, as somebody with the database would."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount == 1


def permission(codename: str) -> int:
    """Return the key of a permission of initiatives."""
    return Permission.objects.get(codename=codename, content_type__model="initiative").pk


@pytest.fixture
def told(story):
    """A story in production: owner, escalation owners, functions in Consulted, a workflow owner and a registrant."""
    return story("production")


@pytest.mark.parametrize("stage", ["idea", "pilot", "funding", "build", "production", "stopped", "retired"])
def test_at_every_stage_the_stored_permissions_equal_the_matrix(story, stage):
    story(stage)

    assert check() == (0, ["The stored permissions equal the matrix."])


def test_an_empty_database_is_in_order(db):
    assert check() == (0, ["The stored permissions equal the matrix."])


def test_a_permission_somebody_slipped_in_is_named(told):
    staff = told.cast.staff
    run(
        "INSERT INTO governance_initiativeuserpermission (user_id, permission_id, content_object_id) VALUES (%s, %s, %s)",
        staff.pk,
        permission("decide_go_live"),
        told.initiative.pk,
    )

    assert check() == (
        1,
        [
            f"{told.initiative.key}: person {staff.pk} holds decide_go_live, which the matrix does not give.",
            "1 difference between the stored permissions and the matrix.",
        ],
    )


def test_a_permission_somebody_took_away_is_named(told):
    owner = told.cast.owner
    run(
        "DELETE FROM governance_initiativeuserpermission WHERE user_id = %s AND permission_id = %s AND content_object_id = %s",
        owner.pk,
        permission("stop"),
        told.initiative.pk,
    )

    assert check() == (
        1,
        [
            f"{told.initiative.key}: person {owner.pk} lacks stop, which the matrix gives.",
            "1 difference between the stored permissions and the matrix.",
        ],
    )


def test_a_permission_moved_to_somebody_else_is_two_differences(told):
    owner, staff = told.cast.owner, told.cast.staff
    run(
        "UPDATE governance_initiativeuserpermission SET user_id = %s WHERE user_id = %s AND permission_id = %s AND content_object_id = %s",
        staff.pk,
        owner.pk,
        permission("decide_halt"),
        told.initiative.pk,
    )

    code, lines = check()

    assert code == 1
    assert lines == [
        f"{told.initiative.key}: person {staff.pk} holds decide_halt, which the matrix does not give.",
        f"{told.initiative.key}: person {owner.pk} lacks decide_halt, which the matrix gives.",
        "2 differences between the stored permissions and the matrix.",
    ]


def test_a_group_is_checked_like_a_person(told):
    group = Group.objects.get(name="legal")
    run(
        "INSERT INTO governance_initiativegrouppermission (group_id, permission_id, content_object_id) VALUES (%s, %s, %s)",
        group.pk,
        permission("stop"),
        told.initiative.pk,
    )

    code, lines = check()

    assert (code, lines[0]) == (
        1,
        f"{told.initiative.key}: group {group.pk} holds stop, which the matrix does not give.",
    )


def test_a_permission_on_an_initiative_nobody_is_named_on_is_found(story, told):
    from governance.initiatives.models import Initiative

    bare = Initiative.objects.create(number=9999, name="From a register", stage_since=told.at, registered_at=told.at)
    run(
        "INSERT INTO governance_initiativeuserpermission (user_id, permission_id, content_object_id) VALUES (%s, %s, %s)",
        told.cast.staff.pk,
        permission("see"),
        bare.pk,
    )

    code, lines = check()

    assert (code, lines[0]) == (
        1,
        f"initiative {bare.pk}: person {told.cast.staff.pk} holds see, which the matrix does not give.",
    )


def test_the_next_change_of_the_matrix_puts_the_rows_right(told):
    run(
        "INSERT INTO governance_initiativeuserpermission (user_id, permission_id, content_object_id) VALUES (%s, %s, %s)",
        told.cast.staff.pk,
        permission("stop"),
        told.initiative.pk,
    )
    assert check()[0] == 1

    roles.assign(told.fresh, Row.PILOT, Role.INFORMED, told.cast.engineer, by=told.cast.office, at=told.at)

    assert check()[0] == 0


def test_the_check_reads_in_a_handful_of_queries(told, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert grants.differences() == []
    assert InitiativeUserPermission.objects.exists()
    assert InitiativeGroupPermission.objects.exists()
