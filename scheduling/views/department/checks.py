"""What the department checks, how often and within which limits; without it nothing is gated."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine import quality as engine
from scheduling.forms.quality import PlanForm
from scheduling.models import CheckPlan
from scheduling.services import access
from scheduling.services.quality import plans
from scheduling.views.department import frame
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

LIST = "scheduling:department-checks"


@page("department.view")
def listing(request):
    context = frame.about(request)
    rows = CheckPlan.objects.filter(site=context["site"], is_active=True).select_related("room")
    context["rows"] = [
        (row, engine.limits_in_words(row.lowest, row.highest, row.unit), engine.STANDARDS[row.kind].source)
        for row in sorted(rows, key=lambda row: (row.every_days, row.kind, row.room.name if row.room else ""))
    ]
    return render(request, "department/checks.html", context)


@page("department.manage", methods=frame.BOTH)
def new(request):
    context = frame.about(request, back=reverse(LIST))
    form = PlanForm(frame.data_of(request), site=context["site"])

    def save():
        _said_at_the_form(plans.add, context["site"], **form.values(), by=request.user, now=timezone.now())

    said = "It is checked from now on, and gates what it checks."
    return frame.one_step(
        request, form, "department/check_new.html", context, save=save, said=said, after=context["back"]
    )


@page("department.manage", methods=frame.BOTH)
def change(request, pk):
    plan = access.check_plan(pk, by=request.user, action="department.manage")
    context = frame.about(request, back=reverse(LIST), plan=plan, source=engine.STANDARDS[plan.kind].source)
    form = PlanForm(frame.data_of(request), site=plan.site, plan=plan)

    def save():
        _said_at_the_form(plans.change, plan, **form.values(), by=request.user, now=timezone.now())

    said = f"{plan}: saved. What was checked before keeps its verdict."
    return frame.one_step(
        request, form, "department/check_change.html", context, save=save, said=said, after=context["back"]
    )


def _said_at_the_form(service, *args, **values):
    """A conflict stands above the form, as other refusals do."""
    try:
        service(*args, **values)
    except Conflict as refusal:
        raise Invalid(refusal.sentence) from refusal


@page("department.manage", methods=("POST",))
def end(request, pk):
    plan = access.check_plan(pk, by=request.user, action="department.manage")
    try:
        plans.end(plan, by=request.user, now=timezone.now())
    except Conflict as refusal:
        messages.info(request, refusal.sentence)
    else:
        messages.success(request, f"{plan}: not checked any more.")
    return redirect(LIST)


@page("department.manage", methods=("POST",))
def install(request):
    """The usual checks of the rooms and tracers that are here."""
    context = frame.about(request)
    made = plans.install(context["site"], by=request.user, now=timezone.now())
    words = f"{len(made)} checks entered." if made else "The usual checks are all there."
    messages.success(request, words)
    return redirect(LIST)
