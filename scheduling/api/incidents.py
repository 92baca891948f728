"""What went wrong: recorded against an examination or a room, reviewed by the lead."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import Listing, SiteOperation
from scheduling.models import Incident
from scheduling.serializers.quality import IncidentIn, IncidentOfIn, IncidentOut, IncidentReasonIn, ReviewIn
from scheduling.services import access, incidents
from vqflow.api.fields import body
from vqflow.api.problems import PROBLEM_TYPE, Problem
from vqflow.errors import Invalid

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "It was reviewed or taken back already.")}


class Incidents(Listing):
    actions = {"GET": "incident.list", "POST": "incident.record"}

    @extend_schema(
        operation_id="incidents_list",
        summary="Incidents that nobody has taken back, the newest first",
        responses=IncidentOut(many=True),
    )
    def get(self, request):
        found = Incident.objects.standing().filter(site=self.site)
        found = found.select_related("appointment__procedure__order")
        return self.paged(request, found, IncidentOut, patients=_patient_of, ordering="-pk")

    @extend_schema(
        operation_id="incidents_record",
        summary="Record an incident that belongs to no patient",
        request=IncidentIn,
        responses={201: IncidentOut},
    )
    def post(self, request):
        made = incidents.record(self.site, **body(IncidentIn, request), by=request.user, now=timezone.now())
        return Response(IncidentOut(made).data, status=201)


def _patient_of(incident):
    return incident.appointment.procedure.order.patient_id if incident.appointment_id else None


class OfAppointment(SiteOperation):
    actions = {"POST": "incident.record"}

    @extend_schema(
        operation_id="appointments_incidents_record",
        summary="Record an incident of an examination, at any time of it or afterwards",
        request=IncidentOfIn,
        responses={201: IncidentOut},
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="incident.record")
        values = body(IncidentOfIn, request)
        step = _step(appointment, values.pop("step", None))
        made = incidents.record(
            self.site, **values, appointment=appointment, step=step, by=request.user, now=timezone.now()
        )
        return Response(IncidentOut(made).data, status=201)


def _step(appointment, kind):
    if kind is None:
        return None
    found = appointment.steps.filter(kind=kind).first()
    if found is None:
        sentence = "This examination has no such step."
        raise Invalid(sentence, fields={"step": [sentence]})
    return found


class Review(SiteOperation):
    actions = {"POST": "incident.review"}

    @extend_schema(
        operation_id="incidents_review",
        summary="The lead has looked at it, and says what follows",
        request=ReviewIn,
        responses={200: IncidentOut, **OVER},
    )
    def post(self, request, pk):
        found = access.incident(pk, by=request.user, action="incident.review")
        done = incidents.review(found, **body(ReviewIn, request), by=request.user, now=timezone.now())
        return Response(IncidentOut(done).data)


class TakeBack(SiteOperation):
    actions = {"POST": "incident.record"}

    @extend_schema(
        operation_id="incidents_take_back",
        summary="It was recorded by mistake; it stays in the history with the reason",
        request=IncidentReasonIn,
        responses={200: IncidentOut, **OVER},
    )
    def post(self, request, pk):
        found = access.incident(pk, by=request.user, action="incident.record")
        done = incidents.take_back(
            found, **body(IncidentReasonIn, request), by=request.user, now=timezone.now()
        )
        return Response(IncidentOut(done).data)
