"""What is dropped on the board, and taken back."""

from datetime import timedelta

import pytest

from scheduling.models import Message, Reservation, Resource, StepKind
from scheduling.services import booking, closures, drops, reservations, visits
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def sam(site):
    return department.scheduler(site)


@pytest.fixture
def appointment(site):
    return department.booked(site)


def step_of(appointment, kind):
    return appointment.steps.select_related("appointment__site").get(kind=kind)


def starts_of(appointment):
    return {step.kind: step.planned_start_at for step in appointment.steps.all()}


def names_of(step):
    rows = Reservation.objects.occupying().filter(step=step).exclude(resource__kind="patient")
    return sorted(rows.values_list("resource__name", flat=True))


def places_of(appointment):
    return {step.kind: names_of(step) for step in appointment.steps.all()}


def test_a_step_moves_alone_and_keeps_its_room_and_people(appointment, sam):
    before, names = starts_of(appointment), places_of(appointment)
    step = step_of(appointment, StepKind.PERFUSION)
    drops.drop(step, starts_at=step.planned_start_at + 5 * MINUTE, by=sam, now=NOW)
    assert starts_of(appointment) == {**before, "perfusion": before["perfusion"] + 5 * MINUTE}
    assert places_of(appointment) == names


def test_a_rule_refuses_the_step_where_the_whole_visit_fits(appointment, sam):
    step, before = step_of(appointment, StepKind.VENTILATION), starts_of(appointment)
    later = {"starts_at": step.planned_start_at + 60 * MINUTE, "by": sam, "now": NOW}
    with pytest.raises(Conflict, match="perfusion"):
        drops.drop(step, **later)
    assert starts_of(appointment) == before
    drops.drop(step, **later, whole=True)
    assert starts_of(appointment) == {kind: at + 60 * MINUTE for kind, at in before.items()}


def test_a_step_goes_into_the_room_that_it_is_dropped_on(site, appointment, sam):
    step = step_of(appointment, StepKind.PERFUSION)
    [camera] = [name for name in names_of(step) if name.startswith("Camera")]
    other = Resource.objects.get(name="Camera 2" if camera == "Camera 1" else "Camera 1")
    drops.drop(step, starts_at=step.planned_start_at, resource=other, by=sam, now=NOW)
    assert other.name in names_of(step)
    assert camera not in names_of(step)


def test_a_step_goes_to_the_person_that_it_is_dropped_on_and_nobody_is_told(site, appointment, sam):
    step = step_of(appointment, StepKind.PERFUSION)
    told = Message.objects.filter(kind="moved").count()
    for name in ("Ben Okafor", "Carl Jensen"):
        person = Resource.objects.get(name=name)
        drops.drop(
            step_of(appointment, StepKind.PERFUSION),
            starts_at=step.planned_start_at,
            resource=person,
            by=sam,
            now=NOW,
        )
        assert name in names_of(step)
    assert Message.objects.filter(kind="moved").count() == told


def test_a_room_that_cannot_do_it_refuses(appointment, sam):
    step = step_of(appointment, StepKind.PERFUSION)
    room = Resource.objects.get(name="Ventilation 1")
    with pytest.raises(Conflict, match="Ventilation 1 cannot be used for perfusion"):
        drops.drop(step, starts_at=step.planned_start_at, resource=room, by=sam, now=NOW)


def test_a_room_that_is_closed_refuses_although_another_is_free(site, appointment, sam):
    step, before = step_of(appointment, StepKind.PERFUSION), places_of(appointment)
    [camera] = [name for name in names_of(step) if name.startswith("Camera")]
    other = Resource.objects.get(name="Camera 2" if camera == "Camera 1" else "Camera 1")
    until = NOW + timedelta(hours=10)
    closures.add(site, resource=other, starts_at=NOW, ends_at=until, reason="Cleaning", by=sam, now=NOW)
    with pytest.raises(Conflict, match=rf"{other.name} is closed until .* \(Cleaning\)\."):
        drops.drop(step, starts_at=step.planned_start_at, resource=other, by=sam, now=NOW)
    assert places_of(appointment) == before


def test_what_has_begun_is_not_moved(appointment, sam):
    tess = department.technologist(appointment.site)
    appointment, at = department.ready(appointment, by=tess)
    xray = step_of(appointment, StepKind.XRAY)
    with pytest.raises(Conflict, match="Only a step that is planned here"):
        drops.drop(xray, starts_at=at + 60 * MINUTE, by=sam, now=NOW)
    ventilation = step_of(appointment, StepKind.VENTILATION)
    visits.start(ventilation, by=tess, now=at)
    with pytest.raises(Conflict, match="cannot be moved"):
        drops.drop(ventilation, starts_at=at + 60 * MINUTE, by=sam, now=at)


def test_the_past_is_refused(appointment, sam):
    step = step_of(appointment, StepKind.XRAY)
    with pytest.raises(Exception, match="This time has passed"):
        drops.drop(step, starts_at=NOW - 5 * MINUTE, by=sam, now=NOW)


def test_roles_that_may_not_move_do_not(site, appointment):
    step = step_of(appointment, StepKind.XRAY)
    with pytest.raises(NotAllowed):
        drops.drop(step, starts_at=step.planned_start_at, by=department.attending(site), now=NOW)


def test_the_camera_moves_nobody_to_another_day(site, appointment):
    step = step_of(appointment, StepKind.XRAY)
    tomorrow = step.planned_start_at + timedelta(days=1)
    with pytest.raises(NotAllowed):
        drops.drop(step, starts_at=tomorrow, whole=True, by=department.technologist(site), now=NOW)
    drops.drop(step, starts_at=tomorrow, whole=True, by=department.scheduler(site), now=NOW)
    assert step_of(appointment, StepKind.XRAY).planned_start_at == tomorrow


class TestTakenBack:
    def test_it_stands_where_it_stood_as_a_move_of_its_own(self, appointment, sam):
        before, names = starts_of(appointment), places_of(appointment)
        step = step_of(appointment, StepKind.VENTILATION)
        moved, former = drops.drop(
            step, starts_at=step.planned_start_at + 60 * MINUTE, whole=True, by=sam, now=NOW
        )
        assert moved.revision == former.revision == 2
        back = drops.take_back(former, moved, by=sam, now=NOW)
        assert (starts_of(back), places_of(back), back.revision) == (before, names, 3)
        assert AuditEvent.objects.filter(action="appointment.moved").count() == 2

    def test_also_the_person(self, appointment, sam):
        step = step_of(appointment, StepKind.PERFUSION)
        before, present = places_of(appointment), names_of(step)
        person = (
            Resource.objects.filter(name__in=["Ben Okafor", "Carl Jensen"]).exclude(name__in=present).first()
        )
        moved, former = drops.drop(step, starts_at=step.planned_start_at, resource=person, by=sam, now=NOW)
        assert places_of(moved) != before
        assert places_of(drops.take_back(former, moved, by=sam, now=NOW)) == before

    def test_not_when_the_place_was_taken_meanwhile(self, site, appointment, sam):
        step = step_of(appointment, StepKind.VENTILATION)
        rooms = Resource.objects.filter(name__in=names_of(step), kind="room").exclude(name__startswith="Bay")
        moved, former = drops.drop(
            step, starts_at=step.planned_start_at + 120 * MINUTE, whole=True, by=sam, now=NOW
        )
        other = department.booked(site)
        assert {room.name for room in rooms} & set(names_of(step_of(other, StepKind.VENTILATION)))
        with pytest.raises(Conflict, match="busy until"):
            drops.take_back(former, moved, by=sam, now=NOW)

    def test_not_when_it_was_moved_again(self, appointment, sam):
        step = step_of(appointment, StepKind.PERFUSION)
        moved, former = drops.drop(step, starts_at=step.planned_start_at + 5 * MINUTE, by=sam, now=NOW)
        again = {"perfusion": step.planned_start_at + 10 * MINUTE}
        booking.move(moved, starts=again, by=sam, now=NOW)
        with pytest.raises(Conflict, match="changed since"):
            drops.take_back(former, moved, by=sam, now=NOW)

    def test_a_proposal_that_was_taken_too(self, appointment, sam):
        before, names = starts_of(appointment), places_of(appointment)
        later = {kind: at + 90 * MINUTE for kind, at in before.items()}
        ids = reservations.resource_ids(appointment)
        moved, former = drops.take(appointment, starts=later, resource_ids=ids, by=sam, now=NOW)
        assert starts_of(moved) == later
        back = drops.take_back(former, moved, by=sam, now=NOW)
        assert (starts_of(back), places_of(back)) == (before, names)
