"""What is done with one patient who is here: each view loads, calls one service, and goes back to the list."""

from urllib.parse import urlsplit

from django.db import transaction
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from scheduling import worklist
from scheduling.forms.visits import LEAVE_OUT_REASONS, STOP_REASONS, CheckInForm, StopForm, XrayForm
from scheduling.models import StepKind
from scheduling.services import access, screening, visits
from scheduling.templatetags import clock
from scheduling.views.lines import RULE_WORDS, Problem
from scheduling.views.worklist import override_context, shown, view_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

BOTH = ("GET", "POST")


@page("visit.check_in", methods=BOTH)
def check_in(request, pk):
    """The two identifiers and the screening answers; POST says that the patient is here."""
    now, user = timezone.now(), request.user
    appointment = access.appointment(pk, by=user, action="visit.check_in")
    may_answer = policy.allows(user, "screening.answer")
    form = CheckInForm(_sent(request), order=appointment.procedure.order, now=now, may_answer=may_answer)

    def do():
        read_at = form.cleaned_data["read_at"]
        screening.answer(appointment.procedure.order, form.answers(), by=user, now=now, read_at=read_at)
        checked = form.cleaned_data["identifiers_checked"]
        return visits.check_in(appointment, identifiers_checked=checked, by=user, now=now)

    undo = reverse("scheduling:undo-check-in", args=[pk])
    template = "scheduling/visit_check_in.html"
    return _ask(request, appointment, form, do, template=template, text="Checked in", undo=undo)


@page("visit.perform", methods=BOTH)
def xray(request, pk):
    """When the chest X-ray ended, and where; POST confirms it."""
    now, user = timezone.now(), request.user
    appointment = access.appointment(pk, by=user, action="visit.perform")
    form = XrayForm(_sent(request), site=appointment.site, now=now)
    step = appointment.steps.filter(kind=StepKind.XRAY).first()
    undo = reverse("scheduling:undo", args=[step.pk]) if step else None

    def do():
        return visits.record_xray(appointment, **form.cleaned_data, by=user, now=now)

    template = "scheduling/visit_xray.html"
    context = {"planned_at": step.planned_start_at if step else None, "now": now}
    return _ask(
        request, appointment, form, do, template=template, text="X-ray confirmed", undo=undo, **context
    )


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
    now, user = timezone.now(), request.user
    step = access.step(pk, by=user)
    form = StopForm(_sent(request))
    return _ask(
        request,
        step.appointment,
        form,
        lambda: service(step, reason=form.cleaned_data["reason"], by=user, now=now),
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
        context = _frame(request, appointment)
        return render(request, "scheduling/visit_no_show.html", context)
    return _press(request, appointment, "Marked as no-show", visits.no_show, appointment)


@page("visit.check_in", methods=("POST",))
def undo_check_in(request, pk):
    appointment = access.appointment(pk, by=request.user, action="visit.check_in")
    return _press(request, appointment, "Check-in undone", visits.undo_check_in, appointment)


@page("visit.perform", methods=("POST",))
def clear_dose(request, pk):
    appointment = access.appointment(pk, by=request.user, action="visit.perform")
    undo = reverse("scheduling:undo-clear-dose", args=[pk])
    return _press(request, appointment, "Dose cleared", visits.clear_dose, appointment, undo=undo)


@page("visit.perform", methods=("POST",))
def undo_clear_dose(request, pk):
    appointment = access.appointment(pk, by=request.user, action="visit.perform")
    return _press(request, appointment, "Dose clearance undone", visits.undo_clear_dose, appointment)


@page("visit.perform", methods=("POST",))
def start(request, pk):
    return _press_step(request, pk, "started", visits.start)


@page("visit.perform", methods=("POST",))
def end(request, pk):
    return _press_step(request, pk, "ended", visits.end)


@page("visit.perform", methods=("POST",))
def undo(request, pk):
    step = access.step(pk, by=request.user)
    return _press(request, step.appointment, f"{step.get_kind_display()}: undone", visits.undo, step)


def _press_step(request, pk, verb, service):
    step = access.step(pk, by=request.user)
    text = f"{step.get_kind_display()} {verb}"
    undo_url = reverse("scheduling:undo", args=[pk])
    return _press(request, step.appointment, text, service, step, undo=undo_url)


def _press(request, appointment, text, service, subject, *, undo=None):
    """One press, one service; a refusal is shown with the way round it that the rules leave."""
    now = timezone.now()
    try:
        service(subject, by=request.user, now=now)
    except Conflict as refusal:
        return _refused(request, appointment, refusal, now)
    return _done(request, appointment, text, undo)


def _ask(request, appointment, form, do, *, template, text, undo, **context):
    """The page with a form; a POST that is right does it, one that is not shows the form with the reasons."""
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                do()
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            return _refused(request, appointment, refusal, timezone.now())
        else:
            return _done(request, appointment, text, undo)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {**_frame(request, appointment), "form": form, **context}, status=status)


def _sent(request):
    return request.POST if request.method == "POST" else None


def _frame(request, appointment):
    """What every page about one visit shows: who it is, and the way back to the list."""
    zone, patient = appointment.site.time_zone, appointment.procedure.order.patient
    age = patient.age_on(clock.local(timezone.now(), zone).date())
    return {
        "appointment": appointment,
        "order": appointment.procedure.order,
        "patient": patient,
        "age": "age unknown" if age is None else f"{age} y",
        "zone": zone,
        "next": _next(request),
    }


def _next(request):
    """The list that the person came from, with its day and filters."""
    url = request.POST.get("next") or request.GET.get("next")
    is_ours = url and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    return url if is_ours else reverse("scheduling:worklist")


def _is_from_list(request):
    """Sent by the list itself, which is refreshed in place; everything else is a page of its own."""
    return request.htmx and request.htmx.target == "worklist"


def _done(request, appointment, text, undo):
    """Back to the list, with the undo within reach."""
    done = {"appointment": str(appointment.pk), "text": text, "undo": undo}
    if not _is_from_list(request):
        request.session["done"] = done
        return redirect(f"{_next(request)}#exam-{appointment.pk}")
    query = QueryDict(urlsplit(_next(request)).query)
    context = shown(request, view_of(request, query), timezone.now())
    context["done"] = {**done, "surname": appointment.procedure.order.patient.family_name}
    return render(request, "scheduling/_worklist_done.html", context)


def _refused(request, appointment, refusal, now):
    """Status 409: the sentence and, where a physician may override the rule behind it, the form for that."""
    rule = worklist.rule_behind(refusal.sentence, appointment, now)
    problem = Problem(RULE_WORDS.get(rule, ""), refusal.sentence, rule or "")
    context = {
        **_frame(request, appointment),
        **override_context(request.user, [problem]),
        "refusal": refusal,
        "problem": problem,
        "key": appointment.pk,
        "here_url": _next(request),
    }
    if not _is_from_list(request):
        return render(request, "scheduling/visit_refused.html", context, status=refusal.status)
    # The list stays as it is: it asks for what has changed by itself within four seconds.
    response = render(request, "scheduling/_worklist_refused.html", context, status=refusal.status)
    response["HX-Reswap"] = "none"
    return response
