"""Who somebody signed in is, on every request: the person, the functions they hold, and whether they have a role anywhere or stand in for anybody, in one query."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Exists, F

from governance.core.prepared import KEY, Prepared
from governance.people.models import Deputy, Person


class Backend(AuthenticationBackend):
    """The sign-in of allauth, which brings the functions along with the person."""

    def get_user(self, user_id: int) -> Person | None:
        """Return the person of a session, with functions, `has_roles` and `stands_in` at hand, or None for one who may not sign in. One query."""
        rows: list[Any] = _PERSON.ask(person=user_id)
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        rows[0]._functions = frozenset(row.function for row in rows if row.function is not None)
        return rows[0]


def _assignments() -> Any:
    """Return the model of roles, which a room above keeps."""
    return Person._meta.get_field("assignments").related_model


#: One row for each group, and one for somebody who is in none. (Who it is stands in every part: PostgreSQL then knows
#: how few roles one person has, and does not read everybody's.)
_PERSON: Prepared[Person] = Prepared(
    lambda person: Person.objects.filter(pk=person).annotate(
        function=F("groups__name"),
        has_roles=Exists(_assignments().objects.filter(person=person, ended_at=None)),
        stands_in=Exists(Deputy.objects.filter(deputy=person, ended_at=None)),
    ),
    person=KEY,
)
