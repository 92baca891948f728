"""The appointment letter: as a page to print, as PDF, and sent."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling.services import access, patient_letters
from scheduling.templatetags import clock
from scheduling.views.files import pdf_of
from vqflow import policy
from vqflow.errors import Conflict
from vqflow.pages import page


@page("letter.print")
def show(request, pk):
    """The letter as it is printed, with its buttons."""
    return _render(request, access.appointment(pk, by=request.user, action="letter.print"))


def _render(request, found, refusal=None):
    order, now = found.procedure.order, timezone.now()
    may_send = policy.allows(request.user, "letter.send")
    context = {
        "appointment": found,
        "order": order,
        "patient": order.patient,
        "age": order.patient.age_on(clock.local(now, found.site.time_zone).date()),
        "letter": patient_letters.data(found, now=now),
        "may_send": may_send,
        "why_not_send": patient_letters.why_not_send(found) if may_send else None,
        "is_detailed": patient_letters.is_detailed(found),
        "refusal": refusal,
    }
    return render(request, "scheduling/letter.html", context, status=refusal.status if refusal else 200)


@page("letter.print")
def pdf(request, pk):
    """The letter as a file that the browser shows; where a name cannot be printed, the page with the sentence."""
    found = access.appointment(pk, by=request.user, action="letter.print")
    try:
        made = patient_letters.pdf(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _render(request, found, refusal)
    return pdf_of(made, "appointment")


@page("letter.send", methods=("GET", "POST"))
def send(request, pk):
    """Send it by mail; who opens this address is led to the letter."""
    found = access.appointment(pk, by=request.user, action="letter.send")
    if request.method != "POST":
        return redirect("scheduling:letter", pk)
    try:
        patient_letters.send(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _render(request, found, refusal)
    messages.success(request, "The letter is on its way.")
    return redirect("scheduling:appointment", pk)
