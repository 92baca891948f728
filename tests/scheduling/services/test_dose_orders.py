"""The order list of a day: what its doses are claimed for, the supplier's cut-off, and what was ordered."""

from datetime import UTC, datetime, time, timedelta

import pytest

from scheduling.models import DoseOrder
from scheduling.services.tracers import ordering
from tests import department, doses
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def lead(site):
    return department.lead(site)


@pytest.fixture
def supply(site, lead):
    doses.needed(site)
    return doses.supply(
        site,
        supplier="Isotope Depot",
        order_by_time=time(15),
        unit_doses=3,
        activity_mbq=400,
        particles=400_000,
    )


def line(site, day=TOMORROW, now=NOW):
    [found] = ordering.lines(site, day, now=now)
    return found


def test_the_cut_off_is_on_the_day_before_on_the_sites_clock(site, supply):
    assert line(site).cut_off_at == datetime(2027, 3, 8, 20, 0, tzinfo=UTC)  # 15:00 in New York


def test_the_cut_off_keeps_its_clock_time_over_a_change_of_summer_time(site, supply):
    assert line(site, TODAY + timedelta(days=7)).cut_off_at == datetime(2027, 3, 14, 19, 0, tzinfo=UTC)


def test_what_is_needed_is_what_is_claimed(site, supply):
    for _ in range(2):
        department.booked(site, first_day=TOMORROW)
    found = line(site)
    assert (found.needed, found.planned) == (2, 3)
    assert [str(claim.activity_mbq) for claim in found.claims] == ["148.000", "148.000"]
    assert not found.is_late


def test_it_is_too_late_when_the_cut_off_passes_and_nothing_is_ordered(site, supply, technologist):
    department.booked(site, first_day=TOMORROW)
    late = NOW + timedelta(hours=9)
    assert line(site, now=late).is_late
    ordering.order(supply, day=TOMORROW, doses=1, by=technologist, now=NOW)
    assert not line(site, now=late).is_late


def test_an_order_that_no_longer_covers_the_bookings_is_short(site, supply, technologist):
    department.booked(site, first_day=TOMORROW)
    ordering.order(supply, day=TOMORROW, doses=1, reference="A-17", by=technologist, now=NOW)
    assert not line(site).is_short
    department.booked(site, first_day=TOMORROW)
    found = line(site)
    assert found.is_short
    assert (found.order.reference, found.order.activity_mbq) == ("A-17", 400)
    assert AuditEvent.objects.get(action="tracer.ordered").data["doses"] == 1


def test_it_is_ordered_once_and_can_be_taken_back(site, supply, technologist):
    made = ordering.order(supply, day=TOMORROW, doses=1, by=technologist, now=NOW)
    with pytest.raises(Conflict, match="ordered already"):
        ordering.order(supply, day=TOMORROW, doses=2, by=technologist, now=NOW)
    ordering.take_back(made, by=technologist, now=NOW)
    ordering.order(supply, day=TOMORROW, doses=2, by=technologist, now=NOW)
    assert DoseOrder.objects.standing().get().doses == 2
    with pytest.raises(Conflict, match="taken back already"):
        ordering.take_back(made, by=technologist, now=NOW)


@pytest.mark.parametrize(
    ("day", "doses", "field"), [(TOMORROW, 0, "doses"), (TODAY + timedelta(days=5), 1, "day")]
)
def test_what_cannot_be_ordered_is_refused(supply, technologist, day, doses, field):
    with pytest.raises(Invalid) as refusal:
        ordering.order(supply, day=day, doses=doses, by=technologist, now=NOW)
    assert list(refusal.value.fields) == [field]


def test_what_is_made_here_is_not_ordered(site, lead, technologist):
    made_here = doses.supply(site)
    assert line(site).cut_off_at is None
    with pytest.raises(Invalid, match="made here"):
        ordering.order(made_here, day=TOMORROW, doses=1, by=technologist, now=NOW)
    ordering.set_supplier(
        made_here, supplier="Depot", order_by_time=time(14), order_days_before=2, by=lead, now=NOW
    )
    assert line(site).cut_off_at == datetime(2027, 3, 7, 19, 0, tzinfo=UTC)


def test_a_cut_off_needs_a_supplier(supply, lead):
    with pytest.raises(Invalid, match="Name the supplier"):
        ordering.set_supplier(
            supply, supplier=" ", order_by_time=time(14), order_days_before=1, by=lead, now=NOW
        )


def test_a_scheduler_orders_nothing(site, supply):
    with pytest.raises(NotAllowed):
        ordering.order(supply, day=TOMORROW, doses=1, by=department.scheduler(site), now=NOW)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_four_queries_however_many_doses_there_are(
    site, supply, count, django_assert_num_queries
):
    for _ in range(count):
        department.booked(site, first_day=TOMORROW)
    with django_assert_num_queries(4):
        assert len(line(site).claims) == count
