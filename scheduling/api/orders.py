"""Orders: list, place, show, answer the safety questions, cancel."""

from django.urls import reverse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from scheduling.api.details import order_answer
from scheduling.api.site import Listing, SiteOperation
from scheduling.engine.screening import QUESTIONS, RULES
from scheduling.engine.states import OPEN_ORDER
from scheduling.models import Order as OrderModel
from scheduling.models import Priority
from scheduling.serializers.appointments import OrderDetailOut
from scheduling.serializers.orders import (
    AnswersIn,
    OrderIn,
    OrderRow,
    ReasonIn,
    ScreeningOut,
    StatOrderIn,
)
from scheduling.services import access, intake, screening
from vqflow.api.fields import body
from vqflow.api.filters import filtered

OPEN_STATES = [str(state) for state in OPEN_ORDER]


class OpenOrders(FilterSet):
    state = ChoiceFilter(choices=[(state, state) for state in OPEN_STATES])
    priority = ChoiceFilter(choices=Priority.choices)


class Orders(Listing):
    actions = {"GET": "order.list", "POST": "order.create"}

    @extend_schema(
        operation_id="orders_list",
        summary="Open orders, the newest first",
        parameters=[
            OpenApiParameter("state", str, enum=OPEN_STATES),
            OpenApiParameter("priority", str, enum=Priority.values),
        ],
        responses=OrderRow(many=True),
    )
    def get(self, request):
        orders = OrderModel.objects.for_user(request.user).open().with_people()
        return self.paged(
            request,
            filtered(OpenOrders, orders, request),
            OrderRow,
            patients=lambda order: order.patient_id,
            ordering="-pk",
        )

    @extend_schema(
        operation_id="orders_create",
        summary="Place an order; safety questions that are not answered become tasks",
        request=OrderIn,
        responses={201: OrderDetailOut},
    )
    def post(self, request):
        values = body(OrderIn, request)
        patient = access.patient(values.pop("patient").pk, by=request.user, action="order.create")
        placed = intake.place_order(patient, intake.Request(**values), by=request.user, now=timezone.now())
        return _created(placed)


class StatOrders(SiteOperation):
    actions = {"POST": "order.create_stat"}

    @extend_schema(
        operation_id="orders_create_stat",
        summary="Place a STAT order with five fields; an unidentified patient gets a temporary number",
        request=StatOrderIn,
        responses={201: OrderDetailOut},
    )
    def post(self, request):
        values = body(StatOrderIn, request)
        placed = intake.place_stat_order(site=self.site, by=request.user, now=timezone.now(), **values)
        return _created(placed)


def _created(order):
    where = reverse("scheduling_api:order", args=[order.pk])
    return order_answer(order.pk, status=201, headers={"Location": where})


class Order(SiteOperation):
    actions = {"GET": "order.view"}

    @extend_schema(
        operation_id="orders_get",
        summary="One order with what its answers do, its tasks, decisions and appointment",
        responses=OrderDetailOut,
    )
    def get(self, request, pk):
        return order_answer(access.order(pk, by=request.user).pk)


class Answers(SiteOperation):
    actions = {"PUT": "screening.answer"}

    @extend_schema(
        operation_id="orders_screening",
        summary="Answer safety questions; one that is not among them keeps its answer",
        request=AnswersIn,
        responses=OrderDetailOut,
    )
    def put(self, request, pk):
        order = access.order(pk, by=request.user, action="screening.answer")
        screening.answer(order, body(AnswersIn, request), by=request.user, now=timezone.now())
        return order_answer(pk)


class Cancellation(SiteOperation):
    actions = {"POST": "order.cancel"}

    @extend_schema(
        operation_id="orders_cancel",
        summary="Cancel an order that has no appointment",
        request=ReasonIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="order.cancel")
        intake.cancel_order(order, **body(ReasonIn, request), by=request.user, now=timezone.now())
        return order_answer(pk)


class Questions(SiteOperation):
    actions = {"GET": "order.view"}

    @extend_schema(
        operation_id="screening_questions",
        summary="The safety questions with their choices, and the rules that judge the answers",
        responses=ScreeningOut,
    )
    def get(self, request):
        return Response(
            ScreeningOut({"questions": map(_question, QUESTIONS), "rules": map(_rule, RULES)}).data
        )


def _question(question):
    choices = [{"value": value, "label": label} for value, label in question.choices]
    return {"key": question.key, "text": question.text, "hint": question.hint, "choices": choices}


def _rule(rule):
    named = {
        name: getattr(rule, name) for name in ("id", "question", "action", "effect", "source", "override")
    }
    return {**named, "when": sorted(rule.when), "stages": sorted(rule.stages)}
