"""Gas in a room: it is evacuated, closed and planned around; and rooms whose air is not checked take no xenon."""

from datetime import timedelta
from decimal import Decimal

import pytest

from scheduling import list_version
from scheduling.models import (
    Agent,
    Closure,
    DisruptionKind,
    Incident,
    Protocol,
    QualityCheck,
    Reservation,
    Resource,
)
from scheduling.services import booking, explanation, protocols, quality, search, vetting
from scheduling.services.quality import checks, plans, spills
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gas_room(site):
    room = Resource.objects.select_related("room", "site").get(site=site, name="Ventilation 1")
    room.room.volume_m3, room.room.exhaust_m3_per_h = 60, 600
    room.room.exhaust_measured_on = TODAY - timedelta(days=30)
    room.room.save(update_fields=["volume_m3", "exhaust_m3_per_h", "exhaust_measured_on"])
    return room


def report(room, by, *, now=NOW, **values):
    return spills.report(room, by=by, now=now, **values)


class TestSpills:
    def test_the_room_is_evacuated_for_the_posted_time(self, site, gas_room, technologist):
        spill = report(gas_room, technologist)
        assert spill.clears_at == NOW + 22 * MINUTE  # domain 9.2: 21.0 min at 10 changes an hour, rounded up
        assert (spill.incident.kind, spill.incident.what) == ("spill", "Gas escaped in Ventilation 1.")
        assert spill.disruption.kind == DisruptionKind.ROOM_DOWN
        closure = Closure.objects.get(resource=gas_room)
        assert closure.reason == "Evacuated: gas escaped. Clears 07:22"
        assert (closure.span.lower, closure.span.upper) == (NOW, spill.clears_at)
        assert AuditEvent.objects.get(action="spill.reported").data["room"] == "Ventilation 1"

    def test_the_sites_limit_counts(self, site, gas_room, technologist):
        site.xenon_limit_bq_per_m3 = 3_700_000
        site.save(update_fields=["xenon_limit_bq_per_m3"])
        assert report(gas_room, technologist).clears_at == NOW + 8 * MINUTE

    def test_nobody_starts_there_meanwhile_and_everybody_afterwards(self, site, gas_room, technologist):
        report(gas_room, technologist)
        refused = quality.present(site, NOW).start(1, room_ids=[gas_room.pk])
        assert refused == "Ventilation 1 is evacuated: gas escaped. It clears at 07:22."
        assert not quality.present(site, NOW + 22 * MINUTE)

    def test_a_list_complains_of_it_only_where_the_step_is_planned_before_it_clears(
        self, site, gas_room, technologist
    ):
        spill = report(gas_room, technologist)
        found = quality.refusals(site, NOW.date(), NOW)
        rooms = [gas_room.pk]
        assert found.start(1, room_ids=rooms, at=spill.clears_at - MINUTE)
        assert found.start(1, room_ids=rooms, at=spill.clears_at) is None
        # Who presses start now is refused, whenever it was planned.
        assert quality.present(site, NOW).start(1, room_ids=rooms, at=spill.clears_at)

    def test_a_check_that_is_missing_in_an_evacuated_room_is_said_too(self, site, gas_room, technologist):
        daily, rooms = (
            plans.add(site, kind="camera", room=gas_room, by=department.lead(site), now=NOW),
            [gas_room.pk],
        )
        gas = "Ventilation 1 is evacuated: gas escaped. It clears at 07:22."
        check = "Ventilation 1: the camera quality control has not been done today. Do it on the Morning page first."
        clears_at = report(gas_room, technologist).clears_at
        assert quality.present(site, NOW).start(1, room_ids=rooms) == f"{gas} {check}"
        of_list = quality.refusals(site, NOW.date(), NOW)
        assert of_list.start(1, room_ids=rooms, at=clears_at - MINUTE) == f"{gas} {check}"
        # What comes once it is clear waits for the check alone.
        assert of_list.start(1, room_ids=rooms, at=clears_at) == check
        assert quality.present(site, clears_at).start(1, room_ids=rooms) == check
        checks.record(daily, passed=True, by=technologist, now=NOW)
        assert quality.present(site, NOW).start(1, room_ids=rooms) == gas

    def test_the_list_is_another_the_second_the_room_is_clear(self, site, gas_room, technologist):
        clears_at = report(gas_room, technologist).clears_at
        second = timedelta(seconds=1)
        seen = [list_version.version(site, TODAY, at) for at in (NOW, clears_at - second, clears_at)]
        assert (seen[0] == seen[1], seen[1] == seen[2]) == (True, False)

    def test_a_measurement_opens_the_room_before_its_time(self, site, gas_room, technologist):
        spill, later = report(gas_room, technologist), NOW + 10 * MINUTE
        spills.end(spill, note="Meter: background.", by=technologist, now=later)
        spill.refresh_from_db()
        assert (spill.ended_at, spill.end_note) == (later, "Meter: background.")
        assert spill.disruption.closed_at == later
        assert Closure.objects.get(resource=gas_room).span.upper == later
        assert not quality.present(site, later)
        with pytest.raises(Conflict, match="clear already"):
            spills.end(spill, note="Again.", by=technologist, now=later)

    def test_without_what_was_measured_it_stays_closed(self, gas_room, technologist):
        spill = report(gas_room, technologist)
        with pytest.raises(Invalid, match="what was measured"):
            spills.end(spill, note=" ", by=technologist, now=NOW + MINUTE)

    def test_a_room_whose_air_is_not_known_needs_the_posted_minutes(self, site, technologist):
        room = Resource.objects.get(site=site, name="Ventilation 2")
        with pytest.raises(Invalid, match="posted at its door"):
            report(room, technologist)
        assert report(room, technologist, clear_minutes=40).clears_at == NOW + 40 * MINUTE

    def test_gas_may_escape_again(self, gas_room, technologist):
        first = report(gas_room, technologist)
        again = report(gas_room, technologist, now=NOW + 5 * MINUTE)
        first.refresh_from_db()
        assert (first.ended_at, first.end_note) == (NOW + 5 * MINUTE, "Gas escaped again")
        assert again.clears_at == NOW + 31 * MINUTE  # both vials: 25.2 min from the second on, rounded up
        report(gas_room, technologist, now=NOW + timedelta(days=2))
        again.refresh_from_db()
        assert again.ended_at == NOW + 31 * MINUTE

    def test_a_third_spill_counts_all_that_is_still_there(self, site, gas_room, technologist):
        for minutes, in_room in ((0, None), (2, 1480), (4, 2220)):
            spill = report(gas_room, technologist, now=NOW + minutes * MINUTE)
            assert spill.in_room_mbq == in_room
        expected = spills.posted_minutes(gas_room, activity_mbq=3 * 740)
        assert spill.clears_at == NOW + (4 + expected) * MINUTE

    def test_a_small_spill_does_not_open_the_room_before_the_large_one_before_it_has_cleared(
        self, gas_room, technologist
    ):
        report(gas_room, technologist)
        small = report(gas_room, technologist, now=NOW + 5 * MINUTE, activity_mbq=30)
        # 22.2 MBq are allowed in 60 m3 and about 449 are left of 740 after 5 min at 10 changes an hour.
        assert small.clears_at >= NOW + 22 * MINUTE
        assert small.activity_mbq == 30
        [closed] = Closure.objects.filter(resource=gas_room, span__contains=NOW + 21 * MINUTE)
        assert closed.span.upper == small.clears_at

    def test_nothing_that_escaped_is_no_spill(self, gas_room, technologist):
        with pytest.raises(Invalid) as refusal:
            report(gas_room, technologist, activity_mbq=0)
        assert list(refusal.value.fields) == ["activity_mbq"]

    def test_gas_that_escapes_again_adds_to_what_is_still_there(self, gas_room, technologist):
        report(gas_room, technologist)
        again = report(gas_room, technologist, now=NOW + MINUTE)
        assert again.clears_at > NOW + 23 * MINUTE

    def test_posted_minutes_do_not_shorten_an_evacuation(self, site, technologist):
        room = Resource.objects.get(site=site, name="Ventilation 2")
        report(room, technologist, clear_minutes=40)
        assert report(room, technologist, now=NOW + MINUTE, clear_minutes=5).clears_at == NOW + 40 * MINUTE

    def test_one_that_is_written_down_after_its_time_closes_nothing(self, site, gas_room, technologist):
        spill = report(gas_room, technologist, happened_at=NOW - timedelta(hours=1))
        assert spill.disruption is None
        assert not Closure.objects.exists()
        assert Incident.objects.count() == 1

    def test_patients_there_are_planned_anew(self, site, gas_room, technologist):
        patient = department.booked(site)
        row = Reservation.objects.get(
            step__appointment=patient,
            step__kind="ventilation",
            resource__kind="room",
            resource__capabilities__contains=["ventilation"],
        )
        Resource.objects.filter(pk=gas_room.pk).exclude(pk=row.resource_id)
        where = Resource.objects.select_related("site").get(pk=row.resource_id)
        spill = report(where, technologist, now=row.span.lower - 5 * MINUTE, clear_minutes=60)
        [plan] = spill.disruption.replans.all()
        assert plan.changes.filter(appointment=patient).exists()

    def test_a_scheduler_reports_none(self, site, gas_room):
        with pytest.raises(NotAllowed):
            report(gas_room, department.scheduler(site))


class TestBookings:
    @pytest.fixture
    def order(self, site, gas_room):
        protocols.install(site)
        xenon = Protocol.objects.get(site=site, key="V_THEN_Q", agent=Agent.XE133)
        order = department.order(site, vetted=False)
        vetting.vet(order, reason="Agreed.", protocol=xenon, by=department.attending(site), now=NOW)
        order.refresh_from_db()
        return order

    def trap(self, room, lead, technologist, *, days_ago):
        plan = plans.add(room.site, kind="trap", room=room, by=lead, now=NOW)
        checks.record(plan, passed=True, done_at=NOW - timedelta(days=days_ago), by=technologist, now=NOW)
        return plan

    def find(self, order, now=NOW):
        by = department.scheduler(order.site)
        return search.proposals(order, first_day=TODAY, days=5, by=by, now=now, limit=20)[0]

    def test_an_overdue_trap_blocks_xenon_until_it_is_checked(self, site, gas_room, order, technologist):
        plan = self.trap(gas_room, department.lead(site), technologist, days_ago=32)
        assert self.find(order) == []
        checks.record(plan, passed=True, by=technologist, now=NOW)
        assert {each.steps[1].room for each in self.find(order)} == {"Ventilation 1"}

    def test_a_trap_that_fails_takes_the_room_away_from_a_search_that_was_made(
        self, site, gas_room, order, technologist
    ):
        plan = self.trap(gas_room, department.lead(site), technologist, days_ago=3)
        best, by = self.find(order)[0], department.scheduler(site)
        checks.record(plan, passed=False, note="Charcoal spent.", by=technologist, now=NOW)
        with pytest.raises(Conflict) as refusal:
            booking.book(order, starts=best.starts, by=by, now=NOW)
        assert "Ventilation 1 takes no gas: the xenon trap check failed" in refusal.value.sentence
        checks.take_back(QualityCheck.objects.get(passed=False), by=technologist, now=NOW)
        assert booking.book(order, starts=best.starts, by=by, now=NOW).state == "booked"

    def test_a_missed_daily_check_blocks_the_day_alone(self, site, gas_room, order):
        lead = department.lead(site)
        plans.add(
            site,
            kind="pressure",
            room=gas_room,
            due_time=(NOW - timedelta(hours=5, minutes=1)).time(),
            by=lead,
            now=NOW,
        )
        days = {each.lungs_start_at.astimezone(department.ZONE).date() for each in self.find(order)}
        assert days
        assert TODAY not in days

    def test_other_agents_are_booked_there_as_ever(self, site, gas_room, technologist):
        self.trap(gas_room, department.lead(site), technologist, days_ago=40)
        Resource.objects.filter(site=site, name="Ventilation 2").update(is_active=False)
        assert department.booked(site).state == "booked"

    def test_why_not_says_which_check_is_overdue(self, site, gas_room, order, technologist):
        plan = self.trap(gas_room, department.lead(site), technologist, days_ago=3)
        best = self.find(order)[0]
        checks.record(plan, passed=False, note="Charcoal spent.", by=technologist, now=NOW)
        found = explanation.why_not(order, starts=best.starts, by=department.scheduler(site), now=NOW)
        sentences = " ".join(
            sentence
            for step in found.steps
            for sentence in (*step.sentences, *(each.sentence for each in step.reasons))
        )
        assert "Ventilation 1 takes no gas: the xenon trap check failed" in sentences
        # Longer hours would not make it one.
        assert not [each for each in found.changes if each.kind == "open"]

    def test_an_exhaust_measured_on_the_morning_page_opens_the_room(
        self, site, gas_room, order, technologist
    ):
        gas_room.room.exhaust_measured_on = TODAY - timedelta(days=190)
        gas_room.room.save(update_fields=["exhaust_measured_on"])
        assert self.find(order) == []
        plan = plans.add(site, kind="exhaust", room=gas_room, by=department.lead(site), now=NOW)
        checks.record(plan, value=Decimal(610), by=technologist, now=NOW)
        assert self.find(order)
