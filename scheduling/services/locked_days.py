"""The days that some visits touch, locked: nobody else books there until the transaction ends."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import to_minute
from scheduling.services import locks, reservations, tracers
from vqflow.errors import Invalid
from vqflow.pipelines import several

FARTHEST = timedelta(days=366)
LONGEST_VISIT = timedelta(days=4)
DAY_MINUTES = 1440


def lock(site, visits, **given):
    """Take LockedDays, and answer their `days`."""
    locked = LockedDays(site, visits, **given)
    locked.take()
    return locked.days


class LockedDays:
    """Every resource and batch that could serve some visits, on their days: locked, and what has expired there freed.

    `visits`: the starts of each. `patients`: ids of their resources. `tokens` and `steps`: of the holds and steps
    whose own time is given up. `exact`: no dose is needed before the first or after the last of the starts.
    `only`: ids of the rooms and people that are wanted, where no others are.
    `days` holds per visit what `availability.search_for` takes: first_day, days.
    """

    def __init__(self, site, visits, *, now, patients, tokens=(), steps=(), exact=False, only=None):
        zone, self._now = ZoneInfo(site.time_zone), now
        ranges = [checked_range(moments, now) for moments in visits]
        # A day more on each side: preparation or clearance may cross midnight.
        days = [_days(*each, zone) for each in ranges]
        self.days = [{"first_day": each[0], "days": len(each)} for each in days]
        self._around = [
            (to_minute(first) - DAY_MINUTES, to_minute(last) + DAY_MINUTES) for first, last in ranges
        ]
        self._given_up = {"tokens": tokens, "steps": steps}
        numbers = {day.toordinal() for each in days for day in each}
        self._statements = locks.of_site(site, patients, numbers, now=now, only=only)
        needed = (
            [(to_minute(first), to_minute(last) + 1) for first, last in ranges] if exact else self._around
        )
        self._statements += tracers.locking(site, around=needed, now=now, **self._given_up)

    def take(self, asked=(), *, binary=()):
        """Lock, and carry out what else is asked (as `several`), which sees all that was committed before the locks.

        What has expired counts as free there. What is given up does not until it is freed, so it is freed first.
        """
        gives_up = any(self._given_up.values())
        at_once = [] if gives_up else list(asked)
        offset = len(self._statements)
        with locks.in_time():
            answers = several([*self._statements, *at_once], binary={offset + each for each in binary})
        *_, look, batches, any_over = answers[:offset]
        [(resource_ids, has_expired)] = look.fetchall()
        if has_expired or gives_up:
            reservations.free(now=self._now, resources=resource_ids, around=self._around, **self._given_up)
        tracers.free(batches.fetchall(), any_over.fetchall(), now=self._now, **self._given_up)
        return several(list(asked), binary=binary) if asked and gives_up else answers[offset:]


def _days(first, last, zone):
    begins, ends = first.astimezone(zone).date(), last.astimezone(zone).date()
    return [begins + timedelta(days=n) for n in range(-1, (ends - begins).days + 2)]


def checked_range(moments, now):
    """The first and the last of the starts, if they are whole minutes of the coming year and close together."""
    moments = list(moments)
    if not moments:
        raise wrong_start("Choose a time.")
    first, last = min(moments), max(moments)
    if any(moment.second or moment.microsecond for moment in moments):
        raise wrong_start("Times are whole minutes.")
    if first <= now:
        raise wrong_start("This time has passed. Choose a later one.")
    if last > now + FARTHEST:
        raise wrong_start("This is more than a year ahead. Choose an earlier time.")
    if last - first > LONGEST_VISIT:
        raise wrong_start("The steps of one visit lie at most four days apart.")
    return first, last


def wrong_start(sentence):
    return Invalid(sentence, fields={"starts": [sentence]})
