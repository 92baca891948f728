"""Is what a simulation tells possible at all? Judged from the story alone, by none of the code that made it."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from scheduling.simulation.setups import DAY
from scheduling.simulation.stories import End, Months, Story, Use, Work

_CLOSE = 1e-6


def faults(months: Months) -> list[str]:
    """Sentences; none if every request is told to its end and nobody is at two places at once."""
    found = [*_endings(months), *_overlaps(months), *_served_while_broken(months), *_planned_twice(months)]
    for story in months.stories:
        uses = [use for use in months.uses if use.request == story.request.number]
        found += [f"Request {story.request.number}: {each}" for each in _visit(story, uses)]
    return found


def _endings(months: Months) -> Iterator[str]:
    numbers = [story.request.number for story in months.stories]
    if numbers != list(range(len(numbers))):
        yield "Requests are missing or told twice."
    for story in months.stories:
        number = story.request.number
        if (story.end is End.SCANNED) != (story.left_at is not None):
            yield f"Request {number} is scanned without having left, or has left without being scanned."
        if story.end is not End.LOST and not story.appointments:
            yield f"Request {number} is neither lost nor booked."


def _overlaps(months: Months) -> Iterator[str]:
    by_unit: dict[int, list[Use]] = defaultdict(list)
    for use in months.uses:
        by_unit[use.unit].append(use)
    for unit, uses in by_unit.items():
        uses.sort(key=lambda use: (use.begins, use.ends))
        for one, other in pairwise(uses):
            if other.begins < one.ends - _CLOSE:
                yield f"{months.setup.units[unit].name} serves {one.request} and {other.request} at once."


def _served_while_broken(months: Months) -> Iterator[str]:
    for outage in months.outages:
        for use in months.uses:
            if (
                use.unit == outage.unit
                and use.begins < outage.ends - _CLOSE
                and outage.begins < use.ends - _CLOSE
            ):
                yield f"{months.setup.units[use.unit].name} serves {use.request} while it is broken down."


def _planned_twice(months: Months) -> Iterator[str]:
    planned = sorted(
        (unit, begins, ends)
        for story in months.stories
        for appointment in story.appointments
        for step in appointment.steps
        for unit, begins, ends in step.resources
        if unit < len(months.setup.units)
    )
    for one, other in pairwise(planned):
        if one[0] == other[0] and other[1] < one[2]:
            yield f"{months.setup.units[one[0]].name} is booked twice at minute {other[1]}."


def _visit(story: Story, uses: list[Use]) -> Iterator[str]:
    if story.end is not End.SCANNED:
        return
    last = {work: max((use.ends for use in uses if use.work is work), default=None) for work in Work}
    first = {work: min((use.begins for use in uses if use.work is work), default=None) for work in Work}
    if story.request.needs_xray:
        # Who was sent home after the X-ray has had another: the last one counts.
        xray, lungs = last[Work.XRAY], story.lungs_begun_at
        if xray is None or lungs is None or not 60 - _CLOSE <= lungs - xray <= DAY + 120:
            yield "the X-ray does not end 1 to 24 h before the lungs."
    ventilation, perfusion = last[Work.VENTILATION], first[Work.PERFUSION]
    if ventilation is not None and perfusion is not None and perfusion < ventilation - _CLOSE:
        yield "perfusion begins before ventilation ends."
    appointment = story.appointments[-1]
    if story.lungs_begun_at is not None and story.lungs_begun_at // DAY != appointment.lungs.start // DAY:
        yield "the lungs are scanned on another day than booked."
    if appointment.lungs.start < story.request.asked_at + story.request.notice_minutes:
        yield "the appointment is earlier than the notice allows."
