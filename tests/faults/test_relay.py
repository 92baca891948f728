"""A relay that is slow, hangs, refuses, cuts the connection or is gone: every mail arrives, or the desk phones.

The clock of the sender is moved on by the test, so that hours of waiting between attempts take no time.
"""

from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from scheduling.models import Message, MessageState, Task
from scheduling.services import messages
from scheduling.services.messages import sending, settling
from tests import crowd, department
from tests.relay import point_at, running
from vqflow.embedded.place import free_port

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(240, func_only=True),
    pytest.mark.django_db(transaction=True),
]
MAILS = 12
STEP, LOOKS = timedelta(minutes=2), 240
OPEN = (MessageState.PENDING, MessageState.SENDING)


@pytest.fixture
def relay(settings):
    settings.EMAIL_TIMEOUT = 1
    with running(settings) as listening:
        yield listening


@pytest.fixture
def rows(db):
    """Reminders that are due; the visit is a day away and more."""
    booked = department.booked(department.site(), first_day=department.TODAY + timedelta(days=4))
    Message.objects.all().delete()
    return crowd.reminded(crowd.like(booked, MAILS), due_at=timezone.now())


def look_on(*, looks=LOOKS, now=None, well=lambda look: None):
    """Look again and again, every few minutes, until nothing is open; returns when that was. `well` heals the relay."""
    now = now or timezone.now()
    for look in range(looks):
        well(look)
        messages.send_due(now=now + look * STEP)
        if not Message.objects.filter(state__in=OPEN).exists():
            return look
    return looks


def states():
    return sorted(Message.objects.values_list("state", flat=True))


def all_sent_once(relay, rows, *, twice=0):
    assert set(relay.ids) == {str(row.pk) for row in rows}
    assert relay.ids.total() <= len(rows) + twice
    assert states() == [MessageState.SENT] * len(rows)
    assert not Task.objects.filter(kind=Task.Kind.PHONE).exists()


def test_a_slow_relay_gets_each_mail_once(relay, rows):
    relay.delay_seconds = 0.3
    look_on()
    all_sent_once(relay, rows)


@pytest.mark.parametrize("at", ["refuse_recipient", "refuse_data"])
def test_a_busy_relay_gets_each_mail_once_it_is_not(at, relay, rows):
    setattr(relay, at, "451 Try again later")
    look_on(well=lambda look: look == 3 and setattr(relay, at, ""))
    all_sent_once(relay, rows)


@pytest.mark.parametrize("at", ["EHLO", "RCPT", "DATA"])
def test_a_relay_that_hung_gets_each_mail_once(at, relay, rows):
    relay.hangs_at = at
    look_on(well=lambda look: look == 3 and setattr(relay, "hangs_at", ""))
    all_sent_once(relay, rows)


@pytest.mark.parametrize("cut", ["drops_after_data", "hangs_after_data"])
def test_an_answer_that_is_lost_sends_one_mail_twice_at_most(cut, relay, rows):
    setattr(relay, cut, 3)
    look_on()
    all_sent_once(relay, rows, twice=3)
    assert relay.twice() > 0
    assert max(relay.ids.values()) <= 1 + 3


def test_a_mail_lost_with_its_connection_is_sent_again(relay, rows):
    relay.drops_before_data = 3
    look_on()
    all_sent_once(relay, rows)


def test_a_relay_that_is_gone_for_hours_costs_no_mail(relay, rows, settings):
    here = settings.EMAIL_PORT
    point_at(settings, free_port())
    three_hours = 3 * 60 // 2
    look_on(well=lambda look: look == three_hours and point_at(settings, here))
    all_sent_once(relay, rows)


def test_who_is_refused_for_good_is_on_the_desks_list(relay, rows):
    refused = rows[::4]
    relay.refuses = {row.order.patient.email: "550 No such user" for row in refused}
    look_on()
    assert states() == [MessageState.FAILED] * len(refused) + [MessageState.SENT] * (MAILS - len(refused))
    calls = Task.objects.filter(kind=Task.Kind.PHONE, closed_at=None)
    assert sorted(calls.values_list("order", flat=True)) == sorted(row.order_id for row in refused)
    assert relay.ids.total() == MAILS - len(refused)


def test_who_is_busy_until_the_visit_is_on_the_desks_list(relay, rows):
    relay.refuses = {rows[0].order.patient.email: "450 Mailbox full"}
    look_on()
    assert states() == [MessageState.FAILED] + [MessageState.SENT] * (MAILS - 1)
    assert [call.order_id for call in Task.objects.filter(kind=Task.Kind.PHONE)] == [rows[0].order_id]


def test_whoever_gives_up_at_the_first_failure_loses_mail(relay, rows):
    """The negative control."""
    relay.refuse_recipient = "451 Try again later"
    with mock.patch.object(settling, "most_attempts", return_value=1):
        look_on(looks=2)
    relay.refuse_recipient = ""
    look_on()
    with pytest.raises(AssertionError):
        all_sent_once(relay, rows)


def test_a_lease_outlives_the_slowest_mail_of_a_batch(settings):
    """Nobody else takes a mail while it is handed over to a relay that answers each command at the last moment."""
    # Greeting, STARTTLS between two EHLO, AUTH, MAIL, RCPT, DATA, the mail; and one on a connection that was dead.
    replies = 10
    assert sending.LEASE.total_seconds() >= sending.BATCH_SECONDS + replies * settings.EMAIL_TIMEOUT
