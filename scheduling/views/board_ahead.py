"""What will not work out on the board's day, patient by patient, each with the way to repair it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.http import urlencode

from scheduling.boards import Visit
from scheduling.templatetags import clock
from scheduling.views.board_words import address


@dataclass(frozen=True, slots=True)
class Line:
    """The conflicts of one patient. `repair_url`: the report that plans the day anew; `move_url`: other times."""

    visit: Visit
    time: str
    sentences: tuple[str, ...]
    url: str
    repair_url: str
    move_url: str
    moves_url: str


def lines(board):
    """In the order of what comes first."""
    visits, zone = {visit.id: visit for visit in board.visits}, str(board.zone)
    by_visit = {}
    for each in board.ahead:
        by_visit.setdefault(each.appointment, []).append(each)
    return [_line(visits[pk], found, zone) for pk, found in by_visit.items()]


def _line(visit, found, zone):
    first, may_move = found[0], visit.is_movable
    repair = next((each.repair for each in found if each.repair), None)
    return Line(
        visit,
        clock.time_at(first.at, zone) if first.at else "",
        tuple(each.sentence for each in found),
        address("appointment", visit.id),
        _repair_url(repair, zone) if repair else "",
        address("move", visit.id) if may_move else "",
        address("board-move", visit.id) if may_move else "",
    )


def _repair_url(repair, zone):
    """The form of the report, filled in."""
    until = repair.ends_at.astimezone(ZoneInfo(zone))
    asked = {"kind": repair.kind, "appointment": repair.appointment, "until": f"{until:%Y-%m-%dT%H:%M}"}
    return f"{reverse('scheduling:disruption-new')}?{urlencode(asked)}"
