"""Claim due rows, send them outside any transaction, and settle each under its own generation.

A worker that dies leaves rows whose lease runs out; another takes them. Only the moment between the relay's
acceptance and our commit can send a mail twice, with the same Message-ID. SMTP has no answer to that gap.
"""

import random
import time
from datetime import timedelta

import structlog
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import F

from scheduling import letters
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, OfferState
from scheduling.models import Message, MessageKind, MessageState
from scheduling.services.messages import calls
from scheduling.services.messages.failures import Verdict, judged
from vqflow import audit, housekeeping

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
# One mail to a dragging relay takes up to nine replies of settings.EMAIL_TIMEOUT seconds.
LEASE = timedelta(seconds=150)
# No mail of a batch is begun later than this after its claim.
BATCH_SECONDS = 30
# A run ends before the worker's soft time limit (settings.CELERY_TASK_SOFT_TIME_LIMIT).
RUN_SECONDS = 60
BREAKER_FAILURES = 3
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
OPEN = (MessageState.PENDING, MessageState.SENDING)


def send_due(*, now, limit=20, seconds=RUN_SECONDS):
    """Send what is due, batch after batch, until nothing is or `seconds` have passed; returns how many were sent.

    Safe to run any number of times at once. After three failures of the relay in a row it stops, and the
    rows that were not tried lose no attempt.
    """
    housekeeping.beat("messages", now=now)
    run, sent = _Run(now, seconds), 0
    try:
        while run.may_go_on() and (claimed := claim(now=run.now(), limit=limit)):
            sent += run.send(claimed)
    finally:
        run.close()
    return sent


def claim(*, now, limit):
    """Take due rows for the length of LEASE; the returned rows carry their state and time from before the claim."""
    with transaction.atomic():
        due = Message.objects.select_for_update(skip_locked=True).filter(state__in=OPEN, due_at__lte=now)
        rows = list(due.order_by("due_at", "pk")[:limit])
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=MessageState.SENDING, attempts=F("attempts") + 1, due_at=now + LEASE
        )
    return rows


class _Run:
    """One run of send_due: its clock, its connection to the relay, and how often that has failed in a row."""

    def __init__(self, started_at, longest_seconds):
        self.started_at, self.started = started_at, time.monotonic()
        self.longest_seconds = longest_seconds
        self.connection, self.failures = get_connection(), 0

    def seconds(self):
        return time.monotonic() - self.started

    def now(self):
        return self.started_at + timedelta(seconds=self.seconds())

    def may_go_on(self):
        return self.failures < BREAKER_FAILURES and self.seconds() < self.longest_seconds

    def send(self, claimed):
        """Send a claimed batch; what is not begun in time is given back."""
        batch_ends = self.seconds() + BATCH_SECONDS
        sent = 0
        for row in claimed:
            if self.may_go_on() and self.seconds() < batch_ends:
                sent += self._deliver(row.pk, row.attempts + 1)
            else:
                _give_back(row)
        if self.failures >= BREAKER_FAILURES:
            log.error("messages.relay_down", failures=self.failures)
        return sent

    def _deliver(self, pk, generation):
        message = load(pk, generation)
        if message is None:
            return False
        if reason := why_not(message, now=self.now()):
            state, code = reason
            settle(message, state, now=self.now(), code=code, sentences=CALLS[code])
            return False
        try:
            self._transmit(message)
        except Exception as error:  # whatever it is, the row must move on
            self._failed(message, judged(error))
            return False
        self.failures = 0
        return settle(message, MessageState.SENT, now=self.now(), sent_at=self.now())

    def _transmit(self, message):
        mail = letters.compose(message, now=self.now())
        # Opened once and kept: a connection for each mail costs more than the mail.
        self.connection.open()
        self.connection.send_messages([mail])

    def _failed(self, message, failure):
        self.close()
        if failure.verdict == Verdict.RELAY:
            self.failures += 1
        _fail(message, failure, now=self.now())

    def close(self):
        try:
            self.connection.close()
        except OSError as error:
            log.warning("messages.close_failed", error=type(error).__name__)


def load(pk, generation):
    """The row with everything that its letter needs, or None when it is not ours any more."""
    people = Message.objects.select_related(
        "order__patient", "order__referrer", "order__site", "appointment__site", "offer"
    )
    return people.filter(pk=pk, attempts=generation, state=MessageState.SENDING).first()


def why_not(message, *, now):
    """(state, code) when this mail must not go out any more, or None. Judged right before each attempt."""
    if now >= message.not_after:
        return MessageState.EXPIRED, "too_late"
    if message.attempts > MAX_ATTEMPTS:
        return MessageState.FAILED, "attempts"
    if message.offer_id and message.offer.state != OfferState.OPEN:
        return MessageState.CANCELLED, "offer_ended"
    if message.appointment_id and not _still_true(message):
        return MessageState.CANCELLED, "appointment_changed"
    if not letters.address_of(message):
        return MessageState.CANCELLED, "no_address"
    return None


def _still_true(message):
    appointment = message.appointment
    if message.kind == MessageKind.CANCELLED:
        # After a missed first visit the time of the second is given away too.
        return appointment.state in (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
    if message.kind == MessageKind.XRAY_REMINDER and not letters.visits(appointment)[0].is_xray_only:
        return False
    return appointment.state in LIVE_APPOINTMENT and appointment.revision == message.revision


# Whom the desk phones, by the code of why_not.
CALLS = {
    "too_late": calls.UNTOLD,
    "attempts": calls.NOT_DELIVERED,
    "appointment_changed": {},
    "offer_ended": {},
    "no_address": calls.NO_ADDRESS,
}


def _fail(message, failure, *, now):
    """Wait and try again, or give up and have the desk phone."""
    again_at = now + wait_after(message.attempts)
    if failure.verdict == Verdict.NEVER or message.attempts >= MAX_ATTEMPTS:
        settle(message, MessageState.FAILED, now=now, code=failure.code, sentences=calls.NOT_DELIVERED)
    elif again_at >= message.not_after:
        settle(message, MessageState.EXPIRED, now=now, code=failure.code, sentences=calls.UNTOLD)
    else:
        settle(message, MessageState.PENDING, now=now, code=failure.code, due_at=again_at)


def wait_after(attempts):
    """30 s doubled with each attempt up to an hour, less up to half at random: many rows fail at once."""
    return min(FIRST_WAIT * 2**attempts, LONGEST_WAIT) * random.uniform(0.5, 1)


def settle(message, state, *, now, code="", sentences=None, **changes):
    """Write the outcome if the row is still ours: same generation, still being sent. True when it was."""
    with transaction.atomic():
        ours = Message.objects.filter(pk=message.pk, attempts=message.attempts, state=MessageState.SENDING)
        if not ours.update(state=state, last_error=code, **changes):
            log.warning("messages.outrun", message=str(message.pk), kind=message.kind)
            return False
        calls.instead_of(message, sentences=sentences or {}, now=now)
        if state != MessageState.PENDING:
            order = message.order
            audit.record(
                f"message.{state}",
                message,
                by=None,
                site=order.site.code,
                patients=[order.patient_id],
                kind=message.kind,
            )
    log.info("messages.settled", message=str(message.pk), kind=message.kind, state=str(state), code=code)
    return True


def _give_back(row):
    """As it was before the claim, the attempt not counted. Nobody uses a generation that was given back."""
    ours = Message.objects.filter(pk=row.pk, attempts=row.attempts + 1, state=MessageState.SENDING)
    ours.update(state=row.state, due_at=row.due_at, attempts=row.attempts)
