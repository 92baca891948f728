"""Doses as they are measured, checked, approved, given and computed; and every refusal on the way."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import F

from scheduling import administrations
from scheduling.engine.scancodes import Code, Sort
from scheduling.models import (
    Administration,
    BodyMeasurement,
    Decision,
    DoseClaim,
    Site,
    Task,
    TracerBatch,
)
from scheduling.services import tracers, visits
from scheduling.services.doses import choosing, giving, injections, measuring
from scheduling.services.tracers import stock
from tests import department, doses
from tests.scheduling.services.examination import MINUTE, refused, with_phases
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
HALF_LIFE = 6.015 * 60


@pytest.fixture
def site():
    return doses.recorded(department.site())


@pytest.fixture
def kit(site):
    return doses.batch(site)


@pytest.fixture
def q_only(site, kit):
    """(perfusion step, time): a patient whose dose is cleared, when perfusion is to start."""
    return doses.cleared(site)


def measure(step, kit, by, at, mbq="148", **fields):
    return doses.measured(step, kit, by=by, now=at, mbq=mbq, **fields)


def label(batch, mbq, at):
    """Its label says another activity, at this moment."""
    TracerBatch.objects.filter(pk=batch.pk).update(activity_mbq=mbq, calibrated_at=at)
    batch.refresh_from_db()


def actions(*names):
    found = AuditEvent.objects.filter(action__in=names).order_by("pk")
    return list(found.values_list("action", flat=True))


# Measured.


def test_nothing_starts_before_its_dose_is_measured(q_only, kit, technologist):
    step, at = q_only
    assert refused(visits.start, step, by=technologist, now=at) == "Measure the dose first."
    dose = measure(step, kit, technologist, at)
    assert (dose.prescribed_mbq, dose.lowest_mbq, dose.highest_mbq) == (148, 37, 185)
    assert (dose.number, dose.product, dose.takes_all, dose.most_particles) == (1, "maa", False, 700_000)
    assert dose.usable_until == kit.expires_at
    assert visits.start(step, by=technologist, now=at).state == "in_progress"
    dose.refresh_from_db()
    assert (dose.given_at, dose.given_by, dose.administered_mbq) == (at, technologist, 148)
    assert actions("dose.measured", "dose.given", "step.started") == [
        *("dose.measured", "dose.given", "step.started")
    ]


def test_a_department_that_records_no_doses_starts_as_before(site, q_only, technologist):
    step, at = q_only
    Site.objects.update(records_doses=False)
    assert visits.start(step, by=technologist, now=at).state == "in_progress"


def test_the_particles_of_a_dose_are_its_share_of_the_vial(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    minutes = (at - kit.calibrated_at) / MINUTE
    in_vial = 1_850 * 2 ** (-minutes / HALF_LIFE)
    assert dose.particles == pytest.approx(4_000_000 * 148 / in_vial, rel=1e-4)


def test_no_dose_is_measured_before_it_is_cleared(site, kit, technologist):
    step = department.booked(site).steps.get(kind="perfusion")
    at = step.planned_start_at
    assert refused(measure, step, kit, technologist, at) == "Check the patient in first."


def test_a_second_dose_is_not_measured_while_one_waits(q_only, kit, technologist):
    step, at = q_only
    measure(step, kit, technologist, at)
    assert refused(measure, step, kit, technologist, at) == (
        "A dose is measured already. Give it, or discard it first."
    )


def test_the_first_dose_is_no_extra_injection(q_only, kit, technologist):
    step, at = q_only
    assert refused(measure, step, kit, technologist, at, is_extra=True) == (
        "Nothing has been given yet: this is the first dose."
    )


@pytest.mark.parametrize("mbq", ["0", "-3", "10001", "2300"])
def test_an_activity_that_cannot_be_right_is_asked_for_again(q_only, kit, technologist, mbq):
    step, at = q_only
    with pytest.raises(Invalid) as refusal:
        measure(step, kit, technologist, at, mbq)
    assert list(refusal.value.fields) == ["measured_mbq"]
    assert not Administration.objects.exists()


class TestWhatTheVialHolds:
    """What its label says, decayed to the moment; calibrators differ from that by 20 % at most."""

    def fault(self, step, kit, by, at, mbq, **fields):
        with pytest.raises(Invalid) as refusal:
            measure(step, kit, by, at, mbq, **fields)
        [sentence] = refusal.value.fields["measured_mbq"]
        return sentence

    def test_doses_that_together_are_more_are_refused_with_a_sentence(self, site, q_only, kit, technologist):
        step, at = q_only
        label(kit, 300, at)
        dose = measure(step, kit, technologist, at, "180")
        other, later = doses.cleared(site)
        later = max(at, later)
        minutes = (later - at) / MINUTE
        left = 300 * 2 ** (-minutes / HALF_LIFE) * 1.2 - 180 * 2 ** (-minutes / HALF_LIFE)
        sentence = self.fault(other, kit, technologist, later, f"{left + 2:.3f}")
        assert "was drawn for others. Check the figure and the batch." in sentence
        assert list(Administration.objects.all()) == [dose]
        assert measure(other, kit, technologist, later, f"{left - 2:.3f}").number == 1

    def test_what_was_thrown_away_is_not_held_against_it(self, q_only, kit, technologist):
        step, at = q_only
        label(kit, 200, at)
        measuring.discard(
            measure(step, kit, technologist, at, "180"), reason="Not as prescribed.", by=technologist, now=at
        )
        assert measure(step, kit, technologist, at, "148").measured_mbq == 148

    def test_one_dose_is_held_against_the_label_as_it_is_at_its_moment(self, q_only, kit, technologist):
        step, at = q_only
        label(kit, 200, at - 361 * MINUTE)
        sentence = self.fault(step, kit, technologist, at, "121")
        assert sentence == "The batch holds only 100 MBq at this time. Check the figure and the batch."
        assert measure(step, kit, technologist, at, "119").number == 1


@pytest.mark.parametrize("minutes", [1, -12 * 60 - 1])
def test_a_time_in_the_future_or_too_long_ago_is_asked_for_again(q_only, kit, technologist, minutes):
    step, at = q_only
    with pytest.raises(Invalid) as refusal:
        measure(step, kit, technologist, at, measured_at=at + minutes * MINUTE)
    assert list(refusal.value.fields) == ["measured_at"]


def test_a_scheduler_measures_no_dose(q_only, kit, site):
    step, at = q_only
    with pytest.raises(NotAllowed):
        measure(step, kit, department.scheduler(site), at)


# The batch.


def test_an_expired_kit_is_refused(q_only, kit, technologist):
    step, at = q_only
    kit.expires_at = at - MINUTE
    kit.save(update_fields=["expires_at"])
    assert refused(measure, step, kit, technologist, at).endswith(". Take another.")
    assert " expired at " in refused(measure, step, kit, technologist, at)


def test_a_kit_that_is_not_usable_yet_is_refused(site, q_only, technologist):
    step, at = q_only
    later = doses.batch(site, starts_at=at + MINUTE)
    assert " can be used from " in refused(measure, step, later, technologist, at)


def test_a_failed_batch_is_refused(site, q_only, kit, technologist):
    step, at = q_only
    tracers.fail(kit, reason="Purity 82 %.", by=department.lead(site), now=at)
    kit.refresh_from_db()
    assert refused(measure, step, kit, technologist, at) == "MAA kit 07:00 failed: Purity 82 %. Take another."


def test_another_tracer_is_refused(site, q_only, technologist):
    step, at = q_only
    other = doses.batch(site, product="dtpa")
    assert refused(measure, step, other, technologist, at) == (
        "DTPA kit 07:00 is not MAA, which perfusion needs."
    )


def unit(site, **fields):
    return doses.batch(site, is_unit_dose=True, activity_mbq=Decimal(200), particles=400_000, **fields)


def test_another_patients_unit_dose_is_refused(site, kit, technologist):
    tracers.fail(kit, reason="Spilled.", by=department.lead(site), now=department.NOW)
    syringe = unit(site)
    step, _ = doses.cleared(site)
    assert DoseClaim.objects.live().get(step=step).batch == syringe
    spare = unit(site)
    second, later = doses.cleared(site)
    assert DoseClaim.objects.live().get(step=second).batch == spare
    assert refused(measure, second, syringe, technologist, later) == choosing.ANOTHERS
    assert measure(second, spare, technologist, later, "150").takes_all


def test_a_unit_dose_is_never_used_twice(site, q_only, technologist):
    step, at = q_only
    syringe = unit(site)
    dose = measure(step, syringe, technologist, at, "150")
    measuring.discard(dose, reason="The syringe leaked or broke.", by=technologist, now=at)
    assert refused(measure, step, syringe, technologist, at, "150") == choosing.USED


def test_a_unit_dose_that_was_recorded_by_mistake_can_be_measured_again(site, q_only, technologist):
    step, at = q_only
    syringe = unit(site)
    measuring.undo(measure(step, syringe, technologist, at, "150"), by=technologist, now=at)
    assert measure(step, syringe, technologist, at, "151").number == 1


def test_the_database_refuses_the_second_use_of_a_unit_dose(site, q_only, technologist):
    step, at = q_only
    dose = measure(step, unit(site), technologist, at, "150")
    dose.pk, dose.number = None, 2
    with pytest.raises(IntegrityError, match="administration_unit_dose_once"), transaction.atomic():
        dose.save()


def test_a_dose_drawn_from_another_kit_is_counted_there(site, q_only, kit, technologist):
    step, at = q_only
    other = doses.batch(site, lot="second")
    measure(step, other, technologist, at)
    claim = DoseClaim.objects.live().get(step=step)
    assert (claim.batch, claim.activity_mbq) == (other, 148)
    kit.refresh_from_db()
    assert kit.claimed_mbq == 0
    assert doses.balanced()


def test_the_list_of_batches_begins_with_the_patients_own(site, q_only, kit):
    step, at = q_only
    doses.batch(site, lot="second")
    doses.batch(site, starts_at=at + 10 * MINUTE)
    found = choosing.choices(step.appointment, step, now=at)
    assert [(each.is_ours, each.refusal is None) for each in found] == [
        *((True, True), (False, True), (False, False))
    ]


# In range, or approved.


@pytest.mark.parametrize(
    ("mbq", "why"),
    [
        ("30", "30 MBq is below the prescribed range, 37 to 185 MBq."),
        ("190", "190 MBq is above the prescribed range, 37 to 185 MBq."),
        ("110", "110 MBq is 25 % less than the prescribed 148 MBq; at most 20 % is allowed."),
        ("182", "182 MBq is 22 % more than the prescribed 148 MBq; at most 20 % is allowed."),
    ],
)
def test_a_dose_that_is_not_as_prescribed_is_refused(q_only, kit, technologist, mbq, why):
    step, at = q_only
    dose = measure(step, kit, technologist, at, mbq)
    sentence = f"{why} {administrations.WAY_ROUND}"
    assert refused(giving.give, dose, by=technologist, now=at) == sentence
    assert refused(visits.start, step, by=technologist, now=at) == sentence


def test_an_authorised_user_may_let_it_be_given(q_only, kit, technologist, site):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "110")
    physician = department.attending(site)
    measuring.override(dose, reason="CTEPH follow-up.", by=physician, now=at)
    dose = giving.give(dose, by=technologist, now=at)
    assert (dose.override.physician, dose.override.rule, dose.override.by_phone) == (physician, "DOSE", False)
    assert dose.administered_mbq == 110


def test_an_approval_by_phone_names_the_authorised_user_who_countersigns(q_only, kit, technologist, site):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "110")
    physician = department.attending(site)
    measuring.override(dose, reason="STAT.", by=technologist, now=at, physician=physician)
    assert Task.objects.get(kind=Task.Kind.COUNTERSIGN).closed_at is None
    assert Decision.objects.get(rule="DOSE").by_phone
    assert giving.give(dose, by=technologist, now=at).given_at == at


def test_nobody_but_an_authorised_user_approves_a_dose(q_only, kit, technologist, site):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "110")
    others = [department.resident(site), department.attending(site, is_authorised_user=False)]
    for other in others:
        with pytest.raises(NotAllowed):
            measuring.override(dose, reason="Go on.", by=other, now=at)
        with pytest.raises(NotAllowed):
            measuring.override(dose, reason="Go on.", by=technologist, now=at, physician=other)
    with pytest.raises(NotAllowed):
        measuring.override(dose, reason="Go on.", by=technologist, now=at)


def test_a_dose_as_prescribed_needs_no_approval(q_only, kit, technologist, site):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    assert refused(measuring.override, dose, reason="Why not.", by=department.attending(site), now=at) == (
        "This dose is as prescribed; nothing is to be approved."
    )


def test_an_approval_says_why(q_only, kit, technologist, site):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "110")
    with pytest.raises(Invalid):
        measuring.override(dose, reason=" ", by=department.attending(site), now=at)


def test_a_dose_that_decays_while_it_waits_is_refused_when_it_has_become_too_weak(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "120")
    later = at + 30 * MINUTE
    assert refused(giving.give, dose, by=technologist, now=later).startswith("113.3 MBq is 23 % less")


def test_a_dose_is_not_given_after_its_kit_has_expired(q_only, kit, technologist):
    step, at = q_only
    kit.expires_at = at + 5 * MINUTE
    kit.save(update_fields=["expires_at"])
    dose = measure(step, kit, technologist, at)
    assert refused(giving.give, dose, by=technologist, now=at + 6 * MINUTE).startswith("This dose expired at")
    assert giving.give(dose, by=technologist, now=at + 5 * MINUTE).given_at


def test_a_dose_of_a_kit_that_failed_afterwards_is_not_given(site, q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    tracers.fail(kit, reason="Purity 82 %.", by=department.lead(site), now=at)
    assert refused(giving.give, dose, by=technologist, now=at) == (
        "The batch of this dose failed: Purity 82 %. Discard the dose."
    )


# Whom it is for.


def test_a_patient_with_pulmonary_hypertension_gets_less_from_a_vial_full_of_particles(
    site, kit, technologist
):
    answers = department.SAFE_ANSWERS | {"pulmonary_hypertension": "mild_or_moderate"}
    step, at = doses.cleared(site, answers=answers)
    dose = measure(step, kit, technologist, at, "70")
    assert dose.most_particles == 200_000
    assert dose.prescribed_mbq < 93
    measuring.undo(dose, by=technologist, now=at)
    full = measure(step, kit, technologist, at, "148")
    refusals = administrations.judge(full, [full], at).refusals
    assert refusals[0].startswith("148 MBq is ")
    assert refusals[1] == f"{full.particles:,} particles are more than this patient may get: at most 200,000."
    assert refused(giving.give, full, by=technologist, now=at).startswith(refusals[0])


def test_a_childs_dose_goes_by_its_weight_of_today(site, kit, technologist):
    child = department.patient(site, born_on=date(2018, 1, 5), guardian_name="A. Moreno")
    step, at = doses.cleared(site, of=child)
    with pytest.raises(Invalid) as refusal:
        measure(step, kit, technologist, at, "25")
    assert refusal.value.fields == {
        "weight_kg": ["This patient is a child: the dose goes by weight. Enter the weight first."]
    }
    dose = measure(step, kit, technologist, at, "25", weight_kg=Decimal("22.5"))
    assert (dose.prescribed_mbq, dose.lowest_mbq) == (Decimal("24.975"), Decimal("14.8"))
    assert dose.most_particles == 300_000
    assert BodyMeasurement.objects.get().weight_kg == Decimal("22.5")


def test_a_childs_weight_of_last_month_is_asked_for_again(site, kit, technologist):
    child = department.patient(site, born_on=date(2018, 1, 5))
    step, at = doses.cleared(site, of=child)
    old = {"measured_on": at.date() - timedelta(days=31), "weight_kg": 20, "recorded_by": technologist}
    BodyMeasurement.objects.create(patient=child, **old)
    with pytest.raises(Invalid):
        measure(step, kit, technologist, at, "25")
    BodyMeasurement.objects.create(patient=child, **old | {"measured_on": at.date() - timedelta(days=20)})
    assert measure(step, kit, technologist, at, "22").prescribed_mbq == Decimal("22.2")


@pytest.mark.parametrize("weight", ["0.2", "501"])
def test_a_weight_that_cannot_be_right_is_asked_for_again(site, kit, technologist, weight):
    step, at = doses.cleared(site, of=department.patient(site, born_on=date(2018, 1, 5)))
    with pytest.raises(Invalid) as refusal:
        measure(step, kit, technologist, at, "25", weight_kg=Decimal(weight))
    assert list(refusal.value.fields) == ["weight_kg"]


# Checked by two.


def test_where_two_check_a_dose_it_is_not_given_before(q_only, kit, technologist, site):
    Site.objects.update(two_person_check=True)
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    assert refused(giving.give, dose, by=technologist, now=at) == administrations.CHECK_FIRST
    assert refused(measuring.check, dose, by=technologist, now=at) == (
        "You measured this dose yourself. Somebody else has to check it."
    )
    second = department.technologist(site)
    assert measuring.check(dose, by=second, now=at).checked_by == second
    assert (
        refused(measuring.check, dose, by=department.attending(site), now=at) == "This dose has been checked."
    )
    assert giving.give(dose, by=technologist, now=at).given_at == at


# Given.


def test_what_was_given_is_computed_from_syringe_and_residual(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "150")
    given_at = at + 20 * MINUTE
    dose = giving.give(dose, by=technologist, now=given_at, injection_site="Left hand")
    full = Decimal(round(150_000 * 2 ** (-20 / HALF_LIFE))) / 1000
    assert (dose.administered_mbq, dose.injection_site) == (full, "Left hand")
    dose = giving.residual(dose, residual_mbq=Decimal("4.2"), by=technologist, now=given_at + 15 * MINUTE)
    left = Decimal(round(4_200 * 2 ** (15 / HALF_LIFE))) / 1000
    assert dose.administered_mbq == full - left


@pytest.mark.parametrize(("mbq", "minutes", "field"), [("200", 5, "residual_mbq"), ("-1", 5, "residual_mbq"),
                                                        ("4", -1, "measured_at"), ("4", 9, "measured_at")])  # fmt: skip
def test_a_residual_that_cannot_be_right_is_asked_for_again(q_only, kit, technologist, mbq, minutes, field):
    step, at = q_only
    dose = giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    with pytest.raises(Invalid) as refusal:
        giving.residual(
            dose,
            residual_mbq=Decimal(mbq),
            by=technologist,
            now=at + 5 * MINUTE,
            measured_at=at + minutes * MINUTE,
        )
    assert list(refusal.value.fields) == [field]


def test_a_residual_belongs_to_a_dose_that_was_given_and_is_measured_once(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    assert refused(giving.residual, dose, residual_mbq=Decimal(4), by=technologist, now=at) == (
        "This dose has not been given."
    )
    giving.give(dose, by=technologist, now=at)
    giving.residual(dose, residual_mbq=Decimal(4), by=technologist, now=at)
    assert refused(giving.residual, dose, residual_mbq=Decimal(5), by=technologist, now=at) == (
        "The residual is recorded already. Undo it, or correct it with a reason."
    )


def test_the_label_and_the_wristband_are_of_this_dose_and_this_patient(site, q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    patient = step.appointment.procedure.order.patient
    other = department.patient(site)

    def give(*codes):
        return giving.give(dose, by=technologist, now=at, scanned=" ".join(str(each) for each in codes))

    assert refused(give, Code(Sort.PATIENT, other.pk)) == giving.ANOTHER_PATIENT
    assert refused(give, Code(Sort.PATIENT, patient.pk), Code(Sort.DOSE, dose.pk + 1)) == giving.ANOTHER_DOSE
    for wrong in ("hello", Code(Sort.ROOM, 1), "P:1"):
        with pytest.raises(Invalid):
            give(wrong)
    assert give(Code(Sort.PATIENT, patient.pk), Code(Sort.DOSE, dose.pk)).given_at == at


def test_a_dose_is_given_once(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    giving.give(dose, by=technologist, now=at)
    assert refused(giving.give, dose, by=technologist, now=at) == "This dose has been given."
    assert refused(measuring.discard, dose, reason="No.", by=technologist, now=at) == (
        "This dose was given. Undo that first."
    )


def test_the_place_of_the_injection_can_be_written_down_afterwards(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    visits.start(step, by=technologist, now=at)
    assert (
        giving.describe(dose, injection_site="Right hand", by=technologist, now=at).injection_site
        == "Right hand"
    )
    with pytest.raises(Invalid):
        giving.describe(dose, injection_site=" ", by=technologist, now=at)


# Taken back.


def test_undo_goes_back_one_record_at_a_time(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    giving.give(dose, by=technologist, now=at)
    giving.residual(dose, residual_mbq=Decimal(4), by=technologist, now=at)
    assert giving.undo(dose, by=technologist, now=at).administered_mbq == 148
    back = giving.undo(dose, by=technologist, now=at)
    assert (back.given_at, back.administered_mbq) == (None, None)
    step.refresh_from_db()
    assert step.state == "scheduled"
    assert measuring.undo(dose, by=technologist, now=at).void_reason == choosing.UNDONE
    assert refused(giving.undo, dose, by=technologist, now=at) == "There is nothing to undo here."


def test_the_undo_of_a_start_takes_the_dose_back_from_the_patient(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    visits.start(step, by=technologist, now=at)
    visits.undo(step, by=technologist, now=at)
    dose.refresh_from_db()
    assert (dose.given_at, dose.voided_at) == (None, None)
    assert visits.start(step, by=technologist, now=at).state == "in_progress"


def test_the_undo_of_a_start_keeps_the_residual_readable(q_only, kit, technologist):
    step, at = q_only
    with_phases(step.appointment, agent=None, kinds=["perfusion"])
    dose = giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    giving.residual(dose, residual_mbq=Decimal("4.2"), by=technologist, now=at + MINUTE)
    visits.undo(step, by=technologist, now=at + 2 * MINUTE)
    dose.refresh_from_db()
    assert (dose.given_at, dose.residual_mbq) == (None, None)
    kept = step.appointment.corrections.values_list("label", "before", "after", "reason")
    assert kept[0] == (
        "Perfusion, dose: left in the syringe (MBq)",
        "4.2",
        "",
        "The injection was taken back.",
    )
    assert [label for label, *_ in kept[1:]] == ["Perfusion, dose: residual measured"]
    assert not step.appointment.phases.standing().filter(key="residual").exists()


def test_the_undo_of_a_residual_keeps_it_readable(q_only, kit, technologist):
    step, at = q_only
    dose = giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    giving.residual(dose, residual_mbq=Decimal("4.2"), by=technologist, now=at)
    giving.undo(dose, by=technologist, now=at)
    assert step.appointment.corrections.get(field="residual_mbq").before == "4.2"


def test_a_discarded_dose_says_why_and_is_replaced(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "110")
    with pytest.raises(Invalid):
        measuring.discard(dose, reason="", by=technologist, now=at)
    gone = measuring.discard(dose, reason="Not as prescribed.", by=technologist, now=at)
    assert (gone.voided_at, gone.voided_by, gone.void_reason) == (at, technologist, "Not as prescribed.")
    assert refused(giving.give, gone, by=technologist, now=at) == "This dose was discarded."
    assert measure(step, kit, technologist, at).number == 1


def test_a_first_dose_that_is_thrown_away_is_gone_from_its_vial(q_only, kit, technologist):
    step, at = q_only
    dose, before = measure(step, kit, technologist, at, "110"), claimed(kit)
    measuring.discard(dose, reason="The syringe leaked or broke.", by=technologist, now=at)
    lost = 110 * 2 ** ((at - kit.calibrated_at) / MINUTE / HALF_LIFE)
    assert float(claimed(kit) - before) == pytest.approx(lost, rel=1e-3)
    assert doses.balanced()
    after = claimed(kit)
    giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    assert claimed(kit) == after
    assert doses.balanced()


def test_what_was_thrown_away_stays_gone_when_its_patient_does_not_come_back(q_only, kit, technologist):
    step, at = q_only
    unused = claimed(kit)
    dose = measure(step, kit, technologist, at, "110")
    own = claimed(kit)
    measuring.discard(dose, reason="The syringe leaked or broke.", by=technologist, now=at)
    lost = claimed(kit) - own
    with tracers.giving_back(steps=[step.pk]):
        pass
    assert claimed(kit) == unused - DoseClaim.objects.get(step=step, extra=None).reference_mbq + lost
    assert doses.balanced()


def test_more_is_thrown_away_than_is_free(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "110")
    TracerBatch.objects.filter(pk=kit.pk).update(claimed_mbq=F("activity_mbq"))
    measuring.discard(dose, reason="The syringe leaked or broke.", by=technologist, now=at)
    kit.refresh_from_db()
    assert kit.claimed_mbq == kit.activity_mbq
    assert dose.claim.reference_mbq == 0


def test_a_measurement_that_is_undone_takes_nothing(q_only, kit, technologist):
    step, at = q_only
    dose, before = measure(step, kit, technologist, at, "110"), claimed(kit)
    measuring.undo(dose, by=technologist, now=at)
    assert claimed(kit) == before
    assert not DoseClaim.objects.filter(extra=dose).exists()


# Once more.


def test_an_extra_injection_is_judged_with_what_was_given_before(q_only, kit, technologist, site):
    step, at = q_only
    giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    assert refused(measure, step, kit, technologist, at, "30") == (
        "This step has had its dose. Measure an extra injection instead."
    )
    extra = measure(step, kit, technologist, at, "38", is_extra=True)
    assert extra.number == 2
    assert refused(giving.give, extra, by=technologist, now=at).startswith(
        "With the 148 MBq given before it would be 186 MBq; at most 185 MBq is prescribed."
    )
    measuring.discard(extra, reason="Not as prescribed.", by=technologist, now=at)
    extra = measure(step, kit, technologist, at, "37", is_extra=True)
    assert giving.give(extra, by=technologist, now=at).administered_mbq == 37
    assert refused(visits.undo, step, by=technologist, now=at) == injections.EXTRA_FIRST
    assert giving.undo(extra, by=technologist, now=at).given_at is None


def test_an_extra_injection_is_drawn_from_the_books_of_its_vial(q_only, kit, technologist):
    step, at = q_only
    giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    before = claimed(kit)
    extra = measure(step, kit, technologist, at, "30", is_extra=True)
    minutes = (at - kit.calibrated_at) / MINUTE
    assert float(claimed(kit) - before) == pytest.approx(30 * 2 ** (minutes / HALF_LIFE), rel=1e-3)
    assert doses.balanced()
    measuring.undo(extra, by=technologist, now=at)
    assert claimed(kit) == before
    assert doses.balanced()


def test_what_was_drawn_and_thrown_away_is_gone_from_the_vial(q_only, kit, technologist):
    step, at = q_only
    giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    before = claimed(kit)
    for mbq in ("30", "20"):
        extra = measure(step, kit, technologist, at, mbq, is_extra=True)
        measuring.discard(extra, reason="Not as prescribed.", by=technologist, now=at)
    assert claimed(kit) - before > 50
    assert doses.balanced()


def test_an_extra_injection_takes_nothing_that_is_kept_for_others(site, technologist):
    small = doses.batch(site, activity_mbq=Decimal(400), particles=800_000)
    step, at = doses.cleared(site)
    giving.give(measure(step, small, technologist, at), by=technologist, now=at)
    TracerBatch.objects.filter(pk=small.pk).update(claimed_mbq=400)
    small.refresh_from_db()
    assert refused(measure, step, small, technologist, at, "30", is_extra=True) == (
        f"{stock.name_of(small)} has nothing left that is not kept for other patients; this dose takes 30 MBq. "
        "Measure less, or take another."
    )
    assert Administration.objects.filter(step=step).count() == 1


def test_an_extra_injection_is_not_drawn_from_an_expired_vial(q_only, kit, technologist):
    step, at = q_only
    giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    late = kit.expires_at + MINUTE
    assert "expired at" in refused(measure, step, kit, technologist, late, "30", is_extra=True)


def test_a_start_is_not_undone_while_an_extra_dose_waits(q_only, kit, technologist):
    step, at = q_only
    giving.give(measure(step, kit, technologist, at), by=technologist, now=at)
    measure(step, kit, technologist, at, "30", is_extra=True)
    assert refused(visits.undo, step, by=technologist, now=at) == injections.EXTRA_WAITS


def claimed(kit):
    kit.refresh_from_db()
    return kit.claimed_mbq


def test_an_extra_injection_counts_all_particles(site, kit, technologist):
    step, at = doses.cleared(site)
    rich = doses.batch(site, activity_mbq=Decimal(1000), particles=4_000_000)
    first = measure(step, rich, technologist, at, "130")
    giving.give(first, by=technologist, now=at)
    extra = measure(step, rich, technologist, at, "50", is_extra=True)
    total = first.particles + extra.particles
    assert total > 700_000
    assert refused(giving.give, extra, by=technologist, now=at).startswith(
        f"{total:,} particles with those given before are more than this patient may get: at most 700,000."
    )


def test_two_who_measure_at_once_record_one_dose(q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at)
    dose.pk = None
    with pytest.raises(Conflict, match="Somebody was faster"):
        measuring._create(
            **{field.name: getattr(dose, field.name) for field in dose._meta.fields if field.name != "id"}
        )


@pytest.mark.django_db(transaction=True)
def test_of_two_patients_racing_for_one_unit_dose_one_gets_it():
    site = doses.recorded(department.site())
    steps = [doses.cleared(site)[0] for _ in range(2)]
    at = max(step.planned_start_at for step in steps)
    syringe = unit(site)
    people = [department.technologist(site) for _ in steps]
    barrier, outcomes = threading.Barrier(2), []

    def one(step, by):
        barrier.wait()
        try:
            measure(step, syringe, by, at, "150")
            outcomes.append("measured")
        except Conflict as refusal:
            outcomes.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=each) for each in zip(steps, people, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (
        sorted(["measured", choosing.USED]),
        sorted(["measured", choosing.ANOTHERS]),
    )
    assert Administration.objects.standing().count() == 1
    assert doses.balanced()


# An acquisition that is over, or that has companions.


def test_an_extra_dose_is_not_given_after_its_acquisition_has_ended(q_only, kit, technologist):
    step, at = q_only
    giving.give(measure(step, kit, technologist, at, "120"), by=technologist, now=at)
    extra = measure(step, kit, technologist, at, "30", is_extra=True)
    visits.end(step, by=technologist, now=at + MINUTE)
    sentence = refused(giving.give, extra, by=technologist, now=at + 2 * MINUTE)
    assert sentence == "Perfusion has already ended. Undo its end first."
    visits.undo(step, by=technologist, now=at + 2 * MINUTE)
    assert giving.give(extra, by=technologist, now=at + 3 * MINUTE).given_at == at + 3 * MINUTE


def test_a_dose_of_an_acquisition_that_falls_away_is_not_given(site, kit, technologist):
    step, at = doses.cleared(site, key="V_THEN_Q")
    dose = measure(step, kit, technologist, at)
    visits.start(step.appointment.steps.get(kind="ventilation"), by=technologist, now=at)
    visits.end(step.appointment.steps.get(kind="ventilation"), by=technologist, now=at + MINUTE)
    visits.leave_out(step, reason="The patient refuses.", by=technologist, now=at + MINUTE)
    sentence = refused(giving.give, dose, by=technologist, now=at + 2 * MINUTE)
    assert sentence == "Perfusion is cancelled."


def test_a_measured_dose_is_judged_even_where_none_has_to_be_measured(site, q_only, kit, technologist):
    step, at = q_only
    dose = measure(step, kit, technologist, at, "60")
    Site.objects.update(records_doses=False)
    assert "less than the prescribed" in refused(visits.start, step, by=technologist, now=at)
    measuring.discard(dose, reason="Not as prescribed.", by=technologist, now=at)
    assert visits.start(step, by=technologist, now=at).state == "in_progress"


def test_what_is_acquired_together_waits_for_both_doses(site, kit, technologist):
    perfusion, at = doses.cleared(site, key="V_THEN_Q")
    ventilation = perfusion.appointment.steps.get(kind="ventilation")
    perfusion.appointment.steps.filter(pk=perfusion.pk).update(simultaneous=True)
    perfusion.appointment.procedure.protocol.__class__.objects.update(agent="kr81m")
    assert refused(visits.start, ventilation, by=technologist, now=at) == "Measure the dose first."
    measure(perfusion, kit, technologist, at, "60")
    assert "less than the prescribed" in refused(visits.start, ventilation, by=technologist, now=at)
