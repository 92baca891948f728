"""The links of a mail: their tokens, and the rows that are written with it.

A token is made of the server's key, so that each attempt of one mail carries the same link, and the database alone
opens nothing: it keeps the SHA-256 only.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from scheduling.engine.states import AppointmentState
from scheduling.models import Message, MessageKind, PatientLink, Purpose
from vqflow.statements import insert

SALT = b"vqflow.patient-link"
WRITTEN = "links_written_ahead"
# A visit that begins late is still explained.
AFTER_VISIT = timedelta(hours=12)
AFTERCARE_KEPT = timedelta(days=30)
# Who finds an old reminder may still stop the next (CAN-SPAM asks for 30 days).
STOP_KEPT = timedelta(days=366)

VISIT_KINDS = frozenset(
    {
        MessageKind.CONFIRMATION,
        MessageKind.REMINDER,
        MessageKind.XRAY_REMINDER,
        MessageKind.MOVED,
        MessageKind.LETTER_COPY,
        MessageKind.CALL_US,
    }
)
GIVEN_UP = (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
STOP_KINDS = frozenset({MessageKind.REMINDER, MessageKind.XRAY_REMINDER})
"""Reminders, which nobody has to get."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    purpose: Purpose
    expires_at: datetime


def token(message, purpose, *, key=None):
    """256 bits as 43 letters of base64url: the same for every attempt of this mail."""
    secret = hashlib.sha256(SALT + (key or settings.SECRET_KEY).encode()).digest()
    told = f"{message.pk}:{purpose}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, told, "sha256")).decode().rstrip("=")


def digest(of_token):
    """What the database keeps of a token."""
    return hashlib.sha256(of_token.encode()).hexdigest()


def url(of_token, purpose):
    """The absolute address that a mail carries. It says nothing of what it is about."""
    stop = "stop/" if purpose == Purpose.STOP else ""
    return f"{settings.PUBLIC_URL.rstrip('/')}/a/{stop}{of_token}"


def ensure(message, purpose, *, now, expires_at):
    """The token of this mail's link, its row written if it is not there yet."""
    return _ensured(message, [_Wanted(Purpose(purpose), expires_at)], now)[purpose]


def for_message(message, *, now):
    """{"link": url, "stop": url} of a mail to a patient, as far as this kind of mail has them.

    One statement; a later attempt of the same mail reads what the first has written, for the server's key may have
    been changed in between.
    """
    tokens = message.__dict__.get(WRITTEN) or _ensured(message, list(_wanted(message, now)), now)
    names = {Purpose.STOP: "stop"}
    return {names.get(purpose, "link"): url(each, purpose) for purpose, each in tokens.items()}


def write_ahead(messages, *, now):
    """Write the links of many mails in one statement; `for_message` of these very objects then writes nothing."""
    first_tries = [message for message in messages if not _was_tried(message)]
    rows = []
    for message in first_tries:
        wanted = list(_wanted(message, now))
        tokens = {each.purpose: token(message, each.purpose) for each in wanted}
        rows += [_row(message, each, tokens[each.purpose], now) for each in wanted]
        setattr(message, WRITTEN, tokens)
    insert(rows, ignore_conflicts=True)


def _was_tried(message):
    """Whether its link may be written already: attempts that the carrier spoils are not counted, but leave a code."""
    return message.attempts > 1 or bool(message.last_error)


def _wanted(message, now):
    if message.recipient != Message.Recipient.PATIENT:
        return
    if message.kind == MessageKind.OFFER and message.offer_id:
        yield _Wanted(Purpose.OFFER, max(message.offer.comes_at, now + timedelta(hours=1)))
    elif message.kind == MessageKind.AFTERCARE and message.appointment_id:
        yield _Wanted(Purpose.AFTERCARE, now + AFTERCARE_KEPT)
    elif message.kind in VISIT_KINDS and message.appointment_id and not _is_given_up(message.appointment):
        yield _Wanted(Purpose.VISIT, message.appointment.ends_at + AFTER_VISIT)
    if message.kind in STOP_KINDS:
        yield _Wanted(Purpose.STOP, now + STOP_KEPT)


def _is_given_up(appointment):
    """What is told about an appointment that is none any more has no page to show."""
    return appointment.state in GIVEN_UP


def _ensured(message, wanted, now):
    tokens = {each.purpose: token(message, each.purpose) for each in wanted}
    rows = [_row(message, each, tokens[each.purpose], now) for each in wanted]
    insert(rows, ignore_conflicts=True)
    if _was_tried(message) and rows:
        tokens |= _as_sent_before(message, tokens)
    return tokens


def _row(message, wanted, its_token, now):
    return PatientLink(
        digest=digest(its_token),
        purpose=wanted.purpose,
        patient_id=message.order.patient_id,
        message_id=message.pk,
        appointment_id=message.appointment_id,
        offer_id=message.offer_id,
        revision=message.revision,
        made_at=now,
        expires_at=wanted.expires_at,
    )


def _as_sent_before(message, tokens):
    """The tokens of an earlier attempt, made with a key that the server has had; else those rows take the new ones."""
    found = {}
    for row in PatientLink.objects.filter(message=message, purpose__in=tokens):
        made = (token(message, row.purpose, key=key) for key in settings.SECRET_KEY_FALLBACKS)
        earlier = next((each for each in made if digest(each) == row.digest), None)
        if earlier:
            found[row.purpose] = earlier
        elif row.digest != digest(tokens[row.purpose]):
            PatientLink.objects.filter(pk=row.pk).update(digest=digest(tokens[row.purpose]))
    return found
