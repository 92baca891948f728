"""What a patient sees of the visit, and what can be pressed there."""

import re
from datetime import date, timedelta

import pytest
from icalendar import Calendar

from scheduling.models import Offer
from scheduling.services import booking, links, vetting
from scheduling.services.waitlist import entries, filling
from tests import department, mailed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]


@pytest.fixture
def site(site):
    site.patients_cancel = True
    site.emergency_number, site.directions = "911", "Take lift B."
    site.save()
    return site


@pytest.fixture
def appointment(site):
    """In two days, so that the patient may still change it."""
    return department.booked(site, first_day=department.TODAY + timedelta(days=2))


@pytest.fixture
def patient(client, appointment):
    mailed.opened(client, appointment)
    return client


def page(client, path="/a/"):
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_visit_says_when_where_how_long_and_whom_to_call(patient, appointment):
    shown = page(patient)
    for words in (
        f"Hello {appointment.procedure.order.patient.given_name}",
        "Wednesday 10 March 2027",
        "Please arrive at",
        "You can expect to leave at about",
        "Riverside Clinic Entrance B, level 2",
        "Take lift B.",
        "Call us: +1 212 555 0100",
        "Call 911 in an emergency.",
        "blood when you cough",
        "If you hear nothing by then, call Dr Rita Moss.",
    ):
        assert words in shown


def test_two_visits_are_told_apart(client, site):
    """An X-ray on the day before is a visit of its own."""
    appointment = department.booked(site, first_day=department.TODAY + timedelta(days=2))
    xray = appointment.steps.get(kind="xray")
    earlier = timedelta(days=1)
    for row in xray.reservations.all():
        row.span = (row.span.lower - earlier, row.span.upper - earlier)
        row.save(update_fields=["span"])
    mailed.opened(client, appointment)
    shown = page(client)
    for words in ("First visit", "Tuesday 9 March 2027", "for your chest X-ray only", "Second visit"):
        assert words in shown
    assert "You need all of these visits." in shown


def test_what_happens_tells_of_the_parts_that_this_patient_has(client, site):
    protocol = site.protocols.get(key="Q_ONLY")
    order = department.order(site, vetted=False)
    ada = department.attending(site)
    vetting.vet(order, protocol=protocol, reason="Asthma", by=ada, now=department.NOW)
    best = department.proposal(order)
    sam = department.scheduler(site)
    appointment = booking.book(order, starts=best.starts, by=sam, now=department.NOW)
    mailed.opened(client, appointment)
    shown = page(client, "/a/what-happens/")
    assert "A small injection" in shown
    assert "A chest X-ray" in shown
    assert "You breathe in" not in shown
    assert "Ventilation" not in shown


def test_what_happens_keeps_to_the_order_of_the_plan(patient, appointment):
    shown = page(patient, "/a/what-happens/")
    assert shown.index("You breathe in") < shown.index("A small injection")
    assert "You may not need this part" not in shown
    appointment.steps.filter(kind="ventilation").update(ordinal=9, awaits_reading=True)
    shown = page(patient, "/a/what-happens/")
    assert shown.index("You breathe in") > shown.index("A small injection")
    assert "You may not need this part" in shown


def test_coming_is_told_once_and_shown(patient, appointment):
    answer = mailed.post(patient, "/a/confirm/")
    assert (answer.status_code, answer["Location"]) == (302, "/a/")
    shown = page(patient)
    assert "Thank you. We are expecting you." in shown
    assert "You have told us that you will come." in shown
    assert "Thank you. We are expecting you." not in page(patient)
    appointment.refresh_from_db()
    assert appointment.confirmed_at == department.NOW
    assert mailed.post(patient, "/a/confirm/").status_code == 302


def test_cancelling_asks_once_more(patient, appointment):
    shown = page(patient, "/a/cancel/")
    assert "Do you want to cancel your appointment" in shown
    assert "No, keep it" in shown
    appointment.refresh_from_db()
    assert appointment.state == "booked"
    answer = mailed.post(patient, "/a/cancel/", reason="I have a cold")
    assert "Your appointment is cancelled" in answer.content.decode()
    appointment.refresh_from_db()
    assert appointment.state == "cancelled"
    assert "I have a cold" in appointment.ended_reason
    assert patient.get("/a/").status_code == 410


def test_where_the_site_does_not_open_it_the_patient_is_told_to_call(patient, site, appointment):
    site.patients_cancel = False
    site.save(update_fields=["patients_cancel"])
    shown = page(patient, "/a/cancel/")
    assert "Please call us about this." in shown
    assert "Yes, cancel my appointment" not in shown
    answer = mailed.post(patient, "/a/cancel/")
    assert answer.status_code == 409
    assert "This did not work" in answer.content.decode()
    appointment.refresh_from_db()
    assert appointment.state == "booked"


def test_the_calendar_file_holds_the_visit_and_tells_nothing(patient, appointment):
    answer = patient.get("/a/calendar/appointment.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    assert 'filename="appointment.ics"' in answer["Content-Disposition"]
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["SUMMARY"] == "Appointment - Riverside Clinic"
    assert event.decoded("dtstart") == appointment.starts_at
    assert b"lung" not in answer.content.lower()


def test_a_guardian_reads_whom_it_is_about_and_nothing_of_pregnancy(client, site):
    child = department.patient(
        site,
        given_name="Mia",
        sex="female",
        born_on=date(2012, 2, 3),
        guardian_name="Eva Moreno",
        guardian_email="eva@mail.example",
    )
    appointment = department.booked(site, of=child)
    client.get(mailed.link(appointment)[0])
    assert mailed.unlock(client, day="3", month="2", year="2012").status_code == 302
    shown = page(client) + page(client, "/a/what-happens/")
    assert "This is about Mia." in shown
    assert "pregnant" not in shown
    assert "breastfeed" not in shown


def test_a_guardian_does_not_read_what_a_minor_mother_has_said_in_private(client, site):
    girl = {"sex": "female", "born_on": date(2011, 2, 3), "guardian_email": "eva@mail.example"}
    answers = department.SAFE_ANSWERS | {"breastfeeding": "yes"}
    appointment = department.booked(site, of=department.patient(site, **girl), answers=answers)
    client.get(mailed.link(appointment)[0])
    mailed.unlock(client, day="3", month="2", year="2011")
    assert "breastfe" not in page(client) + page(client, "/a/questions/") + page(client, "/a/what-happens/")


def test_a_woman_is_asked_to_tell_and_a_man_is_not(client, site):
    woman = department.patient(site, sex="female", born_on=date(1990, 5, 17))
    client.get(mailed.link(department.booked(site, of=woman))[0])
    mailed.unlock(client, year="1990")
    assert "You are pregnant, or might be." in page(client)
    man = department.patient(site, sex="male", born_on=date(1990, 5, 17))
    client.get(mailed.link(department.booked(site, of=man))[0])
    mailed.unlock(client, year="1990")
    assert "You are pregnant, or might be." not in page(client)


def test_before_the_end_of_the_scan_there_is_no_aftercare(client, appointment):
    mailed.opened(client, appointment, kind="aftercare")
    assert "Not yet" in page(client)


def test_after_the_scan_both_links_show_the_sheet_with_a_clock_time_and_no_result(client, site):
    mother = department.patient(site, sex="female", born_on=date(1990, 5, 17))
    answers = department.SAFE_ANSWERS | {"breastfeeding": "yes"}
    order = department.performed(site, of=mother, answers=answers)
    appointment = order.procedure.appointments.get()
    for kind in ("aftercare", "confirmation"):
        client.get(mailed.link(appointment, kind=kind)[0])
        mailed.unlock(client, year="1990")
        shown = page(client)
        assert re.search(r"Do not breastfeed for 24 hours: until \w+ \d+ March 2027, \d\d:\d\d", shown)
        assert "The doctor who sent you tells you the result" in shown
        assert "Get help at once" in shown
        assert "Do not wait if you have:" in shown
        assert "Do not wait for your appointment" not in shown


def test_the_sheet_is_in_the_language_of_the_page(client, site):
    order = department.performed(site, of=department.patient(site, language="fr"))
    appointment = order.procedure.appointments.get()
    mailed.opened(client, appointment, kind="aftercare")
    client.post("/a/language/", {"language": "de"})
    german = page(client)
    client.post("/a/language/", {"language": "en"})
    english = page(client)
    assert "What you can do" in english
    assert "What you can do" not in german


@pytest.fixture
def offer(site):
    by, day = department.scheduler(site), department.TODAY
    order = department.order(site, by=by)
    entries.join(order, wishes=entries.Wishes(day, day), by=by, now=department.NOW)
    filling.fill(now=department.NOW)
    return Offer.objects.get(entry__order=order)


@pytest.fixture
def offered(client, offer):
    """A browser in which the link of the offer's mail is open."""
    message = offer.messages.get(channel="email")
    client.get(mailed.path_of(links.for_message(message, now=department.NOW)["link"])[0])
    mailed.unlock(client)
    return client


def test_an_offer_says_until_when_to_answer(offered):
    shown = page(offered)
    assert "A time is free for you" in shown
    assert re.search(r"Please answer before Monday 8 March 2027, \d\d:\d\d", shown)
    assert "What happens at your visit" in page(offered, "/a/what-happens/")


def test_an_offer_is_taken(offered, offer):
    assert mailed.post(offered, "/a/accept/").status_code == 302
    shown = page(offered)
    assert "This time is yours now." in shown
    assert "Your appointment" in shown
    offer.refresh_from_db()
    assert offer.state == "accepted"
    assert mailed.post(offered, "/a/accept/").status_code == 302
    message = offer.messages.get(channel="email")
    offered.get(mailed.path_of(links.for_message(message, now=department.NOW)["link"])[0])
    mailed.unlock(offered)
    assert "You have taken this time already." in page(offered)


def test_an_offer_is_declined(offered, offer):
    mailed.post(offered, "/a/decline/")
    assert "You stay on our list" in page(offered)
    offer.refresh_from_db()
    assert offer.state == "declined"
    assert mailed.post(offered, "/a/accept/").status_code == 409


def test_an_offer_that_is_over_says_so(offered, offer):
    Offer.objects.filter(pk=offer.pk).update(
        answer_by=department.NOW, offered_at=department.NOW - timedelta(hours=1)
    )
    shown = page(offered)
    assert "This offer is over" in shown
    assert "Yes, I take this time" not in shown


def test_a_link_of_a_visit_answers_no_offer(patient):
    assert mailed.post(patient, "/a/accept/")["Location"] == "/a/"
