"""Critical results: what is still to be told at the site, and what happened to those of one order."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response

from reporting import critical_list
from reporting.engine.critical import Telling
from reporting.models import CriticalResult
from reporting.serializers.critical import (
    STATES,
    AttemptIn,
    CriticalOut,
    StateQuery,
    ToldIn,
    WithdrawalIn,
    answer,
    of_order,
)
from reporting.services import critical, drafting
from reporting.services.critical import opening
from scheduling.api.site import SiteOperation
from scheduling.services import access
from vqflow.api.fields import body
from vqflow.api.pages import Pages
from vqflow.api.problems import PROBLEM_TYPE, Problem

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "Nothing is open any more, or it changed meanwhile.")}


class CriticalResults(SiteOperation):
    actions = {"GET": "critical.list"}
    pagination_class = Pages

    @extend_schema(
        operation_id="critical_list",
        summary="Results that cannot wait: those nobody has been told, or all of them, newest first",
        parameters=[OpenApiParameter("state", str, enum=STATES, description="Left out: both.")],
        responses=CriticalOut(many=True),
    )
    def get(self, request):
        query = StateQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        pages, now = self.pagination_class(), timezone.now()
        asked = _in_state(CriticalResult.objects.for_user(request.user), query.validated_data.get("state"))
        found = pages.paginate_queryset(asked.with_people(), request, view=self)
        lines = [critical_list.line_of(result, now) for result in found]
        ids = [line.order.patient_id for line in lines]
        access.listed("critical.api", ids, by=request.user, action="critical.list")
        return pages.get_paginated_response(answer(lines))


def _in_state(results, state):
    return results.filter(closed_at__isnull=state == "open") if state else results


class CriticalOfOrder(SiteOperation):
    actions = {"GET": "critical.view"}

    @extend_schema(
        operation_id="critical_of_order",
        summary="The critical results of one order, open ones first",
        responses=CriticalOut(many=True),
    )
    def get(self, request, pk):
        order = access.order(pk, by=request.user, action="critical.view")
        return Response(of_order(order, timezone.now()))


class Calls(SiteOperation):
    """Somebody was told."""

    actions = {"POST": "critical.tell"}

    @extend_schema(
        operation_id="critical_told",
        summary="Somebody who can act was told and read it back: closes what is open of the order",
        request=ToldIn,
        responses={200: CriticalOut(many=True), **OVER},
    )
    def post(self, request, pk):
        order, now = access.order(pk, by=request.user, action="critical.tell"), timezone.now()
        given = {"told_at": now, **body(ToldIn, request)}
        note, seen = given.pop("note", ""), given.pop("results", None)
        critical.told(drafting.of(order), Telling(**given), by=request.user, now=now, note=note, seen=seen)
        return Response(of_order(order, now))


class Attempts(SiteOperation):
    actions = {"POST": "critical.tell"}

    @extend_schema(
        operation_id="critical_tried",
        summary="Somebody tried, and nobody was told: the results stay open",
        request=AttemptIn,
        responses={201: CriticalOut(many=True), **OVER},
    )
    def post(self, request, pk):
        order, now = access.order(pk, by=request.user, action="critical.tell"), timezone.now()
        critical.tried(drafting.of(order), **body(AttemptIn, request), by=request.user, now=now)
        return Response(of_order(order, now), status=201)


class Withdrawals(SiteOperation):
    actions = {"POST": "critical.withdraw"}

    @extend_schema(
        operation_id="critical_withdraw",
        summary="Nobody has to be told: the draft was a slip, and says it no longer",
        request=WithdrawalIn,
        responses={200: CriticalOut(many=True), **OVER},
    )
    def post(self, request, pk):
        result, now = opening.result(pk, by=request.user, action="critical.withdraw"), timezone.now()
        critical.withdraw(result, **body(WithdrawalIn, request), by=request.user, now=now)
        return Response(of_order(result.report.order, now))
