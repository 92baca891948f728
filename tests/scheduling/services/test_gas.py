"""The burn of Technegas: not made before it could be breathed in, and not breathed in once it is too old."""

import pytest

from scheduling import phases as reading
from scheduling.examinations import examination
from scheduling.models import Appointment, Protocol, Site
from scheduling.services import visits
from scheduling.services.doses import measuring
from scheduling.services.examination import corrections, phases
from tests import department, doses
from tests.scheduling.services.examination import MINUTE, SECOND, override, refused, step, with_phases

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(appointment, technologist):
    appointment, _ = department.ready(with_phases(appointment), by=technologist)
    return appointment


def burnt(appointment, technologist, at):
    phases.begin(appointment, "burn", by=technologist, now=at)
    phases.end(appointment, "burn", by=technologist, now=at + 30 * SECOND)


def test_gas_of_up_to_ten_minutes_is_breathed_in(ready, technologist, lungs_at):
    burnt(ready, technologist, lungs_at)
    phases.begin(ready, "inhalation", by=technologist, now=lungs_at + 10 * MINUTE)
    assert step(ready, "ventilation").state == "in_progress"


@pytest.mark.parametrize("way", ["phase", "step"])
def test_older_gas_is_refused_from_both_ways_in(ready, technologist, lungs_at, way):
    burnt(ready, technologist, lungs_at)
    late = {"by": technologist, "now": lungs_at + 10 * MINUTE + SECOND}
    sentence = (
        refused(phases.begin, ready, "inhalation", **late)
        if way == "phase"
        else refused(visits.start, step(ready, "ventilation"), **late)
    )
    assert sentence.endswith(
        "it is breathed in within 10 min. Burn again with a new crucible, or ask a physician to let it go on."
    )
    facts = examination(Appointment.objects.get(pk=ready.pk), late["now"])
    lines = reading.plan(Appointment.objects.get(pk=ready.pk))
    inhalation = next(line for line in lines if line.phase.key == "inhalation")
    assert reading.why_not_begin(inhalation, lines, facts) == sentence


def test_a_new_burn_is_a_way_out_and_its_undo_is_not(ready, technologist, lungs_at):
    burnt(ready, technologist, lungs_at)
    later = {"by": technologist, "now": lungs_at + 20 * MINUTE}
    phases.repeat(ready, "burn", **later)
    assert step(ready, "ventilation").gas_made_at == later["now"]
    phases.undo(ready, "burn", **later)
    assert step(ready, "ventilation").gas_made_at == lungs_at
    phases.repeat(ready, "burn", **later)
    phases.begin(ready, "inhalation", end_running=True, **later)
    assert step(ready, "ventilation").state == "in_progress"


def test_a_physician_lets_old_gas_go_on_until_the_next_burn(ready, technologist, physician, lungs_at):
    burnt(ready, technologist, lungs_at)
    later = lungs_at + 20 * MINUTE
    override(ready, "GAS-1", physician, later)
    start = {"by": technologist, "now": later}
    phases.begin(ready, "inhalation", **start)
    phases.undo(ready, "inhalation", **start)
    phases.repeat(ready, "burn", **start)
    again = {"by": technologist, "now": later + 11 * MINUTE}
    assert "breathed in within 10 min" in refused(
        phases.begin, ready, "inhalation", end_running=True, **again
    )


def test_a_corrected_time_of_the_burn_counts(ready, technologist, lungs_at):
    burnt(ready, technologist, lungs_at)
    record = ready.phases.get(key="burn")
    now = lungs_at + MINUTE
    right = {"started_at": lungs_at - 15 * MINUTE}
    corrections.correct(ready, record, right, reason="Pressed late.", by=technologist, now=now)
    assert "breathed in within 10 min" in refused(phases.begin, ready, "inhalation", by=technologist, now=now)


def test_a_department_that_presses_no_burn_starts_as_before(ready, technologist, lungs_at):
    assert visits.start(step(ready, "ventilation"), by=technologist, now=lungs_at).state == "in_progress"


def test_nothing_is_burnt_for_a_dose_that_may_not_be_given(appointment, technologist, lungs_at):
    site = doses.recorded(appointment.site)
    with_phases(appointment)
    doses.needed(site, ventilation=500)
    Protocol.objects.filter(pk=appointment.procedure.protocol_id).update(agent="technegas")
    department.ready(appointment, by=technologist)
    args = {"by": technologist, "now": lungs_at}
    assert refused(phases.begin, appointment, "burn", **args) == "Measure the dose first."
    eluate = doses.batch(site, product="pertechnetate", activity_mbq=20_000)
    Site.objects.filter(pk=site.pk).update(two_person_check=True)
    dose = doses.measured(step(appointment, "ventilation"), eluate, mbq="500", **args)
    assert refused(phases.begin, appointment, "burn", **args) == (
        "A second person has to check this dose first."
    )
    measuring.check(dose, by=department.technologist(site), now=lungs_at)
    assert phases.begin(appointment, "burn", **args).key == "burn"
