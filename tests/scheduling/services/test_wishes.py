"""What the patient wishes of a time changes which proposal comes first, on the page and through the API."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from scheduling.services import search
from scheduling.services.wishes import Wishes
from tests import department
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def site():
    return department.site()


def first(site, **wishes):
    """The local start of the lungs and the number of visits of the best proposal."""
    found, why = search.proposals(
        department.order(site),
        first_day=TODAY,
        days=7,
        by=department.scheduler(site),
        now=NOW,
        wished=Wishes(**wishes),
        limit=1,
    )
    assert found, why
    return found[0].lungs_start_at.astimezone(ZONE), len(found[0].visits)


def test_nothing_wished_is_the_earliest(site):
    starts_at, _ = first(site)
    assert starts_at.date() == TODAY


def test_a_weekday_is_waited_for(site):
    starts_at, _ = first(site, weekdays=(2,))
    assert (starts_at.weekday(), starts_at.date() > TODAY) == (2, True)


def test_a_time_of_day_holds_for_every_step(site):
    starts_at, visits = first(site, from_time=time(13), until_time=time(17))
    assert (starts_at.date(), visits) == (TODAY, 1)
    assert time(14) <= starts_at.time() <= time(16)


def test_one_day_only_leaves_two_trips_out(site):
    found, _ = search.proposals(
        department.order(site),
        first_day=TODAY,
        days=3,
        by=department.scheduler(site),
        now=NOW,
        wished=Wishes(same_day_only=True),
        limit=400,
    )
    assert found
    assert {len(each.visits) for each in found} == {1}


def test_wishes_that_nobody_can_meet_still_find_a_time(site):
    starts_at, _ = first(site, from_time=time(22), until_time=time(23))
    assert starts_at.date() == TODAY


def test_a_flexible_patient_leaves_room_for_another(site):
    """The best time for the department need not be the earliest, but it is on the same day."""
    earliest, _ = first(site)
    flexible, _ = first(site, is_flexible=True)
    assert flexible.date() == earliest.date()
    assert flexible >= earliest
