"""From rows to the engine: what may be given to a patient, what a measured dose is worth now, how counts compare.

Nothing is written here. Doses and count rates may come prefetched with their steps; then nothing is queried.
"""

from zoneinfo import ZoneInfo

from scheduling.engine import administration as engine
from scheduling.engine import countrates
from scheduling.engine.clocks import hour
from scheduling.engine.decay import decayed
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.states import StepState
from scheduling.engine.tracers import mbq_words
from scheduling.models import StepKind
from scheduling.models.querysets import rows_of

MEASURE_FIRST = "Measure the dose first."
CHECK_FIRST = "A second person has to check this dose first."
WAY_ROUND = "An authorised user has to approve it, or discard it and measure another."


def kbq(activity_mbq):
    """Whole kBq of a stored activity, which has three decimals."""
    return int(activity_mbq * 1000)


def product_of(appointment, step):
    """What this step takes; empty without a tracer."""
    return engine.product_of(step.kind, appointment.procedure.protocol.agent)


def standing(step):
    """The doses of a step that nobody has taken back, by number."""
    rows = [row for row in rows_of(step, "administrations") if row.voided_at is None]
    return sorted(rows, key=lambda row: row.number)


def waiting(step):
    """The dose that is measured and not given yet, or None."""
    return next((row for row in standing(step) if row.given_at is None), None)


def given(step):
    """What the step has had: its doses that were given."""
    return [row for row in standing(step) if row.given_at]


def activity_at(row, moment):
    """kBq of a measured dose at a moment."""
    seconds = (moment - row.measured_at).total_seconds()
    return decayed(kbq(row.measured_mbq), seconds, PRODUCTS[row.product].half_life)


def prescribed(row):
    """What held for this patient when the dose was measured."""
    return engine.Prescription(
        product=row.product,
        prescribed_kbq=kbq(row.prescribed_mbq),
        lowest_kbq=kbq(row.lowest_mbq),
        highest_kbq=kbq(row.highest_mbq),
        most_particles=row.most_particles,
        unpublished=row.needs_approval,
    )


def before(row, rows):
    """What was given before an extra injection; None for the first dose."""
    if row.number == 1:
        return None
    earlier = [each for each in rows if each.number < row.number and each.given_at]
    return engine.Given(
        sum(kbq(each.administered_mbq) for each in earlier), sum(each.particles or 0 for each in earlier)
    )


def judge(row, rows, moment):
    """engine.Judgement of a dose that would be given at a moment; `rows`: all doses of its step that stand.

    A press that waited for the network may be older than the measurement: it gives the dose at that time.
    """
    given_at = max(moment, row.measured_at)
    return engine.judge(prescribed(row), activity_at(row, given_at), row.particles, before(row, rows))


FIGURES = ("measured_mbq", "measured_at", "given_at", "residual_mbq", "residual_measured_at")


def administered_kbq(dose, **changed):
    """What the patient got, by the dose's own figures with those that are `changed`."""
    fact = {name: getattr(dose, name) for name in FIGURES} | changed
    left, left_at = fact["residual_mbq"], fact["residual_measured_at"]
    return engine.administered(
        kbq(fact["measured_mbq"]),
        (fact["given_at"] - fact["measured_at"]).total_seconds(),
        dose.product,
        residual_kbq=kbq(left or 0),
        seconds_to_residual=(left_at - fact["given_at"]).total_seconds() if left_at else 0,
    )


def why_not_give(row, rows, site, moment):
    """A sentence why this dose is not given at that moment, or None."""
    if row.usable_until and moment > row.usable_until:
        expired = hour(row.usable_until, ZoneInfo(site.time_zone))
        return f"This dose expired at {expired}. Discard it and measure another."
    if site.two_person_check and row.checked_by_id is None:
        return CHECK_FIRST
    refusals = () if row.override_id else judge(row, rows, moment).refusals
    return f"{refusals[0]} {WAY_ROUND}" if refusals else None


def why_not_start(appointment, step, moment):
    """A sentence why this acquisition waits for its dose, or None. A dose that is measured is given with the start,
    so it is judged even where none has to be measured."""
    if step.state != StepState.SCHEDULED:
        return None
    if row := waiting(step):
        return why_not_give(row, standing(step), appointment.site, moment)
    is_asked = appointment.site.records_doses and engine.must_be_measured(product_of(appointment, step))
    return MEASURE_FIRST if is_asked else None


def refusals(appointment, steps, moment):
    """{kind of step: the sentence why it waits for its dose}."""
    found = {step.kind: why_not_start(appointment, step, moment) for step in steps}
    return {kind: sentence for kind, sentence in found.items() if sentence}


def lungs(steps):
    return [step for step in steps if step.kind != StepKind.XRAY]


def count_rate(step):
    """The newest count rate of a step that stands, or None."""
    rows = [row for row in rows_of(step, "count_rates") if row.voided_at is None]
    return max(rows, key=lambda row: (row.measured_at, row.pk), default=None)


def uncounted(steps):
    """The first lung acquisition, begun at least, over which nobody has counted yet; or None."""
    begun = (step for step in lungs(steps) if step.state not in (StepState.SCHEDULED, StepState.CANCELLED))
    return next((step for step in begun if count_rate(step) is None), None)


def without_residual(steps):
    """The injected perfusion dose of which nobody has measured what is left, or None."""
    perfused = (dose for step in steps if step.kind == StepKind.PERFUSION for dose in given(step))
    return next((dose for dose in perfused if dose.residual_mbq is None), None)


def compares_counts(appointment, steps):
    """Whether the count-rate rule is for this examination: Tc-99m twice on one local day, both done or begun."""
    parts = [step for step in lungs(steps) if step.state != StepState.CANCELLED]
    if len(parts) != 2 or any(step.simultaneous for step in parts):
        return False
    zone = ZoneInfo(appointment.site.time_zone)
    times = [step.performed_start_at or step.planned_start_at for step in parts]
    if None in times:
        return False
    first, second = (at.astimezone(zone).date() for at in times)
    return countrates.applies(appointment.procedure.protocol.agent, first, second)


def comparison(appointment, steps):
    """countrates.Comparison of both parts, or None as long as one count rate is missing or the rule is for others."""
    if not compares_counts(appointment, steps):
        return None
    first, second = (step for step in lungs(steps) if step.state != StepState.CANCELLED)
    early, late = count_rate(first), count_rate(second)
    if early is None or late is None:
        return None
    seconds = (late.measured_at - early.measured_at).total_seconds()
    return countrates.compare(
        early.counts_per_second, late.counts_per_second, seconds, first=first.kind, second=second.kind
    )


def why_not_end(appointment, step, steps):
    """A sentence why the second part is not completed: its counts are too low and nobody has decided. Or None."""
    found = comparison(appointment, steps)
    if found is None or found.second != step.kind or found.grade is not countrates.Grade.TOO_LOW:
        return None
    if count_rate(step).settled:
        return None
    return f"{found.sentence} Choose what to do at the count rates, or complete it as limited."


def why_not_complete(appointment, steps):
    """{kind of a running step: why it is not completed as it is}."""
    running = (step for step in steps if step.state == StepState.IN_PROGRESS)
    found = {step.kind: why_not_end(appointment, step, steps) for step in running}
    return {kind: sentence for kind, sentence in found.items() if sentence}


def mbq(activity_mbq):
    """ "148 MBq": a stored activity in words."""
    return mbq_words(kbq(activity_mbq))
