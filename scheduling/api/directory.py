"""What is there and what is to be done: the worklist, tasks, mail, rooms and people, protocols, referrers."""

from datetime import timedelta

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import list_version, order_list, preparation, worklist
from scheduling.api.site import Listing, SiteOperation
from scheduling.models import Protocol, Resource, ResourceKind, Task
from scheduling.serializers.directory import ProtocolOut, ResourceOut
from scheduling.serializers.orders import ClosedTaskOut, TaskOut
from scheduling.serializers.worklists import PreparationOut, WorklistOut, WorklistQuery
from scheduling.services import access
from scheduling.services.messages import calls
from vqflow.api.fields import Nothing, body, query
from vqflow.api.filters import filtered
from vqflow.api.problems import PROBLEM_TYPE, Problem


class Worklist(SiteOperation):
    actions = {"GET": "worklist.view"}

    @extend_schema(
        operation_id="worklist_day",
        summary="The examinations of one local day, each with the next step or why it has to wait",
        parameters=[WorklistQuery],
        responses=WorklistOut,
    )
    def get(self, request):
        now = timezone.now()
        day = query(WorklistQuery, request).get("day") or timezone.localdate(now)
        # Asked first: under a version that is newer than its rows, nobody would ask for newer ones.
        seen = list_version.seen(self.site, day, now)
        rows = worklist.day(self.site, day, by=request.user, now=now, seen=seen)
        ids = [row.order.patient_id for row in rows]
        access.listed("worklist.api", ids, by=request.user, action="worklist.view", day=day.isoformat())
        return Response(WorklistOut({"day": day, "version": seen.version, "rows": rows}).data)


class Preparation(SiteOperation):
    actions = {"GET": "worklist.view"}

    @extend_schema(
        operation_id="worklist_preparation",
        summary="The patients of a coming day, tomorrow's by default, with what is still missing for each",
        parameters=[WorklistQuery],
        responses=PreparationOut,
    )
    def get(self, request):
        now = timezone.now()
        day = query(WorklistQuery, request).get("day") or timezone.localdate(now) + timedelta(days=1)
        rows = preparation.day(self.site, day, by=request.user, now=now)
        ids = [each.row.order.patient_id for each in rows]
        access.listed("preparation.api", ids, by=request.user, action="worklist.view", day=day.isoformat())
        return Response(PreparationOut({"day": day, "rows": rows}).data)


class TaskFilters(FilterSet):
    kind = ChoiceFilter(choices=Task.Kind.choices)


class Tasks(Listing):
    actions = {"GET": "task.list"}

    @extend_schema(
        operation_id="tasks_list",
        summary="What is still to be asked, decided, countersigned or phoned, the oldest first",
        parameters=[OpenApiParameter("kind", str, enum=Task.Kind.values)],
        responses=TaskOut(many=True),
    )
    def get(self, request):
        found = filtered(TaskFilters, order_list.open_tasks(request.user), request)
        return self.paged(request, found, TaskOut, patients=lambda task: task.order.patient_id)


class TaskDone(SiteOperation):
    actions = {"POST": "task.close"}

    @extend_schema(
        operation_id="tasks_done",
        summary="The patient or the referrer was phoned: close the call",
        request=Nothing,
        responses={
            200: ClosedTaskOut,
            (409, PROBLEM_TYPE): OpenApiResponse(Problem, "It is closed already, or it is no call."),
        },
    )
    def post(self, request, pk):
        body(Nothing, request)
        task = access.task(pk, by=request.user)
        calls.done(task, by=request.user, now=timezone.now())
        return Response(ClosedTaskOut(task).data)


class NoFilters(FilterSet):
    pass


class Resources(Listing):
    actions = {"GET": "department.view"}

    @extend_schema(
        operation_id="resources_list", summary="Rooms and technologists", responses=ResourceOut(many=True)
    )
    def get(self, request):
        found = Resource.objects.for_user(request.user).exclude(kind=ResourceKind.PATIENT)
        return self.paged(request, filtered(NoFilters, found, request), ResourceOut)


class Protocols(Listing):
    actions = {"GET": "department.view"}

    @extend_schema(
        operation_id="protocols_list",
        summary="Protocols with the length of their steps",
        responses=ProtocolOut(many=True),
    )
    def get(self, request):
        found = Protocol.objects.for_user(request.user).prefetch_related("steps")
        return self.paged(request, filtered(NoFilters, found, request), ProtocolOut)
