"""Why not at this time, or in these days: what is in the way, the nearest times, and what would change it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling.api.booking import CANNOT_BOOK
from scheduling.api.site import SiteOperation
from scheduling.serializers.explanation import WhyNotIn, WhyNotMoveIn, WhyNotOut
from scheduling.services import access, explanation
from vqflow.api.fields import body


class OfOrder(SiteOperation):
    actions = {"POST": "itinerary.search"}
    searches = ("POST",)

    @extend_schema(
        operation_id="orders_why_not",
        summary="Why an order cannot be booked at a time, or in some days; the nearest times, and single changes",
        request=WhyNotIn,
        responses={200: WhyNotOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="itinerary.search")
        values = body(WhyNotIn, request)
        xray = values.pop("xray_elsewhere", None)
        ended_at = xray.ended_at if xray else None
        return _answer(explanation.why_not, order, request, values, xray_ended_at=ended_at)


class OfAppointment(SiteOperation):
    actions = {"POST": "appointment.move"}
    searches = ("POST",)

    @extend_schema(
        operation_id="appointments_why_not",
        summary="The same for another time of an appointment; what was performed stays",
        request=WhyNotMoveIn,
        responses={200: WhyNotOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="appointment.move")
        return _answer(explanation.why_not_move, appointment, request, body(WhyNotMoveIn, request))


def _answer(explain, subject, request, values, **known):
    found = explain(subject, **values, **known, by=request.user, now=timezone.now())
    return Response(WhyNotOut(found).data)
