"""The second factor: a code from an app on one's phone (TOTP), and recovery codes for the day the phone is lost.

Words: *code* (six digits, from the app, new every half minute), *recovery code* (one of ten, each works once),
*offer* (a secret that is shown and not confirmed yet).

The rows stand in allauth's table, because its sign-in looks there for whom to ask; what is accepted is decided
here alone, for the sign-in and for proofs alike. A code counts once: the newest step that was accepted is kept,
and none up to it counts again, in whatever process. The app's secret is sealed, and of a recovery code only
a mark is kept, so nobody can read either, administrators included. After too many wrong codes those of the app
rest; a recovery code is too long to be guessed and goes on counting, so whoever guesses locks nobody out.
"""

import base64
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.conf import settings
from django.utils.translation import gettext as _

from governance import ledger
from governance.core import clock, sealed
from governance.core.errors import Conflict, Refused
from governance.ledger import Verb
from governance.people import functions
from governance.people.functions import Function
from governance.people.models import Person

#: A code of the app: digits, seconds it is shown for, and how many steps a phone's clock may be wrong by.
DIGITS, STEP_S, DRIFT = 6, 30, 1
#: Recovery codes: how many, and what each is made of; 31 letters to the 10th are 49 bits.
CODES, LETTERS, LENGTH = 10, "23456789abcdefghjkmnpqrstuvwxyz", 10
#: How many wrong codes in how long, after which those of the app rest.
WRONG = ((5, timedelta(minutes=5)), (50, timedelta(days=1)))
#: How long a secret that was shown may be confirmed.
OFFERED = timedelta(minutes=30)
#: How a code that counts is called in a proof; the empty word says that it does not.
APP, RECOVERY = "code", "recovery"
_APP, _RECOVERY = Authenticator.Type.TOTP.value, Authenticator.Type.RECOVERY_CODES.value
_PURPOSE = "second factor"


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody has: since when, when it was last used, and how many recovery codes are left."""

    since: datetime
    used_at: datetime | None
    codes_left: int


def has(person) -> bool:
    """Return whether `person` has set up a second factor. One query, kept on the instance."""
    if getattr(person, "_has_second_factor", None) is None:
        person._has_second_factor = Authenticator.objects.filter(user=person.pk).exclude(type=_RECOVERY).exists()
    return person._has_second_factor


def held(person) -> Held | None:
    """Return what `person` has, or None. One query."""
    rows = _rows(person)
    if _APP not in rows:
        return None
    uses = [row.last_used_at for row in rows.values() if row.last_used_at]
    left = rows[_RECOVERY].data["marks"] if _RECOVERY in rows else []
    return Held(rows[_APP].created_at, max(uses, default=None), len(left))


def holders():
    """Return the keys of everybody who has one, as a lazy subquery."""
    return Authenticator.objects.exclude(type=_RECOVERY).values("user")


# Setting it up


def offer(person) -> str:
    """Return a new secret for `person`, sealed for them: the page shows it, and sends it back to be confirmed."""
    secret = base64.b32encode(secrets.token_bytes(20)).decode("ascii")
    return sealed.seal(json.dumps([person.pk, secret]), "offer")


def offered(person, offer: str) -> str | None:
    """Return the secret of an offer made to `person` not too long ago, or None."""
    try:
        whose, secret = json.loads(sealed.opened(offer, "offer", OFFERED) or "[0, 0]")
    except ValueError:
        return None
    return secret if whose == person.pk else None


def address(person, secret: str, issuer: str) -> str:
    """Return the address that an app reads from the QR code."""
    asked = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{person.email}')}?{asked}"


def set_up(person: Person, secret: str, code: str, *, at: datetime) -> list[str]:
    """Keep `secret` as the second factor of `person`, if `code` is of it, and return the recovery codes, this once.

    Returns no codes when it is not. Every other session of theirs ends. Raises Conflict when they have one.
    """
    step = _step(secret, code, after=0)
    if step is None:
        return []
    with ledger.act(by=person, at=at) as say:
        person = person.locked()
        if _APP in _rows(person):
            raise Conflict(_("You have a second factor already. Remove it first, to set up another phone."))
        Authenticator.objects.create(
            user=person,
            type=_APP,
            data={"secret": sealed.seal(secret, _PURPOSE), "used": step, "wrong": []},
            created_at=clock.wall(),
        )
        codes = _new_codes(person)
        person.end_sessions()
        say(Verb.SECOND_FACTOR_SET_UP, person, recovery_codes=len(codes))
    return codes


def make_codes(person: Person, *, at: datetime) -> list[str]:
    """Make the recovery codes of `person` anew and return them, this once; earlier ones stop working.

    Raises Conflict without a second factor.
    """
    with ledger.act(by=person, at=at) as say:
        person = person.locked()
        if _APP not in _rows(person):
            raise Conflict(_("You have no second factor, so there is nothing to recover. Set one up first."))
        codes = _new_codes(person)
        say(Verb.RECOVERY_CODES_MADE, person, recovery_codes=len(codes))
    return codes


def remove(person: Person, *, by: Person, at: datetime) -> None:
    """Remove the second factor of `person`: by themselves, or by an administrator when it is lost.

    Every session of theirs ends. Raises Refused for anybody else, Conflict when they have none.
    """
    if person.pk != by.pk and not functions.has(by, Function.ADMINISTRATORS):
        raise Refused(
            _("Administrators take a lost second factor off somebody."), functions.whose(Function.ADMINISTRATORS)
        )
    with ledger.act(by=by, at=at) as say:
        person = person.locked()
        if not drop(person, say):
            raise Conflict(_("%(name)s has no second factor.") % {"name": person.name})
        person.end_sessions()


def drop(person: Person, say) -> bool:
    """Delete what `person` has, inside the caller's act and under its lock; return whether there was anything."""
    had = Authenticator.objects.filter(user=person).delete()[0] > 0
    if had:
        say(Verb.SECOND_FACTOR_REMOVED, person)
    return had


def _new_codes(person: Person) -> list[str]:
    codes = ["".join(secrets.choice(LETTERS) for _letter in range(LENGTH)) for _code in range(CODES)]
    data = {"marks": [sealed.mark(_for(person, code), _PURPOSE) for code in codes]}
    Authenticator.objects.filter(user=person, type=_RECOVERY).delete()
    Authenticator.objects.create(user=person, type=_RECOVERY, data=data, created_at=clock.wall())
    return [f"{code[:5]}-{code[5:]}" for code in codes]


# Using it


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a code: how it counts (APP, RECOVERY, or nothing), and whether the app's codes rest."""

    how: str
    rests: bool = False
    began_to_rest: bool = False


def use(person: Person, code: str, *, by, at: datetime, where: str) -> Answer:
    """Use a code up, and say how it counts. A wrong one is recorded as a failed sign-in at `where`.

    `by` is who the record names: the person where they are signed in, else the system. One act.
    """
    with ledger.act(by=by, at=at) as say:
        rows = _rows(person, locked=True)
        app, recovery = rows.get(_APP), rows.get(_RECOVERY)
        rests = app is None or _rests(app)
        if app is not None and not rests and _count_step(app, code):
            return Answer(APP)
        if app is not None and recovery is not None and _count_recovery(recovery, _for(person, code)):
            say(Verb.RECOVERY_CODE_USED, person, left=len(recovery.data["marks"]))
            return Answer(RECOVERY)
        say(Verb.SIGN_IN_FAILED, person, where=where)
        if app is None or rests:
            return Answer("", rests)
        app.data["wrong"] = [*app.data["wrong"], clock.wall().isoformat()][-WRONG[-1][0] :]
        app.save(update_fields=["data"])
        return Answer("", _rests(app), began_to_rest=_rests(app))


def _rows(person, *, locked: bool = False) -> dict[str, Authenticator]:
    rows = Authenticator.objects.filter(user=person.pk, type__in=(_APP, _RECOVERY)).order_by("pk")
    return {row.type: row for row in (rows.select_for_update() if locked else rows)}


def _count_step(app: Authenticator, code: str) -> bool:
    """Return whether `code` is of a step after every one that was accepted, and keep that step."""
    secret = sealed.opened(app.data["secret"], _PURPOSE)
    step = _step(secret, code, after=app.data["used"]) if secret else None
    if step is None:
        return False
    app.data["used"], app.data["wrong"], app.last_used_at = step, [], clock.wall()
    app.save(update_fields=["data", "last_used_at"])
    return True


def _count_recovery(recovery: Authenticator, code: str) -> bool:
    """Return whether `code` is one that is left, and take it out."""
    left = [marked for marked in recovery.data["marks"] if not sealed.knows(marked, code, _PURPOSE)]
    if len(left) == len(recovery.data["marks"]):
        return False
    recovery.data["marks"], recovery.last_used_at = left, clock.wall()
    recovery.save(update_fields=["data", "last_used_at"])
    return True


def _step(secret: str, code: str, *, after: int) -> int | None:
    """Return the step whose code this is, among those around now and later than `after`; None when there is none."""
    given = "".join(code.split())
    if not given.isdecimal() or not given.isascii():
        return None
    hotp = HOTP(base64.b32decode(secret), DIGITS, SHA1())
    now = int(clock.wall().timestamp()) // STEP_S
    near = [step for step in range(now - DRIFT, now + DRIFT + 1) if step > after]
    found = [step for step in near if hmac.compare_digest(hotp.generate(step), given.encode())]
    return found[0] if found else None


def _rests(app: Authenticator) -> bool:
    """Return whether so many wrong codes came lately that those of the app do not count now."""
    times = [datetime.fromisoformat(one).astimezone(UTC) for one in app.data["wrong"]]
    return any(sum(clock.wall() - time < within for time in times) >= most for most, within in WRONG)


def _for(person: Person, code: str) -> str:
    """Return what a recovery code is marked as: the person's own, however it is typed."""
    return f"{person.pk}:{''.join(letter for letter in code.lower() if letter.isalnum())}"


# Asking for it


def required(request) -> bool:
    """Return whether everybody of this installation must have one. A demo asks for none: one press is enough there."""
    return settings.SECOND_FACTOR == "required" and not request.installation.is_demo
