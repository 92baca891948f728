"""What waits: open orders by what they wait for, and one of them as the physician vets it; V/Q or CTPA."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import order_list, priors
from scheduling.api.site import Listing, SiteOperation
from scheduling.engine import comparison
from scheduling.serializers.vetting import TopicOut, VettingCaseOut, WaitingQuery, WaitingRow
from scheduling.services import access, protocols
from vqflow.api.fields import checked
from vqflow.api.filters import PAGING


class Waiting(Listing):
    actions = {"GET": "order.list"}

    @extend_schema(
        operation_id="orders_waiting",
        summary="Open orders by what they wait for: STAT first, then what is late, then by priority and age",
        parameters=[WaitingQuery],
        responses=WaitingRow(many=True),
    )
    def get(self, request):
        asked = {key: value for key, value in request.query_params.dict().items() if key not in PAGING}
        if asked.get("late") in ("true", "false"):
            asked["late"] = asked["late"] == "true"
        chosen, now = checked(WaitingQuery, asked, request), timezone.now()
        found = order_list.waiting_for(
            chosen["waiting"],
            by=request.user,
            priority=chosen.get("priority", ""),
            late_only=chosen["late"],
            now=now,
        )
        return self.paged(
            request,
            found,
            _Rows(request.user, now),
            patients=lambda order: order.patient_id,
            ordering=order_list.ORDERING,
        )


class _Rows:
    """Makes rows of a page of orders, as the list on screen does, and then their serializer."""

    def __init__(self, by, now):
        self.by, self.now = by, now

    def __call__(self, orders, **options):
        return WaitingRow(order_list.rows(orders, by=self.by, now=self.now), **options)


class VettingCase(SiteOperation):
    actions = {"GET": "vetting.list"}

    @extend_schema(
        operation_id="orders_vetting_case",
        summary="What helps to vet one order: the suggested protocol and why, what is known from before",
        responses=VettingCaseOut,
    )
    def get(self, request, pk):
        order, now = access.order(pk, by=request.user, action="vetting.list"), timezone.now()
        answers = {row.question: row.answer for row in order.answers.all()}
        known = priors.of(order)
        case = {
            "order": order.pk,
            "suggestion": protocols.suggested(order, now=now),
            "questions": order.questions.select_related("asked_by", "answered_by"),
            "scans": known.scans,
            "films": known.films,
            "comparison": comparison.relevant(answers, order.indication_code),
        }
        return Response(VettingCaseOut(case).data)


class Comparison(SiteOperation):
    actions = {"GET": "comparison.view"}

    @extend_schema(
        operation_id="comparison",
        summary="V/Q scan or CT angiography: what is known for a referrer's question, with sources",
        responses=TopicOut(many=True),
    )
    def get(self, request):
        return Response(TopicOut(comparison.TOPICS, many=True).data)
