"""Who may open which page about people, and do what there: by hand, never generated from the code."""

from http import HTTPStatus as S

import pytest
from django.urls import reverse

from governance.people.models import Deputy, Person, Unit
from tests.make import AT

#: Everybody reads these.
READ = {"/people/": 200, "/people/units/": 200, "/people/functions/": 200, "/me/": 200, "/me/deputies/": 200}
#: Only administrators open these.
KEEP = (
    "/people/add/",
    "/people/{owner}/edit/",
    "/people/{owner}/leave/",
    "/people/{owner}/invite/",
    "/people/{owner}/deputies/",
    "/people/units/add/",
    "/people/units/{support}/",
)
#: Only administrators send these; whatever is in them.
DO = (*KEEP, "/people/functions/", "/people/{left}/back/", "/people/deputies/{deputy}/end/")


@pytest.fixture
def addresses(cast):
    """The cast, and what the addresses above name."""
    left = cast.legal
    Person.objects.filter(pk=left.pk).update(is_active=False, left_on=AT.date())
    deputy = Deputy.objects.create(person=cast.escalation, deputy=cast.lead, starts_on=AT.date(), ends_on=AT.date())
    named = {"owner": cast.owner.pk, "support": cast.support.pk, "left": left.pk, "deputy": deputy.pk}
    return lambda paths: [path.format(**named) for path in paths]


@pytest.mark.parametrize("who", ["other_owner", "staff", "auditor", "compliance", "office", "cto", "finance"])
def test_whoever_is_no_administrator_reads_and_changes_nothing(who, cast, client, sign_in, addresses):
    sign_in(client, getattr(cast, who))
    before = (
        list(Person.objects.order_by("pk").values()),
        list(Unit.objects.order_by("pk").values()),
        list(Deputy.objects.values()),
    )

    assert {path: client.get(path).status_code for path in READ} == READ
    assert client.get(f"/people/{cast.admin.pk}/").status_code == S.OK
    for path in addresses(KEEP):
        refused = client.get(path)
        assert refused.status_code == S.FORBIDDEN, path
        assert "Administrators (Al Minh)" in refused.content.decode()
    for path in addresses(DO):
        assert (
            client.post(path, {"function": "finance", "take": str(cast.finance.pk), "name": "X"}).status_code
            == S.FORBIDDEN
        ), path

    assert (
        list(Person.objects.order_by("pk").values()),
        list(Unit.objects.order_by("pk").values()),
        list(Deputy.objects.values()),
    ) == before


def test_an_administrator_opens_every_page(cast, client, sign_in, addresses):
    sign_in(client, cast.admin)

    assert {path: client.get(path).status_code for path in READ} == READ
    assert {client.get(path).status_code for path in addresses(KEEP)} == {200}


def test_what_only_changes_something_is_not_opened(cast, client, sign_in, addresses):
    sign_in(client, cast.admin)

    for path in addresses(("/people/{left}/back/", "/people/deputies/{deputy}/end/")):
        assert client.get(path).status_code == S.METHOD_NOT_ALLOWED


def test_somebody_who_has_not_signed_in_is_led_to_the_door(cast, client, addresses):
    for path in [*READ, *addresses(KEEP), f"/people/{cast.owner.pk}/"]:
        response = client.get(path)
        assert response.status_code == S.FOUND
        assert response["Location"].startswith(reverse("account_login")), path


def test_nobody_is_found_under_a_number_nobody_has(cast, client, sign_in):
    sign_in(client, cast.admin)

    for path in (
        "/people/999999/",
        "/people/999999/edit/",
        "/people/99999999999999999999999/",
        "/people/units/999999/",
    ):
        assert client.get(path).status_code == S.NOT_FOUND
    for path in ("/people/999999/back/", "/people/deputies/999999/end/"):
        assert client.post(path).status_code == S.NOT_FOUND
    assert client.post("/people/functions/", {"function": "finance", "take": "999999"}).status_code == S.NOT_FOUND
    assert (
        client.post("/people/functions/", {"function": "kings", "person": str(cast.staff.pk)}).status_code
        == S.NOT_FOUND
    )
