"""Count rates of both parts: entered, taken back, and what is decided about a ratio that is too low."""

from django.urls import reverse

from scheduling.forms.doses import CountForm, SettleForm
from scheduling.services import access, countrates
from scheduling.views.presses import ask, press, pressed_at, sent
from vqflow.pages import page

BOTH = ("GET", "POST")


@page("visit.perform", methods=BOTH)
def record(request, pk):
    """Counts per second after a part; POST records them."""
    user, step = request.user, access.step(pk, by=request.user)
    form, made = CountForm(sent(request), zone=step.appointment.site.time_zone), []

    def do():
        made.append(
            countrates.record(step, **form.cleaned_data, by=user, now=pressed_at(request, step.appointment))
        )

    return ask(
        request,
        step.appointment,
        form,
        do,
        template="scheduling/count_rate.html",
        text="Count rate recorded",
        undo=lambda: reverse("scheduling:counts-undo", args=[made[0].pk]),
        step=step,
        is_first=countrates.is_first(step.appointment, step),
    )


@page("visit.perform", methods=("POST",))
def undo(request, pk):
    rate = access.count_rate(pk, by=request.user)
    return press(request, rate.step.appointment, "Count rate taken back", countrates.undo, rate)


@page("visit.perform", methods=BOTH)
def settle(request, pk):
    """Subtract, or complete as limited: with the usual reason, or one of one's own."""
    rate = access.count_rate(pk, by=request.user)
    form = SettleForm(sent(request))

    def do():
        now = pressed_at(request, rate.step.appointment)
        countrates.settle(rate, **form.cleaned_data, by=request.user, now=now)

    return ask(
        request,
        rate.step.appointment,
        form,
        do,
        template="scheduling/count_rate_settle.html",
        text="Decision recorded",
        undo=None,
        rate=rate,
    )
