"""What is known of a patient from before: V/Q scans with their result, chest X-rays and chest CTs. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q

from scheduling.engine.states import OrderState, StepState
from scheduling.models import Order, ScheduledProcedureStep, StepKind

MOST = 8
_PERFORMED_END = Max(
    "procedure__appointments__steps__performed_end_at",
    filter=~Q(procedure__appointments__steps__kind=StepKind.XRAY),
)


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
    return Priors(_scans(order), _films(order))


def _scans(order):
    found = (
        Order.objects.filter(
            patient_id=order.patient_id,
            site_id=order.site_id,
            state__in=[OrderState.PERFORMED, OrderState.REPORTED],
        )
        .exclude(pk=order.pk)
        .select_related("procedure__protocol", "outcome")
        .annotate(performed_at=_PERFORMED_END)
        .order_by("-ordered_at")[:MOST]
    )
    return [_scan(each) for each in found]


def _scan(order):
    outcome = getattr(order, "outcome", None)
    term, meaning = (outcome.term, outcome.meaning) if outcome else ("", "")
    return Scan(order, order.performed_at, term, meaning)


def _films(order):
    found = (
        ScheduledProcedureStep.objects.filter(
            kind=StepKind.XRAY,
            state=StepState.COMPLETED,
            appointment__procedure__order__patient_id=order.patient_id,
            appointment__site_id=order.site_id,
            performed_end_at__isnull=False,
        )
        .select_related("appointment__procedure")
        .order_by("-performed_end_at")[:MOST]
    )
    return [
        Film(
            each.modality,
            each.performed_end_at,
            each.elsewhere,
            each.appointment.procedure.order_id == order.pk,
        )
        for each in found
    ]
