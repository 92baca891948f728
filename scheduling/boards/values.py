"""What a board is made of: visits with their steps, and rooms and people with what takes their time."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduling.engine.intervals import Intervals
from scheduling.engine.states import AppointmentState, StepState
from scheduling.services.projections import Ahead

MOVABLE = (AppointmentState.BOOKED, AppointmentState.ARRIVED)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a visit. Minutes; None where there is none. `late`: minutes behind the plan, to its start or end.

    `expected`: from when to when, where it is not over on the day of now; `delay`: minutes that this is after its
    plan: of its start, or of its end if it runs.
    """

    id: int
    kind: str
    state: str
    start: int | None
    end: int | None
    performed_start: int | None
    performed_end: int | None
    elsewhere: str
    simultaneous: bool
    late: int = 0
    rooms: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    expected: tuple[int, int] | None = None
    delay: int = 0

    @property
    def is_over_time(self):
        """It runs longer than planned; otherwise what is late is its start."""
        return self.state == StepState.IN_PROGRESS and self.late > 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment with its steps in order. `hit`: (disruption, sentences) where an open plan would change it."""

    id: UUID
    state: str
    revision: int
    order: int
    patient: int
    priority: str
    protocol: str
    family_name: str
    given_name: str
    mrn: str
    steps: tuple[Step, ...]
    hit: tuple[int, tuple[str, ...]] | None = None

    @property
    def is_movable(self):
        return self.state in MOVABLE and all(step.state != StepState.IN_PROGRESS for step in self.steps)

    @property
    def late(self):
        return max((step.late for step in self.steps), default=0)


@dataclass(frozen=True, slots=True)
class Held:
    """A time that is kept for somebody, and is not booked."""

    token: UUID
    held_by: str
    is_offer: bool
    until: int
    patient: int
    family_name: str
    given_name: str


@dataclass(frozen=True, slots=True)
class Block:
    """Time that is taken of one room or person. `scan`: the part of it that is the acquisition, None for a bay.

    Of a booked one `visit` and `step` say whose it is, of a held one `held`. `is_closed`: taken while it is closed.
    """

    id: int
    start: int
    end: int
    scan: tuple[int, int] | None
    status: str
    visit: Visit | None
    step: Step | None
    held: Held | None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A closure. `disruption`: the report that it belongs to, or None."""

    start: int
    end: int
    reason: str
    disruption: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One room or person. `there`: when it can be booked by anybody; `on_call`: for emergencies, beyond that.

    `kept`: for urgent patients still. `gaps`: free stretches of a room that are still to come.
    """

    id: int
    name: str
    is_room: bool
    is_camera: bool
    there: Intervals
    on_call: Intervals
    kept: Intervals
    closures: tuple[Closed, ...]
    blocks: tuple[Block, ...]
    gaps: Intervals


@dataclass(frozen=True, slots=True)
class Batch:
    """A preparation, vial, generator or unit dose, from when to when doses can be given."""

    id: int
    name: str
    state: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Board:
    """Some days of one site. `days`: their bounds in minutes. `visits`: those on the days, by time."""

    zone: ZoneInfo
    days: tuple[tuple[date, int, int], ...]
    rows: tuple[Row, ...]
    visits: tuple[Visit, ...]
    batches: tuple[Batch, ...]
    held: tuple[Held, ...] = field(default=())
    ahead: tuple[Ahead, ...] = ()
    """What will not work out on the day of now, before it happens."""

    @property
    def patients(self):
        return {each.patient for each in (*self.visits, *self.held)}
