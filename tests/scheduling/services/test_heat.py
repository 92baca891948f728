"""The next six weeks: one query, the same starts as the search, and closed days by their names."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.models import Closure, Resource, Shift
from scheduling.services import heat, search, wishes
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import Role

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def order(site):
    return department.order(site)


@pytest.fixture
def by(site):
    return department.scheduler(site)


def days(order, by, count=heat.DAYS, **known):
    return heat.of_order(order, first_day=TODAY, days=count, by=by, now=NOW, **known)


def test_six_weeks_are_read_in_one_query(order, by, django_assert_num_queries):
    days(order, by)  # the calendar is read by whoever asks first
    with django_assert_num_queries(1):
        found = days(order, by)
    assert [each.day for each in found] == [TODAY + timedelta(days=n) for n in range(42)]


def test_each_day_has_as_many_starts_as_the_search_offers(order, by, site):
    department.booked(site, by=by)
    found, _ = search.proposals(order, first_day=TODAY, days=3, by=by, now=NOW, limit=2000)
    offered = {}
    for each in found:
        offered.setdefault(each.lungs_start_at.astimezone(ZONE).date(), []).append(each.lungs_start_at)
    shown = {each.day: each for each in days(order, by, 3)}
    assert {day: len(starts) for day, starts in offered.items()} == {
        day: each.starts for day, each in shown.items()
    }
    assert {day: min(starts) for day, starts in offered.items()} == {
        day: each.best_at for day, each in shown.items()
    }


def test_days_on_which_nobody_can_come_say_why(order, by, site):
    begins = NOW + timedelta(days=1)
    Closure.objects.create(
        site=site, span=(begins - timedelta(hours=8), begins + timedelta(hours=16)), reason="Move"
    )
    Shift.objects.filter(span__contains=NOW + timedelta(days=2, hours=4)).delete()
    found = days(order, by, 3)
    assert [each.closed for each in found] == ["", "Closed", "Nobody on shift"]
    assert [each.starts > 0 for each in found] == [True, False, False]


def test_a_holiday_is_named(site, by):
    order = department.order(site)
    found = heat.of_order(order, first_day=department.TODAY.replace(month=7, day=1), days=5, by=by, now=NOW)
    assert {each.day.day: each.closed for each in found}[5] == "Independence Day (observed)"


def test_a_day_whose_rooms_are_full_is_not_called_closed(order, by, site):
    for camera in Resource.objects.filter(name__startswith="Camera"):
        span = (NOW, NOW + timedelta(hours=12))
        Closure.objects.create(site=site, resource=camera, span=span, reason="Repair")
    [today] = days(order, by, 1)
    assert (today.starts, today.best_at, today.closed) == (0, None, "Closed")
    Closure.objects.update(span=(NOW + timedelta(hours=1), NOW + timedelta(hours=12)))
    [today] = days(order, by, 1)
    assert (today.starts, today.closed) == (0, "")


def test_wishes_are_counted_apart(order, by):
    wished = wishes.Wishes(weekdays=(2,))
    found = days(order, by, 4, wished=wished)
    assert [each.wished > 0 for each in found] == [False, False, True, False]
    assert all(each.starts > 0 for each in found)


def test_only_one_trip_where_that_is_wished(order, by):
    late = NOW + timedelta(hours=9, minutes=30)  # an X-ray still fits today, the lungs only tomorrow
    asked = {"first_day": TODAY + timedelta(days=1), "days": 1, "by": by, "now": late}
    [free] = heat.of_order(order, **asked)
    [one_trip] = heat.of_order(order, **asked, wished=wishes.Wishes(same_day_only=True))
    assert 0 < one_trip.starts <= free.starts
    assert one_trip.best_at >= free.best_at


def test_a_move_counts_the_present_time_as_free(site, by):
    appointment = department.booked(site, by=by)
    asked = {"first_day": TODAY, "days": 1, "by": by, "now": NOW}
    [day] = heat.of_appointment(appointment, **asked)
    [of_another] = heat.of_order(department.order(site), **asked)
    assert day.best_at == appointment.lungs_start_at
    assert day.starts >= of_another.starts


def test_what_cannot_be_booked_has_no_days(site, by):
    with pytest.raises(Conflict, match="vet this order"):
        days(department.order(site, vetted=False), by)
    with pytest.raises(NotAllowed):
        days(department.order(site), department.user(Role.REFERRER, site))
