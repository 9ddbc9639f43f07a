"""Nothing of the demo exists in a real installation."""

import pytest

from governance.core import clock
from governance.demo import seed


@pytest.mark.django_db
def test_a_database_that_holds_anybody_is_not_filled(cast):
    with pytest.raises(ValueError, match="holds people already"):
        seed.seed(clock.now())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/demo/become/1/"),
        ("post", "/demo/clock/"),
        ("get", "/demo/mail/"),
        ("get", "/demo/people/"),
        ("get", "/demo/tamper/"),
        ("get", "/demo/mail/1/"),
    ],
)
def test_a_real_installation_has_no_demo(client, cast, sign_in, method, path):
    sign_in(client, cast.admin)

    assert getattr(client, method)(path).status_code == 404
