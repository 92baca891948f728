"""Two appointments change places; one acquisition gets another length."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import worklist
from scheduling.api.booking import TAKEN, other_times, with_alternatives
from scheduling.api.details import appointment_answer, said_of
from scheduling.api.site import SiteOperation
from scheduling.serializers.appointments import AppointmentOut, SwappedOut
from scheduling.serializers.itineraries import LengthenIn, SwapIn
from scheduling.services import access, changes
from vqflow.api.fields import body
from vqflow.api.problems import PROBLEM_TYPE, Problem
from vqflow.errors import Conflict

IN_THE_WAY = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "Who is in the way.")}


class Swap(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="appointments_swap",
        summary="Change places with another appointment, both or none; 409 says which of them does not fit",
        request=SwapIn,
        responses={200: SwappedOut, **TAKEN},
    )
    def post(self, request, pk):
        one = access.appointment(pk, by=request.user, action="appointment.move")
        chosen = body(SwapIn, request)["other"]
        other = access.appointment(chosen.pk, by=request.user, action="appointment.move")
        try:
            changes.swap(one, other, by=request.user, now=timezone.now())
        except Conflict as refusal:
            wanted = {"lungs": other.lungs_start_at}
            raise with_alternatives(refusal, wanted, other_times(one, request.user)) from refusal
        now = timezone.now()
        rows = [worklist.row(worklist.examinations().get(pk=each.pk), now) for each in (one, other)]
        return Response(SwappedOut({"appointments": rows}, context=said_of(*rows)).data)


class Lengthening(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="steps_lengthen",
        summary="Give one acquisition another length; later steps shift only if they must",
        request=LengthenIn,
        responses={200: AppointmentOut, **IN_THE_WAY},
    )
    def post(self, request, pk):
        step = access.step(pk, by=request.user, action="appointment.move")
        changes.lengthen(step, **body(LengthenIn, request), by=request.user, now=timezone.now())
        return appointment_answer(step.appointment_id)
