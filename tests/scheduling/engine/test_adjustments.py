"""What the answers to the safety questions change in the plan, as a table."""

from dataclasses import replace

import pytest

from scheduling.engine import adjustments, catalogue, screening
from scheduling.engine.adjustments import Circumstance, adjusted
from scheduling.engine.catalogue import PERFUSION, VENTILATION, XRAY
from scheduling.engine.screening import Facts

SPECIAL = frozenset({"isolation", "escort", "interpreter", "xray_portable"})
MAN = Facts(sex="male", age_years=60, patient_class="outpatient", priority="routine")


def step(kind, agent="technegas"):
    return next(each for each in catalogue.find("V_THEN_Q", agent).steps if each.kind == kind)


def found(facts=MAN, **answers):
    return adjustments.circumstances(screening.evaluate(answers, facts))


@pytest.mark.parametrize(
    ("answers", "circumstances"),
    [
        ({"pregnancy": "yes"}, {"reduced_particles"}),
        ({"pulmonary_hypertension": "severe"}, {"reduced_particles"}),
        ({"pulmonary_hypertension": "unknown_severity"}, {"reduced_particles"}),
        ({"right_to_left_shunt": "yes"}, {"reduced_particles"}),
        ({"one_lung_or_transplant": "one_lung"}, {"reduced_particles"}),
        ({"one_lung_or_transplant": "transplant"}, {"reduced_particles"}),
        ({"cannot_keep_still": "yes"}, {"planar_only", "short_blocks"}),
        ({"cannot_raise_arms": "yes"}, {"planar_only"}),
        ({"oxygen": "yes"}, {"avoid_technegas"}),
        ({"copd_or_asthma": "yes"}, {"longer_washout"}),
        ({"respiratory_isolation": "yes"}, {"isolation"}),
        ({"interpreter": "yes"}, {"interpreter"}),
        ({"cannot_raise_arms": "unknown", "pulmonary_hypertension": "unknown"}, set()),
    ],
)
def test_each_answer_asks_for_its_circumstances(answers, circumstances):
    assert found(replace(MAN, sex="female", age_years=30), **answers) == circumstances


def test_an_inpatient_may_have_a_portable_xray_and_comes_with_an_escort():
    assert found(replace(MAN, patient_class="inpatient")) == {"portable_xray", "escort"}


@pytest.mark.parametrize(
    ("circumstance", "kind", "agent", "change"),
    [
        ("planar_only", PERFUSION, "technegas", {"room": {"gamma_camera_planar"}, "acquisition_minutes": 26}),
        ("planar_only", PERFUSION, "dtpa", {}),
        ("short_blocks", PERFUSION, "technegas", {"acquisition_minutes": 24}),
        ("short_blocks", XRAY, "technegas", {}),
        ("longer_washout", VENTILATION, "xe133", {"acquisition_minutes": 17}),
        ("longer_washout", VENTILATION, "technegas", {}),
        ("isolation", VENTILATION, "technegas", {"room": {"ventilation", "isolation"}}),
        ("isolation", XRAY, "technegas", {}),
        ("interpreter", XRAY, "technegas", {"present": {"interpreter"}}),
        ("escort", PERFUSION, "technegas", {"present": {"escort"}}),
        ("portable_xray", XRAY, "technegas", {"room": {"xray_or_portable"}}),
        ("reduced_particles", PERFUSION, "technegas", {}),
    ],
)
def test_each_circumstance_changes_its_steps(circumstance, kind, agent, change):
    before = step(kind, agent)
    after = adjusted(before, frozenset({Circumstance(circumstance)}), agent=agent, offered=SPECIAL)
    assert after == replace(before, **{name: _frozen(value) for name, value in change.items()})


def _frozen(value):
    return frozenset(value) if isinstance(value, set) else value


def test_a_site_without_the_special_rooms_and_people_plans_as_it_always_did():
    everything = frozenset({Circumstance.ISOLATION, Circumstance.ESCORT, Circumstance.PORTABLE_XRAY})
    for kind in (XRAY, VENTILATION, PERFUSION):
        assert adjusted(step(kind), everything, agent="technegas", offered=frozenset()) == step(kind)


@pytest.mark.parametrize(
    ("circumstances", "age", "particles"),
    [
        (set(), 60, (200_000, 700_000)),
        (set(), None, (200_000, 700_000)),
        ({"reduced_particles"}, 60, (100_000, 200_000)),
        (set(), 0, (10_000, 50_000)),
        (set(), 3, (50_000, 150_000)),
        (set(), 10, (200_000, 300_000)),
        ({"reduced_particles"}, 10, (100_000, 200_000)),
        ({"reduced_particles"}, 0, (10_000, 50_000)),
    ],
)
def test_of_several_ranges_of_particles_the_lowest_holds(circumstances, age, particles):
    assert adjustments.particles(frozenset(map(Circumstance, circumstances)), age) == particles


def test_who_books_reads_what_is_planned_otherwise():
    asked = frozenset({Circumstance.PLANAR_ONLY, Circumstance.ISOLATION})
    assert adjustments.notes(asked, agent="dtpa", offered=SPECIAL) == (
        "Planned for this patient: planar pictures, isolation room.",
    )
    assert adjustments.notes(asked, agent="dtpa", offered=frozenset()) == (
        "Planned for this patient: planar pictures.",
    )
    assert adjustments.notes(frozenset(), agent="technegas", offered=SPECIAL) == ()


def test_technegas_is_not_the_first_choice_for_who_needs_oxygen():
    asked = frozenset({Circumstance.AVOID_TECHNEGAS})
    assert adjustments.notes(asked, agent="dtpa", offered=SPECIAL) == ()
    assert adjustments.notes(asked, agent="technegas", offered=SPECIAL) == (
        "This patient needs oxygen: DTPA aerosol or krypton is preferred to Technegas. "
        "Ask the physician for another protocol.",
    )


def test_an_xray_room_also_serves_who_may_have_a_portable_one():
    assert adjustments.implied(["xray"]) == {"xray", "xray_or_portable"}
    assert adjustments.implied(["xray_portable"]) == {"xray_portable", "xray_or_portable"}
    assert adjustments.implied(["ventilation"]) == {"ventilation"}
