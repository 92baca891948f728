"""Patients: find, register, show."""

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import patient_search
from scheduling.api.site import SiteOperation
from scheduling.serializers.patients import (
    IdentityIn,
    MergeIn,
    PatientIn,
    PatientOut,
    PatientSearchIn,
    PatientsOut,
    PossibleDuplicatesProblem,
)
from scheduling.services import access, intake
from scheduling.services.patients import identifying, merging
from vqflow.api.fields import body
from vqflow.api.problems import PROBLEM_TYPE

ALIKE = {(409, PROBLEM_TYPE): OpenApiResponse(PossibleDuplicatesProblem, "Somebody like this has a record.")}


class Search(SiteOperation):
    actions = {"POST": "patient.find"}
    searches = ("POST",)

    @extend_schema(
        operation_id="patients_search",
        summary="Patients by name, MRN or date of birth, the best match first; 50 at most",
        request=PatientSearchIn,
        responses=PatientsOut,
    )
    def post(self, request):
        found = list(_found(request.user, **body(PatientSearchIn, request)))
        access.listed("patients.api", [row.pk for row in found], by=request.user, action="patient.find")
        return Response(PatientsOut({"results": found}).data)


def _found(user, text=None, name=None, mrn=None, born_on=None):
    if mrn:
        return patient_search.with_number(mrn, by=user)
    return patient_search.find(text or name or born_on.isoformat(), by=user)


class Patients(SiteOperation):
    actions = {"POST": "patient.create"}

    @extend_schema(
        operation_id="patients_create",
        summary="Register a patient; 422 at mrn when its issuer has given it to somebody else",
        request=PatientIn,
        responses={201: PatientOut, **ALIKE},
    )
    def post(self, request):
        values = body(PatientIn, request)
        made = intake.register_patient(site=self.site, by=request.user, now=timezone.now(), **values)
        where = reverse("scheduling_api:patient", args=[made.pk])
        return Response(PatientOut(made).data, status=201, headers={"Location": where})


class Patient(SiteOperation):
    actions = {"GET": "patient.view"}

    @extend_schema(operation_id="patients_get", summary="One patient", responses=PatientOut)
    def get(self, request, pk):
        return Response(PatientOut(access.patient(pk, by=request.user)).data)


class Identity(SiteOperation):
    actions = {"POST": "patient.identify"}

    @extend_schema(
        operation_id="patients_identify",
        summary="Give a patient with a temporary number the real one, a name and a date of birth",
        request=IdentityIn,
        responses={200: PatientOut, **ALIKE},
    )
    def post(self, request, pk):
        patient = access.patient(pk, by=request.user, action="patient.identify")
        values = body(IdentityIn, request)
        known = identifying.identify(patient, by=request.user, now=timezone.now(), **values)
        return Response(PatientOut(known).data)


class Merge(SiteOperation):
    actions = {"POST": "patient.merge"}

    @extend_schema(
        operation_id="patients_merge",
        summary="Make another record a part of this one: its orders and time move, its number stays findable",
        request=MergeIn,
        responses={
            200: PatientOut,
            (409, PROBLEM_TYPE): OpenApiResponse(
                PossibleDuplicatesProblem, "Both are booked at the same time, or one was merged already."
            ),
        },
    )
    def post(self, request, pk):
        patient = access.patient(pk, by=request.user, action="patient.merge")
        values = body(MergeIn, request)
        other = access.patient(values.pop("other").pk, by=request.user, action="patient.merge")
        kept = merging.merge(patient, other, by=request.user, now=timezone.now(), **values)
        return Response(PatientOut(kept).data)
