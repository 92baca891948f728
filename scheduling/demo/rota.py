"""Who works when: shifts of a site's technologists, in local time, as UTC minutes."""

from datetime import time, timedelta

from scheduling.engine.calendars import local_minute, to_minute

EARLY, LATE, WEEKEND = (time(7), time(15, 30)), (time(9, 30), time(18)), (time(8), time(16))
_REST_MINUTES = 6 * 60
_TEAMS = ((0, 1, 4), (2, 3, 4), (0, 1, 5), (2, 3, 5))


def working(day, count):
    """{index of the technologist: (from, to)} for one local day.

    Six: two of the four for nuclear medicine work every other weekend and are off on the Monday and Tuesday
    after it; the two with both qualifications take turns. Fewer share the weekdays.
    """
    weekday, week = day.weekday(), (day.toordinal() - 1) // 7
    if count < 6:
        return {} if weekday > 4 else dict.fromkeys(range(count), WEEKEND)
    weekend_pair = (0, 1) if week % 2 else (2, 3)
    if weekday > 4:
        return dict.fromkeys((*weekend_pair, 4 + week % 2), WEEKEND)
    resting = ({0, 1, 2, 3} - set(weekend_pair)) if weekday < 2 else set()
    return {who: EARLY if (who + week) % 2 else LATE for who in range(6) if who not in resting}


def shifts(zone, days, count, on_call=None):
    """{index: [(start, end)]} in UTC minutes.

    `on_call`: (start, end) in UTC minutes of an extra shift of three people, who have no other shift near it.
    """
    found = {who: [] for who in range(count)}
    for day in days:
        for who, (begins, ends) in working(day, count).items():
            found[who].append((local_minute(day, begins, zone), local_minute(day, ends, zone)))
    if on_call:
        near = (on_call[0] - _REST_MINUTES, on_call[1] + _REST_MINUTES)
        apart = {
            who: [each for each in spans if each[1] <= near[0] or each[0] >= near[1]]
            for who, spans in found.items()
        }
        # Those who lose the fewest shifts: the others keep the ordinary day going.
        team = min(_TEAMS, key=lambda each: sum(len(found[who]) - len(apart[who]) for who in each))
        found |= {who: sorted([*apart[who], on_call]) for who in team}
    return found


def days_between(first, last):
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def on_call(now):
    """The extra shift around `now`, on whole hours, as UTC minutes."""
    hour = to_minute(now) // 60
    return (hour - 8) * 60, (hour + 5) * 60
