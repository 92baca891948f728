"""The department's plan of messages."""

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.department.changing import MANAGE, VIEW
from scheduling.api.site import SiteOperation
from scheduling.serializers.messages import PlanLineIn, PlanLineOut, PlanQuery
from scheduling.services.department import found
from scheduling.services.department import messages as plans
from vqflow.api.fields import body, query
from vqflow.api.problems import PROBLEM_TYPE, Problem


class Plan(SiteOperation):
    actions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="department_messages",
        summary="The plan of messages of a protocol, or of all that have none of their own",
        parameters=[OpenApiParameter("protocol", int)],
        responses=PlanLineOut(many=True),
    )
    def get(self, request):
        asked = query(PlanQuery, request).get("protocol")
        protocol = found.protocol(asked, by=request.user) if asked else None
        return Response(_said(plans.lines(self.site, protocol)))

    @extend_schema(
        operation_id="department_messages_set",
        summary="Switch a line of the plan on or off, or have it as usual; it holds from the next booking on",
        request=PlanLineIn,
        responses={
            200: PlanLineOut(many=True),
            (409, PROBLEM_TYPE): OpenApiResponse(Problem, "The plan says so already."),
        },
    )
    def post(self, request):
        values = body(PlanLineIn, request)
        return Response(_said(plans.set_line(self.site, by=request.user, **values)))


def _said(lines):
    rows = [
        {
            "kind": line.kind,
            "hours_before": line.hours_before,
            "channel": line.channel,
            "is_on": line.is_on,
            "source": source,
        }
        for line, source in lines
    ]
    return PlanLineOut(rows, many=True).data
