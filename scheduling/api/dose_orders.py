"""What is ordered from suppliers for a day, and until when."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import SiteOperation
from scheduling.serializers.quality import (
    CheckTakeBackIn,
    DoseOrderDayIn,
    DoseOrderIn,
    DoseOrderOut,
    DoseOrdersOut,
    SupplierIn,
    SupplierOut,
)
from scheduling.services import access
from scheduling.services.tracers import ordering
from vqflow.api.fields import body, query
from vqflow.api.problems import PROBLEM_TYPE, Problem

ORDERED = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "It is ordered, or taken back, already.")}


class DoseOrders(SiteOperation):
    actions = {"GET": "tracer.view"}

    @extend_schema(
        operation_id="tracers_orders",
        summary="Per weekly plan what is needed on a day, the supplier's cut-off, and what was ordered",
        parameters=[DoseOrderDayIn],
        responses=DoseOrdersOut,
    )
    def get(self, request):
        now = timezone.now()
        tomorrow = now.astimezone(ZoneInfo(self.site.time_zone)).date() + timedelta(days=1)
        day = query(DoseOrderDayIn, request).get("day") or tomorrow
        return Response(DoseOrdersOut({"day": day, "lines": ordering.lines(self.site, day, now=now)}).data)


class Ordering(SiteOperation):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_orders_add",
        summary="Doses of a weekly plan were ordered for a day",
        request=DoseOrderIn,
        responses={201: DoseOrderOut, **ORDERED},
    )
    def post(self, request, pk):
        supply = access.tracer_supply(pk, by=request.user)
        made = ordering.order(supply, **body(DoseOrderIn, request), by=request.user, now=timezone.now())
        return Response(DoseOrderOut(made).data, status=201)


class OrderTakeBack(SiteOperation):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_orders_take_back",
        summary="It was not ordered, or is ordered anew",
        request=CheckTakeBackIn,
        responses={200: DoseOrderOut, **ORDERED},
    )
    def post(self, request, pk):
        made = access.dose_order(pk, by=request.user)
        made = ordering.take_back(made, **body(CheckTakeBackIn, request), by=request.user, now=timezone.now())
        return Response(DoseOrderOut(made).data)


class Supplier(SiteOperation):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_supplies_supplier",
        summary="Who delivers a weekly plan, and until when it takes orders",
        request=SupplierIn,
        responses=SupplierOut,
    )
    def post(self, request, pk):
        supply = access.tracer_supply(pk, by=request.user)
        changed = ordering.set_supplier(
            supply, **body(SupplierIn, request), by=request.user, now=timezone.now()
        )
        return Response(SupplierOut(changed).data)
