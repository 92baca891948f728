"""Opening hours from a day on: what holds when, who is left outside, and what the database refuses."""

from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from scheduling.models import OpeningHours, ReservedSlot
from scheduling.services import calendars
from scheduling.services.department import hours
from scheduling.services.department.hours import Hours, Kept
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Invalid, NotAllowed
from vqflow.models import AuditEvent

DAY = timedelta(days=1)
TOMORROW = TODAY + DAY
MORNINGS = [Hours(day, time(7), time(12)) for day in range(7)]
WHOLE = [Hours(day, time(7), time(18)) for day in range(7)]


def opened(room, day):
    """The local clock times between which the room is open on a day, as the search sees them."""
    begins = calendars.local_day_bounds(day, department.ZONE)[0]
    calendar = calendars.read(room.site_id, begins)
    spans = calendar.open_in(begins, begins + 24 * 60)[calendar.resource_ids.index(room.pk)]
    return [
        tuple((minute - begins) // 60 for minute in span)
        for span in spans
        if begins <= span[0] < begins + 24 * 60
    ]


def change(room, wanted, by, **period):
    hours.change(room, wanted, **{"starts_on": TOMORROW, "by": by, "now": NOW, **period})


def test_new_hours_hold_from_their_day_on_and_what_holds_today_stays(camera, lead):
    change(camera, MORNINGS, lead, starts_on=TODAY + 3 * DAY)
    assert [opened(camera, TODAY + n * DAY) for n in range(5)] == [[(7, 18)]] * 3 + [[(7, 12)]] * 2


def test_hours_until_a_day_give_way_to_the_earlier_ones(camera, lead):
    change(camera, MORNINGS, lead, starts_on=TOMORROW, ends_on=TOMORROW + DAY)
    assert [opened(camera, TODAY + n * DAY) for n in range(4)] == [[(7, 18)], [(7, 12)], [(7, 12)], [(7, 18)]]
    assert hours.on(camera, TODAY + 90 * DAY) == WHOLE


def test_a_day_that_stays_the_same_keeps_its_row(camera, lead):
    before = OpeningHours.objects.get(resource=camera, weekday=2)
    change(camera, [each for each in WHOLE if each.weekday != 5], lead)
    after = OpeningHours.objects.get(resource=camera, weekday=2)
    assert (after.pk, after.starts_on, after.ends_on) == (before.pk, None, None)
    assert OpeningHours.objects.get(resource=camera, weekday=5).ends_on == TODAY


def test_hours_that_were_planned_for_a_later_day_are_replaced(camera, lead):
    change(camera, MORNINGS, lead, starts_on=TODAY + 10 * DAY)
    change(camera, [], lead, starts_on=TODAY + 5 * DAY)
    assert [opened(camera, TODAY + n * DAY) for n in (4, 5, 10, 11)] == [[(7, 18)], [], [], []]


def test_a_night_that_begins_before_the_change_runs_to_its_end(camera, lead):
    nights = [Hours(day, time(20), time(6)) for day in range(7)]
    change(camera, nights, lead)
    change(camera, WHOLE, lead, starts_on=TODAY + 5 * DAY)
    begins = calendars.local_day_bounds(TODAY + 5 * DAY, department.ZONE)[0]
    calendar = calendars.read(camera.site_id, begins - 2880)
    spans = calendar.open_in(begins - 240, begins + 1440)[calendar.resource_ids.index(camera.pk)]
    about = [tuple((minute - begins) // 60 for minute in span) for span in spans]
    assert [span for span in about if span[1] > -12 and span[0] < 24] == [(-4, 6), (7, 18)]


def test_who_is_booked_outside_the_new_hours_is_listed_before_and_stays_booked(site, lead):
    booked = department.booked(site, first_day=TOMORROW)
    [room] = {
        row.resource
        for step in booked.steps.filter(kind="perfusion")
        for row in step.reservations.all()
        if row.resource.name.startswith("Camera")
    }
    evenings = [Hours(day, time(17), time(21)) for day in range(7)]
    [affected] = hours.preview(room, evenings, starts_on=TOMORROW, now=NOW)
    assert (affected.appointment, affected.why) == (booked, "The room is not open then.")
    assert hours.preview(room, evenings, starts_on=TODAY + 15 * DAY, now=NOW) == []
    change(room, evenings, lead)
    booked.refresh_from_db()
    assert booked.state == "booked"
    assert hours.on(room, TOMORROW) == evenings


def test_looking_at_new_hours_writes_nothing(camera):
    before = list(OpeningHours.objects.values().order_by("pk"))
    hours.preview(camera, MORNINGS, starts_on=TOMORROW, now=NOW)
    assert list(OpeningHours.objects.values().order_by("pk")) == before


@pytest.mark.parametrize(
    ("wanted", "period", "field"),
    [
        ([Hours(0, time(7), time(12)), Hours(0, time(11), time(18))], {}, "hours"),
        ([Hours(0, time(20), time(8)), Hours(1, time(7), time(12))], {}, "hours"),
        ([Hours(6, time(20), time(8)), Hours(0, time(7), time(12))], {}, "hours"),
        (MORNINGS, {"starts_on": TODAY}, "starts_on"),
        (MORNINGS, {"starts_on": date(2040, 1, 1)}, "starts_on"),
        (MORNINGS, {"ends_on": TODAY}, "ends_on"),
        (WHOLE, {}, None),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(camera, lead, wanted, period, field):
    before = list(OpeningHours.objects.values().order_by("pk"))
    with pytest.raises(Invalid) as refusal:
        change(camera, wanted, lead, **period)
    assert list(refusal.value.fields) == ([field] if field else [])
    assert list(OpeningHours.objects.values().order_by("pk")) == before


def test_hours_on_call_may_lie_within_the_opening_hours(camera, lead):
    change(camera, [*WHOLE, Hours(0, time(17), time(23), on_call=True)], lead)
    assert len(hours.on(camera, TOMORROW)) == 8


def test_the_database_refuses_hours_that_overlap_on_a_day_on_which_both_hold(camera):
    row = {"resource": camera, "weekday": 0, "opens": time(17), "closes": time(20)}
    with pytest.raises(IntegrityError, match="opening_hours_once"), transaction.atomic():
        OpeningHours.objects.create(**row)
    OpeningHours.objects.filter(resource=camera).update(ends_on=TODAY)
    OpeningHours.objects.create(**row, starts_on=TOMORROW)
    with pytest.raises(IntegrityError, match="opening_hours_once"), transaction.atomic():
        OpeningHours.objects.create(
            **row | {"weekday": 6, "opens": time(23), "closes": time(18)}, starts_on=TOMORROW
        )
    with pytest.raises(IntegrityError, match="opening_hours_days_ordered"), transaction.atomic():
        OpeningHours.objects.create(**row | {"weekday": 3}, starts_on=TOMORROW, ends_on=TODAY)


def test_only_the_lead_changes_hours_and_it_is_audited(camera, site, lead):
    with pytest.raises(NotAllowed):
        change(camera, MORNINGS, department.scheduler(site))
    change(camera, MORNINGS, lead)
    event = AuditEvent.objects.get(action="opening_hours.changed")
    assert (event.agent_name, event.data["resource"], len(event.data["rows"])) == ("lou", "Camera 1", 7)


def test_kept_times_hold_from_their_day_on(camera, lead):
    slots = [Kept(0, time(10), time(11), 60)]
    hours.keep(camera, slots, starts_on=TOMORROW, by=lead, now=NOW)
    assert (hours.kept_on(camera, TODAY), hours.kept_on(camera, TOMORROW)) == ([], slots)
    with pytest.raises(Invalid):
        hours.keep(camera, slots, starts_on=TOMORROW, by=lead, now=NOW)
    hours.keep(camera, [], starts_on=TOMORROW + DAY, by=lead, now=NOW)
    assert ReservedSlot.objects.get().ends_on == TOMORROW


def test_a_kept_time_that_is_over_keeps_nothing_from_routine_patients(site, camera, lead):
    for room in (camera, site.resources.get(name="Camera 2")):
        hours.keep(
            room,
            [Kept(day, time(7), time(18), 0) for day in range(7)],
            starts_on=TOMORROW,
            ends_on=TOMORROW,
            by=lead,
            now=NOW,
        )
    order = department.order(site)
    best = department.proposal(order, first_day=TOMORROW)
    assert best.lungs_start_at.astimezone(department.ZONE).date() == TOMORROW + DAY
