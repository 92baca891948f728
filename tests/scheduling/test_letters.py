import re
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from icalendar import Calendar

from scheduling import letters
from scheduling.models import Message, MessageKind, Protocol, Referrer, StepKind
from scheduling.services import booking, messages, protocols, vetting
from scheduling.services.waitlist import entries, filling
from tests import department
from tests.department import NOW, TODAY, ZONE
from vqflow import catalogues

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)
TO_PATIENT = [kind for kind in MessageKind if kind not in (MessageKind.OFFER, *letters.TO_REFERRER)]
LINK = re.compile(r"http://127.0.0.1:8000/a/(stop/)?[\w-]{43}")


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def mia(site):
    return department.patient(
        site,
        given_name="Mia",
        family_name="Zuckerbrot",
        mrn="MRN-77123",
        born_on=date(1948, 2, 3),
        email="mia@mail.example",
    )


def two_visits(site, patient, *, xray, ventilation):
    order = department.order(site, of=patient)
    return booking.book(order, starts=starts(xray, ventilation), by=department.scheduler(site), now=NOW)


def starts(xray, ventilation):
    perfusion = ventilation + timedelta(minutes=25)
    return {StepKind.XRAY: xray, StepKind.VENTILATION: ventilation, StepKind.PERFUSION: perfusion}


def on(day, hour, minute=0):
    return datetime(2027, 3, day, hour, minute, tzinfo=ZONE)


def without_random_ids(text):
    """A random identifier may hold any digits, also those of a year."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)


def letter(about, kind=MessageKind.CONFIRMATION, now=NOW):
    """The mail of this kind about an appointment, as it is at this moment."""
    message = Message.objects.create(
        order=about.procedure.order,
        appointment=about,
        revision=about.revision,
        kind=kind,
        recipient="patient",
        dedupe_key=f"test-{uuid.uuid4()}",
        due_at=now,
        not_after=about.ends_at + timedelta(days=1),
    )
    return letters.compose(message, now=now)


def notice(order, tell=messages.result_ready):
    tell(order, version=1, now=NOW)
    return letters.compose(Message.objects.get(), now=NOW)


def html_of(mail):
    return mail.alternatives[0].content


def calendars(mail):
    return [Calendar.from_ical(part.get_payload(decode=True)) for part in mail.attachments]


def everything(mail):
    """Headers, texts, file names and calendar texts as a reader or a lock screen may show them.

    What is random in a link says nothing, whatever its letters. A PDF is bytes: what it says is judged in
    services/test_patient_letters.py.
    """
    mail.attachments = [part for part in mail.attachments if part.get_content_type() != "application/pdf"]
    parts = [str(mail.message()), mail.subject, mail.body, html_of(mail), mail.from_email]
    for part in mail.attachments:
        parts += [part.get_filename(), part.get_payload(decode=True).decode().replace("\r\n ", "")]
    return LINK.sub("LINK", "\n".join(parts)).replace("mia@mail.example", "")


def test_a_confirmation_says_who_when_where_and_whom_to_call(site, mia):
    appointment = department.booked(site, of=mia, first_day=NEXT_WEEK)
    mail = letter(appointment)
    assert mail.subject == "Your appointment at Riverside Clinic"
    assert mail.from_email == "Riverside Clinic <appointments@clinic.example>"
    assert mail.to == ["mia@mail.example"]
    assert LINK.sub("LINK", mail.body) == (
        "Hello Mia,\n\n"
        "Your appointment at Riverside Clinic is booked.\n\n"
        "When: Monday 15 March 2027, 07:00\n"
        "You can expect to leave at about 09:00.\n"
        "Where: Entrance B, level 2\n"
        "Phone: +1 212 555 0100\n\n"
        "On this page you can confirm your appointment, get ready for it, and ask for another time:\n"
        "LINK\n"
        "The page asks for the date of birth of the person who has the appointment. "
        "This keeps your data safe.\n\n"
        "If you cannot come, or have a question, please call us. "
        "All times are the clinic's local time.\n\n"
        "Riverside Clinic\n"
    )
    html = html_of(mail)
    assert '<html lang="en"' in html
    for line in ("Hello Mia,", "Monday 15 March 2027, 07:00", "Entrance B, level 2", "+1 212 555 0100"):
        assert line in html


@pytest.mark.parametrize("kind", TO_PATIENT)
@pytest.mark.parametrize("visits", [1, 2])
def test_no_mail_to_a_patient_tells_what_the_appointment_is_for(site, mia, kind, visits):
    if visits == 1:
        appointment = department.booked(site, of=mia, first_day=NEXT_WEEK)
    else:
        appointment = two_visits(site, mia, xray=on(15, 15), ventilation=on(16, 10))
    text = everything(letter(appointment, kind))
    assert letters.telling_words(text) == []
    for secret in (
        "result",
        "Zuckerbrot",
        "77123",
        "1948",
        "embolism",
        appointment.procedure.order.accession_number,
    ):
        assert secret.lower() not in without_random_ids(text).lower()


@pytest.mark.parametrize("mode", ["one_by_one", "first_come"])
def test_an_offer_says_when_and_until_when_to_call_and_nothing_else(site, mia, mode):
    site.waitlist_mode = mode
    site.save(update_fields=["waitlist_mode"])
    by = department.scheduler(site)
    wishes = entries.Wishes(NEXT_WEEK, NEXT_WEEK + timedelta(days=2))
    entries.join(department.order(site, of=mia, by=by), wishes=wishes, by=by, now=NOW)
    filling.fill(now=NOW)
    mail = letters.compose(Message.objects.get(), now=NOW)
    until = "Monday 8 March 2027, 07:30"
    kept = {
        "one_by_one": f"We keep it for you until this time: {until}.",
        "first_come": "It is offered to others too: who answers first gets it.",
    }
    assert mail.subject == "A time is free for you at Riverside Clinic"
    assert LINK.sub("LINK", mail.body) == (
        "Hello Mia,\n\n"
        f"A time has become free at Riverside Clinic. {kept[mode]}\n\n"
        "When: Monday 15 March 2027, 07:00\n"
        "You can expect to leave at about 09:00.\n"
        "Where: Entrance B, level 2\n"
        "Phone: +1 212 555 0100\n\n"
        "You can say yes or no to this time here:\n"
        "LINK\n"
        "The page asks for the date of birth of the person who has the appointment. "
        "This keeps your data safe.\n\n"
        "This time is not booked yet. If you want it, please open the page above or call us before this time: "
        f"{until}. If you do nothing, nothing changes for you and it goes to somebody else. "
        "All times are the clinic's local time.\n\n"
        "Riverside Clinic\n"
    )
    assert mail.attachments == []
    assert letters.telling_words(everything(mail)) == []


def test_every_template_and_stylesheet_is_free_of_telling_words():
    folder = Path(django_settings.BASE_DIR) / "templates" / "email"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == {"email", *MessageKind.values}
    for path in files:
        # The names of templates and variables are not shown to anyone.
        said = " ".join(str(msgid) for _, msgid in catalogues.in_template(path.read_text()))
        assert letters.telling_words(re.sub(r"{[{%].*?[%}]}", "", path.read_text())) == [], path
        assert letters.telling_words(said) == [], path


@pytest.mark.parametrize(
    ("tell", "subject"),
    [
        (messages.result_ready, "A result is ready at Riverside Clinic"),
        (messages.result_changed, "A result was changed at Riverside Clinic"),
        (messages.result_withdrawn, "A result was withdrawn at Riverside Clinic"),
    ],
)
def test_the_notice_to_a_referrer_has_a_link_and_nothing_about_the_patient(site, mia, tell, subject):
    mail = notice(department.order(site, of=mia), tell)
    text = everything(mail)
    assert mail.to == [Referrer.objects.get().email]
    assert mail.subject == subject
    assert "http://127.0.0.1:8000\n" in mail.body
    assert mail.attachments == []
    assert letters.telling_words(text) == []
    for secret in ("Mia", "Zuckerbrot", "77123", "1948"):
        assert secret not in without_random_ids(text)


def test_names_are_text_and_never_markup(site):
    hostile = department.patient(site, given_name="<script>alert(1)</script>", email="x@mail.example")
    mail = letter(department.booked(site, of=hostile, first_day=NEXT_WEEK))
    assert "<script" not in html_of(mail)
    assert "&lt;script&gt;" in html_of(mail)
    assert "Hello <script>" in mail.body


def test_the_html_has_its_styles_inline_and_loads_nothing(site, mia):
    html = html_of(letter(department.booked(site, of=mia, first_day=NEXT_WEEK)))
    assert "<style" not in html
    assert '<main lang="en" dir="ltr" style="' in html
    assert not re.search(r"<(img|link|script|iframe)|url\(|http", LINK.sub("", html))


def test_a_guardian_reads_whom_the_mail_is_about(site):
    child = department.patient(site, given_name="Leo", guardian_email="parent@mail.example")
    mail = letter(department.booked(site, of=child, first_day=NEXT_WEEK))
    assert mail.to == ["parent@mail.example"]
    assert mail.body.startswith("Hello, this is about Leo.\n")


def test_of_two_visits_both_are_named_until_the_first_is_over(site, mia):
    appointment = two_visits(site, mia, xray=on(15, 15), ventilation=on(16, 10))
    before = letter(appointment, MessageKind.REMINDER)
    after = letter(appointment, MessageKind.REMINDER, now=on(15, 15, 10))
    assert (
        "First appointment: Monday 15 March 2027, 15:00\nYou can expect to leave at about 15:10."
        in before.body
    )
    assert (
        "Second appointment: Tuesday 16 March 2027, 09:40\nYou can expect to leave at about 10:45."
        in before.body
    )
    assert html_of(before).count("You can expect to leave at about") == 2
    assert "First" not in after.body
    assert "When: Tuesday 16 March 2027, 09:40\n" in after.body


def test_an_x_ray_done_elsewhere_is_no_visit(site, mia):
    order = department.order(site, of=mia)
    xray = booking.XrayElsewhere(ended_at=NOW - timedelta(hours=1), place="Ward 3")
    best = department.proposal(order, xray_ended_at=xray.ended_at)
    appointment = booking.book(order, starts=best.starts, by=department.scheduler(site), now=NOW, xray=xray)
    assert letters.visits(appointment) == [letters.Visit(appointment.starts_at, appointment.ends_at)]


def test_the_calendar_file_holds_the_visit_in_the_clinics_zone(site, mia):
    appointment = department.booked(site, of=mia, first_day=NEXT_WEEK)
    mail = letter(appointment)
    (calendar,) = calendars(mail)
    (event,) = calendar.events
    assert mail.attachments[0].get_filename() == "appointment.ics"
    assert mail.attachments[0].get_param("method") == "REQUEST"
    assert (calendar["METHOD"], event["SEQUENCE"]) == ("REQUEST", 1)
    assert event["UID"] == f"{appointment.pk}@127.0.0.1"
    assert (event["SUMMARY"], event["LOCATION"]) == ("Appointment - Riverside Clinic", site.place)
    assert event["DTSTART"].params["TZID"] == "America/New_York"
    assert calendar.get_missing_tzids() == set()
    assert (event.start, event.end) == (appointment.starts_at, appointment.ends_at)


def test_two_visits_are_two_events_of_their_own(site, mia):
    appointment = two_visits(site, mia, xray=on(15, 15), ventilation=on(16, 10))
    mail = letter(appointment)
    first, second = (calendar.events[0] for calendar in calendars(mail))
    assert [part.get_filename() for part in mail.attachments] == ["appointment-1.ics", "appointment-2.ics"]
    assert (first.start, second.start) == (on(15, 15), on(16, 9, 40))
    assert [first["UID"], second["UID"]] == [
        f"{appointment.pk}-first@127.0.0.1",
        f"{appointment.pk}@127.0.0.1",
    ]


def test_a_move_raises_the_sequence_under_the_same_identifier(site, mia):
    appointment = two_visits(site, mia, xray=on(15, 15), ventilation=on(16, 10))
    by = department.scheduler(site)
    moved = booking.move(appointment, starts=starts(on(16, 15), on(17, 10)), by=by, now=NOW)
    events = [calendar.events[0] for calendar in calendars(letter(moved, MessageKind.MOVED))]
    assert [event["SEQUENCE"] for event in events] == [2, 2]
    assert [event.start for event in events] == [on(16, 15), on(17, 9, 40)]


def test_a_move_to_one_visit_takes_the_first_one_out_of_the_calendar(site, mia):
    appointment = two_visits(site, mia, xray=on(15, 15), ventilation=on(16, 10))
    by = department.scheduler(site)
    moved = booking.move(appointment, starts=starts(on(16, 8), on(16, 10)), by=by, now=NOW)
    kept, dropped = calendars(letter(moved, MessageKind.MOVED))
    assert (kept["METHOD"], kept.events[0].start) == ("REQUEST", on(16, 8))
    assert (dropped["METHOD"], dropped.events[0]["STATUS"]) == ("CANCEL", "CANCELLED")
    assert dropped.events[0]["UID"] == f"{appointment.pk}-first@127.0.0.1"
    assert len(calendars(letter(moved, MessageKind.REMINDER))) == 1


def test_a_cancellation_cancels_the_event_with_a_higher_sequence(site, mia):
    appointment = department.booked(site, of=mia, first_day=NEXT_WEEK)
    cancelled = booking.cancel(appointment, reason="Ill", by=department.scheduler(site), now=NOW)
    mail = letter(cancelled, MessageKind.CANCELLED)
    (calendar,) = calendars(mail)
    (event,) = calendar.events
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert event["UID"] == f"{appointment.pk}@127.0.0.1"
    assert "Please do not come" in mail.body
    assert "Where" not in mail.body
    assert "leave" not in mail.body + html_of(mail)


@pytest.mark.parametrize(
    "starts_at",
    [
        "2027-03-14T06:30+00:00",  # 01:30 EST, half an hour before the clock jumps
        "2027-03-14T07:30+00:00",  # 03:30 EDT, after it
        "2026-11-01T05:30+00:00",  # 01:30 EDT, the first of two
        "2026-11-01T06:30+00:00",  # 01:30 EST, the second
        "2026-11-01T07:30+00:00",  # 02:30 EST
        "2027-07-01T13:00+00:00",
    ],
)
def test_calendar_times_are_right_in_both_dst_nights(site, mia, starts_at):
    appointment = department.booked(site, of=mia, first_day=NEXT_WEEK)
    start = datetime.fromisoformat(starts_at)
    message = Message(appointment=appointment, kind=MessageKind.REMINDER)
    visit = letters.Visit(start, start + timedelta(minutes=45))
    (part,) = letters.calendar_files(message, [visit], "mia@mail.example", now=NOW)
    (event,) = Calendar.from_ical(part.get_payload(decode=True)).events
    assert event.start.astimezone(UTC) == start
    assert event.end.astimezone(UTC) - event.start.astimezone(UTC) == timedelta(minutes=45)


@pytest.fixture
def two_days(site):
    """Perfusion on one day and ventilation on the next, with the X-ray where `begins` says."""
    protocols.install(site)
    chosen = Protocol.objects.get(site=site, key="Q_FIRST_V_IF_ABNORMAL", agent="technegas")

    def book(mia, xray, perfusion, ventilation):
        order = department.order(site, of=mia, vetted=False)
        vetting.vet(order, reason="Agreed.", protocol=chosen, by=department.attending(site), now=NOW)
        times = {StepKind.XRAY: xray, StepKind.PERFUSION: perfusion, StepKind.VENTILATION: ventilation}
        return booking.book(order, starts=times, by=department.scheduler(site), now=NOW)

    return book


def test_a_move_takes_out_of_the_calendar_every_visit_that_is_no_more(site, mia, two_days):
    appointment = two_days(mia, on(15, 15), on(16, 10), on(17, 10))
    told = calendars(letter(appointment))
    by = department.scheduler(site)
    times = {StepKind.XRAY: on(23, 8), StepKind.PERFUSION: on(23, 10), StepKind.VENTILATION: on(24, 10)}
    moved = booking.move(appointment, starts=times, by=by, now=NOW)
    news = calendars(letter(moved, MessageKind.MOVED))
    assert len(told) == 3
    by_method = {
        method: {str(each.events[0]["UID"]) for each in news if each["METHOD"] == method}
        for method in ("REQUEST", "CANCEL")
    }
    assert by_method["REQUEST"] | by_method["CANCEL"] == {str(each.events[0]["UID"]) for each in told}
    assert len(by_method["CANCEL"]) == 1
    assert {event["SEQUENCE"] for each in news for event in each.events} == {2}
