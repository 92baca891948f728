"""Where times are left in the next weeks, and other starts of one step."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling.api.booking import CANNOT_BOOK, TAKEN, other_times, with_alternatives
from scheduling.api.details import appointment_answer
from scheduling.api.site import SiteOperation
from scheduling.serializers.appointments import AppointmentOut
from scheduling.serializers.explanation import WhyNotOut
from scheduling.serializers.finding import DaysIn, DaysQuery, DaysStartsOut, StepMoveIn, StepWhyNotIn
from scheduling.serializers.itineraries import ItinerariesOut
from scheduling.services import access, booking, heat, onestep
from vqflow.api.fields import body, query
from vqflow.errors import Conflict


class OrderDays(SiteOperation):
    actions = {"GET": "itinerary.search", "POST": "itinerary.search"}
    searches = ("POST",)

    @extend_schema(
        operation_id="orders_days",
        summary="How many starts each day of the next six weeks has left, and the first",
        parameters=[DaysQuery],
        responses={200: DaysStartsOut, **CANNOT_BOOK},
    )
    def get(self, request, pk):
        return self._answer(request, pk, query(DaysQuery, request))

    @extend_schema(
        operation_id="orders_days_with_wishes",
        summary="The same, with the patient's wishes or an X-ray that was done elsewhere",
        request=DaysIn,
        responses={200: DaysStartsOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        return self._answer(request, pk, body(DaysIn, request))

    def _answer(self, request, pk, asked):
        order = access.order(pk, by=request.user, action="itinerary.search")
        xray = asked.pop("xray_elsewhere", None)
        ended_at = xray.ended_at if xray else None
        found = heat.of_order(order, **asked, by=request.user, now=timezone.now(), xray_ended_at=ended_at)
        return Response(DaysStartsOut({"days": found}).data)


class AppointmentDays(SiteOperation):
    actions = {"GET": "appointment.move"}

    @extend_schema(
        operation_id="appointments_days",
        summary="The same for another time of an appointment",
        parameters=[DaysQuery],
        responses={200: DaysStartsOut, **CANNOT_BOOK},
    )
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="appointment.move")
        days = heat.of_appointment(found, **query(DaysQuery, request), by=request.user, now=timezone.now())
        return Response(DaysStartsOut({"days": days}).data)


class StepItineraries(SiteOperation):
    actions = {"GET": "appointment.move"}

    @extend_schema(
        operation_id="steps_itineraries",
        summary="Other starts of one step, in order of time; the other steps stay",
        responses={200: ItinerariesOut, **CANNOT_BOOK},
    )
    def get(self, request, pk):
        step = access.step(pk, by=request.user, action="appointment.move")
        found, sentences = onestep.others(step, by=request.user, now=timezone.now())
        return Response(ItinerariesOut({"proposals": found, "blockers": sentences}).data)


class StepWhyNot(SiteOperation):
    actions = {"POST": "appointment.move"}
    searches = ("POST",)

    @extend_schema(
        operation_id="steps_why_not",
        summary="Why one step cannot start at a time while the others stay, and what would change it",
        request=StepWhyNotIn,
        responses={200: WhyNotOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        step = access.step(pk, by=request.user, action="appointment.move")
        wanted = body(StepWhyNotIn, request)["start"]
        found = onestep.why_not(step, wanted=wanted, by=request.user, now=timezone.now())
        return Response(WhyNotOut(found).data)


class StepMove(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="steps_move",
        summary="Give one step another start, the others stay; 409 comes with the nearest starts it can have",
        request=StepMoveIn,
        responses={200: AppointmentOut, **TAKEN},
    )
    def post(self, request, pk):
        step = access.step(pk, by=request.user, action="appointment.move")
        starts = {step.kind: body(StepMoveIn, request)["start"]}
        try:
            booking.move(step.appointment, starts=starts, by=request.user, now=timezone.now())
        except Conflict as refusal:
            find = _nearest(step, starts[step.kind], request.user)
            raise with_alternatives(refusal, starts, find) from refusal
        return appointment_answer(step.appointment_id)


def _nearest(step, wanted, user):
    """What finds the nearest other starts of the step, and other times of the whole visit where it has none."""

    def find(*, limit, **period):
        found, sentences = onestep.others(step, by=user, now=timezone.now())
        if not found:
            return other_times(step.appointment, user)(limit=limit, **period)
        return sorted(found, key=lambda each: abs(each.starts[step.kind] - wanted))[:limit], sentences

    return find
