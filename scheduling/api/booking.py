"""Booking: whole visits proposed, booked, moved and cancelled. A lost race comes with the next proposals."""

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.details import appointment_answer
from scheduling.api.site import SiteOperation
from scheduling.serializers.appointments import AppointmentOut
from scheduling.serializers.itineraries import BookIn, ItinerariesOut, MoveIn, PeriodIn, ProposalOut, SearchIn
from scheduling.serializers.orders import ReasonIn
from scheduling.services import access, booking, confirmations, holds, search
from scheduling.services.occupancy import OWN_HOLD
from vqflow.api.fields import Nothing, body, query
from vqflow.api.plain import plain
from vqflow.api.problems import PROBLEM_TYPE, Problem
from vqflow.errors import Conflict, DomainError

ALTERNATIVES = 5
CANNOT_BOOK = {
    (409, PROBLEM_TYPE): OpenApiResponse(Problem, "The order or the appointment is not to be booked now.")
}


class TakenProblem(Problem):
    """Somebody was faster, or a rule holds it back; `alternatives` are the next proposals."""

    alternatives = ProposalOut(many=True, required=False)


TAKEN = {(409, PROBLEM_TYPE): OpenApiResponse(TakenProblem, "This time cannot be had.")}


class Itineraries(SiteOperation):
    actions = {"GET": "itinerary.search", "POST": "itinerary.search"}
    searches = ("POST",)

    @extend_schema(
        operation_id="orders_itineraries",
        summary="Whole visits that can be booked now, the best first, or why there are none",
        parameters=[PeriodIn],
        responses={200: ItinerariesOut, **CANNOT_BOOK},
    )
    def get(self, request, pk):
        return self._answer(request, pk, query(PeriodIn, request))

    @extend_schema(
        operation_id="orders_itineraries_with_xray",
        summary="The same, with a chest X-ray or CT that was done elsewhere",
        request=SearchIn,
        responses={200: ItinerariesOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        return self._answer(request, pk, body(SearchIn, request))

    def _answer(self, request, pk, asked):
        order = access.order(pk, by=request.user, action="itinerary.search")
        found = proposals(order, request.user, asked.pop("xray_elsewhere", None), **asked)
        return _itineraries(found)


def proposals(order, user, xray, **period):
    return search.proposals(
        order,
        by=user,
        now=timezone.now(),
        xray_ended_at=xray.ended_at if xray else None,
        hold=OWN_HOLD,
        **period,
    )


def _itineraries(found):
    best, blockers = found
    return Response(plain(ItinerariesOut, {"proposals": best, "blockers": blockers}))


class Bookings(SiteOperation):
    actions = {"POST": "appointment.book"}

    @extend_schema(
        operation_id="orders_book",
        summary="Book a proposal; 409 says who was faster, with the next proposals",
        request=BookIn,
        responses={201: AppointmentOut, **TAKEN},
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="appointment.book")
        values = body(BookIn, request)
        xray = values.pop("xray_elsewhere", None)
        try:
            made = booking.book(order, **values, xray=xray, by=request.user, now=timezone.now())
        except Conflict as refusal:
            raise with_alternatives(
                refusal, values["starts"], lambda **period: proposals(order, request.user, xray, **period)
            ) from refusal
        where = reverse("scheduling_api:appointment", args=[made.pk])
        return appointment_answer(made.pk, status=201, headers={"Location": where})


def with_alternatives(refusal, starts, find):
    """The refusal, with the next proposals from the wanted day on where there are any."""
    try:
        found, _ = find(first_day=_day_of(starts), days=search.LONGEST_DAYS, limit=ALTERNATIVES)
    except DomainError:
        return refusal
    return Conflict(refusal.sentence, alternatives=ProposalOut(found, many=True).data)


def _day_of(starts):
    return timezone.localdate(min(starts.values()))


class Appointment(SiteOperation):
    actions = {"GET": "worklist.view"}

    @extend_schema(
        operation_id="appointments_get",
        summary="One appointment with its steps and what comes next",
        responses=AppointmentOut,
    )
    def get(self, request, pk):
        return appointment_answer(access.appointment(pk, by=request.user).pk)


class OtherItineraries(SiteOperation):
    actions = {"GET": "appointment.move"}

    @extend_schema(
        operation_id="appointments_itineraries",
        summary="Other times for an appointment; what was performed stays",
        parameters=[PeriodIn],
        responses={200: ItinerariesOut, **CANNOT_BOOK},
    )
    def get(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="appointment.move")
        period = query(PeriodIn, request)
        return _itineraries(search.moves(appointment, **period, by=request.user, now=timezone.now()))


class Move(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="appointments_move",
        summary="Give an appointment other times; 409 comes with the next proposals",
        request=MoveIn,
        responses={200: AppointmentOut, **TAKEN},
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="appointment.move")
        values = body(MoveIn, request)
        try:
            booking.move(appointment, **values, by=request.user, now=timezone.now())
        except Conflict as refusal:
            find = other_times(appointment, request.user)
            raise with_alternatives(refusal, values["starts"], find) from refusal
        return appointment_answer(pk)


def other_times(appointment, user):
    """What finds proposals for another time of the appointment."""
    hold = holds.token_of(appointment.procedure.order)
    return lambda **period: search.moves(appointment, by=user, now=timezone.now(), hold=hold, **period)


class Confirmation(SiteOperation):
    actions = {"POST": "appointment.confirm"}

    @extend_schema(
        operation_id="appointments_confirm",
        summary="The patient has said that the time is good; a move asks again",
        request=Nothing,
        responses=AppointmentOut,
    )
    def post(self, request, pk):
        body(Nothing, request)
        appointment = access.appointment(pk, by=request.user, action="appointment.confirm")
        confirmations.confirm(appointment, by=request.user, now=timezone.now())
        return appointment_answer(pk)


class Cancellation(SiteOperation):
    actions = {"POST": "appointment.cancel"}

    @extend_schema(
        operation_id="appointments_cancel",
        summary="Cancel an appointment and free its time; the order waits to be booked again",
        request=ReasonIn,
        responses=AppointmentOut,
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="appointment.cancel")
        booking.cancel(appointment, **body(ReasonIn, request), by=request.user, now=timezone.now())
        return appointment_answer(pk)
