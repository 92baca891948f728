"""The visits of a plan: how often, and from when to when, the patient comes."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from django.db.models import Q

from scheduling.engine.states import StepState
from scheduling.models import Reservation, ResourceKind, StepKind
from scheduling.templatetags import clock

READ_AHEAD = "times_read_ahead"


@dataclass(frozen=True, slots=True)
class Visit:
    """One coming to the clinic; of several all but the last are `is_first_of_two`."""

    starts_at: datetime
    ends_at: datetime
    is_first_of_two: bool = False
    is_xray_only: bool = field(default=False, compare=False)
    number: int = field(default=1, compare=False)

    @property
    def part(self):
        """Tells the visits of one plan apart, and stays when an earlier one is over; the last is the plan's own."""
        if not self.is_first_of_two:
            return ""
        return "-first" if self.is_xray_only else "-second"


def visits(appointment, times=None):
    """The visits of the plan, one for each local day: the X-ray may be on the day before, held ventilation on the next.

    An X-ray that was done already, or elsewhere, is not a visit any more, nor is ventilation that was given up.
    `times`: (from, to, kind of step) of the patient's own time, in order, where they are known.
    """
    zone = appointment.site.time_zone
    times = (
        times or appointment.__dict__.get(READ_AHEAD) or _planned_times([appointment]).get(appointment.pk, [])
    )
    return _by_day(times, zone) or [Visit(appointment.starts_at, appointment.ends_at)]


def _by_day(times, zone):
    days = [list(each) for _, each in groupby(times, lambda t: clock.local(t[0], zone).date())]
    return [
        Visit(
            starts_at=times[0][0],
            ends_at=max(ends_at for _, ends_at, _ in times),
            is_first_of_two=times is not days[-1],
            is_xray_only=all(kind == StepKind.XRAY for _, _, kind in times),
            number=number,
        )
        for number, times in enumerate(days, 1)
    ]


def read_ahead(appointments):
    """Read the patients' times of many plans in one query; `visits` of these very objects then asks nothing."""
    found = _planned_times(appointments)
    for each in appointments:
        setattr(each, READ_AHEAD, found.get(each.pk, []))


def _planned_times(appointments):
    """{key of an appointment: [(from, to, kind of step) of the patient's own time in its present plan, in order]}."""
    done = Q(step__kind=StepKind.XRAY) & (
        Q(step__performed_start_at__isnull=False) | Q(step__performed_end_at__isnull=False)
    )
    given_up = Q(step__state=StepState.CANCELLED) & ~Q(step__discontinued_reason="")
    rows = Reservation.objects.filter(step__appointment__in=appointments, resource__kind=ResourceKind.PATIENT)
    rows = rows.exclude(done).exclude(given_up).order_by("span")
    plans, found = {each.pk: each.revision for each in appointments}, {}
    for key, revision, span, kind in rows.values_list(
        "step__appointment_id", "revision", "span", "step__kind"
    ):
        if revision == plans[key]:
            found.setdefault(key, []).append((span.lower, span.upper, kind))
    return found


def offered_visits(offer):
    """The one or two visits of a time that is offered from the waitlist."""
    planned = offer.planned_visits
    return [Visit(**each, is_first_of_two=each is not planned[-1]) for each in planned]


def dropped_visits(appointment, planned, *, now):
    """Visits of earlier plans, still to come, that have none in their place in this plan; the newest of each."""
    here = {visit.part for visit in planned}
    found = {}
    for times in _earlier_times(appointment):
        for visit in _by_day(times, appointment.site.time_zone):
            found.setdefault(visit.part, visit)
    return [visit for part, visit in found.items() if part not in here and visit.ends_at > now]


def _earlier_times(appointment):
    """[(from, to, kind of step), ...] of the patient's own time in each earlier plan, the newest plan first."""
    rows = Reservation.objects.filter(
        step__appointment=appointment,
        resource__kind=ResourceKind.PATIENT,
        revision__lt=appointment.revision,
    )
    rows = rows.order_by("-revision", "span").values_list("revision", "span", "step__kind")
    for _, plan in groupby(rows, lambda row: row[0]):
        yield [(span.lower, span.upper, kind) for _, span, kind in plan]
