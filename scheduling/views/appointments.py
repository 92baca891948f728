"""Pages of booking: find a time, book it, see, move and cancel an appointment."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone

from scheduling.engine.states import StepState
from scheduling.forms.booking import BookingForm, TechnologistForm
from scheduling.forms.orders import ReasonForm
from scheduling.models import StepKind
from scheduling.services import access, booking, explanation, holds, reservations
from scheduling.services import search as itineraries
from scheduling.templatetags import clock
from scheduling.views.appointment_page import render_appointment
from scheduling.views.proposals import CANDIDATES
from scheduling.views.search_page import Page, period_of, render_search, xray_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

ONLY_PRESENT = "Only the present time is free in this period."


@page("itinerary.search", methods=("GET", "POST"))
def search(request, pk):
    """Proposals for an order. An X-ray done elsewhere comes by POST: it is patient data and in no address."""
    order = access.order(pk, by=request.user, action="itinerary.search")
    period, xray_form = period_of(request, order.site), xray_of(request, order.site)
    return render_search(request, new_visit(request, order), period=period, xray_form=xray_form)


def new_visit(request, order):
    """The page that looks for a first appointment; with `overbook` in what was asked, also where all is taken."""
    may_overbook = itineraries.why_not_overbook(order, request.user) is None
    overbooking = may_overbook and "overbook" in (request.POST if request.method == "POST" else request.GET)

    def find(first_day, days, xray, wished):
        return itineraries.proposals(
            order,
            first_day=first_day,
            days=days,
            by=request.user,
            now=timezone.now(),
            xray_ended_at=xray.ended_at if xray else None,
            wished=wished,
            hold=holds.token_of(order),
            overbooking=overbooking,
            limit=CANDIDATES,
        )

    def explain(wanted, first_day, days, xray, wished):
        return explanation.why_not(
            order,
            starts={explanation.lungs_of(order): wanted} if wanted else {},
            first_day=first_day,
            days=days,
            by=request.user,
            now=timezone.now(),
            xray_ended_at=xray.ended_at if xray else None,
            wished=wished,
        )

    return Page(
        order,
        find,
        why_not_book=policy.why_not(request.user, "appointment.book"),
        may_overbook=may_overbook,
        is_overbooking=overbooking,
        explain=explain,
    )


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
    reason = form.cleaned_data["overbook_reason"].strip()
    if form.cleaned_data["overbook"] and not reason:
        raise Invalid("Say why rooms and people are to be taken twice.")
    return reason


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


def other_time(request, appointment):
    """The page that looks for another time of an appointment."""

    def find(first_day, days, xray, wished):
        found, sentences = itineraries.moves(
            appointment,
            first_day=first_day,
            days=days,
            by=request.user,
            now=timezone.now(),
            wished=wished,
            hold=holds.token_of(appointment.procedure.order),
            limit=CANDIDATES,
        )
        others = [each for each in found if not planned.items() >= each.starts.items()]
        return others, [ONLY_PRESENT] if found and not others else sentences

    def explain(wanted, first_day, days, xray, wished):
        lungs = explanation.lungs_of(appointment.procedure.order, appointment)
        return explanation.why_not_move(
            appointment,
            starts={lungs: wanted} if wanted else {},
            first_day=first_day,
            days=days,
            by=request.user,
            now=timezone.now(),
            wished=wished,
        )

    planned = {step.kind: step.planned_start_at for step in appointment.steps.all()}
    return Page(
        appointment.procedure.order,
        find,
        appointment=appointment,
        xray_done=xray_done(appointment),
        explain=explain,
    )


def xray_done(appointment):
    """The X-ray of the appointment that is over, as one done elsewhere, or None."""
    step = appointment.steps.filter(kind=StepKind.XRAY, state=StepState.COMPLETED).first()
    return step and booking.XrayElsewhere(step.performed_end_at, step.elsewhere, step.modality)


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
