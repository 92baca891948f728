"""The board as a drawing: places in percent of a lane, so that one page fits every width without inline styles."""

from collections import Counter
from dataclasses import replace

from scheduling.engine.calendars import local_minute, to_datetime
from scheduling.views import board_svg
from scheduling.views import board_words as words
from scheduling.views.board_pen import Pen
from scheduling.views.board_shapes import HOUR, BatchLine, Drawing, Part, Scale, percent

LEAST_HOURS, NEAR_NOW_MINUTES = 8, 15
BATCH_HEIGHT = 20


def draw(board, *, now, may_move, day_url):
    """The Drawing of a Board; `now` is a minute. `day_url(day)`: the board of one day."""
    segments = _segments(board)
    scale, is_week = Scale(segments), len(segments) > 1
    times, ends = words.Times(board.zone), board.days[-1][2]
    pen = Pen(scale, times, now, may_move=may_move, is_week=is_week, ends=ends)
    batches, height = _batches(board, pen)
    ticks = () if is_week else tuple(_hours(segments[0], pen))
    heads = tuple(_heads(board, scale, day_url)) if is_week else ()
    grid = tuple(head.x for head in (ticks or heads)[1:])
    lanes = (pen.lane(row) for row in board.rows)
    return Drawing(
        segments=segments,
        hours=sum(high - low for low, high in segments) // HOUR,
        ticks=ticks,
        heads=heads,
        lanes=tuple(replace(lane, svg=board_svg.lane(lane, grid, is_week=is_week)) for lane in lanes),
        batches=batches,
        batches_height=height,
        now=scale.x(now),
        grid=grid,
    )


def _segments(board):
    """From the first to the last local hour in which anything is open or taken on any of the days."""
    used = [
        (at, end)
        for row in board.rows
        for at, end in (*row.there, *((block.start, block.end) for block in row.blocks))
    ]
    bounds = []
    for _, low, high in board.days:
        within = [
            (max(start, low) - low, min(end, high) - low) for start, end in used if start < high and end > low
        ]
        bounds += [(min(start for start, _ in within), max(end for _, end in within))] if within else []
    first = min((start for start, _ in bounds), default=8 * HOUR) // HOUR
    last = -(-max((end for _, end in bounds), default=16 * HOUR) // HOUR)
    last = min(max(last, first + LEAST_HOURS), 24)
    first = max(0, min(first, last - LEAST_HOURS))
    return tuple(
        (_at(day, first, board.zone, low), _at(day, last, board.zone, high)) for day, low, high in board.days
    )


def _at(day, hour, zone, midnight):
    if hour in (0, 24):
        return midnight
    local = to_datetime(midnight).astimezone(zone).time().replace(hour=hour, minute=0)
    return local_minute(day, local, zone)


def _hours(segment, pen):
    for minute in range(segment[0], segment[1] + 1, HOUR):
        share = (minute - segment[0]) / (segment[1] - segment[0])
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        # The time of now stands in the same line.
        text = "" if abs(minute - pen.now) < NEAR_NOW_MINUTES else pen.times(minute)
        yield Part(anchor, percent(share * 100), "", text)


def _heads(board, scale, day_url):
    for day, low, high in board.days:
        x, width = next(scale.parts(low, high))
        yield Part("", x, width, f"{day:%a} {day.day} {day:%b}", day_url(day))


def _batches(board, pen):
    """Each on the first line that is free at its time, and how high they are together. Equal unit doses are one."""
    lines, found = [], []
    for (name, state, start, end), count in Counter(
        (each.name, each.state, each.start, each.end) for each in board.batches
    ).items():
        places = list(pen.scale.parts(start, end + 1))
        if not places:
            continue
        at = next((n for n, until in enumerate(lines) if until <= start), len(lines))
        lines[at : at + 1] = [end]
        said = f"{count} of {name}" if count > 1 else name
        said = f"{said}, {'failed' if state == 'failed' else f'until {pen.until(end)}'}"
        found += [
            BatchLine(said, x, width, at * BATCH_HEIGHT, name if pen.is_week else said, state)
            for x, width in places
        ]
    return tuple(found), max(1, len(lines)) * BATCH_HEIGHT
