"""Who is at the keyboard shows it once more, for what needs more than an open session: a signature.

By the password, the code of the authenticator app, or a passkey. PIN and badge open a lock, they sign nothing. Five
wrong tries in a row, wherever they are made, end it until the person has signed in again (vqflow/unlocking.py).
"""

import json

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError

from vqflow import audit, unlocking
from vqflow.errors import Invalid

PASSWORD, CODE, PASSKEY = "password", "code", "passkey"
FIELD = "credential"
LONGEST = 4096
LOCKED = (
    "Five wrong tries: nothing can be signed as {name} any more. Sign out and in again, then sign. "
    "The draft is kept."
)
NO_PASSKEY = "The passkey was not accepted. Try again, or enter your password."


class NotShown(Invalid):
    """What was entered does not show who it is. `is_wrong_try`: it counts as one of the five."""

    def __init__(self, sentence, *, is_wrong_try=True):
        super().__init__(sentence, fields={FIELD: [sentence]})
        self.is_wrong_try = is_wrong_try


def ways(user):
    """What this person may show it with, the password first."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    more = {CODE: Authenticator.Type.TOTP, PASSKEY: Authenticator.Type.WEBAUTHN}
    return [PASSWORD, *(way for way, kind in more.items() if kind in kinds)]


def challenge(user):
    """What the browser asks this person's passkey to sign, as WebAuthn's JSON; kept in the session until it is
    answered. The request is allauth's (its middleware)."""
    return webauthn.begin_authentication(user)


def show(user, *, typed="", passkey=""):
    """How the user has shown who it is: "password", "code" or "passkey". Raises NotShown; wrong tries are counted.

    `typed` is a password or the code of the app, `passkey` the browser's answer to `challenge` (JSON). Call it
    outside a transaction that a refusal would take back.
    """
    if not typed and not passkey:
        raise _nothing(user)
    way = unlocking.tried(user, lambda row: _way(row, typed, passkey))
    if not way:
        audit.record("account.not_confirmed", user, by=user, outcome="failure")
        raise NotShown(_refused(user, way, passkey))
    return way


def looked_at(user, typed):
    """As `show` with what was typed, where the caller's transaction takes back what a refusal writes: the caller
    counts the wrong try afterwards (`unlocking.count_against`)."""
    if not typed:
        raise _nothing(user)
    if unlocking.is_locked(user):
        raise NotShown(_refused(user, None, ""), is_wrong_try=False)
    way = _way(user, typed, "")
    if not way:
        raise NotShown(_refused(user, "", ""))
    return way


def asked(user):
    """What to enter, in words: "password or code"."""
    return "password or code" if CODE in ways(user) else "password"


def _nothing(user):
    return NotShown(f"Enter your {asked(user)}, so that nobody else signs in your name.", is_wrong_try=False)


def _refused(user, way, passkey):
    if way is None:
        return LOCKED.format(name=user.name)
    if passkey:
        return NO_PASSKEY
    once = " A code works once: wait for the next one." if CODE in ways(user) else ""
    return f"This is not your {asked(user)}. Try again.{once}"


def _way(user, typed, passkey):
    if passkey:
        return PASSKEY if _is_passkey(user, passkey) else ""
    if _is_code(user, typed):
        return CODE
    return PASSWORD if user.check_password(typed) else ""


def _is_code(user, typed):
    code = typed.replace(" ", "")
    if not (code.isascii() and code.isdecimal()):
        return False
    app = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return app is not None and _used(app, app.wrap().validate_code(code))


def _is_passkey(user, answer):
    try:
        response = json.loads(answer)
        webauthn.parse_authentication_response(response)
        return _used(webauthn.complete_authentication(user, response), True)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _used(authenticator, is_right):
    if is_right:
        authenticator.record_usage()
    return is_right
