"""Count rates of both parts: what is compared, what stops the end, and how it goes on."""

from decimal import Decimal

import pytest

from scheduling import administrations
from scheduling.engine.countrates import Grade, Way
from scheduling.models import CountRate, Protocol, Site, StepKind
from scheduling.services import countrates, visits
from scheduling.services.doses import giving, measuring
from scheduling.services.examination import endings
from tests import department, doses
from tests.scheduling.services.examination import MINUTE, refused
from vqflow.errors import Invalid, NotAllowed

pytestmark = pytest.mark.django_db
TOO_LOW = (
    "Perfusion shows 2.0 times the counts of ventilation; at least 3 times is needed. "
    "Choose what to do at the count rates, or complete it as limited."
)


@pytest.fixture
def site():
    return department.site()


def both(site, technologist, *, agent="technegas"):
    """(ventilation ended, perfusion running, time) of one day."""
    Protocol.objects.filter(site=site).update(agent=agent)
    appointment, at = department.ready(department.booked(site), by=technologist)
    ventilation, perfusion = (appointment.steps.get(kind=kind) for kind in ("ventilation", "perfusion"))
    visits.start(ventilation, by=technologist, now=at)
    visits.end(ventilation, by=technologist, now=at + 15 * MINUTE)
    visits.start(perfusion, by=technologist, now=at + 20 * MINUTE)
    return ventilation, perfusion, at + 20 * MINUTE


def count(step, by, at, rate, **fields):
    return countrates.record(step, counts_per_second=rate, by=by, now=at, **fields)


def compared(step):
    appointment = step.appointment
    return administrations.comparison(appointment, list(appointment.steps.all()))


def test_a_ratio_under_three_stops_the_end(site, technologist):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    rate = count(perfusion, technologist, at, 3_000)
    assert (rate.of, compared(perfusion).grade) == (CountRate.Of.TOTAL, Grade.TOO_LOW)
    assert refused(visits.end, perfusion, by=technologist, now=at) == TOO_LOW


@pytest.mark.parametrize(("total", "grade"), [(4_000, Grade.LOW), (5_000, Grade.GOOD)])
def test_from_three_on_it_ends(site, technologist, total, grade):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, total)
    assert compared(perfusion).grade is grade
    assert visits.end(perfusion, by=technologist, now=at).state == "completed"


@pytest.mark.parametrize("missing", ["ventilation", "perfusion"])
def test_what_was_not_counted_stops_nothing(site, technologist, missing):
    ventilation, perfusion, at = both(site, technologist)
    if missing == "perfusion":
        count(ventilation, technologist, at, 1_000, measured_at=at)
    else:
        count(perfusion, technologist, at, 1_000)
    assert compared(perfusion) is None
    assert visits.end(perfusion, by=technologist, now=at).state == "completed"


@pytest.mark.parametrize("agent", ["xe133", "kr81m"])
def test_the_rule_is_not_for_other_isotopes(site, technologist, agent):
    ventilation, perfusion, at = both(site, technologist, agent=agent)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, 1_000)
    assert compared(perfusion) is None
    assert visits.end(perfusion, by=technologist, now=at).state == "completed"


def test_the_first_part_may_always_end(site, technologist):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, 1_000)
    assert (
        administrations.why_not_end(
            perfusion.appointment, ventilation, list(perfusion.appointment.steps.all())
        )
        is None
    )


def test_counting_again_goes_on(site, technologist):
    """After more tracer, or after waiting."""
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, 3_000)
    count(perfusion, technologist, at + 5 * MINUTE, 4_500)
    assert visits.end(perfusion, by=technologist, now=at + 6 * MINUTE).state == "completed"


@pytest.mark.parametrize("way", [Way.SUBTRACT, Way.LIMITED])
def test_a_decision_goes_on(site, technologist, way):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    rate = count(perfusion, technologist, at, 3_000)
    rate = countrates.settle(rate, way=way, by=technologist, now=at)
    assert (rate.settled, rate.settled_note) == (way, countrates.SETTLE_REASONS[way])
    assert (
        refused(countrates.settle, rate, way=way, by=technologist, now=at) == "This has been decided already."
    )
    assert visits.end(perfusion, by=technologist, now=at).state == "completed"


def test_a_new_count_asks_for_a_new_decision(site, technologist):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    countrates.settle(count(perfusion, technologist, at, 3_000), way=Way.LIMITED, by=technologist, now=at)
    count(perfusion, technologist, at + MINUTE, 2_900)
    assert refused(visits.end, perfusion, by=technologist, now=at + MINUTE).startswith("Perfusion shows 1.9")


def test_there_is_nothing_to_decide_about_a_good_ratio(site, technologist):
    ventilation, perfusion, at = both(site, technologist)
    early = count(ventilation, technologist, at, 1_000, measured_at=at)
    rate = count(perfusion, technologist, at, 6_000)
    for each in (early, rate):
        assert refused(countrates.settle, each, way=Way.LIMITED, by=technologist, now=at) == (
            "There is nothing to decide about this count rate."
        )
    with pytest.raises(Invalid):
        countrates.settle(rate, way=Way.WAIT, by=technologist, now=at)


def test_a_count_rate_can_be_taken_back(site, technologist):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    rate = count(perfusion, technologist, at, 3_000)
    countrates.undo(rate, by=technologist, now=at)
    assert compared(perfusion) is None
    assert refused(countrates.undo, rate, by=technologist, now=at) == "This was taken back already."


def test_the_undo_of_a_start_takes_its_counts_along(site, technologist):
    _, perfusion, at = both(site, technologist)
    rate = count(perfusion, technologist, at, 3_000)
    visits.undo(perfusion, by=technologist, now=at)
    rate.refresh_from_db()
    assert rate.void_reason == "The start was undone."


@pytest.mark.parametrize(
    ("rate", "minutes", "field"),
    [(0, 0, "counts_per_second"), (1_000_001, 0, "counts_per_second"), (1_000, 1, "measured_at"),
     (1_000, -1, "measured_at")],
)  # fmt: skip
def test_a_count_rate_that_cannot_be_right_is_asked_for_again(site, technologist, rate, minutes, field):
    _, perfusion, at = both(site, technologist)
    with pytest.raises(Invalid) as refusal:
        count(perfusion, technologist, at, rate, measured_at=at + minutes * MINUTE)
    assert list(refusal.value.fields) == [field]


def test_the_first_part_is_not_counted_with_the_second_tracer_in_the_lungs(site, technologist):
    """Both tracers together would be taken for what the first part left, and the rule be judged on that."""
    ventilation, _, at = both(site, technologist)
    with pytest.raises(Invalid) as refusal:
        count(ventilation, technologist, at + MINUTE, 5_000)
    assert refusal.value.fields == {"measured_at": [countrates.SECOND_TRACER]}
    assert count(ventilation, technologist, at + MINUTE, 1_000, measured_at=at - MINUTE).of == "first"


def test_nothing_is_counted_before_the_part_has_begun(site, technologist):
    appointment, at = department.ready(department.booked(site), by=technologist)
    said = [
        refused(count, appointment.steps.get(kind=kind), technologist, at, 1_000)
        for kind in ("xray", "perfusion")
    ]
    assert said == ["Counts are measured over the lungs, not in the X-ray.", "Perfusion has not started."]


def test_a_physician_counts_nothing(site, technologist, physician):
    _, perfusion, at = both(site, technologist)
    with pytest.raises(NotAllowed):
        count(perfusion, physician, at, 1_000)


def test_an_extra_injection_lifts_the_ratio(site, technologist):
    """Tracer is added within the maximum, and counted again."""
    ventilation, perfusion, at = both(site, technologist)
    Site.objects.update(records_doses=True)
    doses.needed(site)
    kit = doses.batch(site)
    first = measuring.measure(perfusion, batch=kit, measured_mbq=Decimal(140), by=technologist, now=at)
    giving.give(first, by=technologist, now=at)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, 3_700)  # 2.7 times
    extra = measuring.measure(
        perfusion, batch=kit, measured_mbq=Decimal(16), by=technologist, now=at, is_extra=True
    )
    giving.give(extra, by=technologist, now=at)
    count(perfusion, technologist, at + MINUTE, 4_010)
    assert visits.end(perfusion, by=technologist, now=at + MINUTE).state == "completed"
    assert perfusion.kind == StepKind.PERFUSION


def test_complete_as_limited_works_with_counts_too_low(site, technologist):
    """After an injection nobody is trapped."""
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, 3_000)
    endings.complete_as_limited(perfusion.appointment, reason="Counts too low.", by=technologist, now=at)
    perfusion.refresh_from_db()
    assert perfusion.state == "completed"


def test_what_is_broken_off_needs_no_counts(site, technologist):
    ventilation, perfusion, at = both(site, technologist)
    count(ventilation, technologist, at, 1_000, measured_at=at)
    count(perfusion, technologist, at, 3_000)
    assert visits.discontinue(perfusion, reason="Unwell.", by=technologist, now=at).state == "discontinued"
