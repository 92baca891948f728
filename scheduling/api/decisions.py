"""What physicians decide and ask: vetting, asking back, declining, overrides, consults, countersigning."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling.api.details import order_answer
from scheduling.api.site import SiteOperation
from scheduling.models import Decision
from scheduling.serializers.appointments import OrderDetailOut
from scheduling.serializers.orders import (
    DecisionOut,
    OverrideIn,
    PhoneOverrideIn,
    PhoneVettingIn,
    ReasonIn,
    VettingIn,
)
from scheduling.serializers.vetting import AnswerIn, AskIn, ConsultIn, EnquiryOut, PhoneConsultIn
from scheduling.services import access, consults, enquiries, vetting
from vqflow.api.fields import Nothing, body
from vqflow.errors import NotFound


class Deciding(SiteOperation):
    """One decision about one order, answered with the order as it then is."""

    def decide(self, request, pk, service, serializer):
        order = access.order(pk, by=request.user, action=self.action_of("POST"))
        service(order, **body(serializer, request), by=request.user, now=timezone.now())
        return order_answer(pk)


class Vetting(Deciding):
    actions = {"POST": "order.vet"}

    @extend_schema(
        operation_id="orders_vet",
        summary="Approve an order with a protocol",
        request=VettingIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, vetting.vet, VettingIn)


class ChangeOfProtocol(Deciding):
    actions = {"POST": "order.vet"}

    @extend_schema(
        operation_id="orders_change_protocol",
        summary="Give a vetted order that is not booked another protocol",
        request=VettingIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, vetting.change_protocol, VettingIn)


class PhoneVetting(Deciding):
    actions = {"POST": "order.vet_by_phone"}

    @extend_schema(
        operation_id="orders_vet_by_phone",
        summary="Write down that a physician has approved a STAT order by phone",
        request=PhoneVettingIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, vetting.vet, PhoneVettingIn)


class Declining(Deciding):
    actions = {"POST": "order.vet"}

    @extend_schema(
        operation_id="orders_decline",
        summary="Refuse an examination, with the reason that the referrer reads",
        request=ReasonIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, vetting.decline, ReasonIn)


class Override(Deciding):
    actions = {"POST": "override.clinical"}

    @extend_schema(
        operation_id="orders_override",
        summary="Let an examination go on against a rule",
        request=OverrideIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, vetting.override, OverrideIn)


class PhoneOverride(Deciding):
    actions = {"POST": "override.clinical_by_phone"}

    @extend_schema(
        operation_id="orders_override_by_phone",
        summary="Write down that a physician lets an examination go on, by phone",
        request=PhoneOverrideIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, vetting.override, PhoneOverrideIn)


class Consult(Deciding):
    actions = {"POST": "override.clinical"}

    @extend_schema(
        operation_id="orders_consult",
        summary="Answer a consult in words: go on, or not yet",
        request=ConsultIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, consults.answer, ConsultIn)


class PhoneConsult(Deciding):
    actions = {"POST": "override.clinical_by_phone"}

    @extend_schema(
        operation_id="orders_consult_by_phone",
        summary="Write down a physician's answer to a consult, by phone",
        request=PhoneConsultIn,
        responses=OrderDetailOut,
    )
    def post(self, request, pk):
        return self.decide(request, pk, consults.answer, PhoneConsultIn)


class Asking(SiteOperation):
    actions = {"POST": "order.ask_back"}

    @extend_schema(
        operation_id="orders_ask_back",
        summary="Ask the desk or the referrer before vetting; the order waits for the answer",
        request=AskIn,
        responses={201: EnquiryOut},
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="order.ask_back")
        question = enquiries.ask(order, **body(AskIn, request), by=request.user, now=timezone.now())
        return Response(EnquiryOut(question).data, status=201)


class Answering(SiteOperation):
    actions = {"POST": "order.answer_question"}

    @extend_schema(
        operation_id="questions_answer",
        summary="Answer what a physician has asked back; the order returns to the list of those to vet",
        request=AnswerIn,
        responses=EnquiryOut,
    )
    def post(self, request, pk):
        question = access.order_question(pk, by=request.user)
        said = body(AnswerIn, request)["answer"]
        return Response(
            EnquiryOut(enquiries.answer(question, text=said, by=request.user, now=timezone.now())).data
        )


class Countersignature(SiteOperation):
    actions = {"POST": "decision.countersign"}

    @extend_schema(
        operation_id="decisions_countersign",
        summary="Confirm what was written down for oneself by phone",
        request=Nothing,
        responses=DecisionOut,
    )
    def post(self, request, pk):
        body(Nothing, request)
        decision = (
            Decision.objects.for_user(request.user)
            .select_related("order__site", "physician", "recorded_by", "protocol", "suggested")
            .filter(pk=pk)
            .first()
        )
        if decision is None:
            raise NotFound("There is no such record at your site.")
        access.order(decision.order_id, by=request.user, action="decision.countersign")
        vetting.countersign(decision, by=request.user, now=timezone.now())
        decision.refresh_from_db(fields=["countersigned_at", "countersigned_by"])
        return Response(DecisionOut(decision).data)
