"""Times that are kept for a few minutes: held, extended, released. Booking or moving with one confirms it."""

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.booking import TAKEN, other_times, proposals, with_alternatives
from scheduling.api.site import SiteOperation
from scheduling.serializers.itineraries import HoldIn, HoldOut, TimesIn
from scheduling.services import access, holds
from vqflow.api.fields import Nothing, body
from vqflow.api.problems import PROBLEM_TYPE, Problem
from vqflow.errors import Conflict

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "The hold is over.")}


class OfOrder(SiteOperation):
    actions = {"POST": "appointment.book"}

    @extend_schema(
        operation_id="orders_hold",
        summary="Keep a proposal for five minutes; 409 says who was faster, with the next proposals",
        request=HoldIn,
        responses={201: HoldOut, **TAKEN},
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="appointment.book")
        values = body(HoldIn, request)
        xray = values.pop("xray_elsewhere", None)
        try:
            made = holds.hold(order, **values, xray=xray, by=request.user, now=timezone.now())
        except Conflict as refusal:
            raise with_alternatives(
                refusal, values["starts"], lambda **period: proposals(order, request.user, xray, **period)
            ) from refusal
        return _made(made)


class OfAppointment(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="appointments_hold",
        summary="Keep another time for an appointment; steps without a start stay",
        request=TimesIn,
        responses={201: HoldOut, **TAKEN},
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="appointment.move")
        values, order = body(TimesIn, request), appointment.procedure.order
        try:
            made = holds.hold(order, **values, appointment=appointment, by=request.user, now=timezone.now())
        except Conflict as refusal:
            find = other_times(appointment, request.user)
            raise with_alternatives(refusal, values["starts"], find) from refusal
        return _made(made)


def _made(hold):
    where = reverse("scheduling_api:hold", args=[hold.pk])
    return _answer(hold, status=201, headers={"Location": where})


def _answer(hold, **options):
    facts = {name: getattr(hold, name) for name in FACTS} | {"starts": holds.starts_of(hold)}
    return Response(HoldOut(facts).data, **options)


FACTS = (
    *("id", "order_id", "appointment_id", "held_by", "held_at", "expires_at", "is_offer", "outcome"),
    "resource_ids",
)


class Hold(SiteOperation):
    actions = {"GET": "appointment.hold"}

    @extend_schema(operation_id="holds_get", summary="A time that is kept, and until when", responses=HoldOut)
    def get(self, request, pk):
        return _answer(access.hold(pk, by=request.user))


class Extension(SiteOperation):
    actions = {"POST": "appointment.hold"}

    @extend_schema(
        operation_id="holds_extend",
        summary="Keep it for five more minutes, half an hour in all; 409 when it is over",
        request=Nothing,
        responses={200: HoldOut, **OVER},
    )
    def post(self, request, pk):
        hold = access.unseen_hold(pk, by=request.user)
        body(Nothing, request)
        return _answer(holds.extend(hold, by=request.user, now=timezone.now()))


class Release(SiteOperation):
    actions = {"POST": "appointment.hold"}

    @extend_schema(
        operation_id="holds_release",
        summary="Give the time back; one that is over stays as it is",
        request=Nothing,
        responses=HoldOut,
    )
    def post(self, request, pk):
        hold = access.unseen_hold(pk, by=request.user)
        body(Nothing, request)
        return _answer(holds.release(hold, by=request.user, now=timezone.now()))
