"""An order and an appointment as they are answered, read again after every change."""

from django.utils import timezone
from rest_framework.response import Response

from scheduling import performed_said, worklist
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState
from scheduling.examinations import assess, resolved_rules
from scheduling.models import Decision, Order, Task
from scheduling.serializers.appointments import AppointmentOut, OrderDetailOut
from scheduling.services import search

ORDER_FIELDS = (
    *("id", "accession_number", "state", "priority", "patient_class", "patient", "referrer", "procedure"),
    *("ward", "clinical_question", "ordered_at", "indication_code", "indication_text", "wells_score"),
    *("wells_criteria", "d_dimer_units", "transport"),
    *("d_dimer_ng_per_ml", "closed_reason"),
)


def order_answer(pk, *, status=200, **options):
    """The answer that shows an order; whoever asks has read it through services/access.py before."""
    order = _order(pk, timezone.now())
    rows = [order["appointment"]] if order["appointment"] else []
    return Response(OrderDetailOut(order, context=said_of(*rows)).data, status=status, **options)


def _order(pk, now):
    order = Order.objects.with_people().prefetch_related("answers", "decisions").get(pk=pk)
    appointment = (
        worklist.examinations()
        .filter(procedure__order=order, state__in=[*LIVE_APPOINTMENT, AppointmentState.FULFILLED])
        .first()
    )
    return {
        **{name: getattr(order, name) for name in ORDER_FIELDS},
        "why_not_book": search.why_not_book(order),
        "answers": {row.question: row.answer for row in order.answers.all()},
        "effects": assess(order, now),
        "resolved_rules": sorted(resolved_rules(order)),
        "tasks": Task.objects.filter(order=order, closed_at=None).order_by("opened_at", "pk"),
        "decisions": Decision.objects.filter(order=order)
        .select_related("physician", "recorded_by", "protocol", "suggested")
        .order_by("decided_at", "pk"),
        "appointment": worklist.row(appointment, now) if appointment else None,
    }


def appointment_answer(pk, *, status=200, **options):
    """The answer that shows an appointment as a row of the worklist; read through services/access.py before."""
    row = worklist.row(worklist.examinations().get(pk=pk), timezone.now())
    return Response(AppointmentOut(row, context=said_of(row)).data, status=status, **options)


def said_of(*rows):
    """The context in which the steps of these rows are answered with what devices said of them."""
    return {"said_by_devices": performed_said.of_steps([step for row in rows for step in row.steps])}
