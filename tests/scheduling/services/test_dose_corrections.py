"""Late corrections of doses and count rates: both values stay, and what was given is computed anew."""

from decimal import Decimal

import pytest

from scheduling.models import CheckPlan, Correction, Incident, ProtocolPhase
from scheduling.services import countrates, visits
from scheduling.services.doses import giving, measuring
from scheduling.services.examination import corrections
from tests import department, doses
from tests.scheduling.services.examination import MINUTE, refused
from vqflow.errors import Invalid

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return doses.recorded(department.site())


@pytest.fixture
def given(site, technologist):
    """(dose given with a residual of 4 MBq, time)"""
    kit = doses.batch(site)
    step, at = doses.cleared(site)
    dose = doses.measured(step, kit, by=technologist, now=at)
    dose = giving.give(dose, by=technologist, now=at)
    return giving.residual(dose, residual_mbq=Decimal(4), by=technologist, now=at), at


def correct(dose, by, now, **changes):
    return corrections.correct(
        dose.step.appointment, dose, changes, reason="Misread the display.", by=by, now=now
    )


def test_a_corrected_residual_changes_what_was_given(given, technologist):
    dose, at = given
    assert dose.administered_mbq == 144
    correct(dose, technologist, at + MINUTE, residual_mbq=Decimal("14"))
    dose.refresh_from_db()
    assert (dose.residual_mbq, dose.administered_mbq) == (14, 134)
    row = Correction.objects.get()
    assert (row.label, row.before, row.after) == ("Perfusion, dose: left in the syringe (MBq)", "4", "14")


def test_a_corrected_activity_and_time_change_what_was_given(given, technologist):
    dose, at = given
    correct(dose, technologist, at + MINUTE, measured_mbq=Decimal(150), measured_at=at - 30 * MINUTE)
    dose.refresh_from_db()
    assert dose.administered_mbq == Decimal(round(150_000 * 2 ** (-30 / 360.9))) / 1000 - 4


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"residual_mbq": Decimal(200)}, "More cannot be left than was there."),
        ({"residual_mbq": Decimal(-1)}, "An activity is more than 0."),
        ({"measured_mbq": Decimal(2300)}, "The batch holds only"),
        ({"measured_mbq": Decimal(0)}, "An activity is more than 0."),
        ({"measured_mbq": Decimal(99_999)}, "The activity is more than 0 and at most 10,000 MBq."),
    ],
)
def test_a_correction_that_cannot_be_right_is_refused(given, technologist, changes, sentence):
    dose, at = given
    with pytest.raises(Invalid) as refusal:
        correct(dose, technologist, at + MINUTE, **changes)
    assert refusal.value.sentence.startswith(sentence)
    assert not Correction.objects.exists()


def test_a_dose_is_never_given_before_it_was_measured(given, technologist):
    dose, at = given
    with pytest.raises(Invalid, match="measured, then given"):
        correct(dose, technologist, at + MINUTE, given_at=at - MINUTE)


def test_the_dose_moves_with_the_start_of_its_acquisition(given, technologist, site):
    dose, at = given
    giving.undo(dose, by=technologist, now=at)  # the residual stays where it was measured
    corrections.correct(
        dose.step.appointment,
        dose.step.appointment.steps.get(pk=dose.step_id),
        {"performed_start_at": at + 10 * MINUTE},
        reason="Injected later.",
        by=technologist,
        now=at + 20 * MINUTE,
    )
    dose.refresh_from_db()
    assert dose.given_at == at + 10 * MINUTE
    assert dose.administered_mbq == Decimal(round(148_000 * 2 ** (-10 / 360.9))) / 1000


def test_a_calibrator_without_todays_check_measures_no_dose(site, technologist):
    kit = doses.batch(site)
    step, at = doses.cleared(site)
    CheckPlan.objects.create(site=site, kind="calibrator", unit="%")
    assert "dose calibrator constancy" in refused(doses.measured, step, kit, by=technologist, now=at)


def test_the_small_steps_of_dose_and_residual_are_done_with_their_values(site, technologist):
    protocol = site.protocols.get(key="Q_ONLY")
    times = {
        "least_seconds": 1,
        "typical_seconds": 1,
        "most_seconds": 1,
        "timer": "none",
        "protocol": protocol,
    }
    ProtocolPhase.objects.create(ordinal=1, key="q_dose", name="Dose", part="perfusion", role="dose", **times)
    ProtocolPhase.objects.create(ordinal=2, key="left", name="Left", part="after", role="residual", **times)
    kit = doses.batch(site)
    step, at = doses.cleared(site)
    dose = doses.measured(step, kit, by=technologist, now=at)
    giving.residual(
        giving.give(dose, by=technologist, now=at), residual_mbq=Decimal(4), by=technologist, now=at
    )
    done = step.appointment.phases.standing()
    assert sorted(done.values_list("key", "ended_at")) == [("left", at), ("q_dose", at)]
    giving.undo(dose, by=technologist, now=at)
    assert list(done.values_list("key", flat=True)) == ["q_dose"]
    giving.undo(dose, by=technologist, now=at)
    measuring.undo(dose, by=technologist, now=at)
    assert not done.exists()


def test_the_particles_follow_a_corrected_activity(site, technologist):
    kit = doses.batch(site)
    step, at = doses.cleared(site)
    right = doses.measured(step, kit, by=technologist, now=at).particles
    measuring.undo(step.administrations.get(), by=technologist, now=at)
    dose = doses.measured(step, kit, by=technologist, now=at, mbq="14.8")
    assert dose.particles < right / 9
    correct(dose, technologist, at + MINUTE, measured_mbq=Decimal(148))
    dose.refresh_from_db()
    assert dose.particles == right
    assert giving.give(dose, by=technologist, now=at + MINUTE).given_at


def test_counts_are_never_corrected_to_none(given, technologist):
    dose, at = given
    rate = countrates.record(dose.step, counts_per_second=4_000, by=technologist, now=at)
    with pytest.raises(Invalid) as refusal:
        correct_row(rate, technologist, at + MINUTE, counts_per_second=0)
    assert list(refusal.value.fields) == ["counts_per_second"]


def test_a_corrected_count_rate_asks_for_a_new_decision(given, technologist):
    """What was decided was about another ratio."""
    dose, at = given
    rate = countrates.record(dose.step, counts_per_second=4_000, by=technologist, now=at)
    type(rate).objects.filter(pk=rate.pk).update(settled="subtract", settled_note="As it was.")
    correct_row(rate, technologist, at + MINUTE, counts_per_second=2_000)
    rate.refresh_from_db()
    assert (rate.counts_per_second, rate.settled, rate.settled_note) == (2_000, "", "")


def correct_row(row, by, now, **changes):
    about = row.step.appointment
    return corrections.correct(about, row, changes, reason="Misread the display.", by=by, now=now)


def test_a_corrected_moment_of_the_injection_moves_its_acquisition(given, technologist):
    dose, at = given
    giving.undo(dose, by=technologist, now=at)
    dose.refresh_from_db()
    correct(dose, technologist, at + 20 * MINUTE, given_at=at + 10 * MINUTE)
    dose.step.refresh_from_db()
    assert dose.step.performed_start_at == at + 10 * MINUTE


def test_both_parts_acquired_together_move_with_their_doses(site, technologist):
    kit = doses.batch(site)
    perfusion, at = doses.cleared(site, key="V_THEN_Q")
    about = perfusion.appointment
    about.steps.filter(pk=perfusion.pk).update(simultaneous=True)
    type(about.procedure.protocol).objects.update(agent="kr81m")
    dose = doses.measured(perfusion, kit, by=technologist, now=at)
    visits.start(about.steps.get(kind="ventilation"), by=technologist, now=at)
    corrections.correct(
        about, about.steps.get(kind="ventilation"), {"performed_start_at": at + 5 * MINUTE},
        reason="Late.", by=technologist, now=at + 10 * MINUTE,
    )  # fmt: skip
    dose.refresh_from_db()
    perfusion.refresh_from_db()
    assert (dose.given_at, perfusion.performed_start_at) == (at + 5 * MINUTE, at + 5 * MINUTE)


def test_a_dose_that_was_not_as_prescribed_by_its_corrected_figures_is_an_incident(given, technologist):
    dose, at = given
    correct(dose, technologist, at + MINUTE, measured_mbq=Decimal(150))
    assert not Incident.objects.exists()
    correct(dose, technologist, at + MINUTE, measured_mbq=Decimal(220))
    told = Incident.objects.get()
    assert (told.kind, told.step_id) == ("wrong_dose", dose.step_id)
    assert "220 MBq is above the prescribed range" in told.what
    correct(dose, technologist, at + MINUTE, measured_mbq=Decimal(230))
    assert Incident.objects.count() == 1


def test_times_corrected_to_outside_the_x_ray_window_are_told_to_the_reader(given, technologist):
    """The window was kept by what was known; the report must say that it was not."""
    dose, at = given
    about = dose.step.appointment
    xray = about.steps.get(kind="xray")
    corrections.correct(
        about, xray, {"performed_end_at": at - 30 * MINUTE}, reason="Wrong clock.", by=technologist, now=at
    )
    [told] = about.procedure.order.tasks.filter(about="chest X-ray window")
    assert told.sentence.startswith("By the corrected times: The chest X-ray ended 30 min before")
