"""Messages: the list, trying anew, asking a patient to call, what came back, how a patient is reached."""

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import Listing, SiteOperation
from scheduling.models import Channel, Message, MessageKind, MessageState
from scheduling.serializers.messages import BouncedOut, BounceIn, ContactIn, MessageOut
from scheduling.serializers.patients import PatientOut
from scheduling.services import access, messages
from scheduling.services.messages import again, bounces
from scheduling.services.patients import contact
from vqflow.api.fields import Nothing, body
from vqflow.api.filters import filtered
from vqflow.api.problems import PROBLEM_TYPE, Problem


def _refused(words):
    return {(409, PROBLEM_TYPE): OpenApiResponse(Problem, words)}


class MessageFilters(FilterSet):
    state = ChoiceFilter(choices=MessageState.choices)
    kind = ChoiceFilter(choices=MessageKind.choices)
    channel = ChoiceFilter(choices=Channel.choices)


class Messages(Listing):
    actions = {"GET": "message.list"}

    @extend_schema(
        operation_id="messages_list",
        summary="Messages to patients and referrers, the latest due first",
        parameters=[
            OpenApiParameter("state", str, enum=MessageState.values),
            OpenApiParameter("kind", str, enum=MessageKind.values),
            OpenApiParameter("channel", str, enum=Channel.values),
        ],
        responses=MessageOut(many=True),
    )
    def get(self, request):
        rows = Message.objects.for_user(request.user).select_related("order")
        found = filtered(MessageFilters, rows, request)
        ordering = ("-due_at", "pk")
        return self.paged(
            request, found, MessageOut, patients=lambda row: row.order.patient_id, ordering=ordering
        )


class Retry(SiteOperation):
    actions = {"POST": "message.retry"}

    @extend_schema(
        operation_id="messages_retry",
        summary="Try a message anew that failed or was not sent for a reason that is gone",
        request=Nothing,
        responses={202: MessageOut, **_refused("It was sent, comes too late, or its reason still stands.")},
    )
    def post(self, request, pk):
        body(Nothing, request)
        message = access.message(pk, by=request.user)
        row = again.retry(message, by=request.user, now=timezone.now())
        return Response(MessageOut(row).data, status=202)


class Bounces(SiteOperation):
    actions = {"POST": "message.report_bounce"}

    @extend_schema(
        operation_id="messages_bounces",
        summary="A mail came back: the desk phones, and nothing more is sent to an address that does not work",
        request=BounceIn,
        responses=BouncedOut,
    )
    def post(self, request):
        values = body(BounceIn, request)
        row = bounces.report(**values, by=request.user, now=timezone.now())
        return Response(BouncedOut(row).data)


class AskToCall(SiteOperation):
    actions = {"POST": "message.ask_to_call"}

    @extend_schema(
        operation_id="orders_ask_to_call",
        summary="Ask the patient by mail to call the clinic, without a reason",
        request=Nothing,
        responses={
            202: MessageOut,
            **_refused("No mail can go to this patient, or one is on its way already."),
        },
    )
    def post(self, request, pk):
        body(Nothing, request)
        order = access.order(pk, by=request.user, action="message.ask_to_call")
        row = messages.call_us(order, by=request.user, now=timezone.now())
        return Response(MessageOut(row).data, status=202)


class Contact(SiteOperation):
    actions = {"POST": "patient.contact"}

    @extend_schema(
        operation_id="patients_contact",
        summary="How the patient is reached and what was agreed to; reminders that wait follow at once",
        request=ContactIn,
        responses={200: PatientOut, **_refused("The record was merged into another one.")},
    )
    def post(self, request, pk):
        patient = access.patient(pk, by=request.user, action="patient.contact")
        values = body(ContactIn, request)
        changed = contact.change(patient, by=request.user, now=timezone.now(), **values)
        return Response(PatientOut(changed).data)
