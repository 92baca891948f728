"""What changes between the plan of a message and its sending: each is judged by what is true as it leaves."""

import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends import locmem

from scheduling.models import Carrier, Message, MessageKind, MessageRule, MessageState, Patient, Site, Task
from scheduling.services import booking, intake, links, messages
from scheduling.services.examination import arrivals
from scheduling.services.messages import bounces, breaker, calls, sending
from scheduling.services.patients import contact, merging
from tests import department, gateway
from tests.department import NOW, TODAY
from tests.relay import point_at, running
from vqflow.embedded.place import free_port
from vqflow.models import Role

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)


class Meanwhile(locmem.EmailBackend):
    """A relay that takes 1.2 seconds for a mail, in which something happens."""

    deed = None

    def send_messages(self, mails):
        time.sleep(1.2)
        if type(self).deed:
            type(self).deed()
        return super().send_messages(mails)


class Deadly(locmem.EmailBackend):
    """One address kills whoever writes to it."""

    address = ""

    def send_messages(self, mails):
        if type(self).address in mails[0].to:
            raise SystemExit
        return super().send_messages(mails)


@pytest.fixture
def site():
    """Without word to referrers: these tests are about patients."""
    made = department.site()
    MessageRule.objects.bulk_create(
        MessageRule(site=made, kind=kind, is_on=False) for kind in ("booked", "not_done")
    )
    return made


@pytest.fixture
def slow(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Meanwhile"
    monkeypatch.setattr(Meanwhile, "deed", None)
    return Meanwhile


def by(appointment):
    return department.scheduler(appointment.site)


def states(appointment, **where):
    rows = Message.objects.filter(appointment=appointment, recipient="patient", **where)
    return list(rows.order_by("due_at", "kind").values_list("kind", "state"))


def patient_of(appointment):
    return Patient.objects.get(pk=appointment.procedure.order.patient_id)


class TestWhileABatchGoesOut:
    def test_what_is_cancelled_meanwhile_is_not_confirmed(self, site, slow):
        one, other = department.booked(site), department.booked(site)
        last = Message.objects.filter(state="pending").order_by("due_at", "pk").last().appointment
        slow.deed = lambda: booking.cancel(last, reason="Ill", by=by(last), now=NOW)
        assert messages.send_due(now=NOW, limit=2, seconds=5) == 1
        first = one if last == other else other
        assert states(last, kind="confirmation") == [("confirmation", "cancelled")]
        assert [each.to for each in mail.outbox] == [[patient_of(first).email]]

    def test_an_address_that_is_corrected_meanwhile_is_the_one_written_to(self, site, slow):
        department.booked(site), department.booked(site)
        last = Message.objects.filter(state="pending").order_by("due_at", "pk").last().appointment
        new = "new@mail.example"
        slow.deed = lambda: contact.change(patient_of(last), by=by(last), now=NOW, email=new)
        assert messages.send_due(now=NOW, limit=2, seconds=5) == 2
        assert mail.outbox[1].to == [new]

    def test_another_plan_with_the_same_times_drops_no_mail_that_was_just_claimed(self, site):
        appointment = department.booked(site)
        [row] = sending.claim(now=NOW, limit=1)
        appointment.revision += 1
        appointment.save(update_fields=["revision"])
        messages.unchanged(appointment)
        message = sending.load([row], now=NOW)[row.pk]
        assert sending.why_not(message, now=NOW) is None

    def test_a_message_that_kills_its_sender_takes_no_other_with_it(self, site, settings):
        settings.EMAIL_BACKEND = f"{__name__}.Deadly"
        for _ in range(3):
            department.booked(site, first_day=NEXT_WEEK)
        Deadly.address = Message.objects.filter(state="pending").earliest("due_at", "pk").order.patient.email
        for run in range(12):
            try:
                messages.send_due(now=NOW + run * timedelta(minutes=5))
            except SystemExit:
                continue
        found = Message.objects.filter(kind="confirmation").values_list("state", flat=True)
        assert sorted(found) == [MessageState.FAILED, MessageState.SENT, MessageState.SENT]


class TestWhoIsToldOfACancellation:
    def cancelled(self, appointment, now=NOW):
        booking.cancel(appointment, reason="Camera down", by=by(appointment), now=now)
        return states(appointment, kind="cancelled")

    def test_who_was_only_reminded(self, site, slow):
        appointment = department.booked(
            site, first_day=NEXT_WEEK, of=department.patient(site, email_consent=False)
        )
        contact.change(patient_of(appointment), by=by(appointment), now=NOW, email_consent=True)
        reminded_at = appointment.starts_at - timedelta(hours=70)
        assert messages.send_due(now=reminded_at) == 1
        assert self.cancelled(appointment, reminded_at) == [("cancelled", "pending")]

    def test_who_is_confirmed_by_phone_as_the_department_has_planned_it(self, site):
        MessageRule.objects.create(site=site, kind="confirmation", is_on=False)
        assert self.cancelled(department.booked(site)) == [("cancelled", "pending")]

    def test_who_has_said_to_the_desk_that_the_time_is_good(self, site):
        appointment = department.booked(site)
        appointment.confirmed_at, appointment.confirmed_by = NOW, by(appointment)
        appointment.save()
        assert self.cancelled(appointment) == [("cancelled", "pending")]

    def test_who_knows_nothing_yet_is_told_nothing(self, site):
        assert self.cancelled(department.booked(site)) == []


class TestCarriers:
    def test_much_mail_over_a_slow_relay_leaves_time_for_text_messages(self, site, slow, settings):
        Site.objects.update(sends_sms=True)
        site = Site.objects.get(pk=site.pk)
        with gateway.running(settings) as listening:
            patient = department.patient(site, phone="(212) 555-0142", sms_consent=True)
            appointment = department.booked(site, of=patient, first_day=NEXT_WEEK)
            department.booked(site)
            messages.send_due(now=appointment.starts_at - timedelta(hours=22), seconds=1)
            assert len(listening.requests) == 1

    def test_single_failures_of_many_days_do_not_add_up(self, site, settings):
        for hours in range(4):
            now = NOW + timedelta(hours=hours)
            department.booked(site, now=now, first_day=NEXT_WEEK)
            point_at(settings, free_port())
            assert messages.send_due(now=now) == 0
            with running(settings):
                assert messages.send_due(now=now + timedelta(minutes=2)) == 1
            assert not Carrier.objects.filter(failures__gt=0).exists()

    def down(self, site, settings, count):
        made = [department.booked(site, first_day=NEXT_WEEK) for _ in range(count)]
        point_at(settings, free_port())
        messages.send_due(now=NOW)
        assert breaker.down().exists()
        return made

    def test_a_trial_with_a_message_that_is_not_wanted_any_more_goes_on_to_the_next(self, site, settings):
        self.down(site, settings, 5)
        later = NOW + timedelta(minutes=2)
        rows = Message.objects.filter(kind="confirmation").order_by("due_at", "pk")
        for row in rows[:2]:
            Patient.objects.filter(pk=row.order.patient_id).update(
                email_consent_at=None, email_consent_by=None
            )
        with running(settings) as relay:
            messages.send_due(now=later)
            assert len(relay.mails) == 3
        assert not breaker.down().exists()

    def test_a_relay_that_refuses_one_address_works(self, site, settings):
        self.down(site, settings, 4)
        first = Message.objects.filter(kind="confirmation").order_by("due_at", "pk").first()
        with running(settings) as relay:
            relay.refuses = {first.order.patient.email: "550 5.1.1 No such user"}
            assert messages.send_due(now=NOW + timedelta(minutes=2)) == 3

    def test_a_text_message_that_comes_back_says_nothing_about_the_mail_address(self, site):
        appointment = department.booked(site)
        row = Message.objects.filter(appointment=appointment, kind="confirmation").get()
        Message.objects.filter(pk=row.pk).update(channel="sms", state="sent", sent_at=NOW)
        integration = department.user(Role.INTEGRATION, site)
        bounces.report(str(row.pk), is_permanent=True, by=integration, now=NOW)
        assert patient_of(appointment).bounced_email == ""


def test_a_merge_lets_reminders_go_to_the_address_that_is_taken_over(site):
    silent = department.patient(site, email_consent=False)
    appointment = department.booked(site, of=silent, first_day=NEXT_WEEK)
    assert states(appointment, kind="reminder") == [("reminder", "suppressed")] * 2
    other = department.patient(site)
    merging.merge(silent, other, take=("email",), by=department.lead(site), now=NOW)
    assert states(appointment, kind="reminder") == [("reminder", "pending")] * 2


def test_a_merge_into_a_record_without_consent_has_the_desk_phone_at_once(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    silent = department.patient(site, email_consent=False)
    merging.merge(silent, patient_of(appointment), by=department.lead(site), now=NOW)
    assert states(appointment, state="pending") == []
    assert appointment.procedure.order.tasks.filter(kind="phone", closed_at=None).count() == 1


def test_a_link_opens_though_the_key_was_changed_while_the_relay_was_down(site, settings):
    department.booked(site)
    point_at(settings, free_port())
    messages.send_due(now=NOW)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key that is quite long enough for everybody"
    with running(settings) as relay:
        assert messages.send_due(now=NOW + timedelta(minutes=2)) == 1
        text = relay.mails[0].get_body(("plain",)).get_content()
    token = text.partition("/a/")[2].split()[0]
    assert links.found(token, now=NOW) is not None


class TestRemindersOfWhoHasCome:
    """A patient who is early is not reminded of the visit that has begun."""

    @pytest.fixture
    def early(self, site):
        MessageRule.objects.create(site=site, kind=MessageKind.REMINDER, hours_before=2)
        appointment = department.booked(site, first_day=NEXT_WEEK)
        came_at = appointment.starts_at - timedelta(hours=2, minutes=20)
        messages.send_due(now=came_at - timedelta(minutes=1))
        return appointment, came_at

    def reminded(self, appointment):
        row = Message.objects.get(appointment=appointment, dedupe_key__contains="-2h:")
        return row.state, row.last_error

    def test_who_is_here_gets_no_reminder(self, early):
        appointment, came_at = early
        nurse = department.technologist(appointment.site)
        arrivals.check_in(appointment, **department.HERE | {"at": "xray"}, by=nurse, now=came_at)
        mail.outbox.clear()
        messages.send_due(now=came_at + timedelta(minutes=30))
        assert (mail.outbox, self.reminded(appointment)) == ([], ("cancelled", "has_come"))

    def test_who_is_still_to_come_gets_it(self, early):
        _, came_at = early
        mail.outbox.clear()
        messages.send_due(now=came_at + timedelta(minutes=30))
        assert len(mail.outbox) == 1

    def test_who_was_here_for_the_first_visit_is_reminded_of_the_second(self, early):
        appointment, came_at = early
        nurse = department.technologist(appointment.site)
        arrivals.check_in(appointment, **department.HERE | {"at": "xray"}, by=nurse, now=came_at)
        second = appointment.starts_at + timedelta(days=1)
        Message.objects.filter(kind="reminder", state="pending").update(
            due_at=second - timedelta(hours=24), not_after=second
        )
        mail.outbox.clear()
        messages.send_due(now=second - timedelta(hours=23))
        assert len(mail.outbox) == 1


class TestWordToTheReferrer:
    @pytest.fixture
    def told(self):
        """The referrer has read of the booking."""
        appointment = department.booked(department.site(), first_day=NEXT_WEEK)
        messages.send_due(now=NOW)
        return appointment

    def not_done(self):
        return (
            Message.objects.filter(kind="not_done", recipient="referrer").exclude(state="cancelled").count()
        )

    def test_an_appointment_and_then_its_order_cancelled_is_told_once(self, told):
        order = told.procedure.order
        booking.cancel(told, reason="Camera down", by=by(told), now=NOW)
        messages.send_due(now=NOW)
        order.refresh_from_db()
        intake.cancel_order(order, reason="Not wanted any more.", by=by(told), now=NOW)
        assert self.not_done() == 1

    def test_an_order_without_an_appointment_is_told_too(self):
        site = department.site()
        order = department.order(site)
        intake.cancel_order(order, reason="Not wanted.", by=department.scheduler(site), now=NOW)
        assert self.not_done() == 1

    def test_who_was_told_of_a_cancellation_and_of_another_time_since_is_told_again(self, told):
        order = told.procedure.order
        booking.cancel(told, reason="Camera down", by=by(told), now=NOW)
        order.refresh_from_db()
        best = department.proposal(order, by=by(told), first_day=NEXT_WEEK)
        again = booking.book(order, starts=best.starts, by=by(told), now=NOW)
        messages.send_due(now=NOW)
        booking.cancel(again, reason="Ill", by=by(told), now=NOW)
        order.refresh_from_db()
        intake.cancel_order(order, reason="Not wanted any more.", by=by(told), now=NOW)
        assert self.not_done() == 2


def test_a_call_that_is_made_closes_no_other(site):
    """What the patient answered at home is a task of its own."""
    appointment = department.booked(site, first_day=NEXT_WEEK)
    order = appointment.procedure.order
    rows = [
        Task.objects.create(order=order, kind="phone", about=about, sentence="Phone.", opened_at=NOW)
        for about in (
            f"appointment:{appointment.pk}:1:confirmation",
            "answer:oxygen",
            f"another_time:{appointment.pk}",
        )
    ]
    calls.done(rows[0], by=by(appointment), now=NOW)
    assert set(Task.objects.filter(closed_at=None, kind="phone")) == set(rows[1:])
