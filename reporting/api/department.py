"""How a department reports."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from reporting.serializers.rules import RulesIn, RulesOut
from reporting.services import rules
from scheduling.api.site import SiteOperation
from vqflow.api.fields import body


class ReportingRules(SiteOperation):
    actions = {"GET": "department.view", "POST": "department.manage"}

    @extend_schema(
        operation_id="department_reporting",
        summary="Schemes, thresholds, language and critical results of this department's reports",
        responses=RulesOut,
    )
    def get(self, request):
        return Response(_out(self.site))

    @extend_schema(
        operation_id="department_reporting_change",
        summary="Other rules for what is read from now on; what is left out stays",
        request=RulesIn,
        responses=RulesOut,
    )
    def post(self, request):
        values = body(RulesIn, request)
        rules.change(self.site, **values, by=request.user, now=timezone.now())
        self.site.refresh_from_db(fields=["default_scheme"])
        return Response(_out(self.site))


def _out(site):
    return RulesOut(rules.of(site)).data
