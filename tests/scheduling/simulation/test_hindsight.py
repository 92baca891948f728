import pytest

from scheduling.simulation.demand import Request
from scheduling.simulation.hindsight import optimum
from scheduling.simulation.months import booked
from scheduling.simulation.stories import Story
from tests.scheduling.simulation.departments import small


def together(count, *, wish=None):
    """Patients who all ask at midnight for this day."""
    return [Story(Request(number, 0, "all", 0, False, False, wish, 0)) for number in range(count)]


def test_the_best_plan_of_an_empty_day_is_bound_by_the_ventilation_room():
    # The first begins setting up at 08:18, each takes the room for 32 minutes, and from there to the end of the
    # camera's clearance it is 48: 08:18 + 14 * 32 + 48 min is 16:34, and one more would end after 17:00.
    found = optimum(small(), together(25), seconds=20)
    assert found.booked == found.bound == 15


def test_patients_who_all_wish_the_same_minute_are_one():
    found = optimum(small(), together(3, wish=(600, 600)), seconds=20)
    assert found.booked == found.bound == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_books_more_than_the_bound(seed):
    stories = booked(small(("doses = 12", "doses = 100")), seed=seed, days=3)
    found = optimum(small(), stories, seconds=5)
    assert sum(1 for story in stories if story.appointments) <= found.bound
    assert found.booked <= found.bound <= len(stories)
