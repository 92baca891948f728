"""How long examinations really take, and planning with it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling.api.department.changing import MANAGE, VIEW, Changing, change
from scheduling.api.site import SiteOperation
from scheduling.models import StepKind
from scheduling.serializers.department import durations as data
from scheduling.serializers.department.changes import DepartmentChangedOut
from scheduling.services import durations
from scheduling.services.department import durations as adoption
from scheduling.services.department import found
from vqflow.api.fields import body


class Durations(SiteOperation):
    actions = {"GET": VIEW}

    @extend_schema(
        operation_id="department_durations",
        summary="Medians and 90th percentiles per protocol, step and patient class, beside what is planned",
        responses=data.DurationsOut(many=True),
    )
    def get(self, request):
        rows = [
            {"protocol": protocol.pk, "name": protocol.name, "agent": protocol.agent, "steps": lines}
            for protocol, lines in durations.table(self.site, now=timezone.now())
        ]
        return Response(data.DurationsOut(rows, many=True).data)


class Adoption(Changing):
    actions = {"POST": MANAGE}

    @extend_schema(
        operation_id="department_durations_adopt",
        summary="Plan a protocol with its measured times from a day on; what is booked keeps its times",
        request=data.AdoptIn,
        responses=DepartmentChangedOut,
    )
    def post(self, request, pk):
        protocol = found.protocol(pk, by=request.user, action=MANAGE)
        values = dict(body(data.AdoptIn, request))
        shares = {kind: values.pop(kind) for kind in StepKind.values if kind in values}
        return change(self, adoption, protocol, {**values, "shares": shares})
