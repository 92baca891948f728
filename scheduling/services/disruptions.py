"""Something broke: one report writes what is gone, so that nobody books it, and asks for a plan of the day."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling.engine.states import LIVE_APPOINTMENT, StepState
from scheduling.models import (
    Closure,
    Disruption,
    DisruptionKind,
    Reservation,
    ResourceKind,
    StepKind,
    TracerBatch,
)
from scheduling.models.disruptions import OF_APPOINTMENT, OF_BATCH, OF_ROOM
from scheduling.services import closures, replanning, reservations, tracers
from scheduling.services.tracers import stock
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

Kind = DisruptionKind
LONGEST_OVERRUN = timedelta(hours=6)
REASON_LENGTH = Disruption._meta.get_field("reason").max_length


@transaction.atomic
def report(
    site,
    *,
    kind,
    by,
    now,
    ends_at=None,
    starts_at=None,
    resource=None,
    appointment=None,
    batch=None,
    reason="",
):
    """Report what broke and make the first plan; returns the Disruption, whose newest replan is the plan.

    `starts_at`: now by default. `ends_at`: when it is expected to be over; for what is late, to be there; for a
    batch that failed, its expiry. A room or a person is closed for that time. Raises Invalid or Conflict, and
    NotAllowed for a later day where the user may not plan ahead.
    """
    policy.permit(by, "disruption.report")
    _check_subject(site, kind, resource, appointment, batch)
    starts_at = starts_at or now
    ends_at = batch.expires_at if kind == Kind.TRACER_FAILED else ends_at
    if ends_at is None:
        raise Invalid("Say until when.", fields={"ends_at": ["Say until when."]})
    closures.check_span(starts_at, ends_at, now)
    closures.permit_ahead(site, starts_at, by=by, now=now)
    disruption = _written(
        site=site,
        kind=kind,
        resource=resource if kind not in (*OF_APPOINTMENT, *OF_BATCH) else None,
        appointment=appointment if kind in OF_APPOINTMENT else None,
        batch=batch if kind in OF_BATCH else None,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        reported_at=now,
        reported_by=by,
    )
    _take_effect(disruption, by=by, now=now)
    waiting = tracers.stranded(batch, now=now) if disruption.batch else []
    replanning.propose(disruption, by=by, now=now, day=_day_to_plan(disruption, waiting, now))
    return disruption


@transaction.atomic
def without_dose(batch, stranded, *, by, now):
    """What became of a batch is known and leaves these claims, by time, without a dose: a plan for the day of the
    first, in the disruption of the batch that is open or in a new one. Returns it; None for nobody, or too late.
    """
    policy.permit(by, "disruption.report")
    if not stranded or batch.expires_at <= now:
        return None
    kind = Kind.TRACER_FAILED if batch.state == TracerBatch.State.FAILED else Kind.TRACER_LATE
    is_awaited = kind == Kind.TRACER_LATE and batch.usable_from > now
    disruption = Disruption.objects.current().filter(batch=batch, kind=kind).select_related("site").first()
    disruption = disruption or _written(
        site=batch.site,
        kind=kind,
        batch=batch,
        starts_at=now,
        ends_at=batch.usable_from if is_awaited else batch.expires_at,
        reason=batch.failed_reason[:REASON_LENGTH],
        reported_at=now,
        reported_by=by,
    )
    replanning.propose(disruption, by=by, now=now, day=_day_to_plan(disruption, stranded, now))
    return disruption


def current_of(batch_ids):
    """The disruption of one of these batches that was reported last and is not over, or None."""
    return Disruption.objects.current().filter(batch__in=batch_ids).order_by("-reported_at").first()


def subject_of(disruption):
    """What is broken, as people call it: Camera 1, MAA kit 07:30; "" for what happens to one patient."""
    if disruption.batch:
        disruption.batch.site = disruption.site
        return stock.name_of(disruption.batch)
    return disruption.resource.name if disruption.resource else ""


def _written(**fields):
    disruption = Disruption.objects.create(**fields)
    of = disruption.appointment
    patients = [of.procedure.order.patient_id] if of else []
    audit.record(
        "disruption.reported", disruption, by=disruption.reported_by, patients=patients, kind=disruption.kind
    )
    return disruption


def _day_to_plan(disruption, waiting, now):
    """The day of the first of those who wait for a dose (claims by time); without any the first that is not over."""
    first, last = replanning.first_day(disruption, now), replanning.last_day(disruption)
    if not waiting:
        return first
    day = waiting[0].needed_at.astimezone(ZoneInfo(disruption.site.time_zone)).date()
    return min(max(first, day), last)


def _check_subject(site, kind, resource, appointment, batch):
    if kind in OF_APPOINTMENT:
        subject, field, sentence = appointment, "appointment", "Choose the patient's appointment."
    elif kind in OF_BATCH:
        subject, field, sentence = batch, "batch", "Choose the generator or kit."
    elif kind in OF_ROOM:
        subject, field, sentence = resource, "resource", "Choose the room."
    else:
        subject, field, sentence = resource, "resource", "Choose the person."
    if subject is None or subject.site_id != site.pk or not _is_of_kind(kind, resource):
        raise Invalid(sentence, fields={field: [sentence]})


def _is_of_kind(kind, resource):
    if kind in OF_ROOM:
        return resource.kind == ResourceKind.ROOM
    return kind != Kind.PERSON_AWAY or resource.kind == ResourceKind.TECHNOLOGIST


def _take_effect(disruption, *, by, now):
    """What follows from a report beside the plan."""
    if disruption.kind == Kind.SCAN_OVERRUNS:
        _close_overrun(disruption, by=by)
    elif disruption.kind == Kind.XRAY_LATE:
        _check_xray(disruption)
    elif disruption.kind == Kind.TRACER_LATE:
        tracers.delay(disruption.batch, usable_from=disruption.ends_at, by=by, now=now)
    elif disruption.kind == Kind.TRACER_FAILED:
        tracers.fail(disruption.batch, reason=_reason(disruption), by=by, now=now)
    else:
        _close(disruption, disruption.resource, disruption.starts_at, disruption.ends_at, by=by)


def _close(disruption, resource, starts_at, ends_at, *, by):
    closure = closures.write(
        disruption.site,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=_reason(disruption),
        by=by,
        resource=resource,
    )
    disruption.closures.add(closure)


def _reason(disruption):
    return disruption.reason or disruption.get_kind_display()


def _close_overrun(disruption, *, by):
    """Room and people of the running scan are taken for as much longer as it takes."""
    appointment = reservations.locked(disruption.appointment)
    # Of steps acquired together only the first has the room and the people.
    running = list(appointment.steps.filter(state=StepState.IN_PROGRESS, planned_end_at__isnull=False))
    if not running:
        raise Conflict("No scan of this patient is running. Start it first, or move the appointment.")
    planned_end_at = max(step.planned_end_at for step in running)
    longer = disruption.ends_at - planned_end_at
    if not timedelta(0) < longer <= LONGEST_OVERRUN:
        sentence = f"Enter a time up to 6 hours after the planned end, {_clock(appointment, planned_end_at)}."
        raise Invalid(sentence, fields={"ends_at": [sentence]})
    rows = Reservation.objects.occupying().filter(step__in=running, span__endswith__gte=planned_end_at)
    for row in rows.exclude(resource__kind=ResourceKind.PATIENT).select_related("resource"):
        _close(disruption, row.resource, row.span.upper, row.span.upper + longer, by=by)


def _clock(appointment, moment):
    return f"{moment.astimezone(ZoneInfo(appointment.site.time_zone)):%H:%M}"


def _check_xray(disruption):
    appointment = disruption.appointment
    xray = appointment.steps.filter(kind=StepKind.XRAY).first()
    waits = xray is not None and xray.state in (StepState.SCHEDULED, StepState.IN_PROGRESS)
    if appointment.state not in LIVE_APPOINTMENT or not waits:
        raise Conflict("This patient waits for no chest X-ray. Look at the appointment again.")


@transaction.atomic
def close(disruption, *, by, now):
    """It works again, or is there: what was closed for it opens now, and plans for it are put aside."""
    policy.permit(by, "disruption.report")
    disruption = (
        Disruption.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site")
        .get(pk=disruption.pk)
    )
    if disruption.closed_at:
        raise Conflict("This is over already.")
    for closure in Closure.objects.filter(disruptions=disruption, span__endswith__gt=now):
        closures.cut_short(closure, now=now)
    replanning.end_open(disruption, by=by, now=now)
    disruption.closed_at, disruption.closed_by = now, by
    disruption.save(update_fields=["closed_at", "closed_by"])
    audit.record("disruption.closed", disruption, by=by)
    return disruption
