"""The nights in which clocks change: a reminder comes at the visit's own hour, and says the visit's own time.

Weeks are looked through in steps of five minutes by a clock of the test.
"""

import uuid
from collections import namedtuple
from datetime import UTC, date, datetime, time, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from scheduling.engine import reminders
from scheduling.models import Message, MessageKind, MessageState
from scheduling.services import messages
from tests import department
from tests.relay import running

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300, func_only=True), pytest.mark.django_db]
NIGHTS = {
    "New York, an hour less": ("America/New_York", date(2027, 3, 14)),
    "New York, an hour more": ("America/New_York", date(2027, 11, 7)),
    "Berlin, an hour less": ("Europe/Berlin", date(2027, 3, 28)),
    "Berlin, an hour more": ("Europe/Berlin", date(2027, 10, 31)),
    "Lord Howe, half an hour less": ("Australia/Lord_Howe", date(2027, 10, 3)),
    "Lord Howe, half an hour more": ("Australia/Lord_Howe", date(2027, 4, 4)),
}
STEP = timedelta(minutes=5)
OPEN = (MessageState.PENDING, MessageState.SENDING)
Came = namedtuple("Came", "at mail row")


@pytest.fixture
def relay(settings):
    with running(settings) as listening:
        yield listening


@pytest.fixture(params=NIGHTS.values(), ids=NIGHTS)
def weeks(request, relay):
    """(zone, mails that came, each with when) of visits on the days around a night."""
    zone, night = request.param
    began = datetime.combine(night - timedelta(days=7), time(12), ZoneInfo(zone)).astimezone(UTC)
    site = department.site(zone=zone, equipped=False)
    department.equip(site, first_day=night - timedelta(days=3), days=9)
    for day in range(-1, 5):
        department.booked(site, now=began, first_day=night + timedelta(days=day))
    return ZoneInfo(zone), began


def look_through(relay, now):
    """Every mail of the coming weeks with the instant at which it was sent."""
    came = []
    while (due := Message.objects.filter(state__in=OPEN).order_by("due_at").first()) is not None:
        now = max(now, now + (due.due_at - now) // STEP * STEP)
        before = len(relay.mails)
        messages.send_due(now=now)
        rows = Message.objects.select_related("appointment").in_bulk(
            [key(mail) for mail in relay.mails[before:]]
        )
        came += [Came(now, mail, rows[key(mail)]) for mail in relay.mails[before:]]
        now += STEP
    return came


def key(mail):
    return uuid.UUID(mail["Message-ID"].strip("<>").partition("@")[0])


def at_another_hour(came, zone):
    """Reminders that came at another hour of the clinic's clock than the visit's, a day or three before."""
    wrong = []
    for each in came:
        visit, sent = each.row.appointment.starts_at.astimezone(zone), each.at.astimezone(zone)
        days = (visit.date() - sent.date()).days
        late = datetime.combine(sent.date(), sent.time()) - datetime.combine(sent.date(), visit.time())
        if days not in (1, 3) or not timedelta(0) <= late <= STEP:
            wrong.append((each.row.kind, sent, visit))
    return wrong


def reminders_of(came):
    return [each for each in came if each.row.kind == MessageKind.REMINDER]


def test_reminders_come_at_the_hour_of_the_visit_and_tell_its_time(weeks, relay):
    zone, began = weeks
    found = reminders_of(look_through(relay, began))
    assert len(found) >= 10
    assert at_another_hour(found, zone) == []
    assert max(relay.ids.values()) == 1
    for each in found:
        [file] = [part for part in each.mail.walk() if part.get_content_type() == "text/calendar"]
        [event] = Calendar.from_ical(file.get_content()).walk("VEVENT")
        starts_at = each.row.appointment.starts_at
        assert event.start == starts_at
        assert event.start.strftime("%H:%M") == starts_at.astimezone(zone).strftime("%H:%M")
        assert starts_at.astimezone(zone).strftime("%H:%M") in each.mail.get_body(["plain"]).get_content()


def test_a_day_counted_as_24_hours_is_wrong_in_each_of_these_nights(weeks, relay):
    """The negative control. The rows are planned anew, as if they had just been booked."""
    zone, began = weeks
    appointments = [row.appointment for row in Message.objects.filter(kind=MessageKind.CONFIRMATION)]
    Message.objects.all().delete()
    with mock.patch.object(reminders, "before", lambda value, hours, zone: value - timedelta(hours=hours)):
        for each in appointments:
            messages.plan(each, now=began)
    assert at_another_hour(reminders_of(look_through(relay, began)), zone)
