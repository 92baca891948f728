"""Appointments that a change of the department would leave without their room, person or protocol. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.engine.adjustments import implied
from scheduling.engine.calendars import local_day_bounds, open_minutes, to_datetime, to_minute
from scheduling.engine.intervals import covering, union
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.models import Appointment, Capability, Reservation
from scheduling.services import calendars

MINUTE = timedelta(minutes=1)
PATHS = ("step__appointment__procedure__order__patient", "step__appointment__procedure__protocol")
STEPS = "step__appointment__procedure__protocol__steps"


@dataclass(frozen=True, slots=True)
class Affected:
    """One appointment, when the part in question begins, and what is wrong with it then."""

    appointment: Appointment
    at: datetime
    why: str

    @property
    def patient(self):
        return self.appointment.procedure.order.patient


def booked(resource, *, starts_on, now):
    """What is booked of a room or a person from a local day on, for steps that are still to come."""
    zone = ZoneInfo(resource.site.time_zone)
    begins = max(local_day_bounds(starts_on, zone)[0], to_minute(now))
    rows = Reservation.objects.filter(
        resource=resource,
        status__in=[Reservation.Status.BOOKED, Reservation.Status.OVERBOOKED],
        start_minute__gte=begins,
        step__state=StepState.SCHEDULED,
        step__appointment__state__in=LIVE_APPOINTMENT,
    )
    rows = rows.select_related(*PATHS).prefetch_related(STEPS)
    return list(rows.order_by("start_minute", "pk"))


def outside_hours(resource, before, after, *, starts_on, now):
    """Who lies within the weekly hours `before` and not within those `after`, each as engine.calendars takes them."""
    rows = booked(resource, starts_on=starts_on, now=now)
    if not rows:
        return []
    zone = ZoneInfo(resource.site.time_zone)
    last = max(to_datetime(row.end_minute).astimezone(zone).date() for row in rows)
    old, new = (_open(resource.site, hours, zone, starts_on, last) for hours in (before, after))
    return _once(rows, lambda row: _loses(row, old, new), "The room is not open then.")


def outside_shifts(person, before, after, *, starts_on, now):
    """Who loses this person: booked within the minutes `before` and not within those `after`."""
    rows = booked(person, starts_on=starts_on, now=now)
    return _once(rows, lambda row: _loses(row, before, after), f"{person.name} does not work then.")


def without_capability(resource, after, *, starts_on, now):
    """Who is booked with a room or a person for something that it cannot do any more."""
    rows = booked(resource, starts_on=starts_on, now=now)
    needs = {row.pk: _needed(row, resource) for row in rows}
    can = implied(after)
    return _once(rows, lambda row: not needs[row.pk] <= can, f"{resource.name} cannot do this any more.")


def all_of(resource, *, starts_on, now):
    """Everybody who is booked with a room or a person that is given up."""
    rows = booked(resource, starts_on=starts_on, now=now)
    return _once(rows, lambda row: True, f"{resource.name} is not there any more.")


def of_protocol(protocol, *, starts_on, now):
    """Who is booked with a protocol from a local day on; their steps stay as they are booked."""
    zone = ZoneInfo(protocol.site.time_zone)
    begins = max(to_datetime(local_day_bounds(starts_on, zone)[0]), now)
    rows = Appointment.objects.filter(
        procedure__protocol=protocol, state=AppointmentState.BOOKED, starts_at__gte=begins
    )
    rows = rows.select_related("procedure__order__patient").order_by("starts_at", "pk")
    return [Affected(row, row.starts_at, "Stays as it is booked.") for row in rows]


def with_other_times(protocol, *, now):
    """Who is booked with other lengths than the protocol's own now: an earlier protocol, or the patient's answers."""
    lengths = {step.kind: step.acquisition_minutes for step in protocol.steps.all()}
    rows = Appointment.objects.filter(
        procedure__protocol=protocol, state=AppointmentState.BOOKED, starts_at__gte=now
    )
    rows = (
        rows.select_related("procedure__order__patient").prefetch_related("steps").order_by("starts_at", "pk")
    )
    return [
        Affected(row, row.starts_at, "Booked with other times than the protocol's.")
        for row in rows
        if any(_length(step) not in (None, lengths.get(step.kind)) for step in row.steps.all())
    ]


def _length(step):
    """Planned minutes of a step; None where it has no plan, or a length for this patient."""
    if (
        step.planned_start_at is None
        or step.planned_end_at is None
        or step.acquisition_minutes
        or step.elsewhere
    ):
        return None
    return (step.planned_end_at - step.planned_start_at) // MINUTE


def _open(site, hours, zone, first, last):
    regular = [each for each, on_call in hours if not on_call]
    called = [each for each, on_call in hours if on_call]
    period = {"zone": zone, "first_day": first, "last_day": last}
    free_days = calendars.public_holidays(site.country, site.subdivision, first.year, last.year)
    return union(open_minutes(regular, **period, closed_days=free_days), open_minutes(called, **period))


def _loses(row, old, new):
    span = row.start_minute, row.end_minute
    return bool(covering(old, *span)) and not covering(new, *span)


def _needed(row, resource):
    """What the booked step asks of this room or person; a bay is asked for preparing only."""
    step = next(
        (each for each in row.step.appointment.procedure.protocol.steps.all() if each.kind == row.step.kind),
        None,
    )
    if step is None:
        return frozenset()
    wanted = frozenset(step.room_capabilities) | {step.qualification}
    can = implied(resource.capabilities)
    # The answers of a patient may have changed what was needed: what it could not do before is no matter now.
    if Capability.PREP_BAY in can and not frozenset(step.room_capabilities) <= can:
        return frozenset({Capability.PREP_BAY})
    return wanted & can


def _once(rows, is_affected, why):
    """The first affected part of each appointment."""
    found = {}
    for row in rows:
        appointment = row.step.appointment
        if appointment.pk not in found and is_affected(row):
            found[appointment.pk] = Affected(appointment, row.span.lower, why)
    return list(found.values())
