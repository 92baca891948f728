"""What is done with one patient who is here: each view loads, calls one service, and goes back to the list."""

from django.shortcuts import render
from django.urls import reverse

from scheduling import namesakes
from scheduling.examinations import examination
from scheduling.forms.orders import physicians
from scheduling.forms.visits import (
    LEAVE_OUT_REASONS,
    STOP_REASONS,
    CheckInForm,
    StopForm,
    XrayForm,
    XraySeenForm,
    places_of,
)
from scheduling.models import StepKind
from scheduling.services import access, visits, working
from scheduling.services.examination import arrivals, xrays
from scheduling.views.presses import ask, frame, press, press_on, pressed_at, sent
from vqflow import policy
from vqflow.pages import page

BOTH = ("GET", "POST")


@page("visit.check_in", methods=BOTH)
def check_in(request, pk):
    """Two identifiers, pregnancy in private and the safety questions; POST says that the patient is here."""
    user = request.user
    appointment = access.appointment(pk, by=user, action="visit.check_in")
    now = pressed_at(request, appointment)
    may_answer = policy.allows(user, "screening.answer")
    where, order = places_of(examination(appointment, now)), appointment.procedure.order
    form = CheckInForm(sent(request), order=order, now=now, may_answer=may_answer, where=where)

    def do():
        return arrivals.check_in(appointment, **form.arrival(), by=user, now=now)

    undo = reverse("scheduling:undo-check-in", args=[pk])
    template = "scheduling/visit_check_in.html"
    alert = namesakes.of_visit(appointment)
    return ask(
        request, appointment, form, do, template=template, text="Checked in", undo=undo, name_alert=alert
    )


@page("visit.perform", methods=BOTH)
def xray(request, pk):
    """When the chest X-ray ended, and where; POST confirms it."""
    user = request.user
    appointment = access.appointment(pk, by=user, action="visit.perform")
    now = pressed_at(request, appointment)
    form = XrayForm(sent(request), site=appointment.site, now=now, physicians=physicians(user))
    step = appointment.steps.filter(kind=StepKind.XRAY).first()
    undo = reverse("scheduling:undo", args=[step.pk]) if step else None

    def do():
        recorded = xrays.record(appointment, **form.cleaned_data, by=user, now=now)
        working.press(appointment, by=user, now=now)
        return recorded

    template = "scheduling/visit_xray.html"
    context = {"planned_at": step.planned_start_at if step else None, "now": now}
    return ask(
        request, appointment, form, do, template=template, text="X-ray confirmed", undo=undo, **context
    )


@page("xray.see", methods=BOTH)
def xray_seen(request, pk):
    """Which physician has looked at the X-ray; a physician signed in is chosen already."""
    user = request.user
    appointment = access.appointment(pk, by=user, action="xray.see")
    now = pressed_at(request, appointment)
    form = XraySeenForm(sent(request), physicians=physicians(user), by=user)

    def do():
        return xrays.see(appointment, **form.cleaned_data, by=user, now=now)

    step = appointment.steps.filter(kind=StepKind.XRAY).first()
    context = {"step": step, "seen": xrays.newest(step) if step else None}
    template = "scheduling/visit_xray_seen.html"
    return ask(request, appointment, form, do, template=template, text="X-ray seen", undo=None, **context)


@page("visit.perform", methods=BOTH)
def discontinue(request, pk):
    """Why the running acquisition was broken off; POST stops it."""
    template = "scheduling/visit_discontinue.html"
    return _ask_why(request, pk, visits.discontinue, done="stopped", reasons=STOP_REASONS, template=template)


@page("visit.perform", methods=BOTH)
def leave_out(request, pk):
    """Why a lung acquisition is not done any more; POST ends the visit without it."""
    template = "scheduling/visit_leave_out.html"
    return _ask_why(
        request, pk, visits.leave_out, done="left out", reasons=LEAVE_OUT_REASONS, template=template
    )


def _ask_why(request, pk, service, *, done, reasons, template):
    """A step that ends otherwise than planned: its reason is asked for and goes to the service."""
    user, step = request.user, access.step(pk, by=request.user)
    now = pressed_at(request, step.appointment)
    form = StopForm(sent(request))

    def do():
        service(step, reason=form.cleaned_data["reason"], by=user, now=now)
        working.press(step.appointment, by=user, now=now)

    return ask(
        request,
        step.appointment,
        form,
        do,
        template=template,
        text=f"{step.get_kind_display()} {done}",
        undo=reverse("scheduling:undo", args=[pk]),
        step=step,
        reasons=reasons,
    )


@page("appointment.no_show", methods=BOTH)
def no_show(request, pk):
    """Asked once more, because it frees the time for others and cannot be undone."""
    user = request.user
    appointment = access.appointment(pk, by=user, action="appointment.no_show")
    if request.method != "POST":
        context = frame(request, appointment)
        return render(request, "scheduling/visit_no_show.html", context)
    return press(request, appointment, "Marked as no-show", visits.no_show, appointment)


@page("visit.check_in", methods=("POST",))
def undo_check_in(request, pk):
    appointment = access.appointment(pk, by=request.user, action="visit.check_in")
    return press(request, appointment, "Check-in undone", arrivals.undo_check_in, appointment)


@page("visit.perform", methods=("POST",))
def clear_dose(request, pk):
    appointment = access.appointment(pk, by=request.user, action="visit.perform")
    undo = reverse("scheduling:undo-clear-dose", args=[pk])
    return press_on(request, appointment, "Dose cleared", visits.clear_dose, undo=undo)


@page("visit.perform", methods=("POST",))
def undo_clear_dose(request, pk):
    appointment = access.appointment(pk, by=request.user, action="visit.perform")
    return press_on(request, appointment, "Dose clearance undone", visits.undo_clear_dose)


@page("visit.perform", methods=("POST",))
def start(request, pk):
    return _press_step(request, pk, "started", visits.start)


@page("visit.perform", methods=("POST",))
def end(request, pk):
    return _press_step(request, pk, "ended", visits.end)


@page("visit.perform", methods=("POST",))
def undo(request, pk):
    step = access.step(pk, by=request.user)
    return press_on(request, step.appointment, f"{step.get_kind_display()}: undone", visits.undo, step)


def _press_step(request, pk, verb, service):
    step = access.step(pk, by=request.user)
    text = f"{step.get_kind_display()} {verb}"
    undo_url = reverse("scheduling:undo", args=[pk])
    return press_on(request, step.appointment, text, service, step, undo=undo_url)
