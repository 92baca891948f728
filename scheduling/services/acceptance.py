"""Accepting a plan, or a part of it: all chosen changes in one transaction, every rule checked as for any move."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.states import ReplanState, StepState
from scheduling.models import (
    DoseClaim,
    Hold,
    Replan,
    ReplanChange,
    Reservation,
    ScheduledProcedureStep,
    Task,
)
from scheduling.services import (
    booking,
    brokenday,
    day_doses,
    locked_days,
    placements,
    recheck,
    replanning,
    reservations,
    search,
    tracers,
    transitions,
)
from scheduling.services.messages import calls
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

Kind = ReplanChange.Kind
LONGEST_STEP_MINUTES = 60
"""Around a start, for the sentence on whose time is needed."""


@transaction.atomic
def accept(replan, *, by, now, change_ids=None):
    """Carry out the changes of a plan: all of them, or those named; returns the accepted Replan.

    All or nothing. A plan of an older state of the day is refused (Conflict), and so is one in which any change
    does not fit any more. Patients who are moved are told by the reminders' rules; who is lost goes back to the
    list of orders with a call to make.
    """
    policy.permit(by, "replan.accept")
    Replan.objects.select_for_update(no_key=True).get(pk=replan.pk)
    replan = Replan.objects.select_related("disruption__site").get(pk=replan.pk)
    chosen = _chosen(replan, change_ids)
    appointments = {
        change.appointment_id: reservations.locked(change.appointment)
        for change in sorted(chosen, key=lambda each: each.appointment_id)
    }
    if refusal := replanning.why_not_accept(replan, now=now):
        raise Conflict(refusal)
    moves = [(change, appointments[change.appointment_id]) for change in chosen if change.kind == Kind.MOVE]
    lost = [(change, appointments[change.appointment_id]) for change in chosen if change.kind == Kind.LOST]
    _move_all(replan, moves, [each for _, each in lost], by=by, now=now)
    for _, appointment in lost:
        _give_up(replan, appointment, by=by, now=now)
    ReplanChange.objects.filter(pk__in=[each.pk for each in chosen]).update(accepted_at=now)
    transitions.move(replan, ReplanState.ACCEPTED, ended_at=now, ended_by=by)
    patients = sorted(each.procedure.order.patient_id for each in appointments.values())
    audit.record("replan.accepted", replan, by=by, patients=patients, moved=len(moves), lost=len(lost))
    return replan


def _chosen(replan, change_ids):
    possible = _possible(replan).select_related("appointment")
    if change_ids is None:
        chosen = list(possible)
    else:
        chosen = [each for each in possible if each.pk in set(change_ids)]
        if len(chosen) != len(set(change_ids)):
            raise Invalid(
                "These changes are not of this plan.", fields={"changes": ["Choose from the list."]}
            )
    if not chosen:
        sentence = "Choose at least one patient."
        raise Invalid(sentence, fields={"changes": [sentence]})
    return chosen


def _possible(replan):
    return replan.changes.filter(kind__in=[Kind.MOVE, Kind.LOST])


def _move_all(replan, moves, lost, *, by, now):
    """All that moves or falls away is freed first, under locks; then each takes its new place."""
    everybody = [*(appointment for _, appointment in moves), *lost]
    if not moves:
        tracers.lock_of(steps=[step.pk for each in everybody for step in _freed(each)])
        return
    _refuse_unmovable(moves)
    left_out = _possible(replan).exclude(appointment__in=everybody).values_list("appointment", flat=True)
    left_out = list(left_out)
    held = [pk for each in everybody for pk in each.procedure.order.holds.live().values_list("pk", flat=True)]
    all_days = locked_days.lock(
        replan.disruption.site,
        [_starts(change).values() for change, _ in moves],
        now=now,
        patients=[each.procedure.order.patient.resource_id for each in everybody],
        tokens=held,
        steps=[step.pk for each in everybody for step in _freed(each)],
    )
    for (change, appointment), days in zip(moves, all_days, strict=True):
        _move(replan, change, appointment, days, left_out=left_out, by=by, now=now)
    reservations.end_holds(held, Hold.Outcome.RELEASED)


def _refuse_unmovable(moves):
    for _, appointment in moves:
        if brokenday.has_begun(appointment):
            continue
        if refusal := search.why_not_move(appointment):
            raise Conflict(f"{_name(appointment)} cannot be moved. {refusal}")


def _freed(appointment):
    """The steps whose time is given up: of a begun examination only those still to come."""
    steps = appointment.steps.all()
    return steps.filter(state=StepState.SCHEDULED) if brokenday.has_begun(appointment) else steps


def _starts(change):
    return {row["kind"]: datetime.fromisoformat(row["starts_at"]) for row in change.after}


def _move(replan, change, appointment, days, *, left_out, by, now):
    plan = _fitting(change, appointment, days, now, left_out)
    if brokenday.has_begun(appointment):
        _go_on_elsewhere(replan, appointment, plan, by=by)
        return
    placements.rebook(appointment, plan, by=by, now=now, replan=replan.pk)


def _fitting(change, appointment, days, now, left_out):
    """The Plan with the rooms and people of the change, or others of their kind where those are gone."""
    starts = _starts(change)
    question = brokenday.question_of(appointment, days, now)
    recheck.complete(question, starts)
    minutes = {kind: to_minute(moment) for kind, moment in starts.items()}
    question = day_doses.as_planned(question, change.after, minutes)
    found = engine.fits(question, minutes, change.resource_ids)
    if isinstance(found, str):
        advice = _whom_to_choose_too(change, minutes, left_out) or "Compute the plan again."
        raise Conflict(f"{_name(appointment)} does not fit. {found} {advice}")
    return recheck.Plan(question, found, starts)


def _whom_to_choose_too(change, minutes, left_out):
    """A sentence on those whose time or dose this change needs, and who were not chosen; None without any."""
    rooms_and_people = {each for ids in change.resource_ids.values() for each in ids}
    rows = Reservation.objects.occupying().filter(
        step__appointment__in=left_out,
        resource__in=rooms_and_people,
        start_minute__lt=max(minutes.values()) + LONGEST_STEP_MINUTES,
        end_minute__gt=min(minutes.values()) - LONGEST_STEP_MINUTES,
    )
    batches = [row["batch"] for row in change.after if "batch" in row]
    drawn = DoseClaim.objects.live().filter(step__appointment__in=left_out, batch__in=batches, extra=None)
    needed = {what: _names(rows) for what, rows in (("time", rows), ("dose", drawn))}
    names = dict.fromkeys(name for each in needed.values() for name in each)
    whats = " and ".join(what for what, each in needed.items() if each)
    return f"Choose {' and '.join(names)} too: it needs their {whats}." if names else None


def _names(rows):
    """10:20, 11:05: the appointments of reservations or doses."""
    rows = rows.select_related("step__appointment__site").order_by("step__appointment__starts_at")
    return dict.fromkeys(_name(row.step.appointment).removeprefix("The appointment of ") for row in rows)


def _name(appointment):
    at = appointment.starts_at.astimezone(ZoneInfo(appointment.site.time_zone))
    return f"The appointment of {at:%H:%M}"


def _go_on_elsewhere(replan, appointment, plan, *, by):
    """The rest of a begun examination gets other rooms, people or times; what has happened stays."""
    left = list(appointment.steps.filter(state=StepState.SCHEDULED))
    placed = {step.step_key: step for step in plan.found.steps}
    for step in left:
        if step.kind in placed:
            step.planned_start_at = to_datetime(placed[step.kind].start)
            step.planned_end_at = to_datetime(placed[step.kind].end)
    ScheduledProcedureStep.objects.bulk_update(left, ["planned_start_at", "planned_end_at"])
    reservations.reserve(appointment, left, plan.found, plan.question)
    audit.record(
        "appointment.rest_moved",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        replan=replan.pk,
        starts={kind: moment.isoformat() for kind, moment in plan.starts.items()},
    )


def _give_up(replan, appointment, *, by, now):
    """The appointment is cancelled; the order waits to be booked again, with its priority and a call to make."""
    what = replan.disruption.get_kind_display()
    appointment = booking.cancel(appointment, reason=f"{what}: no other time on this day", by=by, now=now)
    if calls.tells_of_cancellation(appointment):
        return
    Task.objects.create(
        order=appointment.procedure.order,
        kind=Task.Kind.PHONE,
        about=f"replan:{replan.pk}",
        sentence="Phone the patient: the appointment is cancelled because something broke. Find a new time.",
        opened_at=now,
        due_at=now,
    )
