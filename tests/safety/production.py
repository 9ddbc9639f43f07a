"""Asks an installation as it runs in production, in a process of its own, and prints what came as JSON. See test_production.py."""

import json
import os

import django


def main() -> None:
    """Make an empty database under the settings of the environment, ask it, and print what it answered."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from governance.core import clock
    from governance.core.models import Installation
    from governance.people.models import Person

    call_command("migrate", verbosity=0)
    Installation.objects.create(pk=1, kind="real", company="Northwind", made_at=clock.wall())
    person = Person.objects.create_user("priya@example.org", "Priya Nair", "seven brown foxes", joined_at=clock.wall())
    host = {"host": "mandate.example.org"}

    def ask(
        path: str, *, secure: bool = True, client: Client | None = None, post: dict | None = None, **headers: str
    ) -> dict:
        browser = client or Client(raise_request_exception=False)
        given = {**host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        response = (
            browser.post(path, post, secure=secure, headers=given)
            if post is not None
            else browser.get(path, secure=secure, headers=given)
        )
        body = b"".join(response).decode()
        return {
            "status": response.status_code,
            "headers": dict(response.headers),
            "cookies": [c.OutputString() for c in response.cookies.values()],
            "body": body,
        }

    reader = Client(raise_request_exception=False)
    found = {
        "debug": settings.DEBUG,
        "testing": settings.TESTING,
        "plain http": ask("/sign-in/?next=/catalog/", secure=False),
        "http said to be https": ask("/sign-in/", secure=False, x_forwarded_proto="https"),
        "health over http": ask("/healthz/live", secure=False),
        "sign-in": ask("/sign-in/"),
        "other host": ask("/sign-in/", host="evil.example.net"),
        "host claimed on the way": ask("/sign-in/", x_forwarded_host="evil.example.net"),
        "nowhere": ask("/no/such/page/"),
        "demo": ask("/demo/people/"),
        "admin": ask("/admin/"),
        "signed in": ask("/sign-in/", client=reader, post={"login": person.email, "password": "seven brown foxes"}),
        "home": ask("/", client=reader),
        "ready": ask("/healthz/ready"),
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE governance_catalogrow")
    settings.SECOND_FACTOR = "optional"  # somebody has set one up, so that the page itself is reached
    found["broken"] = ask("/catalog/", client=reader)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
