"""Quality checks: what passes, when one is due, and the sentence by which a missing or failed one refuses a use.

A working day begins at DAY_BEGINS: an examination after midnight still stands on the check of the evening before.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import local_day_bounds
from scheduling.engine.clearance import MEASURED_WITHIN
from scheduling.engine.intervals import normal

DAY_BEGINS = time(4)
SOON = timedelta(days=7)
"""A check that is not done daily is announced so long before it is due."""


ALWAYS = ((0, 2**40),)
"""Minutes since 1970: farther than anything is planned."""


class Kind(StrEnum):
    CAMERA = "camera"
    CALIBRATOR = "calibrator"
    BREAKTHROUGH = "breakthrough"
    PURITY = "purity"
    PRESSURE = "pressure"
    TRAP = "trap"
    EXHAUST = "exhaust"


OF_GAS = frozenset({Kind.PRESSURE, Kind.TRAP, Kind.EXHAUST})
OF_BATCH = frozenset({Kind.BREAKTHROUGH, Kind.PURITY})


@dataclass(frozen=True, slots=True)
class Standard:
    """How a check is usually done. `what`: the words for its value; empty: it has none. The site may set others.

    `possible`: between which values it can lie at all; what lies outside was typed wrongly.
    """

    name: str
    what: str = ""
    unit: str = ""
    every_days: int = 1
    lowest: Decimal | None = None
    highest: Decimal | None = None
    needs_value: bool = False
    source: str = ""
    possible: tuple[int, int] = (0, 100_000)


STANDARDS: Mapping[Kind, Standard] = {
    # Limits of uniformity are those of the camera's maker: the site enters its own.
    Kind.CAMERA: Standard(
        "camera quality control",
        "Integral uniformity",
        "%",
        source="EANM 2010: uniformity each day, before use",
        possible=(0, 100),
    ),
    Kind.CALIBRATOR: Standard(
        "dose calibrator constancy",
        "Deviation from the expected reading",
        "%",
        lowest=Decimal(-5),
        highest=Decimal(5),
        needs_value=True,
        source="EANM 2010, IAEA TECDOC-602: each day, within 5 %",
        possible=(-100, 1000),
    ),
    Kind.BREAKTHROUGH: Standard(
        "Mo-99 breakthrough",
        "Mo-99 in Tc-99m",
        "kBq/MBq",
        highest=Decimal("0.15"),
        needs_value=True,
        source="10 CFR 35.204: at most 0.15 kBq/MBq in each eluate",
    ),
    Kind.PURITY: Standard(
        "radiochemical purity",
        "Radiochemical purity",
        "%",
        lowest=Decimal(90),
        highest=Decimal(100),
        needs_value=True,
        source="USP: at least 90 % for MAA and DTPA",
        possible=(0, 100),
    ),
    Kind.PRESSURE: Standard(
        "negative pressure check",
        "Pressure against the corridor",
        "Pa",
        source="Minn. R. 4731.4430: rooms for gas",
        possible=(-1000, 1000),
    ),
    Kind.TRAP: Standard("xenon trap check", every_days=31, source="Minn. R. 4731.4430: the trap each month"),
    Kind.EXHAUST: Standard(
        "exhaust measurement",
        "Exhaust",
        "m³/h",
        every_days=MEASURED_WITHIN.days,
        lowest=Decimal(1),
        needs_value=True,
        source="Minn. R. 4731.4430: the exhaust at least every six months",
    ),
}


class Standing(StrEnum):
    """How a check stands at a moment."""

    DONE = "done"
    SOON = "soon"
    DUE = "due"
    OVERDUE = "overdue"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Plan:
    """A check that a site asks for. `subject`: the room, the batch or the device as people call it."""

    kind: Kind
    subject: str
    every_days: int = 1
    due_time: time | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The newest check of a plan that nobody has taken back."""

    done_at: datetime
    passed: bool


def why_not_possible(kind: Kind, value: Decimal | None) -> str | None:
    """The sentence for a value that this check cannot have; None where it can."""
    lowest, highest = STANDARDS[kind].possible
    if value is None or lowest <= value <= highest:
        return None
    unit = f" {STANDARDS[kind].unit}".rstrip()
    return f"This cannot be: it lies between {lowest:,} and {highest:,}{unit}."


def passes(value: Decimal | None, lowest: Decimal | None, highest: Decimal | None) -> bool | None:
    """Whether a value lies within the limits, both included; None where there is no value or no limit."""
    if value is None or (lowest is None and highest is None):
        return None
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def limits_in_words(lowest: Decimal | None, highest: Decimal | None, unit: str) -> str:
    """-5 to 5 %; at least 90 %; at most 0.15 kBq/MBq; empty without a limit."""
    low, high = (None if each is None else f"{each.normalize():f}" for each in (lowest, highest))
    tail = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{low} to {high}{tail}"
    if low is not None:
        return f"at least {low}{tail}"
    return f"at most {high}{tail}" if high is not None else ""


def working_day(moment: datetime, zone: ZoneInfo) -> date:
    """The working day of a moment: hours before DAY_BEGINS belong to the day before."""
    local = moment.astimezone(zone)
    return local.date() - timedelta(days=1) if local.time() < DAY_BEGINS else local.date()


def due_on(plan: Plan, last: Check | None, today: date, zone: ZoneInfo) -> date | None:
    """The day on which the next check is due; None for a check of a batch that is done: it is done once.

    A daily one is never due before today: days on which nobody worked are not made up for.
    """
    if last is None or not last.passed:
        return today
    if plan.kind in OF_BATCH:
        return None
    due = working_day(last.done_at, zone) + timedelta(days=plan.every_days)
    return max(due, today) if plan.every_days == 1 else due


def standing(plan: Plan, last: Check | None, now: datetime, zone: ZoneInfo) -> Standing:
    """How a check stands now. A daily one is overdue after its `due_time`, a longer one after its day."""
    if last is not None and not last.passed:
        return Standing.FAILED
    today = working_day(now, zone)
    due = due_on(plan, last, today, zone)
    if due is None or due > today:
        is_near = due is not None and plan.every_days > 1 and due - today <= SOON
        return Standing.SOON if is_near else Standing.DONE
    return Standing.OVERDUE if due < today or _is_late(plan, last, now, zone) else Standing.DUE


def _is_late(plan: Plan, last: Check | None, now: datetime, zone: ZoneInfo) -> bool:
    if plan.kind not in OF_BATCH and plan.every_days > 1:
        return last is None
    return plan.due_time is not None and now.astimezone(zone).time() >= plan.due_time


def closed_to_gas(
    checks: Iterable[tuple[Plan, Check | None]], now: datetime, zone: ZoneInfo
) -> tuple[tuple[int, int], ...]:
    """The minutes for which gas is not planned in a room, by the checks of its air: all, where one failed or is
    overdue by days; today, where a daily one is overdue. Sorted, apart."""
    closed = []
    for plan, last in checks:
        found = standing(plan, last, now, zone)
        if found == Standing.FAILED or (found == Standing.OVERDUE and plan.every_days > 1):
            return ALWAYS
        if found == Standing.OVERDUE:
            closed.append(local_day_bounds(now.astimezone(zone).date(), zone))
    return normal(closed)


def why_no_gas(checks: Iterable[tuple[Plan, Check | None]], now: datetime, zone: ZoneInfo) -> str | None:
    """After the room's name, why `closed_to_gas` closes it: takes no gas: the xenon trap check is overdue."""
    for plan, last in checks:
        found = standing(plan, last, now, zone)
        if found in (Standing.FAILED, Standing.OVERDUE):
            words = "failed" if found == Standing.FAILED else "is overdue"
            return f"takes no gas: the {STANDARDS[plan.kind].name} {words}"
    return None


def why_not_use(plan: Plan, last: Check | None, day: date, now: datetime, zone: ZoneInfo) -> str | None:
    """A sentence why room, batch or device is not used on the working day `day`, or None.

    For a later day only what stands in its way already counts: a check that failed, or that is overdue by days.
    """
    name, today = STANDARDS[plan.kind].name, working_day(now, zone)
    if last is not None and not last.passed:
        return f"{plan.subject} failed its {name}. {_remedy(plan)}"
    if day > today and (plan.kind in OF_BATCH or plan.every_days == 1):
        return None
    due = due_on(plan, last, min(day, today), zone)
    if due is None or due > min(day, today) or (plan.every_days > 1 and last is not None and due == today):
        return None
    return f"{plan.subject}: the {name} has not been done{_since(plan, last, due)}. Do it on the Morning page first."


def _since(plan: Plan, last: Check | None, due: date) -> str:
    if plan.kind in OF_BATCH:
        return ""
    if plan.every_days == 1:
        return " today"
    return f"; it was due on {due.day} {due:%b %Y}" if last is not None else ""


def _remedy(plan: Plan) -> str:
    if plan.kind in OF_BATCH:
        return "Take another batch."
    return "Repeat the check, or use another room." if plan.kind != Kind.CALIBRATOR else "Repeat the check."


@dataclass(frozen=True, slots=True)
class Refusals:
    """What checks and spills forbid, in sentences: by room, by room for gas only, by batch, by step that has a dose
    of such a batch, and for the dose calibrator. Empty: nothing is forbidden.

    `evacuated`: by room, that gas is in it; said beside its checks, which are still to be done once it is clear.
    `clears`: when such a room may be entered again, for a list of what is still to come; a gate leaves it empty.
    """

    rooms: Mapping[int, str] = field(default_factory=dict)
    gas: Mapping[int, str] = field(default_factory=dict)
    batches: Mapping[int, str] = field(default_factory=dict)
    steps: Mapping[int, str] = field(default_factory=dict)
    calibrator: str | None = None
    evacuated: Mapping[int, str] = field(default_factory=dict)
    clears: Mapping[int, datetime] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rooms or self.gas or self.batches or self.calibrator or self.evacuated)

    def start(
        self, step_id: int, *, room_ids: Collection[int], is_gas: bool = False, at: datetime | None = None
    ) -> str | None:
        """Why this step does not start in these rooms with the dose that it has, or None. `at`: its planned start."""
        for room_id in room_ids:
            if refused := self._enter(room_id, is_gas=is_gas, at=at):
                return refused
        return self.steps.get(step_id)

    def _enter(self, room_id: int, *, is_gas: bool, at: datetime | None) -> str | None:
        clears = self.clears.get(room_id)
        is_clear = bool(clears and at and clears <= at)
        said = (
            None if is_clear else self.evacuated.get(room_id),
            self.rooms.get(room_id) or (self.gas.get(room_id) if is_gas else None),
        )
        return " ".join(each for each in said if each) or None

    def measure(self, batch_id: int | None = None) -> str | None:
        """Why no dose is measured, from this batch where one is named, or None."""
        return self.calibrator or (self.batches.get(batch_id) if batch_id is not None else None)


NONE_REFUSED = Refusals()
