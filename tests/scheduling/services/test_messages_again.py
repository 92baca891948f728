"""Opting out and in, mail that comes back, and messages that a person has tried anew."""

from datetime import timedelta

import pytest

from scheduling.models import Message, MessageKind, MessageRule, Patient, PatientClass, Protocol, Task
from scheduling.services import booking, intake, links, messages
from scheduling.services.messages import again, bounces
from scheduling.services.patients import contact
from tests import department
from tests.department import NOW, TODAY
from tests.relay import running
from vqflow.errors import Conflict, Invalid, NotAllowed, NotFound
from vqflow.models import AuditEvent, Role

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def relay(settings):
    with running(settings) as listening:
        yield listening


@pytest.fixture
def appointment(site):
    return department.booked(site, first_day=NEXT_WEEK)


def patient_of(appointment):
    return Patient.objects.get(pk=appointment.procedure.order.patient_id)


def states(**where):
    rows = Message.objects.filter(recipient="patient", **where).order_by("due_at", "kind")
    return [(row.kind, row.state, row.last_error) for row in rows]


def change(appointment, **values):
    by = department.scheduler(appointment.site)
    return contact.change(patient_of(appointment), by=by, now=NOW, **values)


WAITING = [("confirmation", "pending", ""), ("reminder", "pending", ""), ("reminder", "pending", "")]
STOPPED = [
    ("confirmation", "pending", ""),
    ("reminder", "suppressed", "stopped"),
    ("reminder", "suppressed", "stopped"),
]


# Wishes


def test_who_wants_no_reminders_still_gets_the_news_and_may_change_the_mind(appointment):
    change(appointment, wants_reminders=False)
    assert states() == STOPPED
    assert not Task.objects.filter(kind="phone", closed_at=None).exists()
    change(appointment, wants_reminders=True)
    assert states() == WAITING


def test_a_booking_after_the_opt_out_plans_its_reminders_as_suppressed(site):
    patient = department.patient(site)
    contact.change(patient, by=department.scheduler(site), now=NOW, wants_reminders=False)
    department.booked(site, of=Patient.objects.get(pk=patient.pk), first_day=NEXT_WEEK)
    assert states() == STOPPED


def test_who_stopped_by_the_link_gets_no_reminder_that_waits_already(appointment, relay):
    Patient.objects.update(reminders_stopped_at=NOW)
    messages.send_due(now=appointment.starts_at - timedelta(hours=23))
    assert [mail["Subject"] for mail in relay.mails if mail["List-Unsubscribe"]] == []
    assert ("reminder", "suppressed", "stopped") in states()


def test_consent_given_later_lets_the_reminders_go_out(site):
    silent = department.patient(site, email_consent=False)
    appointment = department.booked(site, of=silent, first_day=NEXT_WEEK)
    assert {code for _, _, code in states()} == {"no_consent"}
    patient = change(appointment, email_consent=True)
    assert states() == [("confirmation", "suppressed", "no_consent"), *WAITING[1:]]
    assert (patient.email_consent_at, patient.email_consent_by.role) == (NOW, Role.SCHEDULER)


def test_consent_withdrawn_holds_back_what_waits_and_has_the_desk_phone(appointment):
    change(appointment, email_consent=False)
    assert {state for _, state, _ in states()} == {"suppressed"}
    call = Task.objects.get(kind="phone", closed_at=None)
    assert call.sentence == "Phone the patient: no e-mail address to confirm the appointment."


def test_nothing_of_an_earlier_plan_wakes(site, appointment):
    change(appointment, wants_reminders=False)
    scan = appointment.steps.filter(planned_start_at__isnull=False)
    starts = {step.kind: step.planned_start_at + timedelta(days=1) for step in scan}
    booking.move(appointment, starts=starts, by=department.scheduler(site), now=NOW)
    change(appointment, wants_reminders=True)
    assert {row.revision for row in Message.objects.filter(kind="reminder", state="pending")} == {2}


def test_what_was_booked_too_late_does_not_wake(site):
    appointment = department.booked(site, first_day=TODAY + timedelta(days=1))
    change(appointment, wants_reminders=False)
    change(appointment, wants_reminders=True)
    assert ("reminder", "suppressed", "booked_late") in states()


def test_details_by_mail_need_the_consent_to_mail(appointment):
    with pytest.raises(Invalid):
        change(appointment, email_consent=False, detailed_email_consent=True)


def test_a_change_that_changes_nothing_leaves_no_trace(appointment):
    change(appointment, email=patient_of(appointment).email, wants_reminders=True)
    assert not AuditEvent.objects.filter(action="patient.contact_changed").exists()


def test_the_trail_names_what_was_changed_and_no_address(appointment):
    change(appointment, email="new@mail.example", phone="+1 212 555 0199")
    event = AuditEvent.objects.get(action="patient.contact_changed")
    assert event.data == {"fields": ["email", "phone"]}


def test_technologists_change_no_contact(site, appointment):
    with pytest.raises(NotAllowed):
        contact.change(
            patient_of(appointment), by=department.technologist(site), now=NOW, email="x@y.example"
        )


# Mail that comes back


def test_an_address_that_the_relay_does_not_know_is_not_written_to_again(site, appointment, relay):
    relay.refuse_recipient = "550 5.1.1 No such user"
    messages.send_due(now=NOW)
    patient = patient_of(appointment)
    assert patient.bounced_email == patient.email
    assert states() == [
        ("confirmation", "failed", "550"),
        ("reminder", "suppressed", "bounced"),
        ("reminder", "suppressed", "bounced"),
    ]
    calls = Task.objects.filter(kind="phone", closed_at=None, about__contains="confirmation")
    assert calls.get().sentence == "Phone the patient: the confirmation of the appointment was not delivered."


def test_a_relay_that_refuses_us_says_nothing_about_the_address(appointment, relay):
    relay.refuse_recipient = "550 5.7.1 Blocked by policy"
    messages.send_due(now=NOW)
    assert patient_of(appointment).bounced_email == ""


@pytest.mark.parametrize("repair", [{"email": "right@mail.example"}, {"address_works": True}])
def test_after_the_address_was_corrected_or_works_again_the_reminders_go_out(appointment, relay, repair):
    relay.refuse_recipient = "550 5.1.1 No such user"
    messages.send_due(now=NOW)
    change(appointment, **repair)
    assert states()[1:] == WAITING[1:]
    relay.refuse_recipient = ""
    messages.send_due(now=appointment.starts_at - timedelta(hours=23))
    assert relay.recipients[-1] == [patient_of(appointment).email]


@pytest.fixture
def gateway(site):
    return department.user(Role.INTEGRATION, site)


def confirmed(appointment):
    messages.send_due(now=NOW)
    return Message.objects.get(kind="confirmation")


def test_a_reported_bounce_fails_the_mail_and_has_the_desk_phone(appointment, relay, gateway):
    sent = confirmed(appointment)
    address = patient_of(appointment).email
    bounces.report(f"<{sent.pk}@clinic.example>", is_permanent=True, address=address, by=gateway, now=NOW)
    assert states() == [
        ("confirmation", "failed", "bounced"),
        ("reminder", "suppressed", "bounced"),
        ("reminder", "suppressed", "bounced"),
    ]
    assert Task.objects.filter(kind="phone", closed_at=None, about__contains="confirmation").count() == 1
    assert patient_of(appointment).has_bounced


def test_a_report_that_comes_twice_does_nothing_more(appointment, relay, gateway):
    sent = confirmed(appointment)
    for _ in range(2):
        bounces.report(str(sent.pk), is_permanent=True, by=gateway, now=NOW)
    assert Task.objects.filter(kind="phone").count() == 1


def test_a_report_about_an_address_that_was_corrected_meanwhile_stops_nothing(appointment, relay, gateway):
    sent = confirmed(appointment)
    old = patient_of(appointment).email
    change(appointment, email="new@mail.example")
    bounces.report(str(sent.pk), is_permanent=True, address=old, by=gateway, now=NOW)
    assert patient_of(appointment).bounced_email == ""
    assert states()[1:] == WAITING[1:]


def test_a_report_without_an_address_is_about_the_one_that_the_mail_went_to(appointment, relay, gateway):
    sent = confirmed(appointment)
    change(appointment, email="new@mail.example")
    bounces.report(str(sent.pk), is_permanent=True, by=gateway, now=NOW)
    assert patient_of(appointment).bounced_email == ""
    assert states()[0] == ("confirmation", "failed", "bounced")
    assert states()[1:] == WAITING[1:]


def test_a_report_without_an_address_stops_mail_to_an_address_that_is_still_the_present_one(
    appointment, relay, gateway
):
    sent = confirmed(appointment)
    bounces.report(str(sent.pk), is_permanent=True, by=gateway, now=NOW)
    assert patient_of(appointment).has_bounced


def test_what_is_kept_of_the_address_is_no_address(appointment, relay):
    kept = confirmed(appointment).sent_to
    assert len(kept) == 64
    assert patient_of(appointment).email not in kept


def test_a_passing_failure_is_noted_and_changes_nothing(appointment, relay, gateway):
    sent = confirmed(appointment)
    bounces.report(str(sent.pk), is_permanent=False, by=gateway, now=NOW)
    assert states()[0] == ("confirmation", "sent", "")
    assert AuditEvent.objects.get(action="message.bounced").data == {"permanent": False}


@pytest.mark.parametrize("text", ["", "<x@y>", "not a number", "5f7b1f0e-0000-4000-8000-000000000000"])
def test_a_report_about_no_mail_of_ours_is_not_found(gateway, text):
    with pytest.raises(NotFound):
        bounces.report(text, is_permanent=True, by=gateway, now=NOW)


def test_a_report_of_another_site_is_not_found(appointment, relay):
    sent = confirmed(appointment)
    other = department.user(Role.INTEGRATION, department.site("lakeside"))
    with pytest.raises(NotFound):
        bounces.report(str(sent.pk), is_permanent=True, by=other, now=NOW)


def test_mail_to_a_referrer_that_comes_back_leaves_the_patient_alone(site, relay, gateway):
    order = department.order(site)
    messages.result_ready(order, version=1, now=NOW)
    messages.send_due(now=NOW)
    bounces.report(str(Message.objects.get().pk), is_permanent=True, by=gateway, now=NOW)
    order.patient.refresh_from_db()
    assert order.patient.bounced_email == ""
    assert Task.objects.get(kind="phone").about == "report:1:result_ready"


# Tried anew


def failed(appointment, relay):
    relay.refuse_recipient = "550 5.7.1 Blocked"
    messages.send_due(now=NOW)
    relay.refuse_recipient = ""
    return Message.objects.get(kind="confirmation")


def test_a_failed_mail_is_tried_anew_and_the_call_about_it_is_closed(site, appointment, relay):
    by = department.scheduler(site)
    row = again.retry(failed(appointment, relay), by=by, now=NOW)
    assert (row.state, row.retries) == ("pending", 1)
    assert not Task.objects.filter(kind="phone", closed_at=None, about__contains="confirmation").exists()
    assert messages.send_due(now=NOW) >= 1
    assert Message.objects.get(kind="confirmation").state == "sent"
    assert AuditEvent.objects.filter(action="message.retried", agent_id=str(by.pk)).count() == 1


def test_a_mail_that_was_given_up_has_as_many_attempts_again(site, appointment, relay):
    Message.objects.filter(kind="confirmation").update(state="failed", attempts=8)
    again.retry(Message.objects.get(kind="confirmation"), by=department.scheduler(site), now=NOW)
    relay.refuse_recipient = "450 Busy"
    messages.send_due(now=NOW)
    row = Message.objects.get(kind="confirmation")
    assert (row.state, row.attempts) == ("pending", 9)


def test_what_was_sent_is_not_sent_again(site, appointment, relay):
    with pytest.raises(Conflict, match="Only what failed"):
        again.retry(confirmed(appointment), by=department.scheduler(site), now=NOW)


def test_what_would_come_too_late_or_is_about_another_time_is_not_tried(site, appointment, relay):
    row, by = failed(appointment, relay), department.scheduler(site)
    with pytest.raises(Conflict, match="too late"):
        again.retry(row, by=by, now=appointment.starts_at)
    booking.cancel(appointment, reason="Ill", by=by, now=NOW)
    with pytest.raises(Conflict, match="has changed"):
        again.retry(row, by=by, now=NOW)


def test_the_reason_that_still_stands_refuses_the_retry(site):
    department.booked(site, first_day=NEXT_WEEK, patient_class=PatientClass.INPATIENT)
    row = Message.objects.get(kind="confirmation")
    with pytest.raises(Conflict, match=r"Inpatients get no messages\."):
        again.retry(row, by=department.scheduler(site), now=NOW)


# Asked to call


def test_a_patient_is_asked_to_call_once_at_a_time(site, appointment, relay):
    order, by = appointment.procedure.order, department.scheduler(site)
    messages.call_us(order, by=by, now=NOW)
    with pytest.raises(Conflict, match="on its way already"):
        messages.call_us(order, by=by, now=NOW)
    messages.send_due(now=NOW)
    assert sum("call" in mail["Subject"].lower() for mail in relay.mails) == 1
    assert messages.call_us(order, by=by, now=NOW).dedupe_key == f"order-{order.pk}:2:call_us:patient"


def test_who_is_asked_to_call_is_asked_though_the_appointment_moves_before_the_mail_has_left(
    site, appointment, relay
):
    by = department.scheduler(site)
    messages.call_us(appointment.procedure.order, by=by, now=NOW)
    starts = {step.kind: step.planned_start_at + timedelta(days=1) for step in appointment.steps.all()}
    moved = booking.move(appointment, starts=starts, by=by, now=NOW)
    messages.send_due(now=NOW)
    asked = Message.objects.get(kind=MessageKind.CALL_US)
    assert (asked.state, asked.revision) == ("sent", moved.revision)
    assert links.standing(asked.links.get(), now=NOW) == links.Standing.LIVE


def test_who_is_asked_to_call_is_asked_though_the_appointment_is_cancelled_before_the_mail_has_left(
    site, appointment, relay
):
    by = department.scheduler(site)
    messages.call_us(appointment.procedure.order, by=by, now=NOW)
    booking.cancel(appointment, reason="Room closed", by=by, now=NOW)
    messages.send_due(now=NOW)
    asked = Message.objects.get(kind=MessageKind.CALL_US)
    [mail] = [each for each in relay.mails if each["Subject"] == "Please call us: Riverside Clinic"]
    assert (asked.state, asked.links.count()) == ("sent", 0)
    assert "/a/" not in mail.as_string()


@pytest.mark.parametrize("change", ["moved", "cancelled"])
def test_a_call_instead_of_a_mail_that_asks_to_call_stays_whatever_becomes_of_the_appointment(
    site, appointment, change
):
    by = department.scheduler(site)
    asked = messages.call_us(appointment.procedure.order, by=by, now=NOW)
    patient = patient_of(appointment)
    bounces.note(patient, patient.mail_address, by=by, now=NOW)
    calls = Task.objects.filter(kind="phone", about="call_us", closed_at=None)
    assert calls.get().sentence == "Phone the patient: no e-mail address to ask for a call."
    if change == "moved":
        starts = {step.kind: step.planned_start_at + timedelta(days=1) for step in appointment.steps.all()}
        booking.move(appointment, starts=starts, by=by, now=NOW)
    else:
        booking.cancel(appointment, reason="Room closed", by=by, now=NOW)
    assert calls.count() == 1
    asked.refresh_from_db()
    assert (asked.state, asked.last_error) == ("suppressed", "bounced")


def test_who_gets_no_mail_is_not_asked_by_mail(site):
    silent = department.patient(site, email_consent=False)
    order = department.order(site, of=silent)
    with pytest.raises(Conflict, match="Phone the patient"):
        messages.call_us(order, by=department.scheduler(site), now=NOW)


# To the referrer


def to_referrer():
    rows = Message.objects.filter(recipient="referrer").order_by("revision", "kind")
    return [(row.kind, row.revision, row.state) for row in rows]


def test_the_referrer_hears_of_the_booking_and_of_each_other_time(site, appointment, relay):
    assert to_referrer() == [("booked", 1, "pending")]
    messages.send_due(now=NOW)
    assert relay.recipients.count(["moss@ward.example"]) == 1
    scan = appointment.steps.filter(planned_start_at__isnull=False)
    starts = {step.kind: step.planned_start_at + timedelta(days=1) for step in scan}
    booking.move(appointment, starts=starts, by=department.scheduler(site), now=NOW)
    assert to_referrer() == [("booked", 1, "sent"), ("booked", 2, "pending")]


def test_the_referrer_hears_that_it_is_not_done_only_after_hearing_that_it_is_booked(
    site, appointment, relay
):
    other = department.booked(site, first_day=NEXT_WEEK)
    booking.cancel(other, reason="Ill", by=department.scheduler(site), now=NOW)
    messages.send_due(now=NOW)
    booking.cancel(appointment, reason="Ill", by=department.scheduler(site), now=NOW)
    assert sorted(to_referrer()) == [
        ("booked", 1, "cancelled"),
        ("booked", 1, "sent"),
        ("not_done", 1, "pending"),
    ]


def test_the_referrer_hears_of_an_order_that_is_cancelled(site):
    order = department.order(site)
    intake.cancel_order(order, reason="Not wanted", by=department.scheduler(site), now=NOW)
    assert to_referrer() == [("not_done", 1, "pending")]


@pytest.mark.parametrize(
    "tell", [messages.critical_result, messages.result_changed, messages.result_withdrawn]
)
def test_a_result_that_matters_now_is_phoned_where_no_mail_can_go(site, tell):
    order = department.order(site, referrer=department.referrer(site, email=""))
    tell(order, version=1, now=NOW)
    assert Task.objects.get(kind="phone").sentence.startswith("Phone the referrer")


def test_a_kind_that_the_department_has_switched_off_is_not_written(site):
    MessageRule.objects.create(site=site, kind=MessageKind.BOOKED, is_on=False)
    department.booked(site, first_day=NEXT_WEEK)
    assert to_referrer() == []


def test_a_protocol_has_a_plan_of_its_own(site):
    protocol = Protocol.objects.get(site=site, key="V_THEN_Q")
    MessageRule.objects.create(
        site=site, protocol=protocol, kind=MessageKind.REMINDER, hours_before=72, is_on=False
    )
    MessageRule.objects.create(site=site, protocol=protocol, kind=MessageKind.REMINDER, hours_before=48)
    appointment = department.booked(site, first_day=NEXT_WEEK)
    due = Message.objects.filter(kind="reminder").values_list("due_at", flat=True)
    assert sorted(appointment.starts_at - each for each in due) == [
        timedelta(hours=24),
        timedelta(hours=47),
    ]  # the clock changes on the 14th
