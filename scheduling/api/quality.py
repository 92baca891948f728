"""Checks of rooms, devices and kits; what is checked how often; rooms that are evacuated."""

from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import Listing, SiteOperation
from scheduling.engine import quality as engine
from scheduling.models import CheckPlan
from scheduling.serializers.quality import (
    AirMeasuredIn,
    CheckIn,
    CheckOut,
    CheckPlanIn,
    CheckTakeBackIn,
    MorningOut,
    PlanChangeIn,
    PlanOut,
    RecordedOut,
    SpillIn,
    SpillOut,
)
from scheduling.services import access
from scheduling.services.department import found
from scheduling.services.quality import checks, plans, reading, spills
from vqflow.api.fields import Nothing, body
from vqflow.api.problems import PROBLEM_TYPE, Problem

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "It is over, there already, or failed already.")}


class Morning(SiteOperation):
    actions = {"GET": "quality.view"}

    @extend_schema(
        operation_id="quality_morning",
        summary="Every check that is asked for today with how it stands, and the rooms that are evacuated",
        responses=MorningOut,
    )
    def get(self, request):
        now, zone = timezone.now(), ZoneInfo(self.site.time_zone)
        day = reading.working_day(self.site, now)
        return Response(
            MorningOut(
                {
                    "day": day,
                    "checks": [_standing(due, now, zone) for due in reading.checks(self.site, day)],
                    "evacuated": reading.open_spills(self.site, now),
                }
            ).data
        )


def _standing(due, now, zone):
    names = (
        "plan_id",
        "kind",
        "subject",
        "room_id",
        "batch_id",
        "limits",
        "check_id",
        "done_at",
        "value",
        "passed",
    )
    standing = engine.standing(due.plan, due.last, now, zone)
    return {name: getattr(due, name) for name in names} | {"standing": standing}


class Checks(SiteOperation):
    actions = {"POST": "quality.record"}

    @extend_schema(
        operation_id="quality_record",
        summary="Write down one check; a batch that failed gives no more doses, and the day is planned anew",
        request=CheckIn,
        responses={201: RecordedOut, **OVER},
    )
    def post(self, request, pk):
        plan = access.check_plan(pk, by=request.user)
        done = checks.record(plan, **body(CheckIn, request), by=request.user, now=timezone.now())
        return Response(RecordedOut(done).data, status=201)


class CheckTakeBack(SiteOperation):
    actions = {"POST": "quality.record"}

    @extend_schema(
        operation_id="quality_take_back",
        summary="A check was written down by mistake: the one before counts again",
        request=CheckTakeBackIn,
        responses={200: CheckOut, **OVER},
    )
    def post(self, request, pk):
        done = access.quality_check(pk, by=request.user)
        done = checks.take_back(done, **body(CheckTakeBackIn, request), by=request.user, now=timezone.now())
        return Response(CheckOut(done).data)


class Plans(Listing):
    actions = {"GET": "department.view", "POST": "department.manage"}

    @extend_schema(
        operation_id="quality_plans", summary="What is checked how often", responses=PlanOut(many=True)
    )
    def get(self, request):
        return self.paged(request, CheckPlan.objects.filter(site=self.site, is_active=True), PlanOut)

    @extend_schema(
        operation_id="quality_plans_add",
        summary="A new check; what it checks is refused until the first one passes",
        request=CheckPlanIn,
        responses={201: PlanOut, **OVER},
    )
    def post(self, request):
        made = plans.add(self.site, **body(CheckPlanIn, request), by=request.user, now=timezone.now())
        return Response(PlanOut(made).data, status=201)


class PlanChange(SiteOperation):
    actions = {"POST": "department.manage"}

    @extend_schema(
        operation_id="quality_plans_change",
        summary="Other days, times or limits; what was checked keeps its verdict",
        request=PlanChangeIn,
        responses={200: PlanOut, **OVER},
    )
    def post(self, request, pk):
        plan = access.check_plan(pk, by=request.user, action="department.manage")
        changed = plans.change(plan, **body(PlanChangeIn, request), by=request.user, now=timezone.now())
        return Response(PlanOut(changed).data)


class PlanEnd(SiteOperation):
    actions = {"POST": "department.manage"}

    @extend_schema(
        operation_id="quality_plans_end",
        summary="It is not checked any more, and gates nothing",
        request=Nothing,
        responses={200: PlanOut, **OVER},
    )
    def post(self, request, pk):
        body(Nothing, request)
        plan = access.check_plan(pk, by=request.user, action="department.manage")
        return Response(PlanOut(plans.end(plan, by=request.user, now=timezone.now())).data)


class Spills(SiteOperation):
    actions = {"POST": "spill.report"}

    @extend_schema(
        operation_id="quality_spills_report",
        summary="Gas escaped into a room: it is evacuated and closed, and the day is planned anew",
        request=SpillIn,
        responses={201: SpillOut},
    )
    def post(self, request, pk):
        room = found.room(pk, by=request.user, action="spill.report")
        made = spills.report(room, **body(SpillIn, request), by=request.user, now=timezone.now())
        return Response(SpillOut(made).data, status=201)


class SpillEnd(SiteOperation):
    actions = {"POST": "spill.report"}

    @extend_schema(
        operation_id="quality_spills_end",
        summary="The air was measured and is clear: the room opens before its time",
        request=AirMeasuredIn,
        responses={200: SpillOut, **OVER},
    )
    def post(self, request, pk):
        spill = access.spill(pk, by=request.user)
        ended = spills.end(spill, **body(AirMeasuredIn, request), by=request.user, now=timezone.now())
        return Response(SpillOut(ended).data)
