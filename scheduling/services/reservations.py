"""The rows that keep others out: reserve, release, and give a step to another technologist."""

from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction

from scheduling.engine.calendars import to_datetime
from scheduling.engine.states import StepState
from scheduling.models import Appointment, Reservation, Resource, ResourceKind
from scheduling.services import availability, locks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

TAKEN = "This time has just been taken. Choose another."
DATABASE_REFUSALS = {"23P01", "55P03", "40P01"}  # exclusion, lock time-out, deadlock


def locked(appointment):
    """The appointment as it is now, locked to the end of the transaction, with order, patient and site loaded.

    Two queries: rows joined to a locked one are those of before the wait.
    """
    Appointment.objects.select_for_update().get(pk=appointment.pk)
    return Appointment.objects.select_related(
        "site", "procedure__protocol", "procedure__order__patient", "procedure__order__site"
    ).get(pk=appointment.pk)


def reserve(appointment, steps, found, question):
    """One row per resource and step; a room's own clearance follows the last step of the visit in that room."""
    by_kind = {step.kind: step for step in steps}
    last_end = {who: end for step in found.steps for who, _, end in step.resources}
    extra = _own_clearance(resource.id for resource in question.resources)
    rows = [
        Reservation(
            resource_id=who,
            step=by_kind[step.step_key],
            revision=appointment.revision,
            status=Reservation.Status.BOOKED,
            span=(to_datetime(start), to_datetime(end + (extra[who] if end == last_end[who] else 0))),
        )
        for step in found.steps
        for who, start, end in step.resources
    ]
    _insert(sorted(rows, key=lambda row: row.resource_id), refusal=TAKEN)


def _own_clearance(resource_ids):
    rows = Resource.objects.filter(pk__in=list(resource_ids)).select_related("room")
    return {row.pk: availability.clearance_minutes(row) for row in rows}


def _insert(rows, *, refusal):
    """Insert reservations; the exclusion constraint is the last line."""
    try:
        with transaction.atomic():
            Reservation.objects.bulk_create(rows)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) not in DATABASE_REFUSALS:
            raise
        raise Conflict(refusal) from error


def release_step(step):
    """Free the time of one step that will not be done."""
    step.reservations.occupying().update(status=Reservation.Status.RELEASED)


def release(appointment):
    """Free all the time of an appointment; the rows stay as its history."""
    Reservation.objects.occupying().filter(step__appointment=appointment).update(
        status=Reservation.Status.RELEASED
    )


@transaction.atomic
def release_expired(*, now):
    """Release the holds whose time is over; returns how many. Rows that a booking is releasing are left to it."""
    expired = Reservation.objects.expired(now).select_for_update(skip_locked=True)
    return Reservation.objects.filter(pk__in=expired.values("pk")).update(status=Reservation.Status.RELEASED)


@transaction.atomic
def assign_technologist(step, *, technologist, by, now):
    """Give one step to another technologist, without a new revision of the plan."""
    policy.permit(by, "technologist.assign")
    appointment = Appointment.objects.select_for_update().get(pk=step.appointment_id)
    held = step.reservations.occupying().filter(resource__kind=ResourceKind.TECHNOLOGIST).first()
    needed = appointment.procedure.protocol.steps.get(kind=step.kind).qualification
    if held is None or step.state not in (StepState.SCHEDULED, StepState.IN_PROGRESS):
        raise Conflict("This step has no technologist to replace.")
    if technologist.site_id != appointment.site_id or needed not in technologist.capabilities:
        raise Invalid(
            "This person is not qualified for this step.", fields={"technologist": ["Choose another."]}
        )
    locks.take([held.resource_id, technologist.pk], _days(held.span.lower, held.span.upper, appointment.site))
    Reservation.objects.filter(pk=held.pk).update(status=Reservation.Status.RELEASED)
    _insert(
        [
            Reservation(
                resource=technologist,
                step=step,
                revision=appointment.revision,
                status=Reservation.Status.BOOKED,
                span=held.span,
            )
        ],
        refusal=f"{technologist.name} is busy at this time.",
    )
    audit.record(
        "technologist.assigned",
        step,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        technologist=technologist.name,
    )


def _days(starts_at, ends_at, site):
    zone = ZoneInfo(site.time_zone)
    return range(starts_at.astimezone(zone).toordinal(), ends_at.astimezone(zone).toordinal() + 1)
