"""Claim due rows, send them outside any transaction, and settle each under its own generation.

A worker that dies leaves rows whose lease runs out; another takes them. Only the moment between the carrier's
acceptance and our commit can send a message twice, with the same Message-ID. SMTP has no answer to that gap.
"""

import time
from datetime import timedelta
from itertools import takewhile

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from scheduling import examinations, letters
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, OfferState
from scheduling.models import Channel, Message, MessageKind, MessageState
from scheduling.services import links
from scheduling.services.messages import breaker, calls, carriers, plans, settling
from scheduling.services.messages.failures import Verdict, judged
from vqflow import housekeeping

log = structlog.get_logger(__name__)

# A mail begun at the end of a batch, to a relay that drags: ten replies of settings.EMAIL_TIMEOUT seconds, of which one
# is that of a connection given up.
LEASE = timedelta(seconds=200)
# No message of a batch is begun later than this after its claim.
BATCH_SECONDS = 30
# Short of the next beat but one: while much is due two runs work, and other tasks of the workers get their turn.
RUN_SECONDS = 30
BATCH = 25
# A message is judged by rows that are no older: with a slow relay the last of a batch was read long ago.
FRESH = timedelta(seconds=1)
CARRIERS = {Channel.EMAIL: "mail", Channel.SMS: "text messages"}
OPEN = (MessageState.PENDING, MessageState.SENDING)


def send_due(*, now, limit=BATCH, seconds=RUN_SECONDS):
    """Send what is due, batch after batch, until nothing is or `seconds` have passed; returns how many were sent.

    Safe to run any number of times at once. While a carrier is down only what has become useless is settled.
    """
    housekeeping.beat("messages", now=now)
    started = time.monotonic()

    def clock():
        return now + timedelta(seconds=time.monotonic() - started)

    # Text messages first, for half of the time at most: mail that piles up would leave them none.
    sent = _Run(Channel.SMS, clock, now + timedelta(seconds=seconds / 2)).send_all(limit)
    sent += _Run(Channel.EMAIL, clock, now + timedelta(seconds=seconds)).send_all(limit)
    _note_carriers(clock())
    return sent


def _note_carriers(now):
    """A sign of life of each carrier that works: one that is down goes quiet, and who can help is told."""
    down = {row.channel: row.failing_since for row in breaker.down()}
    for channel, name in CARRIERS.items():
        if channel in down:
            housekeeping.expected(name, since=down[channel])
        elif channel == Channel.EMAIL or settings.SMS_URL:
            housekeeping.beat(name, now=now)


def claim(*, now, limit, channel=Channel.EMAIL, only_useless=False):
    """Take due rows for the length of LEASE; the returned rows are as after the claim, `claimed_due_at` as before.

    `only_useless`: those alone that come too late by now.
    """
    with transaction.atomic():
        due = Message.objects.select_for_update(skip_locked=True, of=("self",))
        due = due.filter(state__in=OPEN, due_at__lte=now, channel=channel)
        if only_useless:
            due = due.filter(not_after__lte=now)
        rows = _apart(list(due.order_by("due_at", "pk")[:limit]))
        if rows:
            Message.objects.filter(pk__in=[row.pk for row in rows]).update(
                state=MessageState.SENDING, attempts=F("attempts") + 1, due_at=now + LEASE
            )
    for row in rows:
        row.claimed_due_at = row.due_at
        row.state, row.attempts, row.due_at = MessageState.SENDING, row.attempts + 1, now + LEASE
    return rows


def _apart(rows):
    """A row whose sender died goes alone: if it was the row that killed it, no other loses its attempts with it."""
    if rows and rows[0].state == MessageState.SENDING:
        return rows[:1]
    return list(takewhile(lambda row: row.state == MessageState.PENDING, rows))


class _Run:
    """One run of send_due over one channel: its clock and its kept connection."""

    def __init__(self, channel, clock, ends_at):
        self.channel, self.now, self.ends_at = channel, clock, ends_at
        self.carrier, self.is_failing, self.is_trial = None, False, False

    def send_all(self, limit):
        sent = 0
        try:
            while self.now() < self.ends_at and (claimed := self._claim(limit)):
                sent += self._send(claimed)
        finally:
            self._close()
        return sent

    def _claim(self, limit):
        """What may be tried now: a batch, one message for a carrier whose rest is over, or what is useless by now."""
        now = self.now()
        standing = breaker.standing(self.channel, now=now)
        self.is_failing, self.is_trial = standing != breaker.Standing.WORKS, False
        if standing in (breaker.Standing.WORKS, breaker.Standing.FALTERS):
            return claim(now=now, limit=limit, channel=self.channel)
        useless = claim(now=now, limit=limit, channel=self.channel, only_useless=True)
        if useless or standing == breaker.Standing.RESTS:
            return useless
        tried = claim(now=now, limit=1, channel=self.channel)
        if tried and not breaker.take_trial(self.channel, now=now):
            settling.give_back(tried[0])
            return []
        self.is_trial = bool(tried)
        return tried

    def _send(self, claimed):
        """Send a claimed batch; what is not begun in time, or after the carrier has gone, is given back."""
        ends_at = min(self.now() + timedelta(seconds=BATCH_SECONDS), self.ends_at)
        read_at, found, sent, failures = self.now(), load(claimed, now=self.now()), 0, 0
        for number, row in enumerate(claimed):
            if self.now() - read_at > FRESH:
                read_at, found = self.now(), load(claimed[number:], now=self.now())
            message = found.get(row.pk)
            if self.now() >= ends_at or failures >= breaker.FAILURES:
                settling.give_back(row)
            elif message is not None:
                outcome = self._deliver(message)
                sent += outcome is True
                failures = failures + 1 if outcome == Verdict.CARRIER else 0
        return sent

    def _deliver(self, message):
        """True when it was sent; else the Verdict of the failure, or None where it was not tried."""
        try:
            reason = why_not(message, now=self.now())
            if not reason:
                self._transmit(carriers.composed(message, now=self.now()))
        except Exception as error:  # whatever it is, the row must move on
            return self._failed(message, error)
        if reason:
            state, code = reason
            settling.settle(message, state, now=self.now(), code=code, sentences=CALLS.get(code))
            if self.is_trial:  # nothing was tried: the next message is the trial
                breaker.not_tried(self.channel, now=self.now())
            return None
        self._worked()
        return settling.sent(message, now=self.now())

    def _transmit(self, words):
        # Opened once and kept: a connection for each mail costs more than the mail.
        self.carrier = self.carrier or carriers.of(self.channel)
        self.carrier.send(words)

    def _failed(self, message, error):
        failure = judged(error, may_have_arrived=bool(self.carrier) and self.carrier.may_have_arrived)
        self._close()
        if failure.verdict == Verdict.CARRIER:
            breaker.failed(self.channel, failure.code, now=self.now())
            self.is_failing = True
        elif failure.is_answer:
            self._worked()
        settling.fail(message, failure, now=self.now())
        return failure.verdict

    def _worked(self):
        if self.is_failing:
            breaker.worked(self.channel)
            self.is_failing = False

    def _close(self):
        carrier, self.carrier = self.carrier, None
        try:
            if carrier:
                carrier.close()
        except OSError as error:
            log.warning("messages.close_failed", error=type(error).__name__)


def load(claimed, *, now):
    """{key: row} with everything that its words need, of those rows that are still ours. Five queries for a batch."""
    generations = {row.pk: row for row in claimed}
    rows = Message.objects.select_related(
        "order__patient", "order__referrer", "order__site", "appointment__site", "offer"
    ).filter(pk__in=generations, state=MessageState.SENDING)
    found = {row.pk: row for row in rows if row.attempts == generations[row.pk].attempts}
    for row in found.values():
        row.claimed_due_at = generations[row.pk].claimed_due_at
    _read_ahead(list(found.values()), now)
    return found


def _read_ahead(messages, now):
    """What every mail would otherwise ask or write for itself: the site's own words, the visits, the links."""
    sites = {}
    for each in messages:
        each.order.site = sites.setdefault(each.order.site_id, each.order.site)
    letters.read_ahead([each.appointment for each in messages if each.appointment_id])
    links.write_ahead(messages, now=now)


def why_not(message, *, now):
    """(state, code) when this message must not go out any more, or None. Judged right before each attempt."""
    if now >= message.not_after:
        return MessageState.EXPIRED, "too_late"
    if message.attempts > settling.most_attempts(message):
        return MessageState.FAILED, "attempts"
    if message.offer_id and message.offer.state != OfferState.OPEN:
        return MessageState.CANCELLED, "offer_ended"
    if message.appointment_id and not _still_true(message):
        return MessageState.CANCELLED, "appointment_changed"
    if message.kind in plans.REMINDERS and examinations.has_come(message.appointment, message.not_after):
        return MessageState.CANCELLED, "has_come"
    code = plans.why_suppressed(message)
    return (MessageState.SUPPRESSED, code) if code else None


def _still_true(message):
    appointment = message.appointment
    if message.kind in (MessageKind.CANCELLED, MessageKind.NOT_DONE):
        # After a missed first visit the time of the second is given away too.
        return appointment.state in (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
    if message.kind == MessageKind.CALL_US:
        return True
    if message.kind == MessageKind.AFTERCARE:
        return appointment.state == AppointmentState.FULFILLED
    if message.kind == MessageKind.XRAY_REMINDER and not letters.visits(appointment)[0].is_xray_only:
        return False
    return appointment.state in LIVE_APPOINTMENT and appointment.revision == message.revision


# Whom the desk phones, by the code of why_not.
CALLS = {
    "too_late": calls.UNTOLD,
    "attempts": calls.NOT_DELIVERED,
    **dict.fromkeys(plans.ABOUT_THE_ADDRESS, calls.NO_ADDRESS),
}
