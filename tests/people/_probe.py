import pytest
@pytest.mark.django_db
def test_x(client, cast, sign_in):
    sign_in(client, cast.admin)
    for u in ["/people/", f"/people/{cast.owner.pk}/", "/people/add/", "/people/units/", "/people/functions/", "/me/"]:
        r = client.get(u); print(u, r.status_code)
