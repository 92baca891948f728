"""Closures by hand: who may close what and until when."""

from datetime import timedelta

import pytest

from scheduling.models import Closure, Resource
from scheduling.services import closures
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, Invalid, NotAllowed

pytestmark = pytest.mark.django_db
EVENING = NOW + timedelta(hours=11)


@pytest.fixture
def camera(site):
    return Resource.objects.get(site=site, name="Camera 1")


def close(site, by, **fields):
    values = {"starts_at": NOW, "ends_at": EVENING, "reason": "Service", "resource": None}
    return closures.add(site, **values | fields, by=by, now=NOW)


def test_a_closed_room_is_not_offered(site, technologist, camera):
    close(site, technologist, resource=camera)
    rooms = {step.room for step in department.proposal(department.order(site)).steps}
    assert "Camera 1" not in rooms


def test_how_many_are_booked_within_a_closure_is_counted(site, technologist):
    department.booked(site)
    assert closures.booked_within(close(site, technologist), now=NOW) == 1


def test_a_technologist_closes_today_and_the_lead_any_day(site, technologist):
    tomorrow = {"starts_at": NOW + timedelta(days=1), "ends_at": EVENING + timedelta(days=1)}
    with pytest.raises(NotAllowed):
        close(site, technologist, **tomorrow)
    closure = close(site, department.lead(site), **tomorrow)
    with pytest.raises(NotAllowed):
        closures.end(closure, by=technologist, now=NOW)


def test_a_closure_that_has_begun_ends_now_and_one_to_come_is_removed(site):
    lead = department.lead(site)
    begun = close(site, lead)
    to_come = close(site, lead, starts_at=NOW + timedelta(hours=2))
    later = NOW + timedelta(hours=1)
    closures.end(begun, by=lead, now=later)
    closures.end(to_come, by=lead, now=later)
    assert [(each.span.lower, each.span.upper) for each in Closure.objects.all()] == [(NOW, later)]
    with pytest.raises(Conflict, match="over already"):
        closures.end(begun, by=lead, now=later)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"ends_at": NOW - timedelta(hours=1)}, "ends_at"),
        ({"starts_at": NOW - timedelta(hours=2), "ends_at": NOW}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=400)}, "ends_at"),
    ],
)
def test_a_closure_without_sense_is_refused_at_its_field(site, technologist, fields, field):
    with pytest.raises(Invalid) as refusal:
        close(site, technologist, **fields)
    assert field in refusal.value.fields


def test_a_room_of_another_site_cannot_be_closed(site, technologist):
    there = Resource.objects.get(site=department.site("hillside"), name="Camera 1")
    with pytest.raises(Invalid):
        close(site, technologist, resource=there)


def test_a_physician_may_not_close_a_room(site, physician):
    with pytest.raises(NotAllowed):
        close(site, physician)


def test_the_same_time_is_not_closed_twice(site, camera):
    lead = department.lead(site)
    close(site, lead, resource=camera)
    with pytest.raises(Invalid, match="Camera 1 is closed at this time already") as refusal:
        close(site, lead, resource=camera, reason="Again")
    assert list(refusal.value.fields) == ["starts_at"]
    assert Closure.objects.count() == 1
    close(site, lead, resource=camera, ends_at=EVENING + timedelta(hours=1))
    close(site, lead)
    assert Closure.objects.count() == 3
