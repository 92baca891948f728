"""A patient confirms, cancels and asks for another time by the link; the department sees all of it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from scheduling.engine.states import AppointmentState, OrderState
from scheduling.models import Message, Reservation, Task
from scheduling.services import booking, confirmations, self_service, site_accounts
from scheduling.services.messages import calls
from scheduling.services.self_service import standing
from tests import department
from tests.department import NOW
from tests.scheduling.self_service.conftest import booked, link_of, opened
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent, Role, User

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def events(action):
    return AuditEvent.objects.filter(action=action)


class TestAccount:
    def test_a_site_has_one_account_for_its_patients_that_nobody_can_sign_in_to(self, site):
        account = site_accounts.PATIENTS.of(site)
        assert site_accounts.PATIENTS.of(site) == account
        assert (account.role, account.site_code, account.is_active) == (Role.PATIENT, site.code, False)
        assert not account.has_usable_password()

    def test_looking_makes_no_account(self, link):
        self_service.questions(link, now=LATER)
        self_service.days(link, now=LATER)
        self_service.held(link, now=LATER)
        assert not User.objects.filter(role=Role.PATIENT).exists()

    def test_the_database_refuses_an_account_of_patients_that_may_sign_in(self, site):
        with pytest.raises(IntegrityError, match="user_of_links_and_cameras_never_signs_in"):
            User.objects.filter(pk=site_accounts.PATIENTS.of(site).pk).update(is_active=True)


class TestConfirming:
    def test_a_patient_confirms_and_it_is_kept_with_time_and_name(self, link):
        appointment = self_service.confirm(link, now=LATER)
        account = site_accounts.PATIENTS.of(appointment.site)
        assert (appointment.confirmed_at, appointment.confirmed_by) == (LATER, account)
        event = events("appointment.confirmed").get()
        assert (event.agent_name, event.agent_role, event.patient_ids) == (
            "patient@riverside",
            "patient",
            [appointment.procedure.order.patient_id],
        )

    def test_confirming_again_changes_nothing(self, link):
        self_service.confirm(link, now=LATER)
        assert self_service.confirm(link, now=LATER + timedelta(hours=1)).confirmed_at == LATER
        assert events("appointment.confirmed").count() == 1

    def test_who_confirms_needs_no_call_about_mail_that_did_not_arrive(self, link):
        call = Task.objects.create(
            order=link.appointment.procedure.order,
            kind=Task.Kind.PHONE,
            about=f"appointment:{link.appointment_id}:1:reminder",
            sentence="Phone the patient.",
            opened_at=NOW,
        )
        self_service.confirm(link, now=LATER)
        call.refresh_from_db()
        assert (call.closed_at, call.closed_by) == (LATER, site_accounts.PATIENTS.of(link.appointment.site))

    def test_what_has_begun_is_not_confirmed(self, link):
        with pytest.raises(Conflict) as refusal:
            self_service.confirm(link, now=link.appointment.starts_at)
        assert refusal.value.sentence == standing.BEGUN

    def test_the_desk_confirms_for_a_patient_on_the_phone(self, site, appointment):
        desk = department.scheduler(site)
        assert confirmations.confirm(appointment, by=desk, now=NOW).confirmed_by == desk

    def test_a_technologist_does_not_confirm(self, site, appointment):
        with pytest.raises(NotAllowed):
            confirmations.confirm(appointment, by=department.technologist(site), now=NOW)

    def test_a_move_to_another_time_asks_again(self, site, link):
        confirmed = self_service.confirm(link, now=LATER)
        desk = department.scheduler(site)
        best = department.proposal_of_move(confirmed, by=desk)
        moved = booking.move(confirmed, starts=best.starts, by=desk, now=LATER)
        assert (moved.confirmed_at, moved.confirmed_by) == (None, None)

    def test_another_start_of_the_camera_alone_keeps_what_the_patient_said(self, site, link):
        confirmed = self_service.confirm(link, now=LATER)
        last = confirmed.steps.order_by("ordinal").last()
        later = {last.kind: last.planned_start_at + timedelta(minutes=5)}
        moved = booking.move(confirmed, starts=later, by=department.scheduler(site), now=LATER)
        assert (moved.revision, moved.confirmed_at) == (2, LATER)


class TestCancelling:
    def test_time_is_free_and_the_order_waits_for_another(self, link):
        cancelled = self_service.cancel(link, reason="I am  abroad", now=LATER)
        assert (cancelled.state, cancelled.ended_reason) == (
            AppointmentState.CANCELLED,
            "Cancelled by the patient: I am abroad",
        )
        assert cancelled.procedure.order.state == OrderState.VETTED
        assert not Reservation.objects.occupying().exists()
        assert events("appointment.cancelled").get().agent_name == "patient@riverside"

    def test_pressed_again_it_stays_cancelled_and_nothing_is_refused(self, link):
        self_service.cancel(link, now=LATER)
        assert self_service.cancel(link, now=LATER).state == AppointmentState.CANCELLED
        assert events("appointment.cancelled").count() == 1

    def test_where_the_site_does_not_open_it_patients_call(self):
        link = link_of(booked(opened(patients_cancel=False)))
        with pytest.raises(Conflict) as refusal:
            self_service.cancel(link, now=LATER)
        assert refusal.value.sentence == standing.NOT_OPEN

    def test_shortly_before_the_visit_patients_call(self, link):
        starts_at = link.appointment.starts_at
        with pytest.raises(Conflict) as refusal:
            self_service.cancel(link, now=starts_at - timedelta(hours=23, minutes=59))
        assert refusal.value.sentence == standing.TOO_LATE
        assert self_service.cancel(link, now=starts_at - timedelta(hours=24)).state == "cancelled"

    def test_an_urgent_examination_is_not_given_up_without_a_word(self, site):
        link = link_of(booked(site, priority="urgent"))
        with pytest.raises(Conflict) as refusal:
            self_service.cancel(link, now=LATER)
        assert refusal.value.sentence == standing.URGENT

    def test_the_link_of_an_earlier_time_cancels_nothing(self, site, link):
        desk = department.scheduler(site)
        best = department.proposal_of_move(link.appointment, by=desk)
        moved = booking.move(link.appointment, starts=best.starts, by=desk, now=LATER)
        with pytest.raises(Conflict, match="earlier time"):
            self_service.cancel(link, now=LATER)
        moved.refresh_from_db()
        assert moved.state == AppointmentState.BOOKED

    def test_a_referrer_who_was_told_of_the_booking_is_told_that_it_is_not_done(self, link):
        told = Message.objects.filter(appointment=link.appointment, kind="booked")
        assert told.update(state="sent", sent_at=NOW, attempts=1) == 1
        self_service.cancel(link, now=LATER)
        assert Message.objects.get(kind="not_done").recipient == "referrer"


class TestAsking:
    def test_the_desk_gets_one_call_with_the_newest_words(self, link):
        self_service.ask_for_another_time(link, "mornings", now=LATER)
        self_service.ask_for_another_time(link, "", now=LATER)
        self_service.ask_for_another_time(link, " after  10,\nnot on Friday", now=LATER)
        call = Task.objects.get(kind="phone")
        assert call.sentence == (
            "Phone the patient: asks for another time by the link. “after 10, not on Friday”"
        )
        assert call.due_at == link.appointment.starts_at

    def test_the_longest_wish_fits(self, link):
        assert len(self_service.ask_for_another_time(link, "x" * 5000, now=LATER).sentence) <= 300

    def test_a_move_meets_the_wish(self, site, link):
        self_service.ask_for_another_time(link, "", now=LATER)
        desk = department.scheduler(site)
        best = department.proposal_of_move(link.appointment, by=desk)
        booking.move(link.appointment, starts=best.starts, by=desk, now=LATER)
        assert not Task.objects.filter(kind="phone", closed_at=None).exists()

    def test_a_call_about_mail_that_did_not_arrive_does_not_end_it(self, link):
        self_service.ask_for_another_time(link, "", now=LATER)
        mail = Message.objects.filter(appointment=link.appointment, kind="reminder").first()
        calls.instead_of(mail, sentences=calls.NOT_DELIVERED, now=LATER)
        assert Task.objects.filter(about__contains="another_time", closed_at=None).exists()

    @pytest.mark.parametrize("by_desk", [False, True])
    def test_a_cancellation_ends_it(self, site, link, by_desk):
        self_service.ask_for_another_time(link, "", now=LATER)
        if by_desk:
            desk = department.scheduler(site)
            booking.cancel(link.appointment, reason="Ill", by=desk, now=LATER)
        else:
            self_service.cancel(link, now=LATER)
        assert not Task.objects.filter(about__contains="another_time", closed_at=None).exists()

    def test_it_can_be_asked_late_too(self, link):
        soon = link.appointment.starts_at - timedelta(minutes=1)
        assert self_service.ask_for_another_time(link, now=soon).closed_at is None
