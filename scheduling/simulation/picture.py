"""A day as it went, as SVG: rooms as rows, the hours across, and the plan as a thin line under each row."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from scheduling.simulation.setups import DAY, Setup, Unit
from scheduling.simulation.stories import Months, Outage, Use, Work

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Colours of Okabe and Ito (2008), told apart with every kind of colour vision, and unlike in brightness too.
_LOOKS = {
    Work.PREPARATION: ("#56b4e9", "#000000", "Preparation"),
    Work.XRAY: ("#009e73", "#000000", "Chest X-ray"),
    Work.VENTILATION: ("#0072b2", "#ffffff", "Ventilation"),
    Work.PERFUSION: ("#e69f00", "#000000", "Perfusion"),
    Work.SETTING_UP: ("#d4d4d4", "#000000", "Setting up"),
    Work.CLEARANCE: ("url(#clearance)", "#000000", "Clearance"),
}
_PLAN, _OUTAGE = ("#4d4d4d", "Plan"), ("url(#outage)", "Broken down")
_INK, _SOFT, _LINE = "#1a1a1a", "#595959", "#e3e3e3"

_LEFT, _RIGHT, _TOP, _ROW, _BAR, _WIDTH = 190, 44, 92, 36, 22, 1280
_CHARACTER = 6.5
"""Width of a digit at 11 px."""

_PATTERNS = f"""<defs>
<pattern id="clearance" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" fill="#ffffff"/><rect width="2" height="6" fill="#9a9a9a"/></pattern>
<pattern id="outage" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
<rect width="8" height="8" fill="#ffffff"/><rect width="5" height="8" fill="{_INK}"/></pattern>
</defs>"""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Minutes of the day to pixels; from a full hour to a full hour."""

    first: int
    last: int

    def x(self, minute: float) -> float:
        inside = min(max(minute, self.first), self.last)
        share = (inside - self.first) / (self.last - self.first)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def busiest_day(months: Months) -> int:
    """The first day after the warm-up on which most patients left."""
    days = months.setup.open_days(months.warm_up_days, months.days)
    counts = dict.fromkeys(days, 0)
    for story in months.stories:
        if story.left_at is not None and int(story.left_at // DAY) in counts:
            counts[int(story.left_at // DAY)] += 1
    return max(days, key=lambda day: counts[day])


def svg(months: Months, day: int) -> str:
    """The day with this number, 0 being the Monday of the first week."""
    setup = months.setup
    rooms = [unit for unit in setup.units if unit.is_room]
    row_of = {room.id: row for row, room in enumerate(rooms)}
    uses = [use for use in months.uses if use.begins // DAY == day and use.unit in row_of]
    outages = [each for each in months.outages if each.begins < (day + 1) * DAY and each.ends > day * DAY]
    scale = _scale(setup, uses, day)
    bottom = _TOP + len(rooms) * _ROW
    height = bottom + 74
    shapes = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="title about" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13">',
        *_heading(months, day),
        _PATTERNS,
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_titles(months, day),
        *_grid(scale, setup, rooms, bottom),
        *(_outage(scale, each, row_of[each.unit], day) for each in outages if each.unit in row_of),
        *(shape for use in uses for shape in _use(scale, use, row_of[use.unit], day)),
        *_plan(scale, months, row_of, day),
        *_legend(bottom + 40, uses, outages),
        "</svg>",
    ]
    return "\n".join(shapes) + "\n"


def _scale(setup: Setup, uses: list[Use], day: int) -> _Scale:
    begins = min([setup.opens, *(use.begins - day * DAY for use in uses)])
    ends = max([setup.closes, *(use.ends - day * DAY for use in uses)])
    return _Scale(int(begins // 60) * 60, -int(-ends // 60) * 60)


def _words(months: Months, day: int) -> tuple[str, str]:
    scanned = sum(1 for s in months.stories if s.left_at is not None and s.left_at // DAY == day)
    title = f"{months.setup.name}: {_WEEKDAYS[day % 7]} of week {day // 7 + 1}"
    patients = "1 patient" if scanned == 1 else f"{scanned} patients"
    return (
        title,
        f"{patients} scanned. Bars are what happened, with the patient's number; the line below is the plan.",
    )


def _heading(months: Months, day: int) -> Iterator[str]:
    title, about = _words(months, day)
    yield f'<title id="title">{escape(title)}</title>'
    yield f'<desc id="about">{escape(about)}</desc>'


def _titles(months: Months, day: int) -> Iterator[str]:
    title, about = _words(months, day)
    yield _text(24, 34, title, size=20, weight=600)
    yield _text(24, 56, f"{about} Seed {months.seed}.", fill=_SOFT)


def _grid(scale: _Scale, setup: Setup, rooms: list[Unit], bottom: int) -> Iterator[str]:
    closes = scale.x(setup.closes)
    if setup.closes < scale.last:
        width = round(scale.x(scale.last) - closes, 1)
        yield f'<rect x="{closes}" y="{_TOP}" width="{width}" height="{bottom - _TOP}" fill="#f3f3f3"/>'
    for row, room in enumerate(rooms):
        y = _TOP + row * _ROW
        yield f'<line x1="24" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="{_LINE}"/>'
        yield _text(24, y + 21, room.name)
    for minute in range(scale.first, scale.last + 1, 60):
        x = scale.x(minute)
        yield f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}" stroke="{_LINE}"/>'
        yield _text(x, _TOP - 8, _clock(minute), fill=_SOFT, anchor="middle", size=12)
    yield f'<line x1="24" x2="{_WIDTH - _RIGHT}" y1="{bottom}" y2="{bottom}" stroke="{_LINE}"/>'
    yield f'<line x1="{closes}" x2="{closes}" y1="{_TOP}" y2="{bottom + 6}" stroke="{_INK}" stroke-width="1.5"/>'
    yield _text(closes, bottom + 20, f"closes {_clock(setup.closes)}", anchor="middle", size=12)


def _use(scale: _Scale, use: Use, row: int, day: int) -> Iterator[str]:
    fill, ink, name = _LOOKS[use.work]
    begins, ends = use.begins - day * DAY, use.ends - day * DAY
    x, width, y = scale.x(begins), scale.x(ends) - scale.x(begins), _TOP + row * _ROW + 4
    about = f"Patient {use.request}: {name.lower()} {_clock(begins)} to {_clock(ends)}"
    yield (
        f'<rect x="{x}" y="{y}" width="{max(width, 0.5):.1f}" height="{_BAR}" fill="{fill}" '
        f'stroke="#ffffff" stroke-width="0.5"><title>{about}</title></rect>'
    )
    number = str(use.request)
    named = use.work not in (Work.SETTING_UP, Work.CLEARANCE)
    if named and width >= len(number) * _CHARACTER + 1:
        yield _text(x + width / 2, y + 15.5, number, fill=ink, anchor="middle", size=11)


def _outage(scale: _Scale, outage: Outage, row: int, day: int) -> str:
    begins, ends = scale.x(outage.begins - day * DAY), scale.x(outage.ends - day * DAY)
    y = _TOP + row * _ROW + 4
    return (
        f'<rect x="{begins}" y="{y}" width="{ends - begins:.1f}" height="{_BAR}" fill="{_OUTAGE[0]}">'
        "<title>Broken down</title></rect>"
    )


def _plan(scale: _Scale, months: Months, row_of: dict[int, int], day: int) -> Iterator[str]:
    for story in months.stories:
        for appointment in story.appointments:
            for step in appointment.steps:
                for unit, begins, ends in step.resources:
                    if unit not in row_of or begins // DAY != day:
                        continue
                    x, width = (
                        scale.x(begins - day * DAY),
                        scale.x(ends - day * DAY) - scale.x(begins - day * DAY),
                    )
                    y = _TOP + row_of[unit] * _ROW + _BAR + 7
                    yield (
                        f'<rect x="{x + 0.5}" y="{y}" width="{max(width - 1, 0.5):.1f}" height="3" '
                        f'fill="{_PLAN[0]}"><title>Plan of patient {story.request.number}</title></rect>'
                    )


def _legend(y: int, uses: list[Use], outages: list[Outage]) -> Iterator[str]:
    done = {use.work for use in uses}
    entries = [(fill, name, _BAR - 8) for work, (fill, _, name) in _LOOKS.items() if work in done]
    entries += [(_OUTAGE[0], _OUTAGE[1], _BAR - 8)] if outages else []
    x = float(_LEFT)
    for fill, name, height in [*entries, (*_PLAN, 3)]:
        top = y + 7 - height / 2
        edge = ' stroke="#9a9a9a" stroke-width="0.5"' if fill.startswith("url") else ""
        yield f'<rect x="{x:.0f}" y="{top}" width="26" height="{height}" fill="{fill}"{edge}/>'
        yield _text(x + 34, y + 12, name)
        x += 34 + len(name) * 7.4 + 26


def _text(
    x: float,
    y: float,
    words: str,
    *,
    fill: str = _INK,
    anchor: str = "start",
    size: int = 13,
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="{fill}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def _clock(minute: float) -> str:
    hour, minutes = divmod(int(minute), 60)
    return f"{hour:02d}:{minutes:02d}"
