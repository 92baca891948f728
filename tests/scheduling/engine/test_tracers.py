"""The intervals of feasible starts against an oracle that tries every minute in exact arithmetic of its own."""

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.engine import catalogue, tracers
from scheduling.engine.adjustments import Circumstance
from scheduling.engine.doses import Batch, DoseNeed
from scheduling.engine.intervals import contains
from scheduling.engine.request import Step
from scheduling.engine.tracers import Lack

DAY = 1440
# Half-lives in minutes, written anew: the engine's table must not be its own oracle.
HALF_LIFE = {
    "maa": Decimal("360.9"),
    "dtpa": Decimal("360.9"),
    "pertechnetate": Decimal("360.9"),
    "xe133": Decimal("7549.92"),
    "kr81m": Decimal("274.56"),
}


def kit(**fields):
    """An MAA kit of 07:30 on day 0 with 1,850 MBq and 4 million particles, good for six hours."""
    values = {
        "id": 1,
        "product": "maa",
        "calibrated_at": 450,
        "activity_kbq": 1_850_000,
        "left_kbq": 1_850_000,
        "usable_from": 450,
        "expires_at": 810,
        "particles": 4_000_000,
    }
    return Batch(**values | fields)


PERFUSION = catalogue.find("Q_ONLY").steps[-1]


def adult(**fields):
    return DoseNeed(**{"product": "maa", "activity_kbq": 148_000, "least_kbq": 148_000} | fields)


@st.composite
def batches(draw, product=None):
    product = product or draw(st.sampled_from(sorted(HALF_LIFE)))
    start = draw(st.integers(0, 2 * DAY))
    activity = draw(st.integers(1, 3_000_000))
    unit = draw(st.booleans())
    left = draw(st.sampled_from([0, activity]) if unit else st.integers(0, activity))
    return Batch(
        id=draw(st.integers(1, 9)),
        product=product,
        calibrated_at=start + draw(st.integers(-300, 600)),
        activity_kbq=activity,
        left_kbq=left,
        usable_from=start,
        expires_at=start + draw(st.integers(1, 900)),
        particles=draw(st.integers(100_000, 8_000_000)) if product == "maa" else None,
        is_unit_dose=unit,
    )


@st.composite
def needs(draw, product=None):
    activity = draw(st.integers(1, 800_000))
    most = draw(st.none() | st.integers(50_000, 700_000))
    return DoseNeed(
        product or draw(st.sampled_from(sorted(HALF_LIFE))),
        activity,
        draw(st.integers(1, activity)),
        draw(st.integers(0, min(most or 60_000, 60_000))),
        most,
    )


@st.composite
def pairs(draw):
    product = draw(st.sampled_from(sorted(HALF_LIFE)))
    return draw(batches(product)), draw(needs(product))


def possible(batch, need, minute):
    """Whether the dose can be given at this minute, from first principles; None if too near to call.

    Everything in kBq at the calibration.
    """
    if not batch.usable_from <= minute <= batch.expires_at:
        return False
    with localcontext() as context:
        context.prec = 30
        left_of_one = Decimal(2) ** (-(Decimal(minute) - batch.calibrated_at) / HALF_LIFE[batch.product])
        given, least = need.activity_kbq / left_of_one, need.least_kbq / left_of_one
        if batch.product == "kr81m":
            return _surely(batch.activity_kbq, given)
        if batch.is_unit_dose and batch.left_kbq < batch.activity_kbq:
            return False
        verdicts = []
        if batch.particles:
            of_one = Decimal(batch.activity_kbq) / batch.particles
            if need.most_particles is not None:
                given = min(given, need.most_particles * of_one)
                verdicts.append(_surely(given, least))
            verdicts.append(_surely(given, need.least_particles * of_one))
        verdicts.append(_surely(batch.left_kbq, given))
        if False in verdicts:
            return False
        return None if None in verdicts else True


def _surely(there, wanted):
    # A plan is made in whole kBq, each amount rounded to the safe side.
    return None if abs(there - wanted) < 2 else there > wanted


@settings(max_examples=300, deadline=None)
@given(pairs(), st.data())
def test_the_interval_is_that_of_a_search_minute_by_minute(pair, data):
    batch, need = pair
    span = tracers.starts(batch, need)
    found = set(range(*span)) if span else set()
    every = range(batch.usable_from, batch.expires_at + 1)
    assert found == {t for t in every if tracers.lack(batch, need, t) is None}


@settings(max_examples=300, deadline=None)
@given(pairs(), st.data())
def test_a_start_is_offered_exactly_when_first_principles_have_a_dose(pair, data):
    batch, need = pair
    minute = data.draw(st.integers(batch.usable_from - 5, batch.expires_at + 5))
    span = tracers.starts(batch, need)
    judged = possible(batch, need, minute)
    assume(judged is not None)
    assert (span is not None and span[0] <= minute < span[1]) == judged


@settings(max_examples=200, deadline=None)
@given(pairs(), st.data())
def test_what_is_drawn_is_there_and_within_the_patients_range(pair, data):
    batch, need = pair
    span = tracers.starts(batch, need)
    assume(span is not None)
    minute = data.draw(st.integers(span[0], span[1] - 1))
    drawn = tracers.draw(batch, need, minute)
    assert 0 <= drawn.reference_kbq <= batch.left_kbq or tracers.PRODUCTS[batch.product].regrows
    assert need.least_kbq <= drawn.activity_kbq <= need.activity_kbq
    if batch.particles and not batch.is_unit_dose:
        held = batch.particles * drawn.reference_kbq / batch.activity_kbq
        assert need.least_particles <= held <= (need.most_particles or held)


@settings(max_examples=100, deadline=None)
@given(st.lists(batches("pertechnetate"), min_size=1, max_size=4), needs("pertechnetate"))
def test_claiming_in_turn_never_takes_more_than_a_batch_has(found, need):
    found = [replace(batch, id=at) for at, batch in enumerate(found)]
    for minute in range(0, 3 * DAY, 97):
        drawn = tracers.choose(found, need, minute)
        assert (drawn is not None) == contains(tracers.allowed(found, need, ((0, 9999),), (0, 9999)), minute)
        if drawn is None:
            continue
        left = drawn.batch.left_kbq - drawn.reference_kbq
        assert left >= 0
        found = [replace(b, left_kbq=left) if b.id == drawn.batch.id else b for b in found]


@settings(max_examples=100, deadline=None)
@given(pairs(), st.integers(1, 500_000))
def test_more_that_is_left_never_removes_a_start(pair, more):
    batch, need = pair
    richer = replace(batch, left_kbq=min(batch.activity_kbq, batch.left_kbq + more))
    before, after = tracers.starts(batch, need), tracers.starts(richer, need)
    assert before is None or (after is not None and after[0] <= before[0] and before[1] <= after[1])


def test_a_kit_serves_until_it_expires():
    assert tracers.starts(kit(), adult()) == (450, 811)


def test_a_kit_that_is_nearly_empty_serves_until_too_little_is_left():
    # 200 MBq at 07:30 are 148 MBq after 157 minutes: 360.9 * log2(200 / 148).
    assert tracers.starts(kit(left_kbq=200_000), adult()) == (450, 450 + 156 + 1)


def test_a_full_dose_has_too_many_particles_late_in_the_life_of_a_kit():
    # 148 MBq of 1850 hold 320,000 at first and 700,000 after 407 minutes; 500,000 after 232.
    need = adult(least_particles=60_000, most_particles=500_000)
    assert tracers.starts(kit(), need) == (450, 450 + 232 + 1)
    assert tracers.lack(kit(), need, 450 + 233) is Lack.TOO_MANY_PARTICLES


def test_a_patient_with_reduced_particles_gets_less_activity():
    need = tracers.need_of(PERFUSION, frozenset({Circumstance.REDUCED_PARTICLES}), 60)
    drawn = tracers.choose([kit()], need, 450)
    assert drawn.activity_kbq == 92_500  # 200,000 of 4 million particles: a twentieth of 1,850 MBq
    assert tracers.starts(kit(), need) == (450, 811)


def test_too_few_particles_for_a_picture_close_the_first_hours():
    # 37 MBq hold 80,000 particles of the standard kit, and of one with a million only 20,000.
    need = adult(activity_kbq=37_000, least_kbq=37_000, least_particles=60_000, most_particles=200_000)
    assert tracers.starts(kit(), need) == (450, 811)
    assert tracers.starts(kit(particles=1_000_000), need) is None
    assert tracers.lack(kit(particles=1_000_000), need, 500) is Lack.TOO_FEW_PARTICLES


def test_a_child_may_get_less_activity_than_an_adult():
    need = tracers.need_of(PERFUSION, frozenset(), 0)
    assert (need.least_kbq, need.least_particles, need.most_particles) == (14_800, 10_000, 50_000)
    assert tracers.choose([kit()], need, 450).activity_kbq == 23_125


def test_a_unit_dose_is_used_up_by_one_patient():
    unit = kit(is_unit_dose=True, activity_kbq=185_000, left_kbq=185_000, particles=350_000)
    assert tracers.choose([unit], adult(), 500).reference_kbq == 185_000
    assert tracers.starts(replace(unit, left_kbq=0), adult()) is None


def test_a_krypton_generator_serves_every_patient_of_its_day():
    generator = kit(product="kr81m", particles=None, activity_kbq=400_000, left_kbq=0, expires_at=1200)
    need = DoseNeed("kr81m", 200_000, 200_000)
    assert tracers.starts(generator, need) == (450, 450 + 274 + 1)
    assert tracers.draw(generator, need, 500).reference_kbq == 0


def test_a_failed_batch_serves_nobody():
    assert tracers.starts(kit(failed=True), adult()) is None
    assert tracers.left_at(kit(failed=True), 500) == 0


def test_a_step_without_tracer_needs_no_dose():
    assert tracers.need_of(catalogue.find("Q_ONLY").steps[0], frozenset(), 60) is None


def test_steps_get_their_doses_and_the_starts_at_which_they_are_left():
    step = Step("perfusion", 20, ())
    need = tracers.need_of(PERFUSION, frozenset(), 60)
    [found] = tracers.with_doses([step], {"perfusion": need}, [kit()], {"maa": ((0, DAY),)}, (0, DAY))
    assert (found.dose, found.allowed) == (need, ((450, 811),))
    assert tracers.with_doses([step], {}, [kit()], {}, (0, DAY)) == (step,)


def test_the_batch_that_expires_first_is_used_first():
    early, late = kit(id=2), kit(id=1, expires_at=900)
    assert tracers.choose([late, early], adult(), 500).batch.id == 2


def test_a_department_that_does_not_keep_the_tracer_is_not_limited():
    assert tracers.allowed([], adult(), (), (0, DAY)) is None


def test_days_on_which_the_tracer_is_not_kept_stay_open():
    found = tracers.allowed([kit()], adult(), ((0, DAY),), (0, 3 * DAY))
    assert found == ((450, 811), (DAY, 3 * DAY))


def clock(minute):
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def why(found, need, minute):
    return tracers.why_none(found, need, minute, clock=clock, day_of=lambda at: at // DAY)


@pytest.mark.parametrize(
    ("found", "need", "minute", "sentence"),
    [
        ([kit()], adult(), 811, "The MAA kit of 07:30 expires at 13:30."),
        (
            [kit(), kit(id=2, usable_from=840, calibrated_at=840, expires_at=1200)],
            adult(),
            820,
            "The MAA kit of 07:30 expires at 13:30; the next can be used from 14:00.",
        ),
        ([kit()], adult(), 449, "The MAA kit can be used from 07:30."),
        ([kit()], adult(), 450 + DAY, "No MAA is planned for this day."),
        ([kit(product="dtpa", particles=None)], adult(), 500, "No MAA is planned for this day."),
        ([kit(failed=True)], adult(), 500, "The MAA kit of 07:30 is not available."),
        (
            [kit(left_kbq=100_000)],
            adult(),
            470,
            "No MAA dose of 148 MBq is left at 07:50; 96.2 MBq are.",
        ),
        ([kit(left_kbq=0)], adult(), 470, "No MAA dose of 148 MBq is left at 07:50."),
        (
            [kit()],
            adult(most_particles=200_000),
            470,
            "A dose of the MAA kit of 07:30 would hold more than 200,000 particles at 07:50.",
        ),
        (
            [kit(particles=1_000_000)],
            adult(least_particles=90_000),
            470,
            "A dose of the MAA kit of 07:30 would hold fewer than 90,000 particles at 07:50.",
        ),
    ],
)
def test_why_there_is_no_dose(found, need, minute, sentence):
    assert why(found, need, minute) == sentence


@settings(max_examples=200, deadline=None)
@given(st.lists(batches("maa"), max_size=4), needs("maa"), st.integers(0, 3 * DAY))
def test_every_refused_start_has_one_sentence(found, need, minute):
    assume(not contains(tracers.allowed(found, need, ((0, 9999),), (0, 9999)), minute))
    assert why(found, need, minute).endswith(".")


def test_what_is_left_is_stated_for_the_minute():
    assert tracers.left_at(kit(left_kbq=1_000_000), 450 + 361) == 0  # expired
    assert tracers.left_at(kit(left_kbq=1_000_000, expires_at=900), 450 + 361) == 499_903
    assert tracers.left_at(kit(left_kbq=1_000_000), 449) == 0
    assert tracers.left_at(kit(is_unit_dose=True, left_kbq=5), 500) == 0
