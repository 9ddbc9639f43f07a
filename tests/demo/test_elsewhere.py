"""Nothing of the demo exists in a real installation."""

import pytest
from django.core.management import CommandError, call_command

from governance.core import clock
from governance.core.models import Installation
from governance.demo import seed


@pytest.mark.django_db
def test_a_database_that_holds_anybody_is_not_filled(cast):
    with pytest.raises(ValueError, match="holds people already"):
        seed.seed(clock.now())


@pytest.mark.django_db
def test_the_command_fills_an_empty_database_and_no_other(monkeypatch, settings):
    def begun(told, at):
        raise RuntimeError("it was empty, and begun")

    monkeypatch.setattr(seed, "Cast", begun)
    settings.ALLOWED_HOSTS = ["localhost"]
    with pytest.raises(RuntimeError, match="it was empty, and begun"):
        call_command("seed_demo")
    Installation.objects.create(pk=1, kind="real", company="Northwind", made_at=clock.wall())
    with pytest.raises(CommandError, match="holds people already"):
        call_command("seed_demo")

    settings.ALLOWED_HOSTS = ["localhost", "mandate.example.org"]
    with pytest.raises(CommandError, match=r"ALLOWED_HOSTS names mandate\.example\.org"):
        call_command("seed_demo")


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
