"""What is done with one dose: measured, checked, approved, given, its residual, discarded; each asks and does one."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import administrations
from scheduling.engine.doses import PRODUCTS
from scheduling.forms.doses import (
    ApproveByPhoneForm,
    ApproveForm,
    GiveForm,
    MeasureForm,
    ResidualForm,
    SecondPersonForm,
    SiteForm,
)
from scheduling.forms.orders import physicians
from scheduling.forms.visits import StopForm
from scheduling.services import access, working
from scheduling.services.doses import choosing, giving, measuring, prescribing
from scheduling.views.exam_doses import words
from scheduling.views.presses import ask, frame, press, pressed_at, sent
from vqflow import policy, unlocking
from vqflow.errors import Conflict
from vqflow.models import User
from vqflow.pages import page

BOTH = ("GET", "POST")


@page("visit.perform", methods=BOTH)
def measure(request, pk):
    """The batches, the prescribed range, and what the calibrator shows; POST records it."""
    user, step = request.user, access.step(pk, by=request.user)
    appointment = step.appointment
    now = pressed_at(request, appointment)
    product = administrations.product_of(appointment, step)
    if not product:
        return press(request, appointment, "", _nothing_to_measure, step)
    patient = prescribing.who(appointment, now)
    lacking = prescribing.lacks(appointment, step, patient)
    choices = choosing.choices(appointment, step, now=now)
    zone = appointment.site.time_zone
    form = MeasureForm(sent(request), choices=choices, zone=zone, needs_weight=bool(lacking))
    is_extra = bool(administrations.given(step))
    made = []

    def do():
        made.append(measuring.measure(step, **form.cleaned_data, by=user, now=now, is_extra=is_extra))
        working.press(appointment, by=user, now=now)

    return ask(
        request,
        appointment,
        form,
        do,
        template="scheduling/dose_measure.html",
        text="Dose measured",
        undo=lambda: reverse("scheduling:dose-undo", args=[made[0].pk]),
        step=step,
        tracer=PRODUCTS[product].tracer,
        is_extra=is_extra,
        prescribed=() if lacking else words(prescribing.prescription(appointment, step, patient)),
        refused=[each for each in choices if each.refusal],
        has_choices=any(each.refusal is None for each in choices),
    )


def _nothing_to_measure(step, *, by, now):
    raise Conflict(f"{step.get_kind_display()} takes no tracer that is measured.")


@page("visit.perform", methods=BOTH)
def give(request, pk):
    """Scanned at the bedside, injected where; POST gives it now and starts the acquisition."""
    dose, form = access.dose(pk, by=request.user), GiveForm(sent(request))

    def do():
        now = pressed_at(request, dose.step.appointment)
        giving.give(dose, **form.cleaned_data, by=request.user, now=now)
        working.press(dose.step.appointment, by=request.user, now=now)

    return _ask_dose(request, dose, form, do, "dose_give", "Dose given", sites=giving.SITES)


@page("visit.perform", methods=BOTH)
def injection_site(request, pk):
    dose, form = access.dose(pk, by=request.user), SiteForm(sent(request))

    def do():
        now = pressed_at(request, dose.step.appointment)
        giving.describe(dose, **form.cleaned_data, by=request.user, now=now)

    return _ask_dose(request, dose, form, do, "dose_site", "Place recorded", undo=None, sites=giving.SITES)


@page("visit.perform", methods=BOTH)
def residual(request, pk):
    """What is left in the syringe; POST computes what the patient got."""
    dose = access.dose(pk, by=request.user)
    form = ResidualForm(sent(request), zone=dose.step.appointment.site.time_zone)

    def do():
        now = pressed_at(request, dose.step.appointment)
        giving.residual(dose, **form.cleaned_data, by=request.user, now=now)
        working.press(dose.step.appointment, by=request.user, now=now)

    return _ask_dose(request, dose, form, do, "dose_residual", "Residual recorded")


@page("visit.perform", methods=BOTH)
def discard(request, pk):
    """Why a dose is thrown away; POST does it."""
    dose, form = access.dose(pk, by=request.user), StopForm(sent(request))

    def do():
        now = pressed_at(request, dose.step.appointment)
        measuring.discard(dose, reason=form.cleaned_data["reason"], by=request.user, now=now)

    reasons = measuring.DISCARD_REASONS
    return _ask_dose(request, dose, form, do, "dose_discard", "Dose discarded", undo=None, reasons=reasons)


@page("override.clinical", methods=BOTH)
def approve(request, pk):
    """Why an authorised user lets it be given; POST records the override."""
    dose = access.dose(pk, by=request.user, action="override.clinical")
    form = ApproveForm(sent(request))

    def do():
        now = pressed_at(request, dose.step.appointment)
        measuring.override(dose, **form.cleaned_data, by=request.user, now=now)

    return _ask_dose(request, dose, form, do, "dose_approve", "Dose approved", undo=None)


@page("override.clinical_by_phone", methods=BOTH)
def approve_by_phone(request, pk):
    """The same for the authorised user on the phone, who countersigns."""
    user = request.user
    dose = access.dose(pk, by=user, action="override.clinical_by_phone")
    form = ApproveByPhoneForm(sent(request), physicians=physicians(user))

    def do():
        now = pressed_at(request, dose.step.appointment)
        measuring.override(dose, **form.cleaned_data, by=user, now=now)

    return _ask_dose(request, dose, form, do, "dose_approve", "Approval by phone recorded", undo=None)


@page("dose.check", methods=("POST",))
def check(request, pk):
    """The second person, signed in as such, has compared label, patient and activity."""
    dose = access.dose(pk, by=request.user, action="dose.check")
    return press(request, dose.step.appointment, "Dose checked", measuring.check, dose)


# Of the session: a wrong try is counted, and the refusal must not take that back.
@page("visit.perform", methods=BOTH, of_session=True)
def check_here(request, pk):
    """The second person at this screen, known by PIN, badge or password; five wrong tries lock that person's."""
    dose = access.dose(pk, by=request.user)
    form = SecondPersonForm(sent(request), people=_colleagues(request.user))
    if form.is_bound and form.is_valid():
        person = form.cleaned_data["person"]
        refusal = unlocking.why_not_second(person, form.cleaned_data["secret"])
        if refusal is None:
            return _checked_by(request, dose, person)
        form.add_error("secret", refusal)
    context = {**_frame(request, dose), "form": form}
    return render(request, "scheduling/dose_check.html", context, status=422 if form.is_bound else 200)


def _colleagues(user):
    roles = policy.MAY["dose.check"]
    people = User.objects.filter(site_code=user.site_code, role__in=roles, is_active=True).exclude(pk=user.pk)
    return people.order_by("last_name", "username")


def _checked_by(request, dose, person):
    def do(dose, *, by, now):
        measuring.check(dose, by=person, now=now)

    return press(request, dose.step.appointment, f"Dose checked by {person.name}", do, dose)


@page("visit.perform", methods=("POST",))
def undo(request, pk):
    """Take back the last thing that was recorded of a dose: residual, injection, or the measurement."""
    dose = access.dose(pk, by=request.user)
    service = giving.undo if dose.given_at else measuring.undo
    return press(request, dose.step.appointment, "Undone", service, dose)


def _ask_dose(request, dose, form, do, template, text, *, undo="dose-undo", **context):
    return ask(
        request,
        dose.step.appointment,
        form,
        do,
        template=f"scheduling/{template}.html",
        text=text,
        undo=reverse(f"scheduling:{undo}", args=[dose.pk]) if undo else None,
        **_about(dose),
        **context,
    )


def _frame(request, dose):
    return {**frame(request, dose.step.appointment), **_about(dose)}


def _about(dose):
    appointment, now = dose.step.appointment, timezone.now()
    rows = administrations.standing(dose.step)
    waits = dose.given_at is None and dose.voided_at is None
    return {
        "dose": dose,
        "step": dose.step,
        "tracer": PRODUCTS[dose.product].tracer,
        "activity_now": administrations.activity_at(dose, now) / 1000,
        "refusals": administrations.judge(dose, rows, now).refusals if waits else (),
        "warnings": choosing.to_know(dose, rows, now) if waits else (),
        "why_not": administrations.why_not_give(dose, rows, appointment.site, now) if waits else None,
    }
