"""Why rooms, people and the patient are not free, in words: read only where a time is explained, never in a search."""

from collections import defaultdict
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from scheduling.engine import quality, reserved
from scheduling.engine.blockers import Occupied
from scheduling.engine.calendars import open_minutes, to_datetime, to_minute
from scheduling.engine.intervals import clip, next_at_or_after, normal, subtract
from scheduling.engine.itinerary import PATIENT
from scheduling.engine.relaxation import Kind
from scheduling.models import Agent, Closure, Hold, Reservation
from scheduling.models.appointments import EpochMinute
from scheduling.services import calendars
from scheduling.templatetags import clock

LOOKS_AHEAD = 7 * 24 * 60
"""So far a closed room is looked for its next opening."""


class Times:
    """How a minute is said: its time, and its day where that is another than the day asked about."""

    def __init__(self, zone, about):
        self.zone, self.about = zone, about
        self._day = to_datetime(about).astimezone(ZoneInfo(zone)).date()

    def __call__(self, minute):
        at = to_datetime(minute)
        said = clock.time_at(at, self.zone)
        is_same_day = clock.local(at, self.zone).date() == self._day
        return said if is_same_day else f"{said} on {clock.day_at(at, self.zone)}"

    def span(self, verb, start, end):
        """is busy until 10:40; where that begins only after the time asked about, is busy from 10:20 to 10:40."""
        if start > self.about:
            return f"is {verb} from {self(start)} to {self(end)}"
        return f"is {verb} until {self(end)}"


def occupied(site, question, around, *, times, now, own=(None, None), of=None):
    """Per resource id what occupies it within the minutes `around`, as engine.explanation takes it.

    Nothing of another patient is in it: what is booked is "busy". `times`: says the minutes. `own`: the order
    whose holds, and the appointment whose time, are not in the way. `of`: the order that is planned, where it is
    not that; for xenon the checks of a room count.
    """
    low, high = max(around[0], question.earliest), min(around[1], question.latest)
    calendar = calendars.at_hand(site.pk, question.earliest)
    bookables = {each.id: each for each in calendar.bookables}
    reserved_rows = _reserved_rows(question, low, high, now, own)
    closures = _closures(site, low, high)
    order = of or own[0]
    is_gas = order is not None and order.procedure.protocol.agent == Agent.XE133
    found = {}
    for resource in question.resources:
        rows = reserved_rows[resource.id]
        entries = list(_by_others(rows, times, is_patient=PATIENT in resource.capabilities))
        bookable = bookables.get(resource.id)
        if bookable is not None:
            entries += _closed(closures[resource.id] + closures[None], times)
            kept = reserved.kept(bookable.reserved, calendar.zone, low, high, to_minute(now))
            entries += [
                Occupied(start, end, Kind.RESERVED, times.span("kept for urgent patients", start, end))
                for start, end in kept
            ]
            entries += _off_hours(calendar, bookable, low, high, times)
            if is_gas:
                entries += _no_gas(calendar, bookable, low, high, now)
        entries += _to_be_clear(resource, entries, low, high, times)
        found[resource.id] = tuple(sorted(entries, key=lambda each: each.start))
    return found


def _reserved_rows(question, low, high, now, own):
    """Reservations by resource, in order of time: (start, end, end of the acquisition or None, token, expires_at)."""
    rows = (
        Reservation.objects.occupying()
        .filter(resource__in=[each.id for each in question.resources])
        .filter(end_minute__gt=low, start_minute__lt=high)
        .exclude(status=Reservation.Status.HELD, expires_at__lte=now)
        .order_by("start_minute")
    )
    order, appointment = own
    if appointment is not None:
        rows = rows.exclude(step__appointment=appointment)
    if order is not None:
        rows = rows.exclude(token__in=order.holds.live().values("pk"))
    found = defaultdict(list)
    fields = ("resource_id", "start_minute", "end_minute", "step__planned_end_at", "token", "expires_at")
    held = {}
    for resource_id, start, end, planned_end, token, expires_at in rows.values_list(*fields):
        if expires_at is not None:
            held[token] = None
        done = end if planned_end is None else min(end, to_minute(planned_end + timedelta(seconds=59)))
        found[resource_id].append((start, end, max(start, done), token if expires_at else None, expires_at))
    holders = {each.pk: each for each in Hold.objects.filter(pk__in=held).select_related("held_by")}
    return defaultdict(list, {key: [(*row, holders.get(row[3])) for row in of] for key, of in found.items()})


def _by_others(rows, times, *, is_patient):
    """What is booked and held. Bookings that follow one another are one; the clearance after the last has its name."""
    run = None
    for start, end, done, _token, expires_at, hold in rows:
        if expires_at is not None:
            yield Occupied(start, end, Kind.HELD, _held_words(hold, expires_at, times, is_patient))
        elif run is not None and start <= run[2]:
            run = (run[0], max(run[1], done), max(run[2], end))
        else:
            yield from _run(run, times, is_patient)
            run = (start, done, end)
    yield from _run(run, times, is_patient)


def _run(run, times, is_patient):
    if run is None:
        return
    start, done, end = run
    if is_patient:
        yield Occupied(start, end, Kind.BOOKED, f"has another appointment until {times(end)}")
        return
    if start < done:
        yield Occupied(start, done, Kind.BOOKED, times.span("busy", start, done))
    if done < end:
        yield Occupied(done, end, Kind.CLEARED, f"is being cleared until {times(end)}")


def _held_words(hold, expires_at, times, is_patient):
    until = times(to_minute(expires_at))
    if is_patient:
        return f"has another time that is held until {until}"
    if hold is None:
        return f"is held by a colleague until {until}"
    if hold.is_offer:
        return f"is held for a patient to whom it was offered, until {until}"
    return f"is held by {hold.held_by.name} until {until}"


def _closures(site, low, high):
    """Closures of the site by resource id, None for all: (start, end, reason)."""
    found = defaultdict(list)
    rows = Closure.objects.filter(
        site=site, span__overlap=(to_datetime(low), to_datetime(max(high, low + 1)))
    )
    rows = rows.annotate(start_minute=EpochMinute("lower", "floor"), end_minute=EpochMinute("upper", "ceil"))
    for row in rows.values_list("resource_id", "start_minute", "end_minute", "reason"):
        found[row[0]].append(row[1:])
    return found


def _closed(closures, times):
    for start, end, reason in closures:
        why = f" ({reason})" if reason else ""
        yield Occupied(start, end, Kind.CLOSED, f"{times.span('closed', start, end)}{why}")


def _off_hours(calendar, bookable, low, high, times):
    """The minutes outside opening hours and shifts."""
    ahead = high + LOOKS_AHEAD
    place = next(at for at, each in enumerate(calendar.bookables) if each.id == bookable.id)
    there = clip(calendar.open_in(low, ahead)[place], low, ahead)
    is_person = bool(bookable.shifts) or not bookable.hours
    off = subtract(((low, high),), clip(normal([*there, *bookable.closed]), low, high))
    holidays = () if is_person else _holidays(calendar, bookable, low, high)
    for start, end in off:
        back = next_at_or_after(there, end - 1)
        on_holiday = clip(holidays, start, end)
        for begins, ends in on_holiday:
            yield Occupied(begins, ends, Kind.HOLIDAY, f"is closed for a public holiday{_opens(back, times)}")
        for begins, ends in subtract(((start, end),), on_holiday):
            if is_person:
                yield Occupied(begins, ends, Kind.OFF_SHIFT, _off_shift(begins, back, times))
            else:
                yield Occupied(begins, ends, Kind.CLOSED, _shut(begins, back, times))


def _no_gas(calendar, bookable, low, high, now):
    """The minutes for which xenon is not planned here: by the checks of the room, and beyond its measured exhaust."""
    if bookable.gas_until is None:
        return
    closed = quality.closed_to_gas(bookable.gas_checks, now, calendar.zone)
    why = quality.why_no_gas(bookable.gas_checks, now, calendar.zone)
    for start, end in clip(closed, low, high):
        yield Occupied(start, end, Kind.GAS, why)
    if bookable.gas_until < high:
        sentence = "takes no gas: its exhaust has not been measured in the six months before"
        yield Occupied(max(low, bookable.gas_until), high, Kind.GAS, sentence)


def _shut(start, back, times):
    return f"closes at {times(start)}" if start > times.about else f"is closed{_opens(back, times)}"


def _opens(back, times):
    return f" (opens {times(back)})" if back is not None else ""


def _off_shift(start, back, times):
    if start > times.about:
        return f"is on shift until {times(start)}"
    return "is not on shift" + (f" (begins {times(back)})" if back is not None else "")


def _holidays(calendar, bookable, low, high):
    """The minutes in which the room would be open but for public holidays."""
    first, last = (to_datetime(each).astimezone(calendar.zone).date() for each in (low, high))
    free_days = calendars.public_holidays(calendar.country, calendar.subdivision, first.year, last.year)
    if not any(
        date.fromordinal(each) in free_days for each in range(first.toordinal(), last.toordinal() + 1)
    ):
        return ()
    weekly = open_minutes(bookable.hours, zone=calendar.zone, first_day=first, last_day=last)
    return subtract(
        weekly,
        open_minutes(
            bookable.hours, zone=calendar.zone, first_day=first, last_day=last, closed_days=free_days
        ),
    )


def _to_be_clear(resource, entries, low, high, times):
    """What is still not free: the end of a gap, in which the room is cleared before what follows."""
    taken = normal([(low, high)])
    rest = subtract(
        subtract(taken, clip(resource.free, low, high)), normal([(e.start, e.end) for e in entries])
    )
    for start, end in rest:
        follows = next((each for each in entries if each.start == end), None)
        kind = follows.kind if follows is not None else Kind.UNKNOWN
        yield Occupied(start, end, kind, f"must be cleared by {times(end)}")
