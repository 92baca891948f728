import pytest

from reporting.engine.findings import Study, Technique
from reporting.services import rules, studies
from scheduling.models import Capability, StepKind
from tests import department


def ask_camera(order, *capabilities):
    steps = order.procedure.protocol.steps.filter(kind=StepKind.PERFUSION)
    steps.update(room_capabilities=list(capabilities))


def test_study_says_what_was_done(order):
    assert studies.of(order) == Study(Technique.PLANAR, ventilation_done=True, xray_known=True)


@pytest.mark.parametrize(
    ("camera", "technique"),
    [(Capability.CAMERA_SPECT, Technique.SPECT), (Capability.CAMERA_SPECT_CT, Technique.SPECT_CT)],
)
def test_technique_is_what_the_protocol_asks_of_the_camera(order, camera, technique):
    ask_camera(order, camera)
    assert studies.of(order).technique == technique


def test_ct_of_the_camera_counts_as_xray(order):
    ask_camera(order, Capability.CAMERA_SPECT_CT)
    order.procedure.appointments.get().steps.filter(kind=StepKind.XRAY).delete()
    assert studies.of(order).xray_known


def test_step_that_was_left_out_was_not_done(order):
    order.procedure.appointments.get().steps.exclude(kind=StepKind.PERFUSION).delete()
    assert studies.of(order) == Study(Technique.PLANAR, ventilation_done=False, xray_known=False)


def test_examination_that_is_not_finished_has_nothing_done(site):
    waiting = department.booked(site).procedure.order
    assert studies.of(waiting) == Study(Technique.PLANAR, ventilation_done=False, xray_known=False)


def test_study_takes_two_queries(order, django_assert_num_queries):
    with django_assert_num_queries(2):
        studies.of(order)


def test_department_that_chose_nothing_has_the_defaults(site):
    found = rules.of(site)
    assert (found.low_in_trinary, found.high_from_equivalents, found.language) == ("unlikely", 2, "en")
    assert rules.schemes_for(found, Study(Technique.SPECT, True, False)) == (
        "TEN_TERMS",
        "EANM_SPECT",
        "TRINARY",
    )
