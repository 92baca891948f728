"""Checks of rooms, kits and the dose calibrator: what they gate, and what follows when one fails."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from scheduling.models import CheckPlan, Disruption, DisruptionKind, QualityCheck, Resource, Site
from scheduling.services import quality, visits
from scheduling.services.quality import checks, plans, reading
from tests import department, doses
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def lead(site):
    return department.lead(site)


def room(site, name="Camera 1"):
    return Resource.objects.get(site=site, name=name)


@pytest.fixture
def plan_of(site, lead):
    def add(kind, **values):
        return plans.add(site, kind=kind, by=lead, now=NOW, **values)

    return add


def record(plan, by, *, now=NOW, **values):
    return checks.record(plan, by=by, now=now, **{"passed": True, **values}).check


class TestPlans:
    def test_a_new_check_has_the_usual_limits(self, plan_of):
        plan = plan_of("breakthrough", product="pertechnetate")
        assert (plan.highest, plan.unit, plan.every_days) == (Decimal("0.15"), "kBq/MBq", 1)
        assert AuditEvent.objects.get(action="check_plan.added").data["kind"] == "breakthrough"

    def test_the_same_is_not_checked_twice(self, site, plan_of):
        plan_of("camera", room=room(site))
        with pytest.raises(Conflict, match="checked already"):
            plan_of("camera", room=room(site))

    def test_breakthrough_cannot_be_allowed_beyond_the_law(self, plan_of):
        with pytest.raises(Invalid) as refusal:
            plan_of("breakthrough", product="pertechnetate", highest=Decimal("0.2"))
        assert refusal.value.fields["highest"] == ["At most 0.15 kBq/MBq: 10 CFR 35.204."]

    def test_a_room_of_another_site_is_refused(self, plan_of):
        elsewhere = department.site("hillside")
        with pytest.raises(Invalid, match="Choose the room"):
            plan_of("camera", room=room(elsewhere))

    def test_only_the_lead_says_what_is_checked(self, site, technologist):
        with pytest.raises(NotAllowed):
            plans.add(site, kind="calibrator", by=technologist, now=NOW)

    def test_the_usual_checks_are_entered_once(self, site, lead):
        doses.supply(site)
        made = plans.install(site, by=lead, now=NOW)
        assert sorted(f"{each.kind} {each.room or each.product}" for each in made) == [
            "calibrator ",
            "camera Camera 1",
            "camera Camera 2",
            "exhaust Ventilation 1",
            "pressure Ventilation 1",
            "purity maa",
            "trap Ventilation 1",
        ]
        assert plans.install(site, by=lead, now=NOW) == []

    def test_what_is_not_checked_any_more_gates_nothing(self, site, lead, plan_of):
        plan = plan_of("camera", room=room(site))
        plans.end(plan, by=lead, now=NOW)
        assert not quality.present(site, NOW)
        with pytest.raises(Conflict):
            plans.change(plan, every_days=2, by=lead, now=NOW)


class TestRecording:
    def test_a_value_outside_the_limits_has_failed_whatever_is_pressed(self, plan_of, technologist):
        plan = plan_of("calibrator")
        done = record(plan, technologist, value=Decimal("6"), note="Repeated twice.")
        assert not done.passed
        assert AuditEvent.objects.get(action="quality.checked").data["passed"] is False

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"value": None}, "value"),
            ({"value": Decimal(7)}, "note"),
            ({"value": Decimal(1), "done_at": NOW + HOUR}, "done_at"),
        ],
    )
    def test_what_cannot_be_right_is_refused_at_its_field(self, plan_of, technologist, values, field):
        with pytest.raises(Invalid) as refusal:
            record(plan_of("calibrator"), technologist, **values)
        assert list(refusal.value.fields) == [field]
        assert not QualityCheck.objects.exists()

    @pytest.mark.parametrize(
        ("kind", "value"),
        [("breakthrough", "-5"), ("purity", "-1"), ("purity", "101"), ("calibrator", "-101")],
    )
    def test_a_value_that_cannot_be_was_typed_wrongly_and_passes_nothing(
        self, plan_of, technologist, kind, value
    ):
        product = {"breakthrough": "pertechnetate", "purity": "maa"}.get(kind)
        plan = plan_of(kind, **({"product": product} if product else {}))
        with pytest.raises(Invalid) as refusal:
            record(plan, technologist, value=Decimal(value), note="Measured.")
        assert list(refusal.value.fields) == ["value"]
        assert not QualityCheck.objects.exists()

    def test_without_limits_the_person_says_whether_it_passed(self, site, plan_of, technologist):
        with pytest.raises(Invalid) as refusal:
            record(plan_of("camera", room=room(site)), technologist, passed=None)
        assert refusal.value.fields == {"passed": ["Say whether it passed."]}

    def test_an_exhaust_that_was_measured_is_the_rooms(self, site, plan_of, technologist):
        gas = room(site, "Ventilation 1")
        record(plan_of("exhaust", room=gas), technologist, value=Decimal(700))
        gas.room.refresh_from_db()
        assert (gas.room.exhaust_m3_per_h, gas.room.exhaust_measured_on) == (700, TODAY)

    def test_an_exhaust_measured_by_mistake_is_the_rooms_no_longer(self, site, plan_of, technologist):
        """By a tenfold exhaust a room would open too early after a spill."""
        gas = room(site, "Ventilation 1")
        plan = plan_of("exhaust", room=gas)
        gas.room.exhaust_m3_per_h, gas.room.exhaust_measured_on = 600, TODAY - timedelta(days=30)
        gas.room.save(update_fields=["exhaust_m3_per_h", "exhaust_measured_on"])
        one = record(plan, technologist, value=Decimal(7000))
        two = record(plan, technologist, value=Decimal(6500))
        checks.take_back(one, by=technologist, now=NOW)
        gas.room.refresh_from_db()
        assert gas.room.exhaust_m3_per_h == 6500
        checks.take_back(two, by=technologist, now=NOW)
        gas.room.refresh_from_db()
        assert (gas.room.exhaust_m3_per_h, gas.room.exhaust_measured_on) == (600, TODAY - timedelta(days=30))

    def test_a_check_taken_back_counts_no_longer(self, site, plan_of, technologist):
        plan = plan_of("camera", room=room(site))
        record(plan, technologist, now=NOW - HOUR)
        wrong = record(plan, technologist, passed=False, note="Wrong line.")
        assert quality.present(site, NOW)
        checks.take_back(wrong, by=technologist, now=NOW)
        assert not quality.present(site, NOW)
        with pytest.raises(Conflict, match="already"):
            checks.take_back(wrong, by=technologist, now=NOW)

    def test_a_scheduler_records_nothing(self, site, plan_of):
        with pytest.raises(NotAllowed):
            record(plan_of("calibrator"), department.scheduler(site), value=Decimal(0))


class TestKits:
    @pytest.fixture
    def kit(self, site):
        doses.needed(site)
        return doses.batch(site)

    def test_a_kit_that_failed_gives_no_dose_and_the_day_is_planned_anew(
        self, site, plan_of, technologist, kit
    ):
        department.booked(site)
        done = checks.record(
            plan_of("purity", product="maa"),
            batch=kit,
            value=Decimal("88.5"),
            note="Discarded.",
            by=technologist,
            now=NOW,
        )
        kit.refresh_from_db()
        assert (kit.state, kit.failed_reason) == ("failed", "Quality control failed: Discarded.")
        assert done.disruption.kind == DisruptionKind.TRACER_FAILED
        assert done.disruption.replans.exists()

    def test_without_a_patient_the_kit_alone_fails(self, plan_of, technologist, kit):
        plan = plan_of("purity", product="maa")
        checks.record(plan, batch=kit, value=Decimal(80), note="Discarded.", by=technologist, now=NOW)
        kit.refresh_from_db()
        assert kit.state == "failed"
        assert not Disruption.objects.exists()

    def test_another_tracers_batch_is_refused(self, site, plan_of, technologist, kit):
        with pytest.raises(Invalid) as refusal:
            record(plan_of("purity", product="dtpa"), technologist, batch=kit, value=Decimal(95))
        assert refusal.value.fields == {"batch": ["Choose a DTPA kit of today."]}

    def test_the_steps_that_have_a_dose_of_it_are_refused_until_it_is_checked(
        self, site, plan_of, technologist, kit
    ):
        step = department.booked(site).steps.get(kind="perfusion")
        plan = plan_of("purity", product="maa")
        refused = (
            "MAA kit 07:00: the radiochemical purity has not been done. Do it on the Morning page first."
        )
        found = quality.present(site, NOW)
        assert found.start(step.pk, room_ids=[]) == found.measure(kit.pk) == refused
        record(plan, technologist, batch=kit, value=Decimal(97))
        assert not quality.present(site, NOW)

    def test_a_kit_of_later_today_is_no_complaint_on_the_list_and_gives_no_dose_yet(self, site, plan_of):
        later = doses.batch(site, starts_at=NOW + HOUR)
        plan_of("purity", product="maa")
        assert not quality.refusals(site, TODAY, NOW)
        assert quality.present(site, NOW).measure(later.pk)
        assert quality.refusals(site, TODAY, NOW + HOUR).measure(later.pk)

    def test_a_kit_failed_by_a_slip_gives_doses_again(self, site, plan_of, technologist, kit):
        doses.needed(site)
        step = department.booked(site).steps.get(kind="perfusion")
        plan = plan_of("purity", product="maa")
        done = record(plan, technologist, passed=False, value=Decimal(80), note="Typing.", batch=kit)
        kit.refresh_from_db()
        assert kit.state == "failed"
        [shown] = reading.checks(site, TODAY)
        assert shown.check_id == done.pk
        checks.take_back(done, by=technologist, now=NOW)
        kit.refresh_from_db()
        assert (kit.state, kit.failed_reason) == ("planned", "")
        assert doses.live(step=step, batch=kit).exists()
        assert not Disruption.objects.filter(closed_at=None).exists()

    def test_a_kit_that_failed_twice_stays_failed(self, plan_of, technologist, kit):
        plan = plan_of("purity", product="maa")
        wrong = record(plan, technologist, passed=False, value=Decimal(80), note="Once.", batch=kit)
        QualityCheck.objects.create(
            site=kit.site,
            plan=plan,
            kind="purity",
            batch=kit,
            passed=False,
            note="Again.",
            done_at=NOW,
            recorded_at=NOW,
            recorded_by=technologist,
        )
        checks.take_back(wrong, by=technologist, now=NOW)
        kit.refresh_from_db()
        assert kit.state == "failed"

    @pytest.mark.parametrize("made_at", [0, 0.5, 3.9, 4, 4.5])
    @pytest.mark.parametrize("used_after", [0.02, 1, 5])
    def test_a_kit_made_at_night_is_gated_from_its_first_minute(
        self, site, plan_of, technologist, made_at, used_after
    ):
        midnight = datetime.combine(TODAY, time(0), ZoneInfo(site.time_zone))
        night = doses.batch(site, starts_at=midnight + made_at * HOUR)
        plan, now = plan_of("purity", product="maa"), midnight + (made_at + used_after) * HOUR
        assert "has not been done" in quality.present(site, now).measure(night.pk)
        assert quality.refusals(site, TODAY, now).measure(night.pk)  # the list of the day knows it too
        record(plan, technologist, value=Decimal(95), batch=night, now=now)
        assert quality.present(site, now).measure(night.pk) is None


class TestGates:
    def test_a_step_does_not_start_in_a_room_that_is_not_checked(
        self, site, plan_of, technologist, appointment
    ):
        ready, at = department.ready(appointment, by=technologist)
        step = ready.steps.get(kind="ventilation")
        taken = step.reservations.get(resource__capabilities__contains=["ventilation"]).resource
        plan = plan_of("camera", room=taken)
        with pytest.raises(Conflict, match="has not been done today"):
            visits.start(step, by=technologist, now=at)
        record(plan, technologist, now=at)
        assert visits.start(step, by=technologist, now=at).state == "in_progress"

    def test_the_air_of_a_room_matters_for_gas_alone(self, site, plan_of):
        gas = room(site, "Ventilation 1")
        plan_of("trap", room=gas)
        found = quality.present(site, NOW)
        assert found.start(1, room_ids=[gas.pk]) is None
        assert "xenon trap check has not been done" in found.start(1, room_ids=[gas.pk], is_gas=True)

    def test_a_calibrator_that_is_not_checked_measures_no_dose(self, site, plan_of, technologist):
        plan = plan_of("calibrator")
        assert quality.present(site, NOW).measure() == (
            "The dose calibrator: the dose calibrator constancy has not been done today. "
            "Do it on the Morning page first."
        )
        record(plan, technologist, value=Decimal("1.2"))
        assert quality.present(site, NOW).measure() is None

    def test_days_that_are_over_are_not_refused(self, site, plan_of):
        plan_of("camera", room=room(site))
        assert not quality.refusals(site, TODAY - timedelta(days=1), NOW)

    def test_another_sites_checks_forbid_nothing_here(self, plan_of, site):
        plan_of("camera", room=room(site))
        assert not quality.present(department.site("hillside"), NOW)

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_whole_list_is_answered_by_one_query(self, site, plan_of, count, django_assert_num_queries):
        for name in ("Camera 1", "Camera 2", "Ventilation 1")[:count]:
            plan_of("camera", room=room(site, name))
        site = Site.objects.get(pk=site.pk)
        with django_assert_num_queries(1):
            found = quality.refusals(site, TODAY, NOW)
        assert len(found.rooms) == count
        assert CheckPlan.objects.count() == count
