"""The appointment letter: as text, as PDF, and sent."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import SiteOperation
from scheduling.serializers.finding import AppointmentLetterOut, SentOut
from scheduling.services import access, patient_letters
from vqflow.api.fields import Nothing, body
from vqflow.api.problems import PROBLEM_TYPE, Problem

CANNOT_PRINT = {
    (409, PROBLEM_TYPE): OpenApiResponse(Problem, "A name has a character that no font can show.")
}
CANNOT_SEND = {
    (409, PROBLEM_TYPE): OpenApiResponse(Problem, "It may not go by mail, or is on its way already.")
}


class Letter(SiteOperation):
    actions = {"GET": "letter.print"}

    @extend_schema(
        operation_id="appointments_letter",
        summary="The appointment letter as text",
        responses=AppointmentLetterOut,
    )
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="letter.print")
        return Response(AppointmentLetterOut(patient_letters.data(found, now=timezone.now())).data)


class Sending(SiteOperation):
    actions = {"POST": "letter.send"}

    @extend_schema(
        operation_id="appointments_send_letter",
        summary="Send the letter by mail, without what is examined unless the patient has agreed to that",
        request=Nothing,
        responses={202: SentOut, **CANNOT_SEND},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="letter.send")
        body(Nothing, request)
        row = patient_letters.send(found, by=request.user, now=timezone.now())
        return Response(SentOut(row).data, status=202)


class LetterPdf(SiteOperation):
    actions = {"GET": "letter.print"}

    @extend_schema(
        operation_id="appointments_letter_pdf",
        summary="The appointment letter as PDF/A-2a and PDF/UA-1",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **CANNOT_PRINT},
    )
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="letter.print")
        made = patient_letters.pdf(found, by=request.user, now=timezone.now())
        return HttpResponse(made, content_type="application/pdf")
