"""PIN and badge: the short way back into one's own locked session. Nobody signs in with them.

A PIN is short, so it is worth few tries. At the own lock they are the session's: the fifth wrong one ends it. As a
second person at somebody else's screen they are the person's: five in a row, at whichever screens, lock what opens
there until that person signs in or unlocks with the password.
"""

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotFound
from vqflow.models import User

TRIES = 5
SHORTEST_PIN, LONGEST_PIN = 6, 12
SHORTEST_BADGE, LONGEST_BADGE = 6, 128
RUNS = ("0123456789", "9876543210")
LOCKED = (
    "Five wrong tries: {name} cannot confirm with PIN, badge or password here any more. "
    "Sign in once as {name}, or unlock the own screen with the password; then it works again."
)
FOR_OTHERS = "department.manage"  # who may enrol and take away the badges of the own site's people


@transaction.atomic
def set_pin(user, *, pin, by):
    """The person's own new PIN, kept as a hash only."""
    _only_oneself(user, by)
    if refusal := why_not_pin(pin):
        raise Invalid(refusal, fields={"pin": [refusal]})
    _keep(user, pin=make_password(pin), wrong_pins=0)
    audit.record("account.pin_set", user, by=by)


@transaction.atomic
def remove_pin(user, *, by):
    _only_oneself(user, by)
    _keep(user, pin="")
    audit.record("account.pin_removed", user, by=by)


def why_not_pin(pin):
    """A sentence why this is no good PIN, or None."""
    if not (pin.isascii() and pin.isdecimal() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        return f"Enter {SHORTEST_PIN} to {LONGEST_PIN} digits."
    if len(set(pin)) < 3 or any(pin in run * 2 for run in RUNS):
        return "This PIN is easy to guess. Choose digits that do not repeat or count up."
    return None


@transaction.atomic
def enrol_badge(user, *, code, by):
    """What the scanner reads from this person's badge, kept as a keyed digest only. It replaces an older badge."""
    _oneself_or_of_ones_site(user, by)
    code = code.strip()
    if not (code.isprintable() and SHORTEST_BADGE <= len(code) <= LONGEST_BADGE):
        sentence = f"A badge's code has {SHORTEST_BADGE} to {LONGEST_BADGE} signs. Scan the badge again."
        raise Invalid(sentence, fields={"code": [sentence]})
    try:
        with transaction.atomic():
            _keep(user, badge=_digest(code, settings.SECRET_KEY))
    except IntegrityError as error:
        raise Conflict("This badge belongs to somebody else. Scan another badge.") from error
    audit.record("account.badge_enrolled", user, by=by)


@transaction.atomic
def remove_badge(user, *, by):
    _oneself_or_of_ones_site(user, by)
    _keep(user, badge="")
    audit.record("account.badge_removed", user, by=by)


def opened_by(user, typed):
    """What this user typed or scanned to open the lock: "badge", "PIN", "password", or "" when it is none of them."""
    if user.badge and any(constant_time_compare(user.badge, each) for each in _digests(typed.strip())):
        return "badge"
    if user.pin and not is_locked(user) and typed.isdecimal() and check_password(typed, user.pin):
        return "PIN"
    return "password" if user.check_password(typed) else ""


def is_locked(user):
    """Whether this person's PIN opens nothing until the password has been used."""
    return user.wrong_pins >= TRIES


def why_not_second(person, typed):
    """A sentence why `person` is not shown to be at this screen by what was typed, or None. Wrong tries are counted.

    Call it outside a transaction that a refusal would take back.
    """
    opened = tried(person, lambda row: opened_by(row, typed))
    if opened is None:
        return LOCKED.format(name=person.name)
    return None if opened else f"This is not {person.name}'s {person.unlocks_with}. Try again."


@transaction.atomic
def tried(person, judge):
    """What `judge(person as the database has it)` says, "" for a wrong try, or None where the tries are used up.

    The row is locked: tries of several screens at the same moment come one after the other, and none after the fifth.
    """
    row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if is_locked(row):
        return None
    if said := judge(row):
        _keep(row, wrong_pins=0)
        return said
    count_against(row)
    return None if is_locked(row) else ""


@transaction.atomic
def count_against(person):
    """One more wrong try of this person's; the fifth in a row is audited."""
    row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    _keep(row, wrong_pins=row.wrong_pins + 1)
    person.wrong_pins = row.wrong_pins
    if row.wrong_pins == TRIES:
        audit.record("account.second_person_locked", row, by=row, outcome="failure")


def forgive(user):
    """The person has signed in, or unlocked with the password: earlier wrong tries count no longer."""
    if user.wrong_pins:
        _keep(user, wrong_pins=0)


@transaction.atomic
def count_wrong(session):
    """Note a wrong try in this session; the number of them so far. Tries at the same moment count one by one."""
    Session.objects.select_for_update().filter(session_key=session.session_key).first()
    stored = type(session)(session.session_key)
    count = stored["wrong_unlocks"] = stored.get("wrong_unlocks", 0) + 1
    stored.save()
    # The request's own copy is saved at its end only if it changed; written always, it could take back a later count.
    if session.modified:
        session["wrong_unlocks"] = count
    return count


def _digests(code):
    """A badge outlives a change of the secret key as long as the old key is a fallback."""
    return [_digest(code, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _digest(code, key):
    return salted_hmac("vqflow.badge", code, secret=key, algorithm="sha256").hexdigest()


def _keep(user, **values):
    for name, value in values.items():
        setattr(user, name, value)
    user.save(update_fields=list(values))


def _only_oneself(user, by):
    policy.permit(by, "account.use")
    if user.pk != by.pk:
        raise NotFound("A PIN is set by the person it belongs to.")


def _oneself_or_of_ones_site(user, by):
    if user.pk == by.pk:
        return policy.permit(by, "account.use")
    policy.permit(by, FOR_OTHERS)
    if user.site_code != by.site_code:
        raise NotFound("There is no such person at your site.")
    return None
