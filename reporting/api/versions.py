"""What comes after the final version: an addendum or an amendment is begun and given up, a report is retracted."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from reporting.api.reports import answer_of, checked
from reporting.models import VersionKind
from reporting.serializers.reports import GiveUpIn, LaterVersionIn, ReportOut, RetractionIn, VersionOut
from reporting.services import drafting, versions
from scheduling.api.site import SiteOperation
from scheduling.services import access
from vqflow.api.confirmed import Confirmed


class LaterVersions(SiteOperation):
    actions = {"POST": "report.write"}

    @extend_schema(
        operation_id="report_begin",
        summary="Begin an addendum or an amendment of a signed report: its draft opens again",
        request=LaterVersionIn,
        responses=ReportOut,
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="report.write")
        values = checked(LaterVersionIn(data=request.data))
        kind = VersionKind(values.pop("kind"))
        begun = versions.begin(drafting.existing(order), kind, **values, by=request.user, now=timezone.now())
        return Response(answer_of(begun, request.user))


class GivingUp(SiteOperation):
    actions = {"POST": "report.write"}

    @extend_schema(
        operation_id="report_give_up",
        summary="Throw away an addendum or amendment that is not signed",
        request=GiveUpIn,
        responses=ReportOut,
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="report.write")
        values = checked(GiveUpIn(data=request.data))
        left = versions.give_up(drafting.existing(order), **values, by=request.user, now=timezone.now())
        return Response(answer_of(left, request.user))


class Retractions(Confirmed, SiteOperation):
    actions = {"POST": "report.retract"}

    @extend_schema(
        operation_id="report_retract",
        summary="Retract the report: it is marked as entered in error, and waits to be reported again",
        request=RetractionIn,
        responses={201: VersionOut},
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="report.retract")
        values = checked(RetractionIn(data=request.data))
        found = drafting.existing(order)
        way = self.confirm(request, values.pop("credential"))
        version = versions.retract(found, **values, by=request.user, now=timezone.now(), confirmed_by=way)
        return Response(VersionOut(version).data, status=201)
