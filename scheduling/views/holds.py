"""A chosen time is kept while it is talked over: held from the search page, then confirmed or given back."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.states import AppointmentState
from scheduling.forms.booking import BookingForm
from scheduling.models import Appointment, Hold
from scheduling.services import access, booking, holds
from scheduling.templatetags import clock
from scheduling.views import axis, targets
from scheduling.views.appointments import chosen, first_day, xray_given
from scheduling.views.proposals import chain_of
from scheduling.views.search_page import XRAY_FIELDS, period_of, render_search, xray_of
from scheduling.views.searches import new_visit, other_time, xray_done
from vqflow.errors import Conflict, DomainError, Invalid
from vqflow.pages import page

PLAIN = "text/plain; charset=utf-8"


@page("appointment.book", methods=("GET", "POST"))
def of_order(request, pk):
    """Hold one proposal for an order. When somebody was faster, the sentence comes with the next proposals."""
    order = access.order(pk, by=request.user, action="appointment.book")
    if request.method != "POST":
        return redirect("scheduling:search", pk)
    form, xray_form = BookingForm(request.POST), xray_of(request, order.site)
    try:
        made = holds.hold(
            order, **chosen(form), xray=xray_given(xray_form), by=request.user, now=timezone.now()
        )
    except (Conflict, Invalid) as refusal:
        order = access.order(pk, by=request.user, action="itinerary.search")
        period = period_of(request, order.site, first_day=first_day(form, order.site))
        return render_search(
            request, new_visit(request, order), period=period, xray_form=xray_form, refusal=refusal
        )
    return redirect("scheduling:hold", made.pk)


@page("appointment.move", methods=("GET", "POST"))
def of_appointment(request, pk):
    """Hold another time for an appointment."""
    found = access.appointment(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return redirect("scheduling:move", pk)
    form, order = BookingForm(request.POST), found.procedure.order
    try:
        made = holds.hold(order, **chosen(form), appointment=found, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        found = access.appointment(pk, by=request.user, action="appointment.move")
        period = period_of(request, order.site, first_day=first_day(form, order.site))
        return render_search(request, other_time(request, found), period=period, refusal=refusal)
    return redirect("scheduling:hold", made.pk)


@page("appointment.hold")
def hold(request, pk):
    """What is held, to be confirmed: by booking it, or by moving the appointment there."""
    return _render_hold(request, access.hold(pk, by=request.user))


def _render_hold(request, found):
    order, now, user = found.order, timezone.now(), request.user
    zone, xray = order.site.time_zone, _xray(found)
    proposal, gone = holds.proposal(found, now=now)
    context = {
        "hold": found,
        "order": order,
        "patient": order.patient,
        "age": order.patient.age_on(clock.local(now, zone).date()),
        "zone": zone,
        "appointment": found.appointment,
        "proposal": proposal,
        "resource_ids": ",".join(str(each) for each in found.resource_ids),
        "chain": proposal and chain_of(proposal, zone, xray),
        "axis": proposal and axis.draw(proposal, order),
        "late": targets.late_words(order, proposal.lungs_start_at) if proposal else "",
        "gone": gone,
        "booked": _booked(found),
        "is_over": holds.is_over(found, now),
        "why_not": holds.why_not_use(found, user),
        "xray_fields": [] if found.appointment else _xray_fields(xray, zone),
        "back": _back(found),
    }
    return render(request, "scheduling/hold.html", context)


def _booked(found):
    """The appointment that the order has already, or that was moved with this hold; None while that is to be done."""
    if found.appointment:
        return found.appointment if found.outcome == Hold.Outcome.CONFIRMED else None
    ended = (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
    kept = Appointment.objects.filter(procedure__order=found.order_id).exclude(state__in=ended)
    return kept.order_by("-booked_at").first()


def _xray(found):
    return xray_done(found.appointment) if found.appointment else booking.xray_of(found)


def _xray_fields(xray, zone):
    """What the form of an X-ray done elsewhere would send: a refused confirmation searches on with it."""
    if xray is None:
        return []
    ended = clock.local(xray.ended_at, zone)
    values = (xray.modality, f"{ended:%Y-%m-%d}", f"{ended:%H:%M}", xray.place)
    return list(zip(XRAY_FIELDS, values, strict=True))


def _back(found):
    if found.appointment:
        return reverse("scheduling:move", args=[found.appointment_id])
    return reverse("scheduling:search", args=[found.order_id])


@page("appointment.hold", methods=("POST",))
def extend(request, pk):
    """For static/js/hold.js: the time until which it is kept now, or the sentence that it is over."""
    found = access.unseen_hold(pk, by=request.user)
    try:
        found = holds.extend(found, by=request.user, now=timezone.now())
    except DomainError as over:
        return HttpResponse(over.sentence, status=over.status, content_type=PLAIN)
    until = clock.time_at(found.expires_at, found.order.site.time_zone)
    return HttpResponse(until, content_type=PLAIN)


@page("appointment.hold", methods=("POST",))
def release(request, pk):
    """Give it back and search on."""
    found = access.unseen_hold(pk, by=request.user)
    holds.release(found, by=request.user, now=timezone.now())
    return redirect(_back(found))
