"""A relay that is down, and one that comes back: nothing is lost, no attempt is spent, nothing fails."""

import smtplib
from datetime import timedelta

import pytest

from scheduling.models import Carrier, Message
from scheduling.services import messages
from scheduling.services.messages import breaker, sending
from scheduling.services.messages.failures import Verdict, judged
from tests import department
from tests.department import NOW
from tests.relay import point_at, running
from vqflow import housekeeping
from vqflow.embedded.place import free_port

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def order():
    return department.order(department.site())


def ready(order, count):
    for version in range(1, count + 1):
        messages.result_ready(order, version=version, now=NOW)


def rows():
    return sorted(Message.objects.values_list("attempts", "state"))


def test_a_relay_that_is_down_for_a_day_costs_no_attempt_and_fails_nothing(order, settings):
    point_at(settings, free_port())
    ready(order, 6)
    for minutes in range(0, 24 * 60, 7):
        assert messages.send_due(now=NOW + minutes * MINUTE) == 0
    assert rows() == [(0, "pending")] * 6
    down = Carrier.objects.get()
    assert down.last_error == "ConnectionRefusedError"
    assert down.failing_since - NOW < MINUTE
    with running(settings) as relay:
        assert messages.send_due(now=NOW + 25 * 60 * MINUTE) == 6
    assert rows() == [(1, "sent")] * 6
    assert len(relay.mails) == 6
    assert not breaker.down().exists()


def test_while_it_rests_nobody_tries_and_afterwards_one_tries_with_one_mail(order, settings):
    point_at(settings, free_port())
    ready(order, 6)
    messages.send_due(now=NOW)
    assert Carrier.objects.get().failures == breaker.FAILURES
    messages.send_due(now=NOW + 30 * timedelta(seconds=1))
    assert Carrier.objects.get().failures == breaker.FAILURES
    messages.send_due(now=NOW + 2 * MINUTE)
    assert Carrier.objects.get().failures == breaker.FAILURES + 1


def test_of_two_senders_one_takes_the_trial(order, settings):
    point_at(settings, free_port())
    ready(order, 3)
    messages.send_due(now=NOW)
    later = NOW + 2 * MINUTE
    assert [breaker.take_trial("email", now=later), breaker.take_trial("email", now=later)] == [True, False]


def test_what_becomes_useless_while_the_relay_is_down_expires_and_is_phoned(order, settings):
    point_at(settings, free_port())
    ready(order, 4)
    messages.send_due(now=NOW)
    useless = NOW + timedelta(days=8)
    breaker.take_trial("email", now=useless)
    messages.send_due(now=useless)
    assert rows() == [(1, "expired")] * 4
    assert order.tasks.filter(kind="phone", closed_at=None).count() == 4


def test_a_message_that_breaks_the_connection_gives_way_to_the_others(order, settings):
    with running(settings) as relay:
        ready(order, 3)
        relay.drops_after_data = 1
        assert messages.send_due(now=NOW) == 2
        assert rows() == [(1, "pending"), (1, "sent"), (1, "sent")]
        assert Carrier.objects.get().failures == 0


def test_a_relay_that_always_breaks_off_after_the_mail_spends_attempts(order, settings):
    """It has them all: without the count each would be sent again for a week."""
    with running(settings) as relay:
        relay.drops_after_data = 1000
        ready(order, 1)
        now = NOW
        for _ in range(60):
            messages.send_due(now=now)
            now += timedelta(minutes=10)
        assert rows() == [(8, "failed")]
        assert len(relay.mails) == 8


def test_a_connection_that_the_relay_has_closed_is_opened_anew_and_nothing_is_counted(order, settings):
    with running(settings) as relay:
        relay.hangs_up_after = 2
        ready(order, 7)
        assert messages.send_due(now=NOW) == 7
        assert rows() == [(1, "sent")] * 7
        assert len(relay.mails) == 7
        assert not Carrier.objects.exists()


def test_a_message_whose_words_cannot_be_made_never_stops_the_others(order, settings):
    """Its order has no appointment: an offer without one raises, whatever it is."""
    with running(settings):
        ready(order, 2)
        Message.objects.filter(revision=1).update(kind="moved", recipient="patient")
        assert messages.send_due(now=NOW) == 1
        poisoned = Message.objects.get(revision=1)
        assert (poisoned.state, poisoned.attempts) == ("pending", 1)
        assert poisoned.due_at > NOW


def test_a_batch_is_given_back_where_the_relay_goes_down_in_it(order, settings):
    point_at(settings, free_port())
    ready(order, sending.BATCH)
    messages.send_due(now=NOW)
    assert rows() == [(0, "pending")] * sending.BATCH
    assert Message.objects.filter(due_at=NOW).count() == sending.BATCH - breaker.FAILURES


@pytest.mark.parametrize(
    ("error", "verdict", "is_address"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.1.1 No such user")}), Verdict.NEVER, True),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"No such user")}), Verdict.NEVER, True),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.7.1 Blocked")}), Verdict.NEVER, False),
        (smtplib.SMTPRecipientsRefused({"a": (552, b"5.2.2 Mailbox full")}), Verdict.NEVER, False),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"4.2.1 Busy")}), Verdict.LATER, False),
        (smtplib.SMTPDataError(554, b"Spam"), Verdict.NEVER, False),
        (smtplib.SMTPDataError(451, b"Later"), Verdict.LATER, False),
        (smtplib.SMTPSenderRefused(550, b"Who?", "x"), Verdict.CARRIER, False),
        (ConnectionRefusedError(), Verdict.CARRIER, False),
        (KeyError("x"), Verdict.LATER, False),
    ],
)
def test_what_an_error_means(error, verdict, is_address):
    failure = judged(error)
    assert (failure.verdict, failure.is_address) == (verdict, is_address)


def test_mail_that_does_not_leave_goes_quiet_and_its_sender_does_not(order, settings):
    """Also where it never left since the first day; the reason is on the list of messages."""
    point_at(settings, free_port())
    ready(order, 4)
    messages.send_due(now=NOW)
    later = NOW + 3 * MINUTE
    messages.send_due(now=later)
    assert housekeeping.quiet_jobs(later) == ["mail"]
    with running(settings):
        messages.send_due(now=later + 5 * MINUTE)
    assert housekeeping.quiet_jobs(later + 5 * MINUTE) == []
