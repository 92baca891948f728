"""What is told of simulated months: every request, every use of a room or person, every outage."""

from dataclasses import dataclass, field
from enum import StrEnum

from scheduling.engine.catalogue import PERFUSION, VENTILATION, XRAY
from scheduling.simulation.demand import Request
from scheduling.simulation.diary import Appointment
from scheduling.simulation.setups import Setup


class End(StrEnum):
    """LOST: there was no time before it was too late. WAITING: booked, or on the way, when the months end."""

    SCANNED = "scanned"
    NO_SHOW = "no_show"
    LOST = "lost"
    WAITING = "waiting"


class Work(StrEnum):
    PREPARATION = "preparation"
    SETTING_UP = "setting_up"
    XRAY = XRAY
    VENTILATION = VENTILATION
    PERFUSION = PERFUSION
    CLEARANCE = "clearance"


@dataclass(frozen=True, slots=True)
class Use:
    """One unit works for one request in the minutes [begins, ends)."""

    unit: int
    request: int
    work: Work
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A unit that can serve nobody in the minutes [begins, ends)."""

    unit: int
    begins: float
    ends: float


@dataclass(slots=True)
class Story:
    """What becomes of one request. Who is sent home is booked again, so `appointments` may be several.

    `arrived_at`: on the day of the lungs. `queued_minutes`: from when a room was planned, or was needed next,
    to when it and its people were there.
    """

    request: Request
    end: End = End.WAITING
    appointments: list[Appointment] = field(default_factory=list)
    arrived_at: float | None = None
    lungs_begun_at: float | None = None
    left_at: float | None = None
    queued_minutes: float = 0.0

    @property
    def sent_home(self) -> int:
        """How often it became too late to begin."""
        return max(0, len(self.appointments) - 1) + (self.end is End.LOST and bool(self.appointments))


@dataclass(frozen=True, slots=True)
class Months:
    """`days` days from a Monday on; the first `warm_up_days` of them only fill the diary."""

    setup: Setup
    seed: int
    days: int
    warm_up_days: int
    stories: tuple[Story, ...]
    uses: tuple[Use, ...]
    outages: tuple[Outage, ...]
