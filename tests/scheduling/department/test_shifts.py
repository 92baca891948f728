"""Shifts: planned, replaced and taken away for weekdays of a period."""

from datetime import time, timedelta

import pytest

from scheduling.models import Shift
from scheduling.services.department import shifts
from scheduling.services.department.shifts import Roster
from tests import department
from tests.department import NOW, TODAY, ZONE
from vqflow.errors import Invalid, NotAllowed

DAY = timedelta(days=1)
EVERY = frozenset(range(7))
LATE = Roster("works", EVERY, TODAY + DAY, TODAY + 2 * DAY, time(12), time(20))


def times(person, *days):
    rows = shifts.between(person, min(days), max(days))
    return [
        tuple(f"{each.astimezone(ZONE):%d %H}" for each in (row.span.lower, row.span.upper)) for row in rows
    ]


def test_work_replaces_work_of_the_chosen_days_and_no_other(ana, lead):
    shifts.plan(ana, LATE, by=lead, now=NOW)
    assert times(ana, TODAY, TODAY + 3 * DAY) == [
        ("08 07", "08 18"), ("09 12", "09 20"), ("10 12", "10 20"), ("11 07", "11 18"),
    ]  # fmt: skip


def test_being_on_call_stands_beside_work_and_being_off_takes_both_away(ana, lead):
    nights = Roster("on_call", EVERY, TODAY + DAY, TODAY + DAY, time(18), time(7))
    shifts.plan(ana, nights, by=lead, now=NOW)
    assert times(ana, TODAY + DAY) == [("09 07", "09 18"), ("09 18", "10 07")]
    shifts.plan(ana, Roster("off", EVERY, TODAY + DAY, TODAY + DAY), by=lead, now=NOW)
    assert times(ana, TODAY + DAY) == []


def test_who_loses_the_person_is_listed_before_and_stays_booked(site, lead):
    booked = department.booked(site, first_day=TODAY + DAY)
    [person, *_] = {
        row.resource
        for step in booked.steps.all()
        for row in step.reservations.all()
        if row.resource.kind == "technologist"
    }
    off = Roster("off", EVERY, TODAY + DAY, TODAY + 3 * DAY)
    found = shifts.preview(person, off, now=NOW)
    assert ([each.appointment for each in found.affected], len(found.gone), len(found.new)) == (
        [booked],
        3,
        0,
    )
    assert found.affected[0].why == f"{person.name} does not work then."
    shifts.plan(person, off, by=lead, now=NOW)
    booked.refresh_from_db()
    assert booked.state == "booked"


@pytest.mark.parametrize(
    ("roster", "field"),
    [
        (Roster("works", EVERY, TODAY - DAY, TODAY, time(7), time(15)), "first_day"),
        (Roster("works", EVERY, TODAY + DAY, TODAY, time(7), time(15)), "last_day"),
        (Roster("works", EVERY, TODAY, TODAY + 500 * DAY, time(7), time(15)), "last_day"),
        (Roster("works", frozenset(), TODAY, TODAY, time(7), time(15)), "weekdays"),
        (Roster("works", EVERY, TODAY, TODAY), "begins"),
        (Roster("works", EVERY, TODAY, TODAY, time(7)), "ends"),
        (Roster("works", EVERY, TODAY, TODAY, time(20), time(8)), "begins"),
        (Roster("on_call", EVERY, TODAY, TODAY, time(17), time(23)), "begins"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(ana, lead, roster, field):
    before = Shift.objects.count()
    with pytest.raises(Invalid) as refusal:
        shifts.plan(ana, roster, by=lead, now=NOW)
    assert list(refusal.value.fields) == [field]
    assert Shift.objects.count() == before


def test_a_roster_that_changes_nothing_is_refused(ana, lead):
    same = Roster("works", EVERY, TODAY + DAY, TODAY + 2 * DAY, time(7), time(18))
    with pytest.raises(Invalid, match="Nothing is changed"):
        shifts.plan(ana, same, by=lead, now=NOW)


def test_only_the_lead_plans_shifts(ana, site):
    with pytest.raises(NotAllowed):
        shifts.plan(ana, LATE, by=department.technologist(site), now=NOW)


def test_a_shift_within_the_hour_that_the_clock_leaves_out_is_not_made(ana, lead):
    """On Sunday, 14 Mar 2027 there is no 02:15 to 02:45 in New York."""
    spring = TODAY + 6 * DAY
    nights = Roster("on_call", EVERY, spring - DAY, spring + DAY, time(2, 15), time(2, 45))
    shifts.plan(ana, nights, by=lead, now=NOW)
    made = Shift.objects.filter(resource=ana, on_call=True).order_by("span")
    assert [f"{row.span.lower.astimezone(ZONE):%d %H:%M}" for row in made] == ["13 02:15", "15 02:15"]
