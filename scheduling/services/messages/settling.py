"""The outcome of an attempt, written under the generation that made it."""

import random
import time
from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from scheduling import letters
from scheduling.models import Channel, Message, MessageState
from scheduling.services.messages import addresses, bounces, calls
from scheduling.services.messages.failures import Verdict
from vqflow import audit
from vqflow.statements import update
from vqflow.writes import together

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
# So long a message that was sent waits for a database that is away before it is left to be sent once more.
INSIST_SECONDS = 30
OUTCOMES = (
    MessageState.SENT,
    MessageState.FAILED,
    MessageState.EXPIRED,
    MessageState.SUPPRESSED,
    MessageState.CANCELLED,
)


class _Outrun(Exception):
    """Somebody else has claimed the row meanwhile."""


def settle(message, state, *, now, code="", sentences=None, **changes):
    """Write the outcome if the row is still ours: same generation, still being sent. True when it was."""
    about = {"message": str(message.pk), "kind": message.kind}
    if state in OUTCOMES:  # the claim has put the end of its lease there
        changes["due_at"] = message.claimed_due_at
    try:
        with transaction.atomic():
            _write(message, {"state": state, "last_error": code, **changes})
            if sentences:
                calls.instead_of(message, sentences=sentences, now=now)
    except _Outrun:
        log.warning("messages.outrun", **about)
        return False
    log.info("messages.settled", **about, state=str(state), code=code)
    return True


def _write(message, changes):
    for name, value in changes.items():
        setattr(message, name, value)
    ours = [("attempts", message.attempts), ("state", MessageState.SENDING)]
    with together():  # the row and its audit event go to the server in one
        update(message, list(changes), where=ours, then=_refuse_if_outrun)
        if message.state in OUTCOMES:
            order = message.order
            patients = [order.patient_id]
            action = f"message.{message.state}"
            audit.record(action, message, by=None, site=order.site.code, patients=patients, kind=message.kind)


def _refuse_if_outrun(cursor):
    if cursor.rowcount != 1:
        raise _Outrun


def sent(message, *, now):
    """The carrier has it. A database that is away for a moment is waited for: else it would be sent once more."""
    ends, to = time.monotonic() + INSIST_SECONDS, _went_to(message)
    while True:
        try:
            return settle(message, MessageState.SENT, now=now, sent_at=now, sent_to=to)
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > ends:
                raise
            connection.close()
            time.sleep(0.5)


def _went_to(message):
    return addresses.digest(letters.address_of(message)) if message.channel == Channel.EMAIL else ""


def fail(message, failure, *, now):
    """Wait and try again, or give up and have the desk phone. An address that is not there is not tried again."""
    again_at = now + wait_after(message.attempts)
    if failure.verdict == Verdict.CARRIER and not failure.spends_attempt:
        give_back(message, now=now, code=failure.code)
    elif failure.verdict == Verdict.NEVER or message.attempts >= most_attempts(message):
        failed = settle(
            message, MessageState.FAILED, now=now, code=failure.code, sentences=calls.NOT_DELIVERED
        )
        if failed and failure.is_address:
            _bounced(message, now)
    elif again_at >= message.not_after:
        settle(message, MessageState.EXPIRED, now=now, code=failure.code, sentences=calls.UNTOLD)
    else:
        settle(message, MessageState.PENDING, now=now, code=failure.code, due_at=again_at)


def most_attempts(message):
    """How many attempts a message has; somebody who has it tried anew gives it as many again."""
    return MAX_ATTEMPTS * (1 + message.retries)


def wait_after(attempts):
    """30 s doubled with each attempt up to an hour, less up to half at random: many rows fail at once."""
    return min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT) * random.uniform(0.5, 1)


def _bounced(message, now):
    if message.recipient == Message.Recipient.PATIENT and message.channel == Channel.EMAIL:
        with transaction.atomic():
            bounces.note(message.order.patient, message.order.patient.mail_address, by=None, now=now)


def give_back(message, *, now=None, code=""):
    """As before the claim, the attempt not counted. With a `code` others come first: it waits a little.

    Nobody uses a generation that was given back: whoever claimed it is done with it.
    """
    again_at = now + FIRST_WAIT * random.uniform(0.5, 1) if code else message.claimed_due_at
    # A row that waits is due before it is useless (message_due_before_useless).
    due_at = min(again_at, message.not_after - timedelta(microseconds=1))
    ours = Message.objects.filter(pk=message.pk, attempts=message.attempts, state=MessageState.SENDING)
    return ours.update(
        state=MessageState.PENDING, attempts=message.attempts - 1, due_at=due_at, last_error=code
    )
