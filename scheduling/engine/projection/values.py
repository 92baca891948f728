"""What a projection is made of: visits with their steps, and the expected times and conflicts that come of them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scheduling.engine.intervals import Intervals


@dataclass(frozen=True, slots=True)
class Taken:
    """A room or person that a step takes: from `before` minutes before its start to `after` minutes after its end.

    `until_start`: a preparation bay, which is left `after` minutes after the start; -5 is 5 minutes before it.
    """

    resource: int
    before: int
    after: int
    until_start: bool = False

    def span(self, start: int, end: int) -> tuple[int, int]:
        """From when to when it is taken by a step that begins and ends then."""
        return start - self.before, (start if self.until_start else end) + self.after


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a visit. `start`, `end`: as planned; `begun`, `ended`: what happened; `is_over`: not to be done.

    `minutes`, `most_minutes`: how long it usually takes and takes at most nine times out of ten, where that is
    known; otherwise it takes as long as planned. `lag`, `most_lag`: least and most minutes after the end of the
    step before, and `is_first_lungs` says that the lag is the window of the chest X-ray. `with_before`: acquired
    together with the step before. `usable`, `expires`: the minutes from which its dose can be given, and no longer
    can. `reported_end`: when somebody has said that it will end. `progress`: the share of a running step's small steps
    that is done, 0 to 1, where they are recorded.
    """

    id: int
    start: int | None
    end: int | None
    takes: tuple[Taken, ...] = ()
    begun: int | None = None
    ended: int | None = None
    is_over: bool = False
    minutes: int | None = None
    most_minutes: int | None = None
    lag: int = 0
    most_lag: int | None = None
    is_first_lungs: bool = False
    with_before: bool = False
    usable: int | None = None
    expires: int | None = None
    reported_end: int | None = None
    progress: float | None = None

    @property
    def planned_minutes(self) -> int:
        return self.end - self.start if self.start is not None and self.end is not None else 0

    @property
    def usual_minutes(self) -> int:
        return self.planned_minutes if self.minutes is None else self.minutes

    @property
    def lead_minutes(self) -> int:
        """From when the patient is needed to the start of the pictures: preparation and set-up."""
        return max([each.before for each in self.takes] or [0])

    @property
    def is_waiting(self) -> bool:
        return not self.is_over and self.begun is None and self.ended is None and self.start is not None

    @property
    def is_running(self) -> bool:
        return not self.is_over and self.begun is not None and self.ended is None


@dataclass(frozen=True, slots=True)
class Visit:
    """The steps of one appointment in their order. `is_here`: the patient is checked in for what is left."""

    id: Hashable
    steps: tuple[Step, ...]
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class Expected:
    """When a step is expected, and how many minutes that is after its plan. `resource`: what it waits for last.

    None as start and end: not on this day.
    """

    start: int | None
    end: int | None
    late: int = 0
    resource: int | None = None


class Kind(StrEnum):
    LATE = "late"  # the patient will begin more than a quarter of an hour late
    TAKEN = "taken"  # a room or person is still taken when it is due
    GONE = "gone"  # a room or person does not come back on this day
    XRAY_OVER = "xray_over"  # the chest X-ray will be too old
    WAIT_OVER = "wait_over"  # too long after the step before
    DOSE_EXPIRED = "dose_expired"
    CLOSED = "closed"  # it will run beyond the hours of its room or the shift of its people


@dataclass(frozen=True, slots=True)
class Conflict:
    """What will not work out as planned. `at`: the expected start; `limit`: the minute that it misses, if any."""

    kind: Kind
    visit: Hashable
    step: int
    at: int | None
    minutes: int = 0
    limit: int | None = None
    resource: int | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """Every step that has a time, by its id, and the conflicts in the order of the day."""

    steps: Mapping[int, Expected]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`gone`: when rooms and people are out of order. `hours`: when they are there at all, where that is known.

    `latest`: what would begin after it is not expected on this day.
    """

    latest: int
    gone: Mapping[int, Intervals] = field(default_factory=dict)
    hours: Mapping[int, Intervals] = field(default_factory=dict)
