"""Booking, moving, cancelling: one test per exit."""

from datetime import datetime, time, timedelta

import pytest

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import Appointment, Closure, OpeningHours, Reservation, Resource, Shift, StepKind
from scheduling.services import booking, reservations, search, vetting
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW, TODAY, ZONE
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


def times(appointment):
    return {step.kind: (step.planned_start_at, step.planned_end_at) for step in appointment.steps.all()}


def test_a_booking_takes_rooms_people_and_the_patient(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    held = Reservation.objects.filter(step__appointment=appointment, status="booked")
    by_step = {
        kind: sorted(r.resource.kind for r in held if r.step.kind == kind)
        for kind in ("xray", "ventilation", "perfusion")
    }
    assert by_step == {
        "xray": ["patient", "room", "technologist"],
        "ventilation": ["patient", "room", "room", "technologist"],  # with its preparation bay
        "perfusion": ["patient", "room", "technologist"],
    }
    assert appointment.procedure.order.state == OrderState.SCHEDULED


def test_the_rooms_span_has_set_up_and_clearance_and_the_technologists_has_no_clearance(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    step = appointment.steps.get(kind=StepKind.VENTILATION)
    room = step.reservations.get(resource__name__startswith="Ventilation")
    person = step.reservations.get(resource__kind="technologist")
    before, after = step.planned_start_at - timedelta(minutes=5), step.planned_end_at
    assert (room.span.lower, room.span.upper) == (before, after + timedelta(minutes=10))
    assert (person.span.lower, person.span.upper) == (before, after)


def test_a_rooms_own_clearance_is_kept_free_after_it(site, scheduler):
    camera = Resource.objects.get(name="Camera 1")
    camera.room.clearance_minutes = 30
    camera.room.save(update_fields=["clearance_minutes"])
    Resource.objects.filter(name="Camera 2").update(is_active=False)
    first, second = department.booked(site, by=scheduler), department.booked(site, by=scheduler)
    ends = first.steps.get(kind=StepKind.PERFUSION).planned_end_at
    begins = second.steps.get(kind=StepKind.PERFUSION).planned_start_at
    assert begins - ends >= timedelta(minutes=5 + 30 + 5)  # clearance, the room's own, set-up


def test_the_xray_ends_at_least_an_hour_and_the_margin_before_the_lungs(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    gap = appointment.lungs_start_at - appointment.xray_ends_at
    assert timedelta(minutes=70) <= gap <= timedelta(hours=23, minutes=50)


def test_an_xray_done_elsewhere_takes_no_room_and_is_recorded(site, scheduler):
    order = department.order(site, by=scheduler)
    xray = booking.XrayElsewhere(ended_at=NOW - timedelta(hours=3), place="Eastside Hospital")
    best = department.proposal(order, by=scheduler, xray_ended_at=xray.ended_at)
    appointment = booking.book(order, starts=best.starts, by=scheduler, now=NOW, xray=xray)
    step = appointment.steps.get(kind=StepKind.XRAY)
    assert (step.state, step.elsewhere, step.performed_end_at) == (
        StepState.COMPLETED,
        "Eastside Hospital",
        xray.ended_at,
    )
    assert step.reservations.count() == 0
    assert set(best.starts) == {StepKind.VENTILATION, StepKind.PERFUSION}


def test_an_xray_that_is_too_old_gives_no_proposals_but_a_reason(site, scheduler):
    order = department.order(site, by=scheduler)
    found, why = search.proposals(
        order, first_day=TODAY, days=7, by=scheduler, now=NOW, xray_ended_at=NOW - timedelta(hours=24)
    )
    assert (found, bool(why)) == ([], True)


def test_an_xray_in_the_future_is_refused(site, scheduler):
    order = department.order(site, by=scheduler)
    starts = department.proposal(order, by=scheduler).starts
    xray = booking.XrayElsewhere(ended_at=NOW + timedelta(minutes=1), place="Eastside Hospital")
    with pytest.raises(Invalid) as refusal:
        booking.book(order, starts=starts, by=scheduler, now=NOW, xray=xray)
    assert list(refusal.value.fields) == ["xray_ended_at"]


def test_an_order_that_nobody_vetted_is_not_booked(site, scheduler):
    order = department.order(site, by=scheduler, vetted=False)
    with pytest.raises(Conflict) as refusal:
        search.proposals(order, first_day=TODAY, days=7, by=scheduler, now=NOW)
    assert refusal.value.sentence == "A nuclear physician has to vet this order before it is booked."


def test_a_stat_order_is_booked_while_the_physician_is_being_asked(site, scheduler):
    order = department.order(site, by=scheduler, vetted=False, priority="stat")
    best = department.proposal(order, by=scheduler)
    booking.book(order, starts=best.starts, by=scheduler, now=NOW)
    order.refresh_from_db()
    assert order.state == OrderState.SCHEDULED


def test_an_order_is_booked_once(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    with pytest.raises(Conflict) as refusal:
        booking.book(appointment.procedure.order, starts={}, by=scheduler, now=NOW)
    assert refusal.value.sentence == "This order is scheduled."


@pytest.mark.parametrize(
    ("shift", "sentence"),
    [
        (timedelta(seconds=1), "Times are whole minutes."),
        (timedelta(days=-1), "This time has passed. Choose a later one."),
        (timedelta(days=400), "This is more than a year ahead. Choose an earlier time."),
    ],
)
def test_times_that_cannot_be_are_refused_with_a_sentence(site, scheduler, shift, sentence):
    order = department.order(site, by=scheduler)
    starts = {kind: at + shift for kind, at in department.proposal(order, by=scheduler).starts.items()}
    with pytest.raises(Invalid) as refusal:
        booking.book(order, starts=starts, by=scheduler, now=NOW)
    assert (refusal.value.sentence, refusal.value.fields) == (sentence, {"starts": [sentence]})
    assert Appointment.objects.count() == 0


def test_a_start_for_each_step_is_needed(site, scheduler):
    order = department.order(site, by=scheduler)
    starts = department.proposal(order, by=scheduler).starts
    del starts[StepKind.PERFUSION]
    with pytest.raises(Invalid) as refusal:
        booking.book(order, starts=starts, by=scheduler, now=NOW)
    assert refusal.value.sentence == "Give a start for each of: Chest X-ray, Ventilation, Perfusion."


def test_an_expired_hold_is_released_by_the_next_booking(site, scheduler):
    order = department.order(site, by=scheduler)
    best = department.proposal(order, by=scheduler)
    camera = Resource.objects.get(name=best.steps[-1].room)
    hold = Reservation.objects.create(
        resource=camera,
        span=(best.steps[-1].starts_at, best.steps[-1].ends_at),
        status="held",
        token="8f1f4c52-65d5-4d65-9b39-8f4ad0a0a0ff",
        expires_at=NOW,
    )
    chosen = best.steps[-1].resource_ids
    booking.book(order, starts=best.starts, resource_ids=chosen, by=scheduler, now=NOW)
    hold.refresh_from_db()
    assert hold.status == "released"
    assert Reservation.objects.filter(resource=camera, status="booked").count() == 1


def test_a_live_hold_keeps_others_out(site, scheduler):
    order = department.order(site, by=scheduler)
    best = department.proposal(order, by=scheduler)
    for room in Resource.objects.filter(capabilities__contains=["gamma_camera_planar"]):
        Reservation.objects.create(
            resource=room,
            span=(best.starts_at, best.ends_at + timedelta(hours=1)),
            status="held",
            token="8f1f4c52-65d5-4d65-9b39-8f4ad0a0a0ff",
            expires_at=NOW + timedelta(minutes=5),
        )
    with pytest.raises(Conflict):
        booking.book(order, starts=best.starts, by=scheduler, now=NOW)


def test_a_move_gives_new_times_frees_the_old_and_keeps_history(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    before = times(appointment)
    tomorrow = TODAY + timedelta(days=1)
    found, _ = search.moves(appointment, first_day=tomorrow, days=1, by=scheduler, now=NOW, limit=1)
    moved = booking.move(appointment, starts=found[0].starts, by=scheduler, now=NOW)
    assert moved.revision == 2
    assert {kind: start for kind, (start, _) in times(moved).items()} == found[0].starts
    statuses = (
        Reservation.objects.filter(step__appointment=moved).values_list("revision", "status").distinct()
    )
    assert sorted(statuses) == [(1, "released"), (2, "booked")]
    event = AuditEvent.objects.get(action="appointment.moved")
    assert event.data["before"]["lungs_start_at"] == before["ventilation"][0].isoformat()


def test_a_move_may_overlap_the_time_it_gives_up(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    later = {kind: start + timedelta(minutes=10) for kind, (start, _) in times(appointment).items()}
    moved = booking.move(appointment, starts=later, by=scheduler, now=NOW)
    assert {kind: start for kind, (start, _) in times(moved).items()} == later


def test_a_move_out_of_the_xray_window_is_refused(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    starts = {kind: start for kind, (start, _) in times(appointment).items()}
    starts[StepKind.XRAY] = starts[StepKind.VENTILATION] - timedelta(minutes=60)
    with pytest.raises(Conflict) as refusal:
        booking.move(appointment, starts=starts, by=scheduler, now=NOW)
    assert "X-ray" in refusal.value.sentence
    appointment.refresh_from_db()
    assert appointment.revision == 1


def test_after_the_xray_only_the_lungs_move(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    technologist = department.technologist(site)
    at = appointment.xray_ends_at
    arrivals.check_in(appointment, **department.HERE, by=technologist, now=at)
    xrays.record(appointment, ended_at=at, by=technologist, now=at)
    appointment.refresh_from_db()
    found, _ = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=at, limit=3)
    assert [set(each.starts) for each in found] == [{"ventilation", "perfusion"}] * 3
    moved = booking.move(appointment, starts=found[-1].starts, by=scheduler, now=at)
    assert moved.xray_ends_at == at


def test_cancelling_frees_the_time_and_the_order_is_to_be_booked_again(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    booking.cancel(appointment, reason="Patient asked", by=scheduler, now=NOW)
    appointment.refresh_from_db()
    order = appointment.procedure.order
    assert (appointment.state, order.state) == (AppointmentState.CANCELLED, OrderState.VETTED)
    assert not Reservation.objects.occupying().exists()
    assert set(appointment.steps.values_list("state", flat=True)) == {StepState.CANCELLED}
    best = department.proposal(order, by=scheduler)
    assert booking.book(order, starts=best.starts, by=scheduler, now=NOW).state == AppointmentState.BOOKED


def test_a_cancellation_needs_a_reason(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    with pytest.raises(Invalid):
        booking.cancel(appointment, reason="  ", by=scheduler, now=NOW)


def test_another_technologist_takes_over_without_a_new_revision(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    step = appointment.steps.get(kind=StepKind.PERFUSION)
    held = step.reservations.get(resource__kind="technologist").resource
    qualified = Resource.objects.filter(capabilities__contains=["technologist_nm"]).exclude(pk=held.pk)
    reservations.assign_technologist(step, technologist=qualified.last(), by=scheduler, now=NOW)
    appointment.refresh_from_db()
    assert appointment.revision == 1
    now_held = step.reservations.get(resource__kind="technologist", status="booked").resource
    assert now_held == qualified.last()


def test_a_technologist_who_is_busy_or_not_qualified_is_refused(site, scheduler):
    step = department.booked(site, by=scheduler).steps.get(kind=StepKind.PERFUSION)
    held = step.reservations.get(resource__kind="technologist")
    busy = (
        Resource.objects.filter(capabilities__contains=["technologist_nm"])
        .exclude(pk=held.resource_id)
        .last()
    )
    busy.reservations.create(step=step, span=held.span, status="booked")
    with pytest.raises(Conflict) as refusal:
        reservations.assign_technologist(step, technologist=busy, by=scheduler, now=NOW)
    assert refusal.value.sentence == f"{busy.name} is busy at this time."
    unqualified = Resource.objects.filter(kind="room").first()
    with pytest.raises(Invalid):
        reservations.assign_technologist(step, technologist=unqualified, by=scheduler, now=NOW)


def test_a_technologist_who_is_not_there_is_refused(site, scheduler):
    step = department.booked(site, by=scheduler).steps.get(kind=StepKind.PERFUSION)
    held = step.reservations.get(resource__kind="technologist")
    people = Resource.objects.filter(capabilities__contains=["technologist_nm"])
    absent = people.exclude(pk=held.resource_id).last()
    Closure.objects.create(site=site, resource=absent, span=held.span, reason="Ill")
    with pytest.raises(Conflict) as refusal:
        reservations.assign_technologist(step, technologist=absent, by=scheduler, now=NOW)
    assert refusal.value.sentence == f"{absent.name} does not work at this time. Choose another."


def test_a_reader_books_nothing(site):
    order = department.order(site)
    with pytest.raises(NotAllowed):
        booking.book(order, starts={}, by=department.attending(site), now=NOW)


def test_holidays_and_closures_are_kept_free(site, scheduler):
    """Independence Day of 2027 is a Sunday, observed on Monday, 5 July."""
    department_day = datetime(2027, 7, 5, 7, tzinfo=ZONE)
    for person in Resource.objects.filter(kind="technologist"):
        person.shifts.create(span=(department_day, department_day + timedelta(hours=11)))
    order = department.order(site, by=scheduler)
    found, why = search.proposals(order, first_day=department_day.date(), days=1, by=scheduler, now=NOW)
    assert (found, bool(why)) == ([], True)


def test_a_vetted_protocol_decides_what_is_booked(site, scheduler):
    order = department.order(site, by=scheduler, vetted=False)
    perfusion_only = site.protocols.get(key="Q_ONLY")
    vetting.vet(order, reason="Agreed.", protocol=perfusion_only, by=department.attending(site), now=NOW)
    best = department.proposal(order, by=scheduler)
    assert set(best.starts) == {StepKind.XRAY, StepKind.PERFUSION}


def test_a_visit_that_crosses_midnight_is_found_and_booked(site, scheduler):
    """Open all night: preparation begins before midnight, the pictures come after it."""
    for hours in OpeningHours.objects.all():
        hours.opens = hours.closes = time(0)
        hours.save(update_fields=["opens", "closes"])
    Shift.objects.all().delete()
    evening = datetime(2027, 3, 8, 20, tzinfo=ZONE)
    for person in Resource.objects.filter(kind="technologist"):
        person.shifts.create(span=(evening, evening + timedelta(hours=12)))
    order = department.order(site, by=scheduler)
    found, _ = search.proposals(order, first_day=TODAY, days=2, by=scheduler, now=evening, limit=400)
    crossing = [each for each in found if each.lungs_start_at.astimezone(ZONE).time() < time(0, 15)]
    assert crossing
    for proposal in crossing[:2]:
        appointment = booking.book(order, starts=proposal.starts, by=scheduler, now=evening)
        booking.cancel(appointment, reason="next case", by=scheduler, now=evening)
        order.refresh_from_db()


def test_two_steps_in_one_room_leave_its_own_clearance_to_the_end(site, scheduler):
    """Krypton: ventilation and perfusion follow one another in the same camera room."""
    camera = Resource.objects.get(name="Camera 1")
    camera.capabilities = [*camera.capabilities, "ventilation"]
    camera.save(update_fields=["capabilities"])
    camera.room.clearance_minutes = 15
    camera.room.save(update_fields=["clearance_minutes"])
    protocol = department.protocol(site, key="V_Q_SAME", name="In one room")
    protocol.steps.filter(kind="ventilation").update(
        room_capabilities=["ventilation", "gamma_camera_planar"], clearance_minutes=0
    )
    protocol.steps.filter(kind="perfusion").update(same_room_as_before=True)
    order = department.order(site, by=scheduler, vetted=False)
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=department.attending(site), now=NOW)
    best = department.proposal(order, by=scheduler)
    appointment = booking.book(order, starts=best.starts, by=scheduler, now=NOW)
    in_room = camera.reservations.filter(step__appointment=appointment).order_by("span")
    assert [row.step.kind for row in in_room] == ["ventilation", "perfusion"]
    perfusion_end = appointment.steps.get(kind="perfusion").planned_end_at
    assert in_room.last().span.upper == perfusion_end + timedelta(minutes=5 + 15)


def test_a_moved_appointment_is_cleared_again(site, scheduler):
    appointment, at = department.ready(department.booked(site, by=scheduler))
    found, _ = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=at, limit=1)
    moved = booking.move(appointment, starts=found[0].starts, by=scheduler, now=at)
    assert (moved.dose_cleared_at, moved.dose_cleared_by) == (None, None)


def test_a_technologist_moves_within_the_day_only(site, scheduler):
    appointment, technologist = department.booked(site, by=scheduler), department.technologist(site)
    tomorrow = TODAY + timedelta(days=1)
    found, _ = search.moves(appointment, first_day=tomorrow, days=1, by=technologist, now=NOW, limit=1)
    with pytest.raises(NotAllowed):
        booking.move(appointment, starts=found[0].starts, by=technologist, now=NOW)


def test_a_move_without_the_xray_that_was_waived_forgets_its_time(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    order = appointment.procedure.order
    vetting.override(order, rule="CXR-1", reason="STAT", by=department.attending(site), now=NOW)
    found, _ = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=NOW, limit=1)
    moved = booking.move(appointment, starts=found[0].starts, by=scheduler, now=NOW)
    assert times(moved)[StepKind.XRAY] == (None, None)
    assert (moved.xray_ends_at, moved.window_override) == (None, True)


def test_a_move_after_the_sites_window_was_changed_is_judged_by_the_new_one(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    site.xray_longest = timedelta(hours=30)
    site.save(update_fields=["xray_longest"])
    found, _ = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=NOW, limit=1)
    moved = booking.move(appointment, starts=found[0].starts, by=scheduler, now=NOW)
    assert moved.xray_longest == timedelta(hours=30)


@pytest.mark.django_db(transaction=True)
def test_the_periodic_job_releases_expired_holds():
    """In a transaction of its own: the job is called outside of any."""
    site = department.site()
    Reservation.objects.create(
        resource=Resource.objects.filter(site=site).first(),
        span=(NOW, NOW + timedelta(minutes=30)),
        status="held",
        token="8f1f4c52-65d5-4d65-9b39-8f4ad0a0a0ff",
        expires_at=NOW,
    )
    assert reservations.release_expired(now=NOW) == 1
    assert reservations.release_expired(now=NOW) == 0
