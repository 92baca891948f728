"""A broken day through the services: the report, its effects, the greedy repair, the worker's plan, acceptance."""

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from scheduling import tasks
from scheduling.engine.calendars import to_minute
from scheduling.engine.intervals import clip, normal
from scheduling.engine.states import AppointmentState, OrderState, ReplanState, StepState
from scheduling.models import (
    Appointment,
    Closure,
    DisruptionKind,
    Message,
    MessageKind,
    OpeningHours,
    ProtocolStep,
    Replan,
    ReplanChange,
    Reservation,
    Resource,
    Shift,
    StepKind,
    Task,
)
from scheduling.services import (
    acceptance,
    booking,
    brokenday,
    disruptions,
    replanning,
    search,
    solving,
    visits,
)
from scheduling.services.examination import arrivals, xrays
from scheduling.services.messages import calls
from tests import department, doses
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

EVENING = NOW + timedelta(hours=11)  # 18:00, when everything closes
LATER = NOW + timedelta(minutes=2)
LOST = ReplanChange.Kind.LOST
MOVE = ReplanChange.Kind.MOVE


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def lead(site):
    return department.lead(site)


@pytest.fixture
def appointments(site):
    """Six patients of one morning, as the search books them."""
    by = department.scheduler(site)
    return [department.booked(site, by=by) for _ in range(6)]


def room(site, name):
    return Resource.objects.get(site=site, name=name)


def on(resource):
    """Ids of the appointments that have time of a room or a person."""
    rows = Reservation.objects.occupying().filter(resource=resource)
    return set(rows.values_list("step__appointment", flat=True))


def break_camera(site, by, *, name="Camera 1", now=NOW, ends_at=EVENING, **fields):
    """Camera 1 is out of order for the rest of the day; returns the plan."""
    disruption = disruptions.report(
        site,
        kind=DisruptionKind.ROOM_DOWN,
        resource=room(site, name),
        ends_at=ends_at,
        by=by,
        now=now,
        **fields,
    )
    return disruption.replans.get(state__in=[ReplanState.GREEDY, ReplanState.PROPOSED])


def break_all_cameras(site, by):
    disruptions.report(
        site,
        kind=DisruptionKind.ROOM_DOWN,
        resource=room(site, "Camera 2"),
        ends_at=EVENING,
        by=by,
        now=NOW,
    )
    return break_camera(site, by)


# --- report -------------------------------------------------------------------------------------------------


def test_a_report_closes_the_room_says_who_is_hit_and_shows_a_repair_at_once(site, lead, appointments):
    hit = on(room(site, "Camera 1"))
    replan = break_camera(site, lead, reason="Detector 2")
    closure = Closure.objects.get()
    assert (closure.resource.name, closure.span.lower, closure.span.upper, closure.reason) == (
        "Camera 1",
        NOW,
        EVENING,
        "Detector 2",
    )
    assert replan.state == ReplanState.GREEDY
    assert {each.appointment_id for each in replan.changes.all()} == hit
    assert len(hit) >= 1
    assert {sentence for each in replan.changes.all() for sentence in each.effects} == {
        "Perfusion: Camera 1 is out of order."
    }
    assert {each.kind for each in replan.changes.all()} == {MOVE}
    assert AuditEvent.objects.filter(action="disruption.reported").count() == 1


def test_a_repair_names_the_old_and_the_new_times_and_rooms(site, lead, appointments):
    change = break_camera(site, lead).changes.first()
    perfusion = change.appointment.steps.get(kind=StepKind.PERFUSION)
    before = {row["kind"]: row for row in change.before}["perfusion"]
    after = {row["kind"]: row for row in change.after}["perfusion"]
    assert before["starts_at"] == perfusion.planned_start_at.isoformat()
    assert "Camera 1" in before["resources"]
    assert "Camera 2" in after["resources"]


def test_a_report_that_hits_nobody_is_a_finished_plan(site, lead):
    replan = break_camera(site, lead)
    assert (replan.state, replan.progress, replan.proven_least_lost) == (
        ReplanState.PROPOSED,
        replanning.NOBODY,
        True,
    )


def test_a_technologist_who_is_ill_is_closed_and_others_take_the_patients(site, lead, appointments):
    ben = room(site, "Ben Okafor")
    hit = on(ben)
    disruption = disruptions.report(
        site, kind=DisruptionKind.PERSON_AWAY, resource=ben, ends_at=EVENING, by=lead, now=NOW
    )
    replan = disruption.replans.get()
    assert {each.appointment_id for each in replan.changes.all()} == hit
    acceptance.accept(replan, by=lead, now=LATER)
    assert on(ben) == set()


def test_an_xray_that_is_late_moves_the_xray_and_the_lungs_after_it(site, lead, appointments):
    late = appointments[0]
    expected = late.xray_ends_at + timedelta(minutes=50)
    disruption = disruptions.report(
        site, kind=DisruptionKind.XRAY_LATE, appointment=late, ends_at=expected, by=lead, now=NOW
    )
    change = disruption.replans.get().changes.get(appointment=late)
    assert change.effects == ["Chest X-ray: the patient will be there later."]
    acceptance.accept(disruption.replans.get(), by=lead, now=LATER)
    late.refresh_from_db()
    assert late.xray_ends_at >= expected
    assert late.lungs_start_at - late.xray_ends_at >= site.xray_shortest


def test_an_xray_that_ended_late_leaves_the_lungs_too_soon_and_moves_them(site, lead, appointments):
    late = appointments[0]
    at = late.lungs_start_at - timedelta(minutes=40)
    technologist = department.technologist(site)
    xrays.record(late, ended_at=at, by=technologist, now=at)
    replan = break_camera(site, lead, now=at, ends_at=EVENING)
    change = replan.changes.get(appointment=late)
    assert "Ventilation: too soon after the X-ray." in change.effects


def test_a_scan_that_overruns_takes_its_room_and_people_for_longer(site, lead, appointments):
    ready, at = department.ready(appointments[0])
    by = department.technologist(site)
    step = ready.steps.get(kind=StepKind.VENTILATION)
    visits.start(step, by=by, now=at)
    disruption = disruptions.report(
        site,
        kind=DisruptionKind.SCAN_OVERRUNS,
        appointment=ready,
        ends_at=step.planned_end_at + timedelta(minutes=45),
        by=lead,
        now=at + timedelta(minutes=5),
    )
    closed = {closure.resource.name for closure in disruption.closures.all()}
    assert any(name.startswith("Ventilation") for name in closed)
    assert len(closed) == 2  # the room and one person
    assert disruption.replans.get().changes.exclude(appointment=ready).exists()


def test_the_overrun_of_steps_acquired_together_takes_the_room_of_the_first(site, lead):
    ProtocolStep.objects.filter(protocol__key="V_THEN_Q", kind=StepKind.PERFUSION).update(simultaneous=True)
    ready, at = department.ready(department.booked(site))
    step = ready.steps.get(kind=StepKind.VENTILATION)
    visits.start(step, by=department.technologist(site), now=at)
    disruption = disruptions.report(
        site,
        kind=DisruptionKind.SCAN_OVERRUNS,
        appointment=ready,
        ends_at=step.planned_end_at + timedelta(minutes=45),
        by=lead,
        now=at + timedelta(minutes=5),
    )
    assert ready.steps.get(kind=StepKind.PERFUSION).state == StepState.IN_PROGRESS
    kinds = sorted(closure.resource.kind for closure in disruption.closures.all())
    assert kinds == ["room", "technologist"]


def test_the_overrun_of_a_scan_that_does_not_run_is_refused(site, lead, appointments):
    with pytest.raises(Conflict, match="No scan of this patient is running"):
        disruptions.report(
            site,
            kind=DisruptionKind.SCAN_OVERRUNS,
            appointment=appointments[0],
            ends_at=EVENING,
            by=lead,
            now=NOW,
        )


def test_a_kit_that_fails_leaves_patients_without_a_dose_who_move_to_the_next_kit(site, lead):
    doses.needed(site)
    first = doses.batch(site, by=lead, starts_at=NOW)
    booked = department.booked(site)
    doses.batch(site, by=lead, starts_at=booked.lungs_start_at + timedelta(hours=2))
    disruption = disruptions.report(
        site, kind=DisruptionKind.TRACER_FAILED, batch=first, reason="Labelling failed.", by=lead, now=NOW
    )
    replan = disruption.replans.get()
    [change] = replan.changes.all()
    assert (change.kind, change.effects) == (MOVE, ["Perfusion: there is no dose for this time."])
    acceptance.accept(replan, by=lead, now=LATER)
    booked.refresh_from_db()
    assert booked.revision == 2
    assert doses.live(step__appointment=booked).exclude(batch=first).count() == 1
    assert doses.balanced()


def test_no_more_patients_are_moved_to_the_next_kit_than_it_has_doses_for(site, lead):
    doses.needed(site)
    first = doses.batch(site, by=lead, starts_at=NOW)
    booked = [department.booked(site) for _ in range(5)]
    there = max(each.lungs_start_at for each in booked) + timedelta(hours=1)
    # For two: 148 MBq each, and decay.
    fields = {"activity_mbq": Decimal(400), "particles": 900_000}
    second = doses.batch(site, by=lead, starts_at=there, **fields)
    disruption = disruptions.report(
        site, kind=DisruptionKind.TRACER_FAILED, batch=first, reason="Labelling failed.", by=lead, now=NOW
    )
    for solve in (False, True):
        if solve:
            assert solving.solve_due(now=LATER) == 1
        replan = disruption.replans.get()
        assert [replan.changes.filter(kind=kind).count() for kind in (MOVE, LOST)] == [2, 3]
    assert replan.proven_least_lost
    acceptance.accept(replan, by=lead, now=LATER)
    assert doses.live(batch=second).count() == 2
    assert doses.balanced()


def test_tomorrows_kit_that_fails_opens_the_plan_of_tomorrow(site, lead):
    doses.needed(site)
    tomorrow = NOW + timedelta(days=1)
    kit = doses.batch(site, by=lead, starts_at=tomorrow)
    department.booked(site, first_day=TODAY + timedelta(days=1))
    reported = {"kind": DisruptionKind.TRACER_FAILED, "batch": kit, "reason": "Not made."}
    disruption = disruptions.report(site, **reported, by=lead, now=NOW)
    replan = disruption.replans.get()
    assert replan.day == TODAY + timedelta(days=1)
    assert replan.changes.count() == 1


def test_a_generator_that_comes_late_moves_those_before_it(site, lead):
    doses.needed(site)
    batch = doses.batch(site, by=lead, starts_at=NOW)
    booked = department.booked(site)
    there = booked.lungs_start_at + timedelta(hours=1)
    disruption = disruptions.report(
        site, kind=DisruptionKind.TRACER_LATE, batch=batch, ends_at=there, by=lead, now=NOW
    )
    acceptance.accept(disruption.replans.get(), by=lead, now=LATER)
    assert booked.steps.get(kind=StepKind.PERFUSION).planned_start_at >= there


def test_a_scheduler_leaves_tracers_to_those_who_handle_them(site):
    doses.needed(site)
    batch = doses.batch(site)
    with pytest.raises(NotAllowed):
        disruptions.report(
            site,
            kind=DisruptionKind.TRACER_FAILED,
            batch=batch,
            reason="Broken vial",
            by=department.scheduler(site),
            now=NOW,
        )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"resource": None}, "resource"),
        ({"ends_at": NOW}, "ends_at"),
        ({"starts_at": EVENING, "ends_at": EVENING - timedelta(hours=1)}, "ends_at"),
        ({"kind": DisruptionKind.XRAY_LATE, "ends_at": EVENING}, "appointment"),
        ({"kind": DisruptionKind.TRACER_LATE, "ends_at": EVENING}, "batch"),
        ({"kind": DisruptionKind.PERSON_AWAY, "ends_at": EVENING}, "resource"),
    ],
)
def test_a_report_that_says_nothing_is_refused_at_its_field(site, lead, fields, field):
    values = {"kind": DisruptionKind.ROOM_DOWN, "resource": room(site, "Camera 1"), "ends_at": EVENING}
    with pytest.raises(Invalid) as refusal:
        disruptions.report(site, **values | fields, by=lead, now=NOW)
    assert field in refusal.value.fields


def test_a_room_of_another_site_cannot_be_reported(site, lead):
    there = department.site("hillside")
    with pytest.raises(Invalid):
        break_camera(site, lead, name="Camera 1") and disruptions.report(
            site,
            kind=DisruptionKind.ROOM_DOWN,
            resource=room(there, "Camera 1"),
            ends_at=EVENING,
            by=lead,
            now=NOW,
        )


def test_a_physician_may_not_report(site):
    with pytest.raises(NotAllowed):
        break_camera(site, department.attending(site))


def test_a_technologist_reports_for_today_and_leaves_later_days_to_planners(site, lead):
    technologist = department.technologist(site)
    tomorrow = {"starts_at": NOW + timedelta(days=1), "ends_at": EVENING + timedelta(days=1)}
    with pytest.raises(NotAllowed):
        break_camera(site, technologist, **tomorrow)
    assert not Closure.objects.exists()
    break_camera(site, technologist, starts_at=NOW + timedelta(hours=2))
    break_camera(site, lead, **tomorrow)
    assert Closure.objects.count() == 2


def test_a_stat_patient_booked_on_call_is_hit_only_by_what_breaks_for_them(site, lead):
    tonight = (EVENING, EVENING + timedelta(hours=13))
    ana = room(site, "Ana Ruiz")
    Shift.objects.create(resource=ana, span=tonight, on_call=True)
    for each in Resource.objects.filter(site=site, kind="room"):
        OpeningHours.objects.create(resource=each, weekday=0, opens=time(18), closes=time(7), on_call=True)
    at = EVENING + timedelta(hours=1)
    stat = department.booked(site, now=at, priority="stat")
    used, other = sorted(("Camera 1", "Camera 2"), key=lambda name: stat.pk not in on(room(site, name)))
    broken = {"now": at, "ends_at": at + timedelta(hours=8)}
    assert break_camera(site, lead, name=other, **broken).progress == replanning.NOBODY
    engine = brokenday.of(site, TODAY, now=at).engine
    free = next(each.free for each in engine.resources if each.id == ana.pk)
    booked = normal([(begins, ends) for who, begins, ends in engine.visits[0].occupied if who == ana.pk])
    assert clip(free, *map(to_minute, tonight)) == booked  # nobody else is offered the night
    [change] = break_camera(site, lead, name=used, **broken).changes.all()
    assert change.effects == [f"Perfusion: {used} is out of order."]


def test_who_is_booked_in_an_ordinary_closure_is_not_hit_by_what_breaks_elsewhere(site, lead, appointments):
    used = next(name for name in ("Camera 1", "Camera 2") if on(room(site, name)))
    other = "X-ray 2" if not on(room(site, "X-ray 2")) else "Bay 2"
    span = (NOW, EVENING)
    Closure.objects.create(site=site, resource=room(site, used), span=span, reason="Cleaning")
    broken = break_camera(site, lead, name=other)
    assert not [change for change in broken.changes.all() if used in " ".join(change.effects)]


# --- the worker ---------------------------------------------------------------------------------------------


def test_the_worker_replaces_the_repair_by_a_plan_that_is_proven(site, lead, appointments):
    replan = break_camera(site, lead)
    assert solving.solve_due(now=LATER) == 1
    replan.refresh_from_db()
    assert (replan.state, replan.proven_least_lost, replan.computed_at) == (ReplanState.PROPOSED, True, LATER)
    assert replan.progress == solving.PROVEN
    assert solving.solve_due(now=LATER) == 0


def test_the_worker_does_not_solve_what_another_worker_is_solving(site, lead, appointments):
    break_camera(site, lead)
    assert solving.claim(now=LATER) is not None
    assert solving.claim(now=LATER) is None


def test_a_plan_of_a_worker_that_died_is_taken_up_by_the_next(site, lead, appointments):
    replan = break_camera(site, lead)
    dead = solving.claim(now=LATER)
    assert solving.solve_due(now=LATER + solving.LEASE) == 1
    replan.refresh_from_db()
    assert replan.state == ReplanState.PROPOSED
    solving._settle(dead, ReplanState.STALE, ended_at=LATER)  # it comes back too late
    replan.refresh_from_db()
    assert replan.state == ReplanState.PROPOSED


def test_the_worker_marks_a_plan_of_an_older_day_as_stale(site, lead, appointments):
    replan = break_camera(site, lead)
    booking.cancel(appointments[0], reason="Feels better", by=lead, now=LATER)
    solving.solve_due(now=LATER)
    replan.refresh_from_db()
    assert replan.state == ReplanState.STALE


def test_a_plan_accepted_while_the_worker_computes_stays_accepted(site, lead, appointments):
    replan = break_camera(site, lead)
    claimed = solving.claim(now=LATER)
    acceptance.accept(replan, by=lead, now=LATER)
    solving._settle(claimed, ReplanState.PROPOSED, computed_at=LATER)
    replan.refresh_from_db()
    assert replan.state == ReplanState.ACCEPTED


def test_the_periodic_task_finds_a_plan_for_which_nobody_could_be_nudged(
    site, lead, appointments, monkeypatch, settings
):
    replan = break_camera(site, lead)
    monkeypatch.setattr(timezone, "now", lambda: LATER)
    assert tasks.solve_replans() == 1
    replan.refresh_from_db()
    assert replan.state == ReplanState.PROPOSED
    planned = [each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()]
    assert tasks.solve_replans.name == replanning.TASK
    assert replanning.TASK in planned


# --- acceptance ---------------------------------------------------------------------------------------------


def test_accepting_a_plan_moves_everybody_in_it_and_tells_those_whose_time_changes(site, lead, appointments):
    replan = break_camera(site, lead)
    before = {each.pk: each.revision for each in appointments}
    wanted = {each.appointment_id: each.after for each in replan.changes.all()}
    acceptance.accept(replan, by=lead, now=LATER)
    replan.refresh_from_db()
    assert (replan.state, replan.ended_by, replan.ended_at) == (ReplanState.ACCEPTED, lead, LATER)
    assert on(room(site, "Camera 1")) == set()
    for each in Appointment.objects.filter(pk__in=wanted):
        assert each.revision == before[each.pk] + 1
        starts = {step.kind: step.planned_start_at.isoformat() for step in each.steps.all()}
        assert starts.items() >= {row["kind"]: row["starts_at"] for row in wanted[each.pk]}.items()
    told = set(Message.objects.filter(kind=MessageKind.MOVED).values_list("appointment", flat=True))
    assert told == {pk for pk, rows in wanted.items() if came_changes(replan, pk)}
    assert AuditEvent.objects.filter(action="appointment.moved").count() == len(wanted)


def came_changes(replan, pk):
    change = replan.changes.get(appointment=pk)
    return change.before[0]["starts_at"] != change.after[0]["starts_at"]


def test_accepting_a_part_leaves_the_others_where_they_are(site, lead):
    by = department.scheduler(site)
    for _ in range(2):
        department.booked(site, by=by)
    later = {"first_day": TODAY, "now": NOW + timedelta(hours=4)}
    for _ in range(2):
        department.booked(site, by=by, **later)
    replan = break_camera(site, lead)
    hit = on(room(site, "Camera 1"))
    one = replan.changes.first()
    acceptance.accept(replan, change_ids=[one.pk], by=lead, now=LATER)
    assert len(hit) > 1
    assert on(room(site, "Camera 1")) == hit - {one.appointment_id}
    assert [each.pk for each in replan.changes.exclude(accepted_at=None)] == [one.pk]


def test_a_part_that_needs_the_time_of_others_is_refused_and_names_them(site, lead, appointments):
    replan = break_camera(site, lead)
    with pytest.raises(Conflict, match=r"does not fit\. .* Choose \d\d:\d\d.* too: it needs their time\."):
        acceptance.accept(replan, change_ids=[replan.changes.first().pk], by=lead, now=LATER)
    acceptance.accept(replan, by=lead, now=LATER)


def test_a_part_that_needs_the_dose_of_others_is_refused_and_names_them(site, lead):
    """The urgent patient gets the dose of the routine one, who was not chosen."""
    doses.needed(site)
    first = doses.batch(site, by=lead, starts_at=NOW)
    urgent = department.booked(site, priority="urgent")
    small = {"activity_mbq": Decimal(160), "particles": 320_000, "expires_at": NOW + timedelta(hours=9)}
    second = doses.batch(site, by=lead, starts_at=urgent.lungs_start_at + timedelta(hours=3), **small)
    routine = booked_from(second)
    disruption = disruptions.report(
        site, kind=DisruptionKind.TRACER_FAILED, batch=first, reason="Labelling failed.", by=lead, now=NOW
    )
    assert solving.solve_due(now=LATER) == 1
    replan = disruption.replans.get()
    moved, lost = replan.changes.get(kind=MOVE), replan.changes.get(kind=LOST)
    assert (moved.appointment, lost.appointment) == (urgent, routine)
    with pytest.raises(Conflict, match=r"Choose \d\d:\d\d too: it needs their time and dose\."):
        acceptance.accept(replan, change_ids=[moved.pk], by=lead, now=LATER)
    acceptance.accept(replan, by=lead, now=LATER)
    assert doses.live(batch=second).get().step.appointment == urgent
    assert doses.balanced()


def booked_from(kit):
    """A patient whose perfusion draws from this kit, which expires before the others."""
    site, order = kit.site, department.order(kit.site)
    by = department.scheduler(site)
    found, _ = search.proposals(order, first_day=TODAY, days=1, by=by, now=NOW, limit=200)
    starts = next(each.starts for each in found if each.starts["perfusion"] >= kit.usable_from)
    made = booking.book(order, starts=starts, by=by, now=NOW)
    assert doses.live(step__appointment=made).get().batch == kit
    return made


def test_a_patient_who_is_lost_goes_back_to_the_list_with_a_call_to_make(site, lead, appointments):
    replan = break_all_cameras(site, lead)
    lost = replan.changes.filter(kind=LOST)
    assert lost.count() == len(appointments)
    acceptance.accept(replan, by=lead, now=LATER)
    for appointment in appointments:
        appointment.refresh_from_db()
        order = appointment.procedure.order
        order.refresh_from_db()
        assert (appointment.state, order.state) == (AppointmentState.CANCELLED, OrderState.VETTED)
        assert order.tasks.filter(kind=Task.Kind.PHONE, closed_at=None).count() == 1
    assert Reservation.objects.occupying().filter(step__isnull=False).count() == 0


def test_a_lost_patient_is_phoned_although_another_call_is_open(site, lead, appointments):
    order = appointments[0].procedure.order
    Task.objects.create(
        order=order, kind=Task.Kind.PHONE, about="offer:1", sentence="Phone about the offer.", opened_at=NOW
    )
    acceptance.accept(break_all_cameras(site, lead), by=lead, now=LATER)
    asked = order.tasks.filter(closed_at=None, sentence__contains="the appointment is cancelled")
    assert asked.count() == 1


def test_a_lost_patient_without_mail_is_phoned_once(site, lead):
    lost = department.booked(site, of=department.patient(site, email="", email_consent=False))
    order = lost.procedure.order
    calls.done(order.tasks.get(kind=Task.Kind.PHONE), by=lead, now=NOW)  # the time was told
    acceptance.accept(break_all_cameras(site, lead), by=lead, now=LATER)
    [call] = order.tasks.filter(kind=Task.Kind.PHONE, closed_at=None)
    assert call.about.startswith(f"appointment:{lost.pk}:")


def test_a_technologist_moves_patients_but_may_not_cancel_them(site, appointments):
    technologist = department.technologist(site)
    replan = break_all_cameras(site, technologist)
    with pytest.raises(NotAllowed):
        acceptance.accept(replan, by=technologist, now=LATER)
    appointments[0].refresh_from_db()
    assert appointments[0].state == AppointmentState.BOOKED


def test_the_stat_patient_is_kept_before_the_routine_patients(site, lead):
    by = department.scheduler(site)
    routine = [department.booked(site, by=by) for _ in range(6)]
    stat = department.booked(site, by=by, priority="stat")
    # One camera is left, for the last hour and a half: three patients of seven.
    disruptions.report(
        site,
        kind=DisruptionKind.ROOM_DOWN,
        resource=room(site, "Camera 2"),
        ends_at=NOW + timedelta(hours=9, minutes=30),
        by=lead,
        now=NOW,
    )
    replan = break_camera(site, lead)
    solving.solve_due(now=LATER)
    lost = set(replan.changes.filter(kind=LOST).values_list("appointment", flat=True))
    assert stat.pk not in lost
    assert len(lost) == len(routine) + 1 - 3


def test_a_plan_on_an_older_state_of_the_day_is_refused(site, lead, appointments):
    replan = break_camera(site, lead)
    department.booked(site, by=department.scheduler(site))
    with pytest.raises(Conflict, match="The day has changed since this plan was made"):
        acceptance.accept(replan, by=lead, now=LATER)
    newer = replanning.propose(replan.disruption, by=lead, now=LATER)
    acceptance.accept(newer, by=lead, now=LATER)
    assert set(Replan.objects.values_list("state", flat=True)) == {
        ReplanState.ACCEPTED,
        ReplanState.DISCARDED,
    }


def test_another_closure_makes_a_plan_stale(site, lead, appointments):
    replan = break_camera(site, lead)
    break_camera(site, lead, name="X-ray 2")
    with pytest.raises(Conflict, match="The day has changed"):
        acceptance.accept(replan, by=lead, now=LATER)


def test_a_change_that_does_not_fit_any_more_refuses_the_whole_plan(site, lead, appointments, monkeypatch):
    replan = break_camera(site, lead)
    monkeypatch.setattr(brokenday, "fingerprint", lambda *args, **known: replan.based_on)
    Closure.objects.create(site=site, span=(NOW, EVENING), reason="Flood")
    with pytest.raises(Conflict, match=r"does not fit\. .* Compute the plan again"):
        acceptance.accept(replan, by=lead, now=LATER)
    assert not Message.objects.filter(kind=MessageKind.MOVED).exists()
    assert not replan.changes.exclude(accepted_at=None).exists()


def test_a_plan_is_accepted_once(site, lead, appointments):
    replan = break_camera(site, lead)
    acceptance.accept(replan, by=lead, now=LATER)
    with pytest.raises(Conflict, match="This plan is accepted"):
        acceptance.accept(replan, by=lead, now=LATER)


@pytest.mark.parametrize("change_ids", [[], [0]])
def test_choosing_nobody_or_somebody_of_another_plan_is_refused(site, lead, appointments, change_ids):
    with pytest.raises(Invalid):
        acceptance.accept(break_camera(site, lead), change_ids=change_ids, by=lead, now=LATER)


def test_a_begun_examination_goes_on_in_another_room_and_nothing_done_is_touched(site, lead, appointments):
    ready, at = department.ready(appointments[0])
    by = department.technologist(site)
    ventilation = ready.steps.get(kind=StepKind.VENTILATION)
    visits.start(ventilation, by=by, now=at)
    ended = at + timedelta(minutes=15)
    visits.end(ventilation, by=by, now=ended)
    name = (
        Reservation.objects.occupying()
        .get(step__appointment=ready, step__kind=StepKind.PERFUSION, resource__name__startswith="Camera")
        .resource.name
    )
    replan = break_camera(site, lead, name=name, now=ended)
    assert replan.changes.get(appointment=ready).kind == MOVE
    acceptance.accept(replan, by=lead, now=ended + timedelta(minutes=1))
    ready.refresh_from_db()
    perfusion = ready.steps.get(kind=StepKind.PERFUSION)
    assert (ready.state, ready.revision) == (AppointmentState.IN_PROGRESS, 1)
    assert perfusion.state == StepState.SCHEDULED
    assert perfusion.planned_start_at > ended
    assert ready.pk not in on(room(site, name))
    assert ready.pk in on(room(site, "Camera 1" if name == "Camera 2" else "Camera 2"))


def test_what_was_broken_off_is_not_planned_again_and_the_rest_goes_on_elsewhere(site, lead, appointments):
    ready, at = department.ready(appointments[0])
    by = department.technologist(site)
    ventilation = ready.steps.get(kind=StepKind.VENTILATION)
    visits.start(ventilation, by=by, now=at)
    ended = at + timedelta(minutes=5)
    visits.discontinue(ventilation, reason="Coughs too much", by=by, now=ended)
    name = next(name for name in ("Camera 1", "Camera 2") if ready.pk in on(room(site, name)))
    replan = break_camera(site, lead, name=name, now=ended)
    assert [row["kind"] for row in replan.changes.get(appointment=ready).after] == [StepKind.PERFUSION]
    acceptance.accept(replan, by=lead, now=ended + timedelta(minutes=1))
    assert ready.pk not in on(room(site, name))
    assert ready.steps.get(kind=StepKind.VENTILATION).state == StepState.DISCONTINUED
    assert ready.steps.get(kind=StepKind.PERFUSION).planned_start_at >= ended + timedelta(minutes=5)


def test_a_patient_whose_xray_is_running_is_left_to_people(site, lead, appointments):
    first = appointments[0]
    at = first.xray_ends_at - timedelta(minutes=5)
    by = department.technologist(site)
    arrivals.check_in(first, **department.HERE, by=by, now=at)
    visits.start(first.steps.get(kind=StepKind.XRAY), by=by, now=at)
    name = (
        Reservation.objects.occupying()
        .get(step__appointment=first, resource__name__startswith="Camera")
        .resource.name
    )
    replan = break_camera(site, lead, name=name, now=at)
    change = replan.changes.get(appointment=first)
    assert (change.kind, change.effects) == (
        ReplanChange.Kind.HAND,
        [f"Perfusion: {name} is out of order."],
    )
    with pytest.raises(Invalid):
        acceptance.accept(replan, change_ids=[change.pk], by=lead, now=at)


def test_what_two_patients_share_by_overbooking_is_left_as_it_is(site, lead):
    by = department.scheduler(site)
    booked, stat = department.booked(site, by=by), department.order(site, by=by, priority="stat")
    starts = {step.kind: step.planned_start_at for step in booked.steps.all()}
    double = booking.book(stat, starts=starts, by=lead, now=NOW, overbook_reason="Shock, unstable patient")
    found = brokenday.of(site, TODAY, now=NOW)
    assert {found.appointments[each.id].pk for each in found.engine.visits if each.frozen} == {
        booked.pk,
        double.pk,
    }


# --- the end ------------------------------------------------------------------------------------------------


def test_when_it_works_again_the_rest_of_the_time_is_free_and_the_plan_is_put_aside(site, lead, appointments):
    replan = break_camera(site, lead)
    disruption = disruptions.close(replan.disruption, by=lead, now=NOW + timedelta(hours=1))
    assert Closure.objects.get().span.upper == NOW + timedelta(hours=1)
    replan.refresh_from_db()
    assert (replan.state, disruption.closed_by) == (ReplanState.DISCARDED, lead)
    with pytest.raises(Conflict, match="over already"):
        disruptions.close(disruption, by=lead, now=NOW + timedelta(hours=1))
    with pytest.raises(Conflict, match="over already"):
        replanning.propose(disruption, by=lead, now=NOW + timedelta(hours=1))


def test_a_plan_for_a_day_outside_of_the_disruption_is_refused(site, lead):
    replan = break_camera(site, lead)
    with pytest.raises(Invalid, match="not part of it"):
        replanning.propose(replan.disruption, day=TODAY + timedelta(days=1), by=lead, now=NOW)


def test_the_plan_of_a_later_day_of_a_long_disruption(site, lead):
    tomorrow = TODAY + timedelta(days=1)
    booked = department.booked(site, first_day=tomorrow)
    camera = next(name for name in ("Camera 1", "Camera 2") if booked.pk in on(room(site, name)))
    replan = break_camera(site, lead, name=camera, ends_at=EVENING + timedelta(days=2))
    later = replanning.propose(replan.disruption, day=tomorrow, by=lead, now=NOW)
    assert [each.appointment_id for each in later.changes.all()] == [booked.pk]
