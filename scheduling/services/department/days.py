"""From which day on a change may hold."""

from datetime import date, timedelta

from scheduling.templatetags import clock
from vqflow.errors import Invalid

FARTHEST = timedelta(days=3 * 366)


def today(site, now):
    """The site's local day."""
    return clock.local(now, site.time_zone).date()


def check(site, starts_on, ends_on=None, *, now, earliest=None):
    """Raise Invalid unless the first day is not before `earliest` (today), and the last not before the first."""
    earliest = earliest or today(site, now)
    if starts_on < earliest:
        _refuse("starts_on", f"This is too early. Choose {clock.day(earliest)} or a later day.")
    if starts_on > earliest + FARTHEST:
        _refuse("starts_on", "This is more than three years ahead. Check the year.")
    if ends_on is not None and ends_on < starts_on:
        _refuse("ends_on", "The last day is before the first. Choose a later one, or leave it empty.")
    if ends_on is not None and ends_on > starts_on + FARTHEST:
        _refuse("ends_on", "This is more than three years later. Leave it empty: until further notice.")


def tomorrow(site, now) -> date:
    return today(site, now) + timedelta(days=1)


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
