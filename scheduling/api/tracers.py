"""Tracers: the batches of a day with what is left of them, and the weekly plans."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import tracer_list
from scheduling.api.booking import CANNOT_BOOK
from scheduling.api.site import Listing, SiteOperation
from scheduling.models import TracerSupply
from scheduling.serializers.tracers import (
    BatchIn,
    BatchOut,
    ChangedOut,
    DayIn,
    DayOut,
    DelayIn,
    EndIn,
    FailIn,
    MeasuredIn,
    SupplyIn,
    SupplyOut,
)
from scheduling.services import access, disruptions, tracers
from vqflow.api.fields import body, query


class Batches(SiteOperation):
    actions = {"GET": "tracer.view", "POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_day",
        summary="The batches of one local day, with what is left of each and the doses that are taken",
        parameters=[DayIn],
        responses=DayOut,
    )
    def get(self, request):
        now = timezone.now()
        day = query(DayIn, request).get("day") or timezone.localdate(now)
        lines = tracer_list.day(self.site, day, now=now)
        return Response(DayOut({"day": day, "batches": lines}).data)

    @extend_schema(
        operation_id="tracers_add",
        summary="Enter a preparation, elution, vial, generator or unit dose",
        request=BatchIn,
        responses={201: BatchOut},
    )
    def post(self, request):
        made = tracers.add(self.site, **body(BatchIn, request), by=request.user, now=timezone.now())
        return Response(BatchOut(made).data, status=201)


class Change(SiteOperation):
    """Something happens to a batch; who has no dose any more is answered, audited as shown, with a plan for them."""

    def changed(self, request, pk, service, serializer):
        batch = access.tracer_batch(pk, by=request.user)
        now = timezone.now()
        lost = service(batch, **body(serializer, request), by=request.user, now=now)
        patients = [row.step.appointment.procedure.order.patient_id for row in lost]
        access.listed("tracers.stranded.api", patients, by=request.user, action="tracer.manage")
        batch.refresh_from_db()
        found = disruptions.without_dose(batch, lost, by=request.user, now=now)
        disruption = found and found.pk
        return Response(ChangedOut({"batch": batch, "stranded": lost, "disruption": disruption}).data)


class Measured(Change):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_measured",
        summary="The batch is here and was measured; answers which steps have no dose any more",
        request=MeasuredIn,
        responses=ChangedOut,
    )
    def post(self, request, pk):
        return self.changed(request, pk, tracers.measured, MeasuredIn)


class Delay(Change):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_delay",
        summary="The batch comes at another time; answers which steps have no dose any more",
        request=DelayIn,
        responses={200: ChangedOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        return self.changed(request, pk, tracers.delay, DelayIn)


class Fail(Change):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_fail",
        summary="The batch will not be used; answers which steps have no dose any more",
        request=FailIn,
        responses=ChangedOut,
    )
    def post(self, request, pk):
        return self.changed(request, pk, tracers.fail, FailIn)


class Supplies(Listing):
    actions = {"GET": "tracer.view", "POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_supplies", summary="The weekly plans", responses=SupplyOut(many=True)
    )
    def get(self, request):
        return self.paged(request, TracerSupply.objects.for_user(request.user), SupplyOut)

    @extend_schema(
        operation_id="tracers_supplies_add",
        summary="A new weekly plan; its batches are laid out for 400 days",
        request=SupplyIn,
        responses={201: SupplyOut},
    )
    def post(self, request):
        made = tracers.add_supply(self.site, **body(SupplyIn, request), by=request.user, now=timezone.now())
        return Response(SupplyOut(made).data, status=201)


class SupplyEnd(SiteOperation):
    actions = {"POST": "tracer.manage"}

    @extend_schema(
        operation_id="tracers_supplies_end",
        summary="Let a weekly plan end after a day; 409 while a dose is promised after it",
        request=EndIn,
        responses={200: SupplyOut, **CANNOT_BOOK},
    )
    def post(self, request, pk):
        supply = access.tracer_supply(pk, by=request.user)
        ended = tracers.end_supply(supply, **body(EndIn, request), by=request.user, now=timezone.now())
        return Response(SupplyOut(ended).data)
