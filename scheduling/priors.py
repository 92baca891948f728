"""What is known of a patient from before: V/Q scans with their result, chest X-rays and chest CTs. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, OuterRef, Subquery

from scheduling.engine.states import OrderState, StepState
from scheduling.models import Order, ScheduledProcedureStep, StepKind

MOST = 8


@dataclass(frozen=True, slots=True)
class Scan:
    """An earlier V/Q scan. `term` is its report's; empty while there is none."""

    order: Order
    performed_at: datetime | None
    term: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Film:
    """An earlier chest X-ray or chest CT, here or `elsewhere`; `is_of_this_order`: taken for the order at hand."""

    modality: str
    ended_at: datetime
    elsewhere: str
    is_of_this_order: bool

    @property
    def name(self):
        return "Chest CT" if self.modality == "CT" else "Chest X-ray"


@dataclass(frozen=True, slots=True)
class Priors:
    scans: list[Scan]
    films: list[Film]

    def __bool__(self):
        return bool(self.scans or self.films)


def of(order):
    """The patient's priors at this site, newest first, in two queries."""
    who = [order.patient_id]
    scans = _scans(who, order.site_id).exclude(pk=order.pk).order_by("-ordered_at")[:MOST]
    films = _films(who, order.site_id).order_by("-performed_end_at")[:MOST]
    return Priors([_scan(each) for each in scans], [_film(each, order) for each in films])


def latest(orders, site):
    """({patient: the latest scan}, {patient: the latest film}) of the patients of these open orders; two queries."""
    who = [order.patient_id for order in orders]
    scans = _scans(who, site.pk).order_by("patient_id", "-ordered_at").distinct("patient_id")
    patient = "appointment__procedure__order__patient_id"
    films = _films(who, site.pk).order_by(patient, "-performed_end_at").distinct(patient)
    return (
        {each.patient_id: _scan(each) for each in scans},
        {each.appointment.procedure.order.patient_id: _film(each, None) for each in films},
    )


def _scans(patient_ids, site_id):
    ended_at = (
        ScheduledProcedureStep.objects.filter(appointment__procedure__order=OuterRef("pk"))
        .exclude(kind=StepKind.XRAY)
        .order_by()
        .values("appointment__procedure__order")
        .annotate(ended_at=Max("performed_end_at"))
        .values("ended_at")
    )
    return (
        Order.objects.filter(
            patient_id__in=patient_ids,
            site_id=site_id,
            state__in=[OrderState.PERFORMED, OrderState.REPORTED],
        )
        .select_related("procedure__protocol", "outcome")
        .annotate(performed_at=Subquery(ended_at))
    )


def _scan(order):
    outcome = getattr(order, "outcome", None)
    term, meaning = (outcome.term, outcome.meaning) if outcome else ("", "")
    return Scan(order, order.performed_at, term, meaning)


def _films(patient_ids, site_id):
    return ScheduledProcedureStep.objects.filter(
        kind=StepKind.XRAY,
        state=StepState.COMPLETED,
        appointment__procedure__order__patient_id__in=patient_ids,
        appointment__site_id=site_id,
        performed_end_at__isnull=False,
    ).select_related("appointment__procedure__order")


def _film(step, order):
    is_of_this_order = order is not None and step.appointment.procedure.order_id == order.pk
    return Film(step.modality, step.performed_end_at, step.elsewhere, is_of_this_order)
