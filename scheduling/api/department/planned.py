"""Changes that wait for their day."""

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from scheduling.api.department.changing import MANAGE, VIEW
from scheduling.api.site import Listing, SiteOperation
from scheduling.models import ChangeState, PlannedChange
from scheduling.serializers.department import changes as data
from scheduling.services.department import changes, found
from vqflow.api.fields import Nothing, body
from vqflow.api.filters import filtered


class PlannedFilters(FilterSet):
    state = ChoiceFilter(choices=ChangeState.choices)


class Planned(Listing):
    actions = {"GET": VIEW}

    @extend_schema(
        operation_id="department_changes",
        summary="Changes that wait for their day, and what became of earlier ones",
        parameters=[OpenApiParameter("state", str, enum=ChangeState.values)],
        responses=data.PlannedOut(many=True),
    )
    def get(self, request):
        rows = filtered(PlannedFilters, PlannedChange.objects.for_user(request.user), request)
        return self.paged(request, rows, data.PlannedOut)


class Withdrawal(SiteOperation):
    actions = {"POST": MANAGE}

    @extend_schema(
        operation_id="department_changes_withdraw",
        summary="Take back a change whose day has not come",
        request=Nothing,
        responses=data.PlannedOut,
    )
    def post(self, request, pk):
        body(Nothing, request)
        change = changes.withdraw(found.change(pk, by=request.user), by=request.user, now=timezone.now())
        return Response(data.PlannedOut(change).data)
