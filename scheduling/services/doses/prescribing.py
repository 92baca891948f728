"""What may be given to this patient: the protocol's activity, weight, pregnancy, particles."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.administrations import kbq, product_of
from scheduling.engine import administration as engine
from scheduling.engine import countrates
from scheduling.engine.states import StepState
from scheduling.examinations import assess, circumstances
from scheduling.models import BodyMeasurement, StepKind
from vqflow.errors import Invalid

WEIGHT_LASTS = timedelta(days=30)
"""A child's weight that is older is asked for again."""
LIGHTEST_KG, HEAVIEST_KG = 0.3, 500


def who(appointment, now):
    """The engine's patient. One more query for a child: the newest weight."""
    order = appointment.procedure.order
    patient, today = order.patient, today_of(appointment, now)
    found = engine.Who(
        age_years=patient.age_on(today),
        age_days=(today - patient.born_on).days if patient.born_on else None,
        pregnant=any(effect.rule_id == "PREG-1" and not effect.open for effect in assess(order, now)),
        found=circumstances(order, now),
    )
    return replace(found, weight_kg=_weight(patient, today)) if found.is_child else found


def today_of(appointment, now):
    return now.astimezone(ZoneInfo(appointment.site.time_zone)).date()


def _weight(patient, today):
    recent = patient.measurements.filter(weight_kg__isnull=False, measured_on__gte=today - WEIGHT_LASTS)
    newest = recent.order_by("-measured_on", "-pk").first()
    return float(newest.weight_kg) if newest else None


def weigh(appointment, weight_kg, *, by, now):
    """Write down what a patient weighs today; part of the caller's transaction. Raises Invalid."""
    if not LIGHTEST_KG <= weight_kg <= HEAVIEST_KG:
        sentence = f"The weight is between {LIGHTEST_KG:g} and {HEAVIEST_KG} kg."
        raise Invalid(sentence, fields={"weight_kg": [sentence]})
    BodyMeasurement.objects.create(
        patient=appointment.procedure.order.patient,
        measured_on=today_of(appointment, now),
        weight_kg=weight_kg,
        recorded_by=by,
    )


def lacks(appointment, step, patient):
    """What must be known before a dose can be prescribed, as a sentence, or None."""
    return engine.lacks(product_of(appointment, step), patient)


def prescription(appointment, step, patient):
    """engine.Prescription of a step for this engine.Who, of whom nothing may be lacking. Two queries."""
    template = appointment.procedure.protocol.steps.filter(kind=step.kind).first()
    return engine.prescription(
        product_of(appointment, step),
        kbq(template.activity_mbq) if template else 0,
        patient,
        least_kbq=kbq(template.least_activity_mbq or 0) if template else 0,
        after_tc_ventilation=_after_tc_ventilation(appointment, step),
    )


def _after_tc_ventilation(appointment, step):
    """Whether technetium was or will be breathed before this injection."""
    if step.kind != StepKind.PERFUSION or appointment.procedure.protocol.agent not in countrates.SAME_ISOTOPE:
        return False
    breathed = appointment.steps.filter(kind=StepKind.VENTILATION, ordinal__lt=step.ordinal)
    return breathed.exclude(state=StepState.CANCELLED).exists()
