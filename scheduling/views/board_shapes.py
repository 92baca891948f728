"""What the board's drawing is made of: places in percent of a lane, so that one page fits every width."""

from dataclasses import dataclass

HOUR = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a lane or of a block, in percent of it."""

    name: str
    x: str
    width: str
    text: str = ""
    url: str = ""
    text_width: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """One block. `label` is what is said of it; the written names stand at `label_x`, beside a block that is too short.

    `label_width`: as far as they may run, over free time too; `is_over`: they run over its end.
    """

    block: object
    x: str
    width: str
    parts: tuple[Part, ...]
    css: str
    label: str
    label_x: str = ""
    label_width: str = ""
    is_over: bool = False
    surname: str = ""
    given: str = ""
    second: str = ""
    icon: str = ""
    marks: tuple[Part, ...] = ()
    may_move: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    start: int
    end: int
    x: str
    width: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Lane:
    row: object
    height: int
    closed: tuple[Part, ...]
    shapes: tuple[Shape, ...]
    gaps: tuple[Gap, ...]
    later: tuple[Part, ...] = ()
    """What is expected at another time than planned, below the blocks."""
    svg: str = ""


@dataclass(frozen=True, slots=True)
class BatchLine:
    name: str
    x: str
    width: str
    y: int
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """`segments`: the minutes of each column. `hours`: of all columns together, for the least width."""

    segments: tuple[tuple[int, int], ...]
    hours: int
    ticks: tuple[Part, ...]
    heads: tuple[Part, ...]
    lanes: tuple[Lane, ...]
    batches: tuple[BatchLine, ...]
    batches_height: int
    now: str = ""
    grid: tuple[str, ...] = ()

    @property
    def segments_text(self):
        return ",".join(f"{start}-{end}" for start, end in self.segments)


class Scale:
    """Where a minute lies: columns of equal width, one a day, each with the same local hours."""

    def __init__(self, segments):
        self.segments = segments
        self._width = 100 / len(segments)

    def parts(self, start, end):
        """(x, width) of what of these minutes is on the board, one for each column that it touches."""
        for at, (low, high) in enumerate(self.segments):
            if start < high and end > low:
                per = self._width / (high - low)
                begins, ends = max(start, low), min(end, high)
                yield percent(at * self._width + (begins - low) * per), percent((ends - begins) * per)

    def x(self, minute):
        return next((x for x, _ in self.parts(minute, minute + 1)), "")


def percent(number):
    return f"{number:.2f}".rstrip("0").rstrip(".") + "%"
