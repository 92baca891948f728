"""The tracer of a row: what is planned for its next acquisition, and how long it can still be given."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.engine import window
from scheduling.engine.states import StepState
from scheduling.models import StepKind
from scheduling.models.querysets import rows_of
from scheduling.templatetags import clock
from scheduling.views.line_words import PRODUCTS

FAR = 60  # minutes: above, whole hours are enough
DAYS_AHEAD = 2880  # minutes: above, whole days; a weekday's name would be mistaken for the coming one
SOON = 30  # minutes: less until the last use is shown in red


@dataclass(frozen=True, slots=True)
class TracerShown:
    """`until`: the last moment at which it may be given, None once it has been; `minutes` until then, or after it.

    `today`: the day that it is at the site.
    """

    name: str
    words: str
    until: datetime | None
    minutes: int | None
    today: date
    zone: str

    @classmethod
    def at(cls, now, name, words, until, zone):
        """As it is shown `now`."""
        minutes = None if until is None else (until - now) // timedelta(minutes=1)
        return cls(name, words, until, minutes, clock.local(now, zone).date(), zone)

    @property
    def until_words(self):
        """until 12:30; with its weekday when that is not today, as a kit for tomorrow has it; 5 Dec when it is far."""
        at, until = clock.time_at(self.until, self.zone), clock.local(self.until, self.zone).date()
        if self.minutes >= DAYS_AHEAD:
            return f"{until.day} {until:%b}"
        return at if until == self.today else f"{until:%a} {at}"

    @property
    def brief(self):
        """150 MBq once it is measured, 18:15 before; on another day the time that is left says enough."""
        is_today = self.until and clock.local(self.until, self.zone).date() == self.today
        return self.words.partition(" at ")[0] or (self.until_words if is_today else "")

    @property
    def in_full(self):
        """MAA 150 MBq at 13:53, until 18:00."""
        until = f"until {self.until_words}" if self.until else ""
        return ", ".join(each for each in (f"{self.name} {self.words}".strip(), until) if each)

    @property
    def left(self):
        """40 min left; over by 5 min; hours or days alone while there is much."""
        if self.minutes >= DAYS_AHEAD:
            return f"{self.minutes // 1440} days left"
        if self.minutes >= FAR:
            return f"{self.minutes // 60} h left"
        words = window.duration_words(abs(self.minutes))
        return f"{words} left" if self.minutes >= 0 else f"over by {words}"

    @property
    def is_urgent(self):
        return self.minutes is not None and self.minutes < SOON


def of_row(row, zone, now):
    """What is to be given next, or was given last; None where no tracer is planned or recorded."""
    lungs = [step for step in row.steps if step.kind != StepKind.XRAY]
    waiting = next((step for step in lungs if step.state == StepState.SCHEDULED), None)
    running = next((step for step in lungs if step.state == StepState.IN_PROGRESS), None)
    return (_given(running, zone, now) if running else None) or (
        _ahead(waiting, zone, now) if waiting else None
    )


def _newest(step):
    standing = [each for each in rows_of(step, "administrations") if each.voided_at is None]
    return max(standing, key=lambda each: each.number, default=None)


def _given(step, zone, now):
    dose = _newest(step)
    if dose is None or dose.given_at is None:
        return None
    words = f"given {clock.time_at(dose.given_at, zone)}"
    return TracerShown.at(now, PRODUCTS[dose.product], words, None, zone)


def _ahead(step, zone, now):
    dose = _newest(step)
    claim = next((each for each in rows_of(step, "dose_claims") if each.status == "live"), None)
    batch = dose.batch if dose else claim.batch if claim else None
    if batch is None:
        return None
    words = f"{round(dose.measured_mbq)} MBq at {clock.time_at(dose.measured_at, zone)}" if dose else ""
    return TracerShown.at(now, PRODUCTS[batch.product], words, batch.expires_at, zone)
