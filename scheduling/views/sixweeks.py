"""The next six weeks as a calendar: per day how many starts are left, as a number, a colour and words."""

from dataclasses import dataclass
from datetime import date, timedelta

from scheduling.services.heat import CLOSED, DAYS, NO_STAFF
from scheduling.templatetags import clock

SHORT = {CLOSED: "closed", NO_STAFF: "no staff"}
FEW, SOME = 6, 24
"""Up to so many starts a day is nearly full, or half full; beyond, nearly free."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. `level`: none, few, some or many; `words`: all of it, for those who cannot see the colour."""

    day: date
    is_over: bool = False
    is_chosen: bool = False
    count: int = 0
    best: str = ""
    level: str = "none"
    short: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Weeks:
    rows: tuple[tuple[Cell, ...], ...]
    is_wished: bool


def shown(find, first_day, days, *, xray, wished, zone, now):
    """Six weeks from the Monday of this one, or of the week of `first_day` where that is later than all of them."""
    today = clock.local(now, zone).date()
    begins = today - timedelta(days=today.weekday())
    if first_day >= begins + timedelta(days=DAYS):
        begins = first_day - timedelta(days=first_day.weekday())
    since = max(begins, today)
    found = find(since, (begins + timedelta(days=DAYS) - since).days, xray, wished)
    chosen = range(first_day.toordinal(), first_day.toordinal() + days)
    over = [Cell(begins + timedelta(days=n), is_over=True) for n in range((since - begins).days)]
    cells = over + [_cell(each, chosen, zone, bool(wished)) for each in found]
    return Weeks(tuple(tuple(cells[at : at + 7]) for at in range(0, DAYS, 7)), bool(wished))


def _cell(found, chosen, zone, is_wished):
    count = found.wished if is_wished else found.starts
    best = clock.time_at(found.best_at, zone) if found.best_at else ""
    return Cell(
        found.day,
        is_chosen=found.day.toordinal() in chosen,
        count=count,
        best=best if count else "",
        level=_level(count) if count else "none",
        short="" if found.starts else SHORT.get(found.closed, "holiday" if found.closed else "full"),
        words=_words(found, best, is_wished),
    )


def _level(count):
    return "few" if count <= FEW else "some" if count <= SOME else "many"


def _words(found, best, is_wished):
    if not found.starts:
        return found.closed or "No time left"
    starts = f"{found.starts} start{'' if found.starts == 1 else 's'}"
    if is_wished and found.wished:
        return f"{found.wished} of {starts} within the wishes, first {best}"
    if is_wished:
        return f"{starts}, none within the wishes, first {best}"
    return f"{starts}, first {best}"
