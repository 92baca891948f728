"""Devices on the network, and what they performed that a person has to look at."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import performed_list
from scheduling.api.site import Listing, SiteOperation
from scheduling.models import ApplicationEntity, ScheduledProcedureStep
from scheduling.serializers import devices as data
from scheduling.services import access, performed
from scheduling.services.department import devices, found
from vqflow.api.fields import body
from vqflow.api.problems import PROBLEM_TYPE, Problem
from vqflow.errors import Invalid

HELD_BACK = {
    (409, PROBLEM_TYPE): OpenApiResponse(Problem, "What holds its times back, or another step's kind.")
}
NO_STEP = "Your site has no step with this ID."


class Devices(Listing):
    actions = {"GET": "department.view", "POST": "department.manage"}

    @extend_schema(
        operation_id="department_devices",
        summary="Devices that may ask for the worklist",
        responses=data.DeviceOut(many=True),
    )
    def get(self, request):
        return self.paged(request, ApplicationEntity.objects.for_user(request.user), data.DeviceOut)

    @extend_schema(
        operation_id="department_devices_add",
        summary="A new device; it is let in within seconds",
        request=data.DeviceIn,
        responses={201: data.DeviceOut},
    )
    def post(self, request):
        made = devices.add(self.site, **body(data.DeviceIn, request), by=request.user)
        return Response(data.DeviceOut(made).data, status=201)


class DeviceChange(SiteOperation):
    actions = {"POST": "department.manage"}

    @extend_schema(
        operation_id="department_devices_change",
        summary="Other values of a device, at once",
        request=data.DeviceChangeIn,
        responses=data.DeviceOut,
    )
    def post(self, request, pk):
        device = found.device(pk, by=request.user)
        done = devices.change(device, **body(data.DeviceChangeIn, request), by=request.user)
        return Response(data.DeviceOut(done).data)


class Performed(Listing):
    actions = {"GET": "performed.list"}

    @extend_schema(
        operation_id="performed_list",
        summary="What devices performed and a person has to look at, the newest first",
        responses=data.PerformedOut(many=True),
    )
    def get(self, request):
        rows = performed_list.waiting(request.user)
        return self.paged(request, rows, data.PerformedOut, patients=_patient_of, ordering="-pk")


def _patient_of(row):
    steps = row.steps.all()
    return steps[0].appointment.procedure.order.patient_id if steps else None


class PerformedMatch(SiteOperation):
    actions = {"POST": "performed.match"}

    @extend_schema(
        operation_id="performed_match",
        summary="It belongs to this step; its times are taken over where nothing speaks against it",
        request=data.MatchIn,
        responses={200: data.PerformedOut, **HELD_BACK},
    )
    def post(self, request, pk):
        row = access.performed(pk, by=request.user, action="performed.match")
        sps_id = body(data.MatchIn, request)["sps_id"]
        step = ScheduledProcedureStep.objects.for_user(request.user).filter(sps_id=sps_id).first()
        if step is None:
            raise Invalid(NO_STEP, fields={"sps_id": [NO_STEP]})
        done = performed.match(row, step, by=request.user, now=timezone.now())
        return Response(data.PerformedOut(done).data)


class PerformedTake(SiteOperation):
    actions = {"POST": "performed.match"}

    @extend_schema(
        operation_id="performed_take",
        summary="What held its times back is gone: take them over now",
        request=None,
        responses={200: data.PerformedOut, **HELD_BACK},
    )
    def post(self, request, pk):
        row = access.performed(pk, by=request.user, action="performed.match")
        done = performed.take_again(row, by=request.user, now=timezone.now())
        return Response(data.PerformedOut(done).data)


class PerformedSetAside(SiteOperation):
    actions = {"POST": "performed.match"}

    @extend_schema(
        operation_id="performed_set_aside",
        summary="It belongs to no examination here; it stays kept",
        request=data.SetAsideIn,
        responses={200: data.PerformedOut},
    )
    def post(self, request, pk):
        row = access.performed(pk, by=request.user, action="performed.match")
        done = performed.set_aside(row, **body(data.SetAsideIn, request), by=request.user, now=timezone.now())
        return Response(data.PerformedOut(done).data)
