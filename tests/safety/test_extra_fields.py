"""What a form does not ask for cannot be sent with it (A11): every form of the product, with every field that could ever matter."""

import re
from datetime import datetime

import pytest
from django.db import models
from django.test import Client

from governance.core import clock
from governance.people import actions
from governance.people.models import Person
from tests.make import PASSWORD
from tests.safety import world as watch
from tests.safety.reach import reach
from tests.safety.test_access import ENTRIES, TABLE, ask, expected
from tests.web import Page

#: The minute at the end of an occasion's name (`returned-202611270929`).
MINUTE = re.compile(r"-\d{12}$")

#: What somebody might like to set along the way. A form's own fields are left out, form by form.
WANTED = {
    "stage": "production",
    "stopped_from": "idea",
    "owner": "1",
    "registrant": "1",
    "number": "7",
    "tier": "0",
    "tier_proposed": "0",
    "tier_confirmed_by": "1",
    "restricted": "",
    "unowned_since": "",
    "review_due_at": "2099-01-01",
    "retired_at": "2020-01-01",
    "retiring_since": "",
    "live_since": "2020-01-01",
    "rollout_paused_at": "",
    "evidence_due_on": "2099-01-01",
    "next_number": "99",
    "is_staff": "1",
    "is_superuser": "1",
    "is_active": "",
    "groups": "1",
    "user_permissions": "1",
    "password": "x",
    "left_on": "2020-01-01",
    "joined_at": "2020-01-01",
    "decided_by": "1",
    "decided_by_id": "1",
    "signed_at": "2020-01-01T00:00",
    "seq": "1",
    "confirmed_by": "1",
    "confirmed_at": "2020-01-01",
    "accepted_at": "2020-01-01",
    "approved_by": "1",
    "approved_at": "2020-01-01",
    "asked_by": "1",
    "asked_at": "2020-01-01T00:00",
    "supplied_by": "1",
    "answered_by": "1",
    "published_at": "2020-01-01",
    "published_by": "1",
    "closed": "decided",
    "closed_at": "2020-01-01",
    "outcome": "pass",
    "due_at": "2099-01-01T00:00",
    "final_at": "2099-01-01T00:00",
    "at": "2020-01-01T00:00",
    "by": "1",
    "actor": "system:sweep",
    "initiative": "1",
    "initiative_id": "1",
    "pk": "1",
    "id": "1",
    "version": "77",
    "snapshot": "{}",
    "policy_version": "0",
    "signature": "1",
    "proof": "password",
    "proof_method": "password",
    "approved": "1",
    "answer_by": "2099-01-01",
    "material_sha256": "0",
    "grade_waived_because": "So.",
    "threshold_set_at": "2020-01-01",
    "lower_is_better": "",
    "seen_by": "1",
    "tenant": "2",
    "clock_offset_seconds": "99",
    "setup_digest": "",
    "kind_of": "demo",
    "_method": "DELETE",
    "__class__": "x",
}

#: An own field of these forms that stands on another page, or is read without being shown.
OWN = {"gates:sign": {"outcome"}, "gates:sign@no_pass": {"outcome"}}


def allowed(entry: str) -> str:
    """Return somebody whose POST does what it asks for, or "" where nobody's does."""
    return next(
        (who for who, status in expected(entry, "post").items() if status == 303 and who in TABLE["people"]), ""
    )


SENT = [entry for entry in ENTRIES if allowed(entry) and not entry.startswith(("account_", "governance."))]


def changes(made, entry: str, who: str, more: dict) -> tuple[int, dict, dict]:
    """Return (status, what changed in rows that were there, what new rows hold) by one POST; undone afterwards."""
    name, how = reach(entry)
    with watch.undone():
        with watch.watching() as written:
            response = ask(made, who, "post", how.url(name, made), {**how.data(made), **more})
        changed, new = {}, {}
        for model in (m for m in watch.governed() if m._meta.db_table in written.tables):
            before, after = made.rows[model._meta.db_table], watch.rows(model)
            for pk, row in after.items():
                if pk in before:
                    changed |= {
                        (model.__name__, pk, field): "new" if field == "signature_id" else told(row[field])
                        for field in row
                        if row[field] != before[pk][field]
                    }
            new[model.__name__] = sorted(
                repr(sorted((f, v) for f, v in plain(model, row).items()))
                for pk, row in after.items()
                if pk not in before
            )
    return response.status_code, changed, new


def told(value):
    """Return a value as it can be compared between two requests: instants, digests and unusable passwords are of their own moment."""
    if isinstance(value, datetime) or (
        isinstance(value, str) and (len(value) == 64 or (value.startswith("!") and len(value) == 41))
    ):
        return type(value).__name__
    # An occasion that may come again carries the minute it came in; the minute may turn between two requests.
    return MINUTE.sub("-minute", value) if isinstance(value, str) else value


def plain(model, row: dict) -> dict:
    """Return what a new row says, without its key and those of other new rows."""
    keys = {
        f.attname
        for f in model._meta.concrete_fields
        if f.primary_key
        or (
            isinstance(f, models.ForeignKey)
            and f.related_model.__name__
            in ("Signature", "Notice", "Initiative", "Decision", "Comment", "Batch", "OwnColumn")
        )
    }
    return {
        name: told(value)
        for name, value in row.items()
        if name not in keys
        and name
        not in ("about", "path", "subject", "body", "number", "facts", "facts_sha256", "token_digest", "next_number")
    }


@pytest.mark.parametrize("entry", SENT)
def test_a_form_changes_nothing_but_what_it_asks_for(world, entry):
    who = allowed(entry)
    name, how = reach(entry)
    shown = Page(ask(world, who, "get", how.url(name, world), {}).content.decode(), "/")
    own = {control for form in shown.forms for control in form.names} | set(how.data(world)) | OWN.get(entry, set())
    extra = {field: value for field, value in WANTED.items() if field not in own}
    assert len(extra) > 50

    status, changed, new = changes(world, entry, who, {})
    assert status == 303
    with_more = changes(world, entry, who, extra)

    assert with_more[0] == 303
    assert with_more[1] == changed, (
        f"Fields beside the form's own changed {sorted(set(with_more[1].items()) ^ set(changed.items()), key=repr)}."
    )
    assert with_more[2] == new


def test_changing_ones_password_changes_the_password_alone(world):
    with watch.undone():
        person = world.person("staff")
        before = watch.rows(Person)[person.pk]
        response = world.client("staff").post(
            "/password/change/",
            {
                "oldpassword": PASSWORD,
                "password1": "seven brown foxes",
                "password2": "seven brown foxes",
                **{k: v for k, v in WANTED.items() if k != "password"},
                "email": "x@example.org",
                "name": "X",
            },
        )
        after = watch.rows(Person)[person.pk]

    assert response.status_code == 303
    assert {name for name in after if after[name] != before[name]} <= {"password", "last_login"}
    assert after["password"] != before["password"]


def test_signing_in_sets_nothing_on_the_person(world):
    with watch.undone():
        before = watch.rows(Person)
        response = Client().post("/sign-in/", {"login": world.cast.staff.email, **WANTED, "password": PASSWORD})
        after = watch.rows(Person)

    assert response.status_code == 303
    changed = {(pk, name) for pk in after for name in after[pk] if after[pk][name] != before[pk][name]}
    assert changed == {(world.cast.staff.pk, "last_login")}


def test_an_invitation_sets_the_password_of_the_person_invited_alone(world):
    with watch.undone():
        token = actions.invite(world.person("staff"), by=world.person("admin"), at=clock.now())
        before = watch.rows(Person)
        response = Client().post(
            f"/invitation/{token}/",
            {
                "password1": "seven brown foxes",
                "password2": "seven brown foxes",
                **WANTED,
                "email": "x@example.org",
                "name": "X",
                "person": str(world.cast.admin.pk),
            },
        )
        after = watch.rows(Person)

    assert response.status_code == 303
    changed = {(pk, name) for pk in after for name in after[pk] if after[pk][name] != before[pk][name]}
    assert changed == {(world.cast.staff.pk, "password"), (world.cast.staff.pk, "last_login")}
