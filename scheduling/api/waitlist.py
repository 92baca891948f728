"""The waitlist: join it, change the wishes, leave it; what a patient answers to an offer."""

from django.urls import reverse
from django.utils import timezone
from django_filters import FilterSet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import order_list
from scheduling.api.details import appointment_answer
from scheduling.api.site import Listing, SiteOperation
from scheduling.models import Offer, WaitlistEntry
from scheduling.serializers.appointments import AppointmentOut
from scheduling.serializers.waitlist import EntryOut, JoinIn, OfferOut, WishesChange, changed_wishes
from scheduling.services import access
from scheduling.services.waitlist import entries, offers
from vqflow.api.fields import Nothing, body
from vqflow.api.filters import filtered
from vqflow.api.problems import PROBLEM_TYPE, Problem

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "It is over, or somebody was faster.")}
CANNOT_WAIT = {(409, PROBLEM_TYPE): OpenApiResponse(Problem, "This order cannot wait, or waits already.")}


class NoFilters(FilterSet):
    pass


def entry_answer(pk, *, status=200, **options):
    """The answer that shows one place on the waitlist, read again."""
    entry = WaitlistEntry.objects.with_people().get(pk=pk)
    entry.open_offers = list(entry.offers.open())
    return Response(EntryOut(entry).data, status=status, **options)


class Waitlist(Listing):
    actions = {"GET": "waitlist.view", "POST": "waitlist.manage"}

    @extend_schema(
        operation_id="waitlist_list",
        summary="Who waits for a time or an earlier one, in the order in which free time is offered",
        responses=EntryOut(many=True),
    )
    def get(self, request):
        found = filtered(NoFilters, order_list.on_waitlist(request.user), request)
        ordering = ("urgency", "has_time", "joined_at", "pk")
        return self.paged(
            request, found, EntryOut, patients=lambda entry: entry.order.patient_id, ordering=ordering
        )

    @extend_schema(
        operation_id="waitlist_join",
        summary="Put an order on the waitlist: for any time, or for an earlier one than its appointment's",
        request=JoinIn,
        responses={201: EntryOut, **CANNOT_WAIT},
    )
    def post(self, request):
        values = body(JoinIn, request)
        order = access.order(values["order"].pk, by=request.user, action="waitlist.manage")
        made = entries.join(order, wishes=values["wishes"], by=request.user, now=timezone.now())
        where = reverse("scheduling_api:waitlist-entry", args=[made.pk])
        return entry_answer(made.pk, status=201, headers={"Location": where})


class Entry(SiteOperation):
    actions = {"GET": "waitlist.view", "PATCH": "waitlist.manage"}

    @extend_schema(
        operation_id="waitlist_get", summary="One place on the waitlist, live or ended", responses=EntryOut
    )
    def get(self, request, pk):
        return entry_answer(access.waitlist_entry(pk, by=request.user, action="waitlist.view").pk)

    @extend_schema(
        operation_id="waitlist_change",
        summary="Other wishes; what was declined before counts no longer",
        request=WishesChange,
        responses={200: EntryOut, **OVER},
    )
    def patch(self, request, pk):
        entry = access.waitlist_entry(pk, by=request.user)
        wishes = changed_wishes(entry, body(WishesChange, request))
        entries.change(entry, wishes=wishes, by=request.user, now=timezone.now())
        return entry_answer(pk)


class Leaving(SiteOperation):
    actions = {"POST": "waitlist.manage"}

    @extend_schema(
        operation_id="waitlist_leave",
        summary="The patient does not wait any more; an open offer is withdrawn",
        request=Nothing,
        responses={200: EntryOut, **OVER},
    )
    def post(self, request, pk):
        body(Nothing, request)
        entry = access.waitlist_entry(pk, by=request.user)
        entries.leave(entry, by=request.user, now=timezone.now())
        return entry_answer(pk)


class Acceptance(SiteOperation):
    actions = {"POST": "offer.answer"}

    @extend_schema(
        operation_id="offers_accept",
        summary="The patient takes the offered time: it is booked, or the appointment is moved to it",
        request=Nothing,
        responses={200: AppointmentOut, **OVER},
    )
    def post(self, request, pk):
        body(Nothing, request)
        offer = access.offer(pk, by=request.user)
        return appointment_answer(offers.accept(offer, by=request.user, now=timezone.now()).pk)


class Refusal(SiteOperation):
    actions = {"POST": "offer.answer"}

    @extend_schema(
        operation_id="offers_decline",
        summary="The patient does not want the offered time, and waits on; it goes to the next",
        request=Nothing,
        responses={200: OfferOut, **OVER},
    )
    def post(self, request, pk):
        body(Nothing, request)
        offer = access.offer(pk, by=request.user)
        offers.decline(offer, by=request.user, now=timezone.now())
        return Response(OfferOut(Offer.objects.get(pk=pk)).data)
