"""Calendar files read by two parsers that know nothing of each other: icalendar, and vobject with dateutil's zones."""

from datetime import UTC, datetime, timedelta

import pytest
import vobject
from icalendar import Calendar

from scheduling import letters
from scheduling.models import Message, MessageKind
from scheduling.services import booking
from scheduling.templatetags import words
from tests import department
from tests.department import NOW, TODAY
from tests.scheduling.letters.written import calendars, mail

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)
NIGHTS = {
    "America/New_York": [
        "2027-03-14T06:30+00:00",  # 01:30 EST, half an hour before the clock jumps
        "2027-03-14T07:30+00:00",  # 03:30 EDT, after it
        "2026-11-01T05:30+00:00",  # 01:30 EDT, the first of two
        "2026-11-01T06:30+00:00",  # 01:30 EST, the second
        "2026-11-01T07:30+00:00",  # 02:30 EST
    ],
    "Europe/Berlin": [
        "2027-03-28T00:30+00:00",  # 01:30 CET
        "2027-03-28T01:30+00:00",  # 03:30 CEST
        "2026-10-25T00:30+00:00",  # 02:30 CEST, the first of two
        "2026-10-25T01:30+00:00",  # 02:30 CET, the second
        "2026-10-25T02:30+00:00",  # 03:30 CET
    ],
    "Asia/Kolkata": ["2027-07-01T13:00+00:00"],  # no summer time
}


@pytest.fixture
def appointment():
    return department.booked(department.site(), first_day=NEXT_WEEK)


def read_both(text):
    """[(start, end, uid, sequence, summary)] of the events as each parser has them, times in UTC."""
    one = [
        (event.start, event.end, event["UID"], int(event["SEQUENCE"]), str(event["SUMMARY"]))
        for event in Calendar.from_ical(text).events
    ]
    other = [
        (e.dtstart.value, e.dtend.value, e.uid.value, int(e.sequence.value), e.summary.value)
        for e in vobject.readOne(text).vevent_list
    ]
    return [[(a.astimezone(UTC), b.astimezone(UTC), *rest) for a, b, *rest in each] for each in (one, other)]


@pytest.mark.parametrize(("zone", "at"), [(zone, at) for zone, each in NIGHTS.items() for at in each])
def test_both_parsers_read_the_same_instant_in_nights_of_a_clock_change(appointment, zone, at):
    appointment.site.time_zone = zone
    start = datetime.fromisoformat(at)
    visit = letters.Visit(start, start + timedelta(minutes=90))
    message = Message(appointment=appointment, kind=MessageKind.REMINDER)
    (part,) = letters.calendar_files(message, [visit], "mia@mail.example", now=NOW)
    one, other = read_both(part.get_payload(decode=True).decode())
    assert one == other
    assert one[0][:2] == (start, start + timedelta(minutes=90))


def test_a_request_and_its_cancellation_are_one_event_to_both(appointment):
    (first,) = calendars(mail(appointment, MessageKind.CONFIRMATION))
    by = department.scheduler(appointment.site)
    cancelled = booking.cancel(appointment, reason="Ill", by=by, now=NOW)
    (last,) = calendars(mail(cancelled, MessageKind.CANCELLED))
    for before, after in zip(read_both(first), read_both(last), strict=True):
        assert before[0][2] == after[0][2]
        assert after[0][3] > before[0][3]
    assert vobject.readOne(first).method.value == "REQUEST"
    assert vobject.readOne(last).method.value == "CANCEL"


def test_the_file_to_download_holds_every_visit_under_the_identifiers_of_the_mails(appointment):
    mailed = [
        event for text in calendars(mail(appointment, MessageKind.REMINDER)) for event in read_both(text)[0]
    ]
    text = letters.download(appointment, letters.visits(appointment), now=NOW).decode()
    one, other = read_both(text)
    assert one == other == mailed
    assert vobject.readOne(text).method.value == "PUBLISH"
    assert "attendee" not in text.lower()


def test_two_visits_are_two_events_in_one_file(appointment):
    start = appointment.starts_at
    planned = [
        letters.Visit(start, start + timedelta(minutes=20), is_first_of_two=True, is_xray_only=True),
        letters.Visit(start + timedelta(days=1), start + timedelta(days=1, hours=1), number=2),
    ]
    one, other = read_both(letters.download(appointment, planned, now=NOW).decode())
    assert one == other
    assert [uid for _, _, uid, *_ in one] == [
        f"{appointment.pk}-first@127.0.0.1",
        f"{appointment.pk}@127.0.0.1",
    ]


def test_the_summary_is_in_the_patients_language_and_says_nothing_more(appointment):
    with words.in_language("zh-Hans"):
        text = letters.download(appointment, letters.visits(appointment), now=NOW).decode()
    assert {event[4] for event in read_both(text)[1]} == {"预约 - Riverside Clinic"}
