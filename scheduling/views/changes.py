"""Two appointments change places; one acquisition gets another length."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.states import AppointmentState, StepState
from scheduling.forms.changes import DayForm, LengthForm, SwapForm
from scheduling.models import Appointment, StepKind
from scheduling.services import access, changes, search
from scheduling.templatetags import clock
from scheduling.views.appointment_page import render_appointment
from scheduling.views.search_page import period_of, render_search
from scheduling.views.searches import other_time
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

MOVABLE = (AppointmentState.BOOKED, AppointmentState.ARRIVED)


@page("appointment.move", methods=("GET", "POST"))
def swap(request, pk):
    """GET lists the appointments of a day to change places with, POST takes one of them."""
    one = access.appointment(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return _choose_other(request, one)
    form = SwapForm(request.POST)
    if not form.is_valid():
        return _choose_other(request, one, Invalid("Choose an appointment from the list."))
    other = access.appointment(form.cleaned_data["other"], by=request.user, action="appointment.move")
    try:
        changes.swap(one, other, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        day = clock.local(other.lungs_start_at, other.site.time_zone).date()
        one = access.appointment(pk, by=request.user, action="appointment.move")
        period = period_of(request, one.site, first_day=day)
        refusal = _named(refusal, one, other)
        return render_search(request, other_time(request, one), period=period, refusal=refusal)
    messages.success(request, "The two have changed places.")
    return redirect("scheduling:appointment", pk)


def _choose_other(request, one, refusal=None):
    zone, order = one.site.time_zone, one.procedure.order
    usual = clock.local(one.lungs_start_at, zone).date()
    form = DayForm(request.GET if request.GET.get("day") else {"day": usual.isoformat()})
    every = list(_on(one, form.cleaned_data["day"])) if form.is_valid() else []
    others = [each for each in every if _could_swap(one, each)]
    access.listed(
        "swap",
        [each.procedure.order.patient_id for each in others],
        by=request.user,
        action="appointment.move",
    )
    context = {
        "appointment": one,
        "order": order,
        "patient": order.patient,
        "age": order.patient.age_on(clock.local(timezone.now(), zone).date()),
        "zone": zone,
        "form": form,
        "others": others,
        "refusal": refusal or _why_not(one),
        "may_choose": _why_not(one) is None,
    }
    status = refusal.status if refusal else 200 if form.is_valid() else 422
    return render(request, "scheduling/swap.html", context, status=status)


def _why_not(one):
    sentence = search.why_not_move(one)
    return Conflict(sentence) if sentence else None


def _on(one, day):
    """The other appointments of the site that start their lungs on this day and can still be moved."""
    zone = ZoneInfo(one.site.time_zone)
    begins, ends = (to_datetime(minute) for minute in local_day_bounds(day, zone))
    return (
        Appointment.objects.filter(site=one.site, state__in=MOVABLE)
        .filter(
            lungs_start_at__gte=max(begins, timezone.now() - timedelta(minutes=1)), lungs_start_at__lt=ends
        )
        .exclude(pk=one.pk)
        .exclude(lungs_start_at=one.lungs_start_at)
        .select_related("procedure__protocol", "procedure__order__patient")
        .prefetch_related("steps__reservations")
        .order_by("lungs_start_at", "pk")
    )


def _could_swap(one, other):
    """Whether the two have a scan in common that is still to come for both, and none is under way."""
    kinds = [
        {
            step.kind
            for step in each.steps.all()
            if step.state == StepState.SCHEDULED and step.planned_start_at
        }
        for each in (one, other)
    ]
    return bool((kinds[0] & kinds[1]) - {StepKind.XRAY}) and search.why_not_move(other) is None


def _named(refusal, one, other):
    """The service's sentence with whose appointment it is, where it begins with a time."""
    for each in (one, other):
        order = each.procedure.order
        when = f"The appointment of {clock.local(each.lungs_start_at, each.site.time_zone):%H:%M} "
        if refusal.sentence.startswith(when):
            whose = f"The appointment of {order.patient.family_name}, "
            refusal.sentence = whose + refusal.sentence.removeprefix("The appointment of ")
            break
    return refusal


@page("appointment.move", methods=("GET", "POST"))
def lengthen(request, pk):
    """Give one acquisition another length."""
    step = access.step(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return redirect("scheduling:appointment", step.appointment_id)
    form = LengthForm(request.POST)
    if not form.is_valid():
        return _not_lengthened(request, step, form, status=422)
    try:
        changes.lengthen(step, minutes=form.cleaned_data["minutes"], by=request.user, now=timezone.now())
    except Invalid as refusal:
        form.refuse(refusal)
        return _not_lengthened(request, step, form, status=422)
    except Conflict as refusal:
        return _not_lengthened(request, step, form, status=409, refusal=refusal)
    messages.success(request, f"{step.get_kind_display()} now takes {form.cleaned_data['minutes']} min.")
    return redirect("scheduling:appointment", step.appointment_id)


def _not_lengthened(request, step, form, **answer):
    appointment = access.appointment(step.appointment_id, by=request.user)
    return render_appointment(request, appointment, faulty=form, **answer)
