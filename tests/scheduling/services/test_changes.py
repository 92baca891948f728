"""Moving single steps, changing places, another length: one test per exit."""

from datetime import timedelta

import pytest

from scheduling.models import Message, Reservation, Resource, ScheduledProcedureStep, StepKind
from scheduling.services import booking, changes, holds, search, vetting
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def by(site):
    return department.scheduler(site)


@pytest.fixture
def appointment(site, by):
    return department.booked(site, by=by)


def starts(appointment):
    return {step.kind: step.planned_start_at for step in appointment.steps.all()}


def ends(appointment):
    return {step.kind: step.planned_end_at for step in appointment.steps.all()}


def occupied(appointment):
    rows = Reservation.objects.occupying().filter(step__appointment=appointment)
    return sorted(rows.values_list("resource_id", "step__kind", "span"))


class TestMovingSomeSteps:
    def test_the_steps_without_a_start_stay(self, appointment, by):
        before = starts(appointment)
        later = before["perfusion"] + 5 * MINUTE
        moved = booking.move(appointment, starts={"perfusion": later}, by=by, now=NOW)
        assert starts(moved) == before | {"perfusion": later}
        assert moved.revision == 2

    def test_the_xray_window_speaks_first(self, appointment, by):
        """The perfusion would be too early as well, but what counts is the X-ray."""
        before = starts(appointment)
        early = {"ventilation": before["xray"] + 30 * MINUTE}
        with pytest.raises(Conflict) as refusal:
            booking.move(appointment, starts=early, by=by, now=NOW)
        assert refusal.value.sentence == (
            "The ventilation starts 20 min after the X-ray; it must start 1 h 10 min to 23 h 50 min after it."
        )
        assert starts(appointment) == before

    def test_a_chain_that_breaks_is_refused(self, appointment, by):
        far = {"perfusion": starts(appointment)["perfusion"] + timedelta(hours=2)}
        with pytest.raises(Conflict) as refusal:
            booking.move(appointment, starts=far, by=by, now=NOW)
        assert "it must start 5 min to 20 min after it." in refusal.value.sentence

    def test_a_step_that_should_be_over_is_recorded_or_moved_too(self, appointment, by):
        after_xray = starts(appointment)["xray"] + MINUTE
        later = {"perfusion": starts(appointment)["perfusion"] + 5 * MINUTE}
        with pytest.raises(Conflict) as refusal:
            booking.move(appointment, starts=later, by=by, now=after_xray)
        assert refusal.value.sentence.endswith("is not done. Record it, or move it too.")

    def test_what_is_performed_is_not_moved(self, appointment, by):
        technologist, at = department.technologist(appointment.site), ends(appointment)["xray"]
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=at)
        xrays.record(appointment, ended_at=at, by=technologist, now=at)
        moved = booking.move(
            appointment, starts={"perfusion": starts(appointment)["perfusion"] + 5 * MINUTE}, by=by, now=at
        )
        assert moved.xray_ends_at == at
        with pytest.raises(Invalid):
            booking.move(moved, starts={"xray": at + timedelta(hours=3)}, by=by, now=at)

    def test_a_move_to_nowhere_is_refused(self, appointment, by):
        with pytest.raises(Invalid):
            booking.move(appointment, starts={}, by=by, now=NOW)


class TestChangingPlaces:
    @pytest.fixture
    def other(self, site, by):
        return department.booked(site, by=by, first_day=TODAY + timedelta(days=1))

    def test_each_takes_the_times_and_rooms_of_the_other(self, appointment, other, by):
        before, rooms = (
            [starts(each) for each in (appointment, other)],
            [occupied(each) for each in (appointment, other)],
        )
        changes.swap(appointment, other, by=by, now=NOW)
        assert [starts(each) for each in (other, appointment)] == before
        assert _without_patients(occupied(other)) == _without_patients(rooms[0])
        assert _without_patients(occupied(appointment)) == _without_patients(rooms[1])
        moved = AuditEvent.objects.filter(action="appointment.moved")
        assert [event.data["swapped"] for event in moved] == [True, True]
        assert Message.objects.filter(kind="moved").values("appointment").distinct().count() == 2

    def test_it_is_all_or_nothing_with_the_sentence_of_the_one_that_does_not_fit(
        self, site, appointment, other, by
    ):
        """The camera that the other's protocol needs stands still on the first one's day."""
        site.protocols.get(key="V_THEN_Q").steps.filter(kind="perfusion").update(acquisition_minutes=170)
        busy = Resource.objects.filter(name__startswith="Camera")
        for camera in busy:
            begins = ends(appointment)["perfusion"] + timedelta(hours=1)
            camera.closures.create(site=site, span=(begins, begins + timedelta(hours=1)), reason="QC")
        before = [starts(each) for each in (appointment, other)]
        with pytest.raises(Conflict) as refusal:
            changes.swap(other, appointment, by=by, now=NOW)
        assert refusal.value.sentence.startswith("The appointment of ")
        assert "No gamma camera is free" in refusal.value.sentence
        assert [starts(each) for each in (appointment, other)] == before
        assert len(occupied(appointment)) == len(occupied(other)) == 10

    def test_with_oneself_it_is_refused(self, appointment, by):
        with pytest.raises(Invalid):
            changes.swap(appointment, appointment, by=by, now=NOW)

    def test_with_another_site_it_is_refused(self, appointment, by):
        elsewhere = department.booked(department.site("hillside"))
        with pytest.raises(Invalid):
            changes.swap(appointment, elsewhere, by=by, now=NOW)

    def test_with_one_that_is_over_it_is_refused(self, appointment, other, by):
        booking.cancel(other, reason="ill", by=by, now=NOW)
        with pytest.raises(Conflict) as refusal:
            changes.swap(appointment, other, by=by, now=NOW)
        assert refusal.value.sentence == "This appointment is cancelled; it cannot be moved."

    def test_without_a_scan_in_common_it_is_refused(self, site, appointment, by):
        alone = department.order(site, by=by, vetted=False)
        protocol = department.protocol(site, key="Q", name="Q", kinds=(StepKind.XRAY, StepKind.PERFUSION))
        other_kind = department.protocol(site, key="V", name="V", kinds=(StepKind.XRAY, StepKind.VENTILATION))
        vetting.vet(alone, reason="Agreed.", protocol=protocol, by=department.attending(site), now=NOW)
        second = department.order(site, by=by, vetted=False)
        vetting.vet(second, reason="Agreed.", protocol=other_kind, by=department.attending(site), now=NOW)
        pair = [
            booking.book(each, starts=department.proposal(each, by=by).starts, by=by, now=NOW)
            for each in (alone, second)
        ]
        with pytest.raises(Conflict) as refusal:
            changes.swap(*pair, by=by, now=NOW)
        assert refusal.value.sentence.startswith("These two have no scan in common")

    def test_a_technologist_swaps_within_the_day_only(self, site, appointment, other, by):
        with pytest.raises(NotAllowed):
            changes.swap(appointment, other, by=department.technologist(site), now=NOW)


def _without_patients(rows):
    people = set(Resource.objects.filter(kind="patient").values_list("pk", flat=True))
    return [row for row in rows if row[0] not in people]


class TestAnotherLength:
    def length(self, appointment, kind):
        step = appointment.steps.get(kind=kind)
        return (step.planned_end_at - step.planned_start_at) // MINUTE

    def test_the_last_step_grows_into_free_time(self, appointment, by):
        before = starts(appointment)
        changed = changes.lengthen(appointment.steps.get(kind="perfusion"), minutes=35, by=by, now=NOW)
        assert (starts(changed), self.length(changed, "perfusion")) == (before, 35)
        camera = Reservation.objects.get(
            status="booked", step__appointment=changed, step__kind="perfusion", resource__kind="room"
        )
        assert camera.span.upper == ends(changed)["perfusion"] + 5 * MINUTE
        assert changed.ends_at == ends(changed)["perfusion"]

    def test_what_follows_stays_where_its_lag_allows_it(self, appointment, by):
        """Ventilation ends 10 minutes before perfusion; 5 are enough."""
        later = starts(appointment)["perfusion"] + 10 * MINUTE
        booking.move(appointment, starts={"perfusion": later}, by=by, now=NOW)
        changed = changes.lengthen(appointment.steps.get(kind="ventilation"), minutes=20, by=by, now=NOW)
        assert starts(changed)["perfusion"] == later

    def test_what_follows_shifts_when_it_must(self, appointment, by):
        before = starts(appointment)
        changed = changes.lengthen(appointment.steps.get(kind="ventilation"), minutes=40, by=by, now=NOW)
        assert starts(changed) == before | {"perfusion": before["perfusion"] + 25 * MINUTE}

    def test_a_shorter_one_draws_what_follows_after_it_only_if_it_must(self, appointment, by):
        before = starts(appointment)
        changed = changes.lengthen(appointment.steps.get(kind="ventilation"), minutes=10, by=by, now=NOW)
        assert starts(changed) == before

    def test_the_patient_is_not_told_and_reminders_go_on(self, appointment, by):
        waiting = Message.objects.filter(appointment=appointment, state="pending")
        count = waiting.count()
        changed = changes.lengthen(appointment.steps.get(kind="perfusion"), minutes=35, by=by, now=NOW)
        assert not Message.objects.filter(kind="moved").exists()
        assert set(waiting.values_list("revision", flat=True)) == {changed.revision}
        assert waiting.count() == count > 0

    def test_a_move_keeps_the_length(self, appointment, by):
        changes.lengthen(appointment.steps.get(kind="perfusion"), minutes=35, by=by, now=NOW)
        tomorrow = TODAY + timedelta(days=1)
        found, _ = search.moves(appointment, first_day=tomorrow, days=1, by=by, now=NOW, limit=1)
        moved = booking.move(appointment, starts=found[0].starts, by=by, now=NOW)
        assert self.length(moved, "perfusion") == 35

    def test_who_is_in_the_way_is_said(self, site, appointment, by):
        """All cameras but the own one are out of use, and that is booked for another patient afterwards."""
        used = appointment.steps.get(kind="perfusion").reservations.get(resource__kind="room")
        Resource.objects.filter(name__startswith="Camera").exclude(pk=used.resource_id).update(
            is_active=False
        )
        ours = appointment.steps.get(kind="perfusion")
        blocker = ScheduledProcedureStep.objects.exclude(appointment=appointment).first() or ours
        Reservation.objects.create(
            resource=used.resource,
            step=blocker,
            status="booked",
            span=(used.span.upper, used.span.upper + timedelta(hours=8)),
        )
        other = department.booked(site, by=by, first_day=TODAY + timedelta(days=1))
        Reservation.objects.filter(resource=used.resource, span__startswith=used.span.upper).update(
            step=other.steps.get(kind="perfusion")
        )
        with pytest.raises(Conflict) as refusal:
            changes.lengthen(ours, minutes=60, by=by, now=NOW)
        assert refusal.value.sentence.startswith(f"{used.resource.name} is booked from ")
        ours.refresh_from_db()
        assert ours.acquisition_minutes is None

    def test_a_hold_in_the_way_is_said_with_its_holder(self, site, appointment, by):
        used = appointment.steps.get(kind="perfusion").reservations.get(resource__kind="room")
        Resource.objects.filter(name__startswith="Camera").exclude(pk=used.resource_id).update(
            is_active=False
        )
        kim = department.scheduler(site, first_name="Kim", last_name="Park")
        order = department.order(site, by=kim)
        holds.hold(order, starts=department.proposal(order, by=kim).starts, by=kim, now=NOW)
        with pytest.raises(Conflict) as refusal:
            changes.lengthen(appointment.steps.get(kind="perfusion"), minutes=240, by=by, now=NOW)
        assert " is held by Kim Park until 07:05." in refusal.value.sentence

    @pytest.mark.parametrize("minutes", [0, -5, 241])
    def test_minutes_that_cannot_be_are_refused(self, appointment, by, minutes):
        with pytest.raises(Invalid):
            changes.lengthen(appointment.steps.get(kind="perfusion"), minutes=minutes, by=by, now=NOW)

    def test_a_step_that_is_done_keeps_its_length(self, appointment, by):
        technologist, at = department.technologist(appointment.site), ends(appointment)["xray"]
        xrays.record(appointment, ended_at=at, by=technologist, now=at)
        with pytest.raises(Conflict):
            changes.lengthen(appointment.steps.get(kind="xray"), minutes=20, by=by, now=at)

    def test_a_cancelled_one_is_not_changed(self, appointment, by):
        booking.cancel(appointment, reason="ill", by=by, now=NOW)
        with pytest.raises(Conflict):
            changes.lengthen(appointment.steps.get(kind="perfusion"), minutes=30, by=by, now=NOW)
