"""The broken day: reports, plans, their acceptance; and closures."""

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django_filters import FilterSet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import Listing, SiteOperation
from scheduling.models import Closure, Disruption, Replan
from scheduling.serializers.disruptions import (
    AcceptIn,
    ClosedOut,
    ClosureIn,
    ClosureOut,
    DisruptionIn,
    DisruptionOut,
    PlanIn,
    ReplanOut,
)
from scheduling.services import acceptance, access, closures, disruptions, replanning
from vqflow.api.fields import Nothing, body
from vqflow.api.filters import filtered
from vqflow.api.problems import PROBLEM_TYPE, Problem

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "It is over, or out of date.")}
CANNOT = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "This cannot be reported now.")}


class NoFilters(FilterSet):
    pass


def _shown(rows):
    newest = Replan.objects.filter(disruption=OuterRef("pk")).order_by("-requested_at", "-pk")
    return rows.annotate(newest_replan=Subquery(newest.values("pk")[:1]))


def disruption_answer(pk, *, status=200, **options):
    found = _shown(Disruption.objects.filter(pk=pk)).get()
    return Response(DisruptionOut(found).data, status=status, **options)


def replan_answer(request, pk, *, status=200, **options):
    """One plan with its changes, audited as shown."""
    replan = Replan.objects.select_related("disruption__site").get(pk=pk)
    changes = list(replan.changes.select_related("appointment__procedure__order__patient").order_by("pk"))
    patients = [change.appointment.procedure.order.patient_id for change in changes]
    access.listed("replan.api", patients, by=request.user, action="disruption.view", replan=replan.pk)
    replan.shown_changes = changes
    replan.why_not_accept = replanning.why_not_accept(replan, now=timezone.now())
    return Response(ReplanOut(replan).data, status=status, **options)


class Disruptions(Listing):
    actions = {"GET": "disruption.view", "POST": "disruption.report"}

    @extend_schema(
        operation_id="disruptions_list",
        summary="What is broken or was, the newest first",
        responses=DisruptionOut(many=True),
    )
    def get(self, request):
        found = filtered(NoFilters, _shown(Disruption.objects.for_user(request.user)), request)
        return self.paged(request, found, DisruptionOut, ordering="-pk")

    @extend_schema(
        operation_id="disruptions_report",
        summary="Report what broke: it is closed at once, and a plan for the day is made",
        request=DisruptionIn,
        responses={201: DisruptionOut, **CANNOT},
    )
    def post(self, request):
        values = body(DisruptionIn, request)
        made = disruptions.report(self.site, **values, by=request.user, now=timezone.now())
        where = reverse("scheduling_api:disruption", args=[made.pk])
        return disruption_answer(made.pk, status=201, headers={"Location": where})


class OneDisruption(SiteOperation):
    actions = {"GET": "disruption.view"}

    @extend_schema(
        operation_id="disruptions_get",
        summary="One report with the id of its newest plan",
        responses=DisruptionOut,
    )
    def get(self, request, pk):
        return disruption_answer(access.disruption(pk, by=request.user).pk)


class Planning(SiteOperation):
    actions = {"POST": "disruption.report"}

    @extend_schema(
        operation_id="disruptions_plan",
        summary="Compute a plan anew; the first repair is answered, the best plan follows",
        request=PlanIn,
        responses={201: ReplanOut, **OVER},
    )
    def post(self, request, pk):
        found = access.disruption(pk, by=request.user, action="disruption.report")
        made = replanning.propose(found, **body(PlanIn, request), by=request.user, now=timezone.now())
        where = reverse("scheduling_api:replan", args=[made.pk])
        return replan_answer(request, made.pk, status=201, headers={"Location": where})


class Ending(SiteOperation):
    actions = {"POST": "disruption.report"}

    @extend_schema(
        operation_id="disruptions_end",
        summary="It works again: what was closed for it opens now",
        request=Nothing,
        responses={200: DisruptionOut, **OVER},
    )
    def post(self, request, pk):
        body(Nothing, request)
        found = access.disruption(pk, by=request.user, action="disruption.report")
        disruptions.close(found, by=request.user, now=timezone.now())
        return disruption_answer(pk)


class OneReplan(SiteOperation):
    actions = {"GET": "disruption.view"}

    @extend_schema(
        operation_id="replans_get",
        summary="One plan: who is moved from when to when, and who cannot be scanned",
        responses=ReplanOut,
    )
    def get(self, request, pk):
        return replan_answer(request, access.replan(pk, by=request.user).pk)


class Acceptance(SiteOperation):
    actions = {"POST": "replan.accept"}

    @extend_schema(
        operation_id="replans_accept",
        summary="Book the changes of a plan, all or those named; 409 when the day has changed since",
        request=AcceptIn,
        responses={200: ReplanOut, **OVER},
    )
    def post(self, request, pk):
        replan = access.replan(pk, by=request.user, action="replan.accept")
        chosen = body(AcceptIn, request).get("changes")
        acceptance.accept(replan, change_ids=chosen, by=request.user, now=timezone.now())
        return replan_answer(request, pk)


class Closures(Listing):
    actions = {"GET": "closure.view", "POST": "closure.manage"}

    @extend_schema(
        operation_id="closures_list",
        summary="Closures that are not over, the first first",
        responses=ClosureOut(many=True),
    )
    def get(self, request):
        found = Closure.objects.filter(site=self.site, span__endswith__gt=timezone.now())
        return self.paged(request, filtered(NoFilters, found, request), ClosureOut, ordering="pk")

    @extend_schema(
        operation_id="closures_add",
        summary="Close a room, a person or the department; what is booked then stays booked",
        request=ClosureIn,
        responses={201: ClosedOut},
    )
    def post(self, request):
        now = timezone.now()
        made = closures.add(self.site, **body(ClosureIn, request), by=request.user, now=now)
        answer = {"closure": made, "booked_within": closures.booked_within(made, now=now)}
        return Response(ClosedOut(answer).data, status=201)


class ClosureEnd(SiteOperation):
    actions = {"POST": "closure.manage"}

    @extend_schema(
        operation_id="closures_end",
        summary="Open again from now on; a closure that has not begun is removed",
        request=Nothing,
        responses={204: None, **OVER},
    )
    def post(self, request, pk):
        body(Nothing, request)
        closures.end(access.closure(pk, by=request.user), by=request.user, now=timezone.now())
        return Response(status=204)
