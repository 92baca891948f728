"""How often the database is asked does not grow with the department, and stays as low as it has been."""

import pytest

from scheduling.services import booking, search
from tests import department
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db

# Sent in one go each: lock the order and read it; lock what could serve and search; write it all.
OF_A_BOOKING = 3
SAVEPOINT_AND_RELEASE = 2


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


def found(order, scheduler):
    return search.proposals(order, first_day=TODAY, days=28, by=scheduler, now=NOW)[0]


@pytest.mark.parametrize("appointments", [0, 3])
def test_a_search_is_one_query(appointments, site, scheduler, django_assert_num_queries):
    for _ in range(appointments):
        department.booked(site, by=scheduler)
    order = department.order(site, by=scheduler)
    found(order, scheduler)
    with django_assert_num_queries(1):
        assert len(found(order, scheduler)) == search.LIMIT


@pytest.mark.parametrize("appointments", [0, 3])
def test_a_booking_takes_a_fixed_number_of_queries(appointments, site, scheduler, django_assert_num_queries):
    for _ in range(appointments):
        department.booked(site, by=scheduler)
    order = department.order(site, by=scheduler)
    best = found(order, scheduler)[0]
    with django_assert_num_queries(OF_A_BOOKING + SAVEPOINT_AND_RELEASE):
        booking.book(order, starts=best.starts, by=scheduler, now=NOW)
