"""Text messages beside mail: only by consent, one message long, and without a word that tells."""

from datetime import datetime, time, timedelta

import pytest

from scheduling.letters import telling_words
from scheduling.models import Carrier, Language, Message, Patient, Site, Task
from scheduling.services import booking, messages
from scheduling.services.messages import breaker
from scheduling.services.patients import contact
from tests import department, gateway
from tests.department import NOW, TODAY
from tests.relay import running
from vqflow import sms

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def site():
    made = department.site()
    Site.objects.update(sends_sms=True)
    return Site.objects.get(pk=made.pk)


@pytest.fixture
def sent(settings):
    with gateway.running(settings) as listening, running(settings):
        yield listening


def patient(site, **fields):
    values = {"phone": "(212) 555-0142", "sms_consent": True, **fields}
    return department.patient(site, **values)


def texts():
    rows = Message.objects.filter(channel="sms").order_by("due_at")
    return [(row.kind, row.state, row.last_error) for row in rows]


def test_who_agreed_gets_the_reminder_by_both_ways(site, sent):
    appointment = department.booked(site, of=patient(site), first_day=NEXT_WEEK)
    assert texts() == [("reminder", "pending", "")]
    messages.send_due(now=appointment.starts_at - timedelta(hours=22))
    assert texts() == [("reminder", "sent", "")]
    body = sent.requests[0][1]
    assert body["to"] == "+12125550142"
    assert body["text"].startswith("Riverside Clinic: Mon 15 Mar 07:00. +1 212 555 0100 http")
    assert sms.fits(body["text"])


def test_who_has_not_agreed_gets_none(site, sent):
    department.booked(site, of=patient(site, sms_consent=False), first_day=NEXT_WEEK)
    assert texts() == []


def test_a_site_that_sends_none_sends_none(site, sent):
    Site.objects.update(sends_sms=False)
    department.booked(Site.objects.get(), of=patient(site), first_day=NEXT_WEEK)
    assert texts() == []


def test_without_a_gateway_none_is_planned(site, settings):
    settings.SMS_URL = ""
    department.booked(site, of=patient(site), first_day=NEXT_WEEK)
    assert texts() == []


def test_consent_withdrawn_stops_what_waits(site, sent):
    appointment = department.booked(site, of=patient(site), first_day=NEXT_WEEK)
    who = Patient.objects.get(pk=appointment.procedure.order.patient_id)
    contact.change(who, by=department.scheduler(site), now=NOW, sms_consent=False)
    assert texts() == [("reminder", "suppressed", "no_sms_consent")]


def test_another_time_is_told_by_both_ways_and_a_cancellation_too(site, sent):
    appointment = department.booked(site, of=patient(site), first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    steps = appointment.steps.filter(planned_start_at__isnull=False)
    starts = {step.kind: step.planned_start_at + timedelta(days=1) for step in steps}
    moved = booking.move(appointment, starts=starts, by=department.scheduler(site), now=NOW)
    messages.send_due(now=NOW)
    booking.cancel(moved, reason="Ill", by=department.scheduler(site), now=NOW)
    messages.send_due(now=NOW)
    said = [body["text"] for _, body in sent.requests]
    assert [text.split(": ")[1] for text in said] == ["New time", "Cancelled"]


def test_a_number_that_the_gateway_does_not_know_is_phoned(site, sent):
    appointment = department.booked(site, of=patient(site), first_day=NEXT_WEEK)
    sent.status = 404
    messages.send_due(now=appointment.starts_at - timedelta(hours=22))
    assert texts() == [("reminder", "failed", "404")]
    assert Task.objects.filter(kind="phone", closed_at=None).exists()


def test_a_gateway_that_is_down_costs_no_attempt_and_mail_goes_on(site, sent):
    appointments = [department.booked(site, of=patient(site), first_day=NEXT_WEEK) for _ in range(4)]
    sent.status = 500
    now = appointments[0].starts_at - timedelta(hours=18)
    messages.send_due(now=now)
    rows = Message.objects.filter(channel="sms").values_list("state", "attempts")
    assert set(rows) == {("pending", 0)}
    assert Carrier.objects.get().channel == "sms"
    assert breaker.standing("email", now=now) == breaker.Standing.WORKS
    assert Message.objects.filter(channel="email", kind="reminder", state="sent").count() >= 4
    sent.status = 202
    messages.send_due(now=now + timedelta(minutes=5))
    assert Message.objects.filter(channel="sms", state="sent").count() == 4


def test_no_log_line_has_the_number_or_the_text(site, sent, caplog):
    appointment = department.booked(site, of=patient(site), first_day=NEXT_WEEK)
    for status in (500, 404):
        sent.status = status
        messages.send_due(now=appointment.starts_at - timedelta(hours=22) + timedelta(minutes=status))
    lines = "".join(record.getMessage() for record in caplog.records)
    assert "messages.settled" in lines
    assert "5550142" not in lines
    assert "Riverside" not in lines


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("kind", ["reminder", "moved", "cancelled", "confirmation"])
def test_every_text_fits_in_one_message_and_tells_nothing(site, sent, language, kind):
    appointment = department.booked(site, of=patient(site, language=language), first_day=NEXT_WEEK)
    if kind == "cancelled":
        type(appointment).objects.update(state="cancelled", ended_reason="Ill")
    Message.objects.filter(channel="sms").update(kind=kind, due_at=NOW)
    messages.send_due(now=NOW)
    (_, body), *_ = sent.requests
    text = body["text"]
    assert sms.fits(text)
    assert "07:00" in text
    assert appointment.procedure.order.patient.given_name not in text
    assert telling_words(text) == []
    assert ("/a/" in text) == (sms.length(text)[1] == sms.LONGEST_GSM and kind != "cancelled")


def test_who_agrees_after_the_booking_gets_the_reminder_too(site, sent):
    appointment = department.booked(site, of=patient(site, sms_consent=False), first_day=NEXT_WEEK)
    for wanted in (True, False, True):
        contact.change(Patient.objects.get(), sms_consent=wanted, by=department.scheduler(site), now=NOW)
    assert texts() == [("reminder", "pending", "")]
    messages.send_due(now=appointment.starts_at - timedelta(hours=22))
    assert len(sent.requests) == 1


def test_a_reminder_of_the_second_visit_tells_its_time_while_the_first_is_still_to_come(site, sent):
    order = department.order(site, of=patient(site))
    day = NEXT_WEEK + timedelta(days=1)
    xray = datetime.combine(NEXT_WEEK, time(15), department.ZONE)
    ventilation = datetime.combine(day, time(10), department.ZONE)
    starts = {"xray": xray, "ventilation": ventilation, "perfusion": ventilation + timedelta(minutes=25)}
    booking.book(order, starts=starts, by=department.scheduler(site), now=NOW)
    for hours in (25, 6):  # a day before each coming
        messages.send_due(now=xray - timedelta(hours=hours) + timedelta(hours=1.5))
    said = [body["text"].split(": ")[1][:16] for _, body in sent.requests]
    assert said == ["Mon 15 Mar 15:00", "Tue 16 Mar 09:40"]
