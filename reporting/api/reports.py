"""The list of reports, the report of one order, and its signature."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from reporting import worklist
from reporting.engine.states import fhir_status
from reporting.serializers.reports import (
    STATES,
    ReportIn,
    ReportOut,
    RowOut,
    RowsQuery,
    SignatureIn,
    VersionOut,
)
from reporting.services import drafting, reading, signing
from scheduling.api.site import SiteOperation
from scheduling.services import access
from vqflow.api.confirmed import Confirmed
from vqflow.api.pages import Pages


def checked(serializer):
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class Reports(SiteOperation):
    actions = {"GET": "report.list"}
    pagination_class = Pages

    @extend_schema(
        operation_id="reports_list",
        summary="Finished examinations with the state of their report, newest order first",
        parameters=[
            OpenApiParameter("state", str, enum=STATES, description='"none" is not begun yet.'),
        ],
        responses=RowOut(many=True),
    )
    def get(self, request):
        state = checked(RowsQuery(data=request.query_params)).get("state")
        pages = self.pagination_class()
        orders = pages.paginate_queryset(worklist.in_state(request.user, state), request, view=self)
        rows = worklist.rows(orders, now=timezone.now())
        ids = [row.order.patient_id for row in rows]
        access.listed("reports.api", ids, by=request.user, action="report.list", state=state or "")
        return pages.get_paginated_response(RowOut(rows, many=True).data)


class ReportOfOrder(SiteOperation):
    actions = {"GET": "report.view", "PUT": "report.write"}

    @extend_schema(operation_id="report_get", summary="The report of one order", responses=ReportOut)
    def get(self, request, pk):
        order = access.order(pk, by=request.user, action="report.view")
        return Response(answer_of(drafting.of(order), request.user))

    @extend_schema(
        operation_id="report_put",
        summary="Save the draft; 409 when somebody else has saved after this version was read",
        request=ReportIn,
        responses=ReportOut,
    )
    def put(self, request, pk):
        order = access.order(pk, by=request.user, action="report.write")
        values = checked(ReportIn(data=request.data))
        saved = drafting.write(order, **values, by=request.user, now=timezone.now())
        return Response(answer_of(saved, request.user))


class Signatures(Confirmed, SiteOperation):
    actions = {"POST": "report.sign_preliminary"}

    @extend_schema(
        operation_id="report_sign",
        summary="Sign the draft: a resident signs preliminary, an attending final, or what was begun after that",
        request=SignatureIn,
        responses={201: VersionOut},
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="report.sign_preliminary")
        values = checked(SignatureIn(data=request.data))
        report = drafting.existing(order)
        way = self.confirm(request, values.pop("credential"))
        version = signing.sign(report, **values, by=request.user, now=timezone.now(), confirmed_by=way)
        return Response(VersionOut(version).data, status=201)


def answer_of(report, user):
    may_write = reading.may_see_draft(user)
    facts = {
        "order": report.order.pk,
        "accession_number": report.order.accession_number,
        "state": report.state if report.pk and report.is_begun else worklist.NO_DRAFT,
        "fhir_status": _fhir_status(report),
        "next_kind": report.next_kind if report.pk else "",
        "next_reason": report.next_reason if report.pk and may_write else "",
        "draft": report if may_write else None,
        "versions": [signed.version for signed in reading.signed(report, user)],
        "why_not_write": drafting.why_not_write(report, user),
        "why_not_sign": signing.why_not_sign(report, user),
    }
    return ReportOut(facts).data


def _fhir_status(report):
    newest = report.versions.order_by("-number").first() if report.pk else None
    return fhir_status(report.state if report.pk else "", newest.kind if newest else "")
