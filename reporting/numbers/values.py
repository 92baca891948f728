"""What a panel of figures is made of. `value` is the bare figure (JSON and CSV), `text` what a person reads.

`pick` leads to the cases behind a figure: (name, value) pairs that `numbers.cases` knows. None: there are none to open.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reporting.engine.statistics import FEW, Share, Spread

Pick = tuple[tuple[str, str], ...]
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    value: int | float | str | None = None
    pick: Pick | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: heading of each column, the first one that of the rows' own."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that stands for the panel."""

    label: str
    cell: Cell
    about: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of `percent` of the width; `low` and `high` its interval."""

    label: str
    percent: float | None
    text: str
    low: float | None = None
    high: float | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    name: str
    bars: tuple[Bar, ...]
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Parts of one whole: (name of the part, how many)."""

    label: str
    parts: tuple[tuple[str, int], ...]

    @property
    def whole(self) -> int:
        return sum(count for _, count in self.parts)


@dataclass(frozen=True, slots=True)
class Stacks:
    name: str
    stacks: tuple[Stack, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """One value per month; None where there are too few cases."""

    name: str
    points: tuple[tuple[str, float | None], ...]
    unit: str = "%"
    most: float | None = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """What a panel says of one choice of cases. `notes`: what to know before believing it."""

    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    charts: tuple[Bars | Stacks | Trend, ...] = ()
    notes: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """`definition`: what is counted, in words. `by_day_only`: protocol, agent and class do not limit it."""

    key: str
    title: str
    section: str
    definition: str
    read: Callable
    by_day_only: bool = False


def count(number, pick=None):
    return Cell(f"{number:,}", number, pick if number else None)


def minutes_text(minutes):
    """ "45 min", "3 h 05 min", "2 d 4 h"; a minus for what lies before."""
    if minutes is None:
        return NOTHING
    sign, minutes = ("-" if minutes < 0 else ""), abs(minutes)
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{sign}{hours // 24} d {hours % 24} h"
    return f"{sign}{hours} h {rest:02d} min" if hours else f"{sign}{rest} min"


def minutes(value, pick=None):
    return Cell(minutes_text(value), value, pick)


def hours(value):
    """Minutes of many days together, in whole hours."""
    return Cell(f"{round(value / 60):,} h", value)


def median(found: Spread):
    """The median where there are enough cases for one, else nothing."""
    return minutes(found.median if found.count >= FEW else None)


def ninetieth(found: Spread):
    return minutes(found.ninetieth if found.count >= FEW else None)


def percent(found: Share, pick=None, *, is_late=False):
    """ "84 % (80-87)"; of few cases "2 of 4", of none a dash."""
    if not found.whole:
        return Cell(NOTHING, None)
    if found.percent is None:
        return Cell(f"{found.part} of {found.whole}", None, pick, is_late)
    text = f"{percent_text(found.percent)} ({found.low:.0f}-{found.high:.0f})"
    return Cell(text, round(found.percent, 1), pick, is_late)


def percent_text(value):
    return f"{value:.1f} %" if value < 10 and value % 1 else f"{value:.0f} %"


def bar(label, found: Share, *, is_late=False):
    text = percent_text(found.percent) if found.percent is not None else f"{found.part} of {found.whole}"
    return Bar(label, found.percent, text, found.low, found.high, is_late)


def mbq(kbq):
    """Activity; below 1,000 MBq with at most one decimal."""
    if kbq is None:
        return Cell(NOTHING, None)
    text = f"{kbq / 1000:,.0f}" if kbq >= 1_000_000 else f"{kbq / 1000:.1f}".removesuffix(".0")
    return Cell(f"{text} MBq", round(kbq / 1000, 1))
