"""One local day as its printed lists see it: who is on them, which steps, and how a time is written."""

from dataclasses import dataclass
from datetime import date, datetime

from scheduling import worklist
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import Site
from scheduling.templatetags import clock

GONE = (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
OPEN = (StepState.SCHEDULED, StepState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day of a site, from `starts` to `ends`; `is_today`: who is still here from before stands on it too."""

    site: Site
    starts: datetime
    ends: datetime
    is_today: bool

    def appointments(self):
        """Everybody on this day's lists with all that they show; the planned of the evening before come first."""
        rows = worklist.examinations().filter(site=self.site)
        found = list(rows.on(self.starts, self.ends).exclude(state__in=GONE).order_by("starts_at", "pk"))
        if not self.is_today:
            return found
        return [*rows.not_done_before(self.starts).order_by("starts_at", "pk"), *found]

    def is_left_over(self, appointment):
        """Whether everything of it was planned before this day: the patient is still here."""
        return appointment.ends_at <= self.starts

    def has(self, begins, ends):
        """Whether any part of this time lies on the day."""
        return begins < self.ends and ends > self.starts

    def steps(self, appointment):
        """Its steps on this day, and those without a time; all of them where the patient is still here."""
        if self.is_left_over(appointment):
            return list(appointment.steps.all())
        return [
            step
            for step in appointment.steps.all()
            if step.planned_start_at is None or self.has(step.planned_start_at, step.planned_end_at)
        ]

    def taken(self, step, appointment):
        """Reservations of a step on this day; of a patient who is still here, those of what is not done."""
        is_due = self.is_left_over(appointment) and step.state in OPEN
        return [row for row in step.reservations.all() if is_due or self.has(row.span.lower, row.span.upper)]

    def time(self, moment):
        """10:40; "Mon 22:40" of the evening before."""
        at = clock.time_at(moment, self.site.time_zone)
        return at if moment >= self.starts else f"{clock.local(moment, self.site.time_zone):%a} {at}"


def day_of(site, on: date, now):
    """The Day of a date, as it is `now`."""
    starts, ends = worklist.day_bounds(site, on)
    return Day(site, starts, ends, is_today=starts <= now < ends)
