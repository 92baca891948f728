"""Doses as given: published activities and decay, and what must hold for every dose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import administration
from scheduling.engine.adjustments import Circumstance
from scheduling.engine.administration import Given, Who, judge, prescription
from scheduling.engine.decay import HALF_LIFE_MINUTES, Nuclide, decayed

HOUR, DAY = 3600, 86_400
TC, XE = HALF_LIFE_MINUTES[Nuclide.TC99M], HALF_LIFE_MINUTES[Nuclide.XE133]
ADULT = Who(age_years=60)
REDUCED = frozenset({Circumstance.REDUCED_PARTICLES})


def child(years, kg, days=None):
    return Who(age_years=years, age_days=days if days is not None else years * 365, weight_kg=kg)


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        (0, 1),
        (1, 0.89116),
        (2, 0.79416),
        (4, 0.63069),
        (6, 0.50087),
        (12, 0.25087),
        (24, 0.06293),
        (60, 0.00099),
    ],
)
def test_technetium_decays_as_icrp_107_says(hours, left):
    assert decayed(1_000_000_000, hours * HOUR, TC) == pytest.approx(left * 1e9, abs=5_000)


@pytest.mark.parametrize(("days", "left"), [(8, 0.347), (14, 0.157)])
def test_xenon_decays_as_its_us_label_prints(days, left):
    assert decayed(1_000_000_000, days * DAY, XE) / 1e9 == pytest.approx(left, abs=5e-4)


def test_time_before_the_measurement_makes_it_more():
    assert decayed(100_000, -HOUR, TC) == pytest.approx(100_000 / 0.89116, abs=2)


@given(st.integers(0, 2_000_000), st.integers(0, 10 * HOUR), st.integers(0, 10 * HOUR))
def test_decay_in_two_parts_is_decay_in_one(activity, first, second):
    assert decayed(decayed(activity, first, TC), second, TC) == pytest.approx(
        decayed(activity, first + second, TC), abs=1.01
    )


# What is prescribed.


def test_an_adult_gets_what_the_protocol_says():
    found = prescription("maa", 148_000, ADULT, least_kbq=37_000)
    assert (found.prescribed_kbq, found.lowest_kbq, found.highest_kbq) == (148_000, 37_000, 185_000)
    assert (found.fewest_particles, found.most_particles) == (200_000, 700_000)
    assert (found.why, found.unpublished) == ((), "")
    assert found.accepted_kbq == (118_400, 177_600)


@pytest.mark.parametrize(
    ("product", "usual", "low", "high"),
    [
        ("maa", 148_000, 37_000, 185_000),
        ("dtpa", 1_110_000, 500_000, 1_850_000),
        ("pertechnetate", 500_000, 250_000, 1_000_000),
        ("xe133", 370_000, 74_000, 1_110_000),
    ],
)
def test_a_protocol_without_an_activity_has_the_usual_one(product, usual, low, high):
    found = prescription(product, 0, ADULT)
    assert (found.prescribed_kbq, found.lowest_kbq, found.highest_kbq) == (usual, low, high)
    assert found.most_particles == (700_000 if product == "maa" else None)


def test_a_sites_own_activity_outside_the_label_counts_as_prescribed():
    assert prescription("maa", 200_000, ADULT).highest_kbq == 200_000
    assert prescription("maa", 30_000, ADULT).lowest_kbq == 30_000


@pytest.mark.parametrize(
    ("kg", "after_tc", "prescribed"),
    [
        (20, False, 22_200),  # 1.11 MBq/kg
        (20, True, 51_800),  # 2.59 MBq/kg
        (10, False, 14_800),  # at least 0.4 mCi
        (50, True, 129_500),
        (70, True, 148_000),  # never more than an adult
    ],
)
def test_a_childs_maa_goes_by_weight(kg, after_tc, prescribed):
    found = prescription("maa", 148_000, child(8, kg), after_tc_ventilation=after_tc)
    assert (found.prescribed_kbq, found.lowest_kbq, found.highest_kbq) == (prescribed, 14_800, 148_000)


def test_a_newborn_gets_between_7_4_and_18_5_mbq_and_few_particles():
    found = prescription("maa", 148_000, child(0, 3.5, days=10), after_tc_ventilation=True)
    assert (found.prescribed_kbq, found.lowest_kbq, found.highest_kbq) == (9_065, 7_400, 18_500)
    assert found.most_particles == 50_000
    assert prescription("maa", 148_000, child(0, 3.5, days=10)).prescribed_kbq == 7_400
    assert prescription("maa", 148_000, child(0, 4, days=28)).prescribed_kbq == 14_800


@pytest.mark.parametrize(
    ("years", "most"), [(0, 50_000), (1, 150_000), (5, 300_000), (14, 300_000), (15, 700_000)]
)
def test_a_childs_particles_go_by_age(years, most):
    assert prescription("maa", 148_000, child(years, 20)).most_particles == most


@pytest.mark.parametrize(
    ("kg", "mbq"), [(10, 189.7), (20, 340.2), (30, 480.2), (40, 620.2), (46, 700), (60, 700)]
)
def test_technegas_for_children_follows_the_european_table(kg, mbq):
    found = prescription("pertechnetate", 700_000, child(8, kg))
    assert found.prescribed_kbq == mbq * 1000
    assert found.unpublished == ""


def test_technegas_between_two_rows_of_the_table_lies_between_them():
    assert prescription("pertechnetate", 700_000, child(8, 25)).prescribed_kbq == 410_200


def test_technegas_for_a_child_under_10_kg_needs_an_authorised_user():
    found = prescription("pertechnetate", 700_000, child(0, 5))
    assert found.prescribed_kbq == 94_850
    assert judge(found, 94_850, None).refusals == ("No activity of Technegas is published under 10 kg.",)


@pytest.mark.parametrize(
    ("kg", "kbq"), [(70, 1_110_000), (35, 555_000), (7, 111_000), (0.5, 10_000), (90, 1_110_000)]
)
def test_dtpa_for_children_is_the_adults_by_weight_over_70(kg, kbq):
    assert prescription("dtpa", 1_110_000, child(8, kg)).prescribed_kbq == kbq


def test_xenon_for_a_child_needs_an_authorised_user():
    found = prescription("xe133", 370_000, child(8, 25))
    assert judge(found, 370_000, None).refusals == ("No activity of xenon-133 is published for children.",)


def test_a_child_is_not_dosed_without_a_weight():
    assert administration.lacks("maa", Who(age_years=17)) == administration.NEEDS_WEIGHT
    assert administration.lacks("maa", child(17, 60)) is None
    assert administration.lacks("maa", Who(age_years=18)) is None
    assert administration.lacks("maa", Who()) is None
    assert administration.lacks("xe133", Who(age_years=3)) is None


@pytest.mark.parametrize("protocol_kbq", [148_000, 37_000])
def test_in_pregnancy_maa_is_18_5_to_37_mbq(protocol_kbq):
    found = prescription("maa", protocol_kbq, Who(age_years=30, pregnant=True, found=REDUCED))
    assert (found.prescribed_kbq, found.lowest_kbq, found.highest_kbq) == (37_000, 18_500, 37_000)
    assert found.most_particles == 200_000


def test_in_pregnancy_nothing_above_the_protocol_is_given():
    found = prescription("dtpa", 1_110_000, Who(age_years=30, pregnant=True))
    assert found.highest_kbq == found.prescribed_kbq == 1_110_000


def test_of_several_reasons_for_fewer_particles_the_lowest_counts():
    both = Who(age_years=3, weight_kg=15, found=REDUCED)
    assert prescription("maa", 148_000, both).most_particles == 150_000


def test_every_step_takes_the_product_of_its_agent():
    of = administration.product_of
    assert [of("ventilation", agent) for agent in ("technegas", "dtpa", "xe133", "kr81m", "")] == [
        *("pertechnetate", "dtpa", "xe133", "kr81m", "")
    ]
    assert (of("perfusion", "xe133"), of("xray", "dtpa")) == ("maa", "")


def test_krypton_is_breathed_from_its_generator_and_waits_for_no_measurement():
    assert [administration.must_be_measured(each) for each in ("maa", "xe133", "kr81m", "")] == [
        *(True, True, False, False)
    ]


# Particles.


def test_particles_per_mbq_double_in_six_hours():
    """x1.41 after 3 h, x2.00 after 6 h: the vial decays and the particles stay."""
    at = [decayed(1_850_000, hours * HOUR, TC) for hours in (0, 3, 6)]
    fresh, three, six = (administration.particles_in(148_000, vial, 4_000_000) for vial in at)
    assert fresh == 320_000
    assert three / fresh == pytest.approx(1.41, abs=0.005)
    assert six / fresh == pytest.approx(2.00, abs=0.005)


@given(st.integers(20_000, 200_000), st.integers(0, 6 * HOUR))
def test_the_particles_of_a_drawn_dose_do_not_change_with_time(dose, seconds):
    vial = 1_850_000
    drawn = administration.particles_in(dose, vial, 4_000_000)
    later = administration.particles_in(decayed(dose, seconds, TC), decayed(vial, seconds, TC), 4_000_000)
    assert later == pytest.approx(drawn, rel=1e-4)


def test_less_is_prescribed_where_the_vial_would_give_too_many_particles():
    found = prescription("maa", 148_000, Who(age_years=60, found=REDUCED), least_kbq=37_000)
    reduced = administration.with_vial(found, 1_850_000, 4_000_000)
    assert reduced.prescribed_kbq == 92_500  # 200,000 of 4,000,000 particles
    assert judge(reduced, 92_500, 200_000).refusals == ()


def test_a_vial_that_always_gives_too_many_particles_is_not_talked_away():
    found = prescription("maa", 148_000, Who(age_years=60, found=REDUCED), least_kbq=37_000)
    weak = administration.with_vial(found, 300_000, 4_000_000)
    assert weak.prescribed_kbq == 148_000
    assert judge(weak, 148_000, 1_973_333).refusals == (
        "1,973,333 particles are more than this patient may get: at most 200,000.",
    )


# What may be given.

USUAL = prescription("maa", 148_000, ADULT, least_kbq=37_000)


@pytest.mark.parametrize(
    ("kbq", "refusal"),
    [
        (148_000, ()),
        (118_400, ()),
        (177_600, ()),
        (118_399, ("118.4 MBq is 20 % less than the prescribed 148 MBq; at most 20 % is allowed.",)),
        (110_000, ("110 MBq is 25 % less than the prescribed 148 MBq; at most 20 % is allowed.",)),
        (177_601, ("177.6 MBq is 20 % more than the prescribed 148 MBq; at most 20 % is allowed.",)),
        (36_000, ("36 MBq is below the prescribed range, 37 to 185 MBq.",)),
        (1_480_000, ("1,480 MBq is above the prescribed range, 37 to 185 MBq.",)),
    ],
)
def test_a_dose_outside_its_range_or_20_percent_off_is_refused(kbq, refusal):
    assert judge(USUAL, kbq, 300_000).refusals == refusal


@given(st.integers(1, 300_000))
def test_what_is_accepted_is_what_is_not_refused(kbq):
    low, high = USUAL.accepted_kbq
    assert (low <= kbq <= high) == (judge(USUAL, kbq, 300_000).refusals == ())


@pytest.mark.parametrize(
    ("particles", "refusals", "warnings"),
    [
        (700_000, 0, ()),
        (700_001, 1, ()),
        (200_000, 0, ()),
        (150_000, 0, ("150,000 particles are fewer than usual for this patient (200,000).",)),
        (59_999, 0, ("Only 59,999 particles: the pictures may be uneven.",)),
    ],
)
def test_too_many_particles_are_refused_and_too_few_are_said(particles, refusals, warnings):
    found = judge(USUAL, 148_000, particles)
    assert (len(found.refusals), found.warnings) == (refusals, warnings)


def test_an_extra_injection_counts_with_what_was_given_before():
    before = Given(140_000, 400_000)
    assert judge(USUAL, 45_000, 300_000, before).refusals == ()
    assert judge(USUAL, 45_001, 300_001, before).refusals == (
        "With the 140 MBq given before it would be 185 MBq; at most 185 MBq is prescribed.",
        "700,001 particles with those given before are more than this patient may get: at most 700,000.",
    )


# What was given.


def test_administered_is_the_syringe_at_injection_less_its_residual_at_injection():
    """150 MBq measured 30 min before, 4.2 MBq left 15 min after: 141.614 - 4.323 MBq."""
    got = administration.administered(150_000, 1800, "maa", residual_kbq=4_200, seconds_to_residual=900)
    assert got == round(150_000 * 2 ** (-0.5 / 6.015)) - round(4_200 * 2 ** (0.25 / 6.015)) == 137_279


@given(st.integers(1_000, 2_000_000), st.integers(0, 4 * HOUR), st.integers(0, 4 * HOUR), st.floats(0, 1))
def test_nobody_gets_more_than_was_measured(measured, before, after, share):
    there = decayed(measured, before + after, TC)
    residual = int(there * share)
    got = administration.administered(
        measured, before, "maa", residual_kbq=residual, seconds_to_residual=after
    )
    assert -2 <= got <= measured
