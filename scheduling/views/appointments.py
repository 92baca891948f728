"""Pages of booking: find a time, book it, see, move and cancel an appointment."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone

from scheduling.forms.booking import BookingForm, TechnologistForm
from scheduling.forms.orders import ReasonForm
from scheduling.services import access, booking, confirmations, overbooking, reservations
from scheduling.templatetags import clock
from scheduling.views.appointment_page import render_appointment
from scheduling.views.search_page import period_of, render_search, xray_of
from scheduling.views.searches import new_visit, other_time
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("itinerary.search", methods=("GET", "POST"))
def search(request, pk):
    """Proposals for an order. An X-ray done elsewhere comes by POST: it is patient data and in no address."""
    order = access.order(pk, by=request.user, action="itinerary.search")
    period, xray_form = period_of(request, order.site), xray_of(request, order.site)
    return render_search(request, new_visit(request, order), period=period, xray_form=xray_form)


@page("appointment.book", methods=("GET", "POST"))
def book(request, pk):
    """Book one proposal. When somebody was faster, the sentence comes with the next proposals.

    That page stands at this address: who opens it again is led to the search, as with `cancel` and `assign`.
    """
    order = access.order(pk, by=request.user, action="appointment.book")
    if request.method != "POST":
        return redirect("scheduling:search", pk)
    form, xray_form = BookingForm(request.POST), xray_of(request, order.site)
    try:
        appointment = booking.book(
            order,
            **chosen(form),
            hold=_hold(form, request.user),
            overbook_reason=_reason(form),
            xray=xray_given(xray_form),
            by=request.user,
            now=timezone.now(),
        )
    except (Conflict, Invalid) as refusal:
        order = access.order(pk, by=request.user, action="itinerary.search")
        period = period_of(request, order.site, first_day=first_day(form, order.site))
        return render_search(
            request, new_visit(request, order), period=period, xray_form=xray_form, refusal=refusal
        )
    messages.success(request, "Booked.")
    return redirect("scheduling:appointment", appointment.pk)


def chosen(form):
    """The starts and rooms of the posted proposal; Invalid where the page's own values cannot be read."""
    if not form.is_valid():
        raise Invalid("The chosen time cannot be read. Choose again from the list.")
    return {"starts": form.starts(), "resource_ids": form.cleaned_data["resource_ids"]}


def _hold(form, user):
    """The hold that the form confirms, or None."""
    pk = form.cleaned_data["hold"]
    return access.unseen_hold(pk, by=user) if pk else None


def _reason(form):
    """Why rooms and people are to be taken twice; the page that offers it asks for one."""
    values = form.cleaned_data
    return overbooking.reason_of(values["overbook_reason"]) if values["overbook"] else ""


def xray_given(xray_form):
    """The X-ray done elsewhere of the form, or None; Invalid where it cannot be right."""
    if not xray_form.is_bound:
        return None
    if not xray_form.is_valid():
        raise Invalid("Check the X-ray that was done elsewhere.")
    return xray_form.xray()


def first_day(form, site):
    """The local day of the time that could not be had, to search on from there."""
    starts = form.starts() if form.is_valid() else {}
    return clock.local(min(starts.values()), site.time_zone).date() if starts else None


@page("worklist.view")
def appointment(request, pk):
    return render_appointment(request, access.appointment(pk, by=request.user))


@page("appointment.move", methods=("GET", "POST"))
def move(request, pk):
    """GET proposes other times, POST takes one."""
    found = access.appointment(pk, by=request.user, action="appointment.move")
    order = found.procedure.order
    if request.method != "POST":
        return render_search(request, other_time(request, found), period=period_of(request, order.site))
    form = BookingForm(request.POST)
    try:
        times, held = chosen(form), _hold(form, request.user)
        booking.move(found, **times, hold=held, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        found = access.appointment(pk, by=request.user, action="appointment.move")
        period = period_of(request, order.site, first_day=first_day(form, order.site))
        return render_search(request, other_time(request, found), period=period, refusal=refusal)
    messages.success(request, "Moved.")
    return redirect("scheduling:appointment", pk)


@page("appointment.confirm", methods=("GET", "POST"))
def confirm(request, pk):
    """The patient has told the desk that the time is good."""
    found = access.appointment(pk, by=request.user, action="appointment.confirm")
    if request.method != "POST":
        return redirect("scheduling:appointment", pk)
    try:
        confirmations.confirm(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return render_appointment(request, _again(request, pk), status=409, refusal=refusal)
    messages.success(request, "Confirmed.")
    return redirect("scheduling:appointment", pk)


@page("appointment.cancel", methods=("GET", "POST"))
def cancel(request, pk):
    found = access.appointment(pk, by=request.user, action="appointment.cancel")
    if request.method != "POST":
        return redirect("scheduling:appointment", pk)
    form = ReasonForm(request.POST, auto_id="id_cancel_%s")
    if not form.is_valid():
        return render_appointment(request, found, status=422, cancel_form=form)
    try:
        booking.cancel(found, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
    except Invalid as refusal:
        form.refuse(refusal)
        return render_appointment(request, found, status=422, cancel_form=form)
    except Conflict as refusal:
        return render_appointment(request, _again(request, pk), status=409, refusal=refusal)
    messages.success(request, "Appointment cancelled. The order waits to be booked again.")
    return redirect("scheduling:order", found.procedure.order_id)


def _again(request, pk):
    """Read again: what the service changed before it refused has been taken back in the database only."""
    return access.appointment(pk, by=request.user)


@page("technologist.assign", methods=("GET", "POST"))
def assign(request, pk):
    """Give one step to another technologist."""
    step = access.step(pk, by=request.user, action="technologist.assign")
    if request.method != "POST":
        return redirect("scheduling:appointment", step.appointment_id)
    form = TechnologistForm(request.POST, user=request.user)
    if not form.is_valid():
        return _not_assigned(request, step, form, status=422)
    try:
        reservations.assign_technologist(
            step, technologist=form.cleaned_data["technologist"], by=request.user, now=timezone.now()
        )
    except Invalid as refusal:
        form.refuse(refusal)
        return _not_assigned(request, step, form, status=422)
    except Conflict as refusal:
        return _not_assigned(request, step, form, status=409, refusal=refusal)
    messages.success(request, "Technologist changed.")
    return redirect("scheduling:appointment", step.appointment_id)


def _not_assigned(request, step, form, **answer):
    appointment = access.appointment(step.appointment_id, by=request.user)
    return render_appointment(request, appointment, faulty=form, **answer)
