"""Patients: find, register, show."""

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import patient_search
from scheduling.api.site import SiteOperation
from scheduling.serializers.patients import PatientIn, PatientOut, PatientSearchIn, PatientsOut
from scheduling.services import access, intake
from vqflow.api.fields import body


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


def _found(user, name=None, mrn=None, born_on=None):
    found = patient_search.find(name or mrn or born_on.isoformat(), by=user)
    return [row for row in found if row.mrn.lower().startswith(mrn.lower())] if mrn else found


class Patients(SiteOperation):
    actions = {"POST": "patient.create"}

    @extend_schema(
        operation_id="patients_create",
        summary="Register a patient; 422 at mrn when its issuer has given it to somebody else",
        request=PatientIn,
        responses={201: PatientOut},
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
