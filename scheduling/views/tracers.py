"""Pages of tracers: the batches of a day, what becomes of them, and the weekly plans."""

from datetime import timedelta

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import tracer_list
from scheduling.forms.tracers import (
    FAIL_REASONS,
    WEEKDAYS,
    BatchForm,
    DelayForm,
    EndForm,
    FailForm,
    MeasuredForm,
    SupplyForm,
)
from scheduling.services import access, disruptions, tracers
from scheduling.services.tracers import stock
from scheduling.templatetags import clock
from scheduling.views.days import day_of
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

BOTH = ("GET", "POST")
DAY = timedelta(days=1)


@page("tracer.view")
def day(request):
    """The batches of one local day: what is left, who takes a dose when, who has none."""
    site, now = site_of(request.user), timezone.now()
    today = clock.local(now, site.time_zone).date()
    chosen = day_of(request.GET.get("day", "")) or today
    lines = tracer_list.day(site, chosen, now=now)
    lost = [claim for line in lines for claim in line.stranded]
    context = {
        "site": site,
        "zone": site.time_zone,
        "day": chosen,
        "is_today": chosen == today,
        "before_url": _url(chosen - DAY),
        "after_url": _url(chosen + DAY),
        "lines": [(line, *_times(line.batch, chosen, site.time_zone)) for line in lines],
        "lost": lost,
        "planned_in": disruptions.current_of({claim.batch_id for claim in lost}) if lost else None,
        "plans": tracer_list.supplies(site, today),
        "may_manage": policy.allows(request.user, "tracer.manage"),
    }
    return render(request, "scheduling/tracers.html", context)


def _times(batch, day, zone):
    """07:30 to 13:30, and 07:30 for the calibration; with the date where it is another day."""
    first, last, calibrated = (
        clock.time_at(at, zone)
        if clock.local(at, zone).date() == day
        else f"{clock.day_at(at, zone)} {clock.time_at(at, zone)}"
        for at in (batch.usable_from, batch.expires_at, batch.calibrated_at)
    )
    return f"{first} to {last}", calibrated


@page("tracer.manage", methods=BOTH)
def new(request):
    """Enter a batch that no weekly plan lays out."""
    site = site_of(request.user)
    form = BatchForm(_sent(request), site=site, day=day_of(request.GET.get("day", "")))

    def do():
        made = tracers.add(site, **_filled(form.cleaned_data), by=request.user, now=timezone.now())
        messages.success(request, f"{stock.name_of(made)} entered.")
        return redirect(_url(clock.local(made.usable_from, site.time_zone).date()))

    return _ask(request, form, do, "scheduling/tracer_new.html", {"back": _url(None)})


@page("tracer.manage", methods=BOTH)
def measured(request, pk):
    return _change(request, pk, MeasuredForm, tracers.measured, "measured", "scheduling/tracer_measured.html")


@page("tracer.manage", methods=BOTH)
def late(request, pk):
    return _change(request, pk, DelayForm, tracers.delay, "planned anew", "scheduling/tracer_late.html")


@page("tracer.manage", methods=BOTH)
def fail(request, pk):
    return _change(request, pk, FailForm, tracers.fail, "marked as failed", "scheduling/tracer_fail.html")


def _change(request, pk, form_class, service, words, template):
    batch = access.tracer_batch(pk, by=request.user)
    name, zone = stock.name_of(batch), batch.site.time_zone
    back = _url(clock.local(batch.usable_from, zone).date())
    form = form_class(_sent(request), **({} if form_class is FailForm else {"batch": batch}))

    def do():
        now = timezone.now()
        lost = service(batch, **form.cleaned_data, by=request.user, now=now)
        messages.success(request, f"{name} {words}.")
        batch.refresh_from_db()
        found = disruptions.without_dose(batch, lost, by=request.user, now=now)
        if lost:
            where = "Below is a plan for the day." if found else "See below."
            messages.warning(request, f"{_people(len(lost))} no dose now. {where}")
        return redirect("scheduling:disruption", found.pk) if found else redirect(back)

    context = {"batch": batch, "name": name, "zone": zone, "back": back, "reasons": FAIL_REASONS}
    return _ask(request, form, do, template, context)


def _people(count):
    return "1 patient has" if count == 1 else f"{count} patients have"


@page("tracer.view")
def supplies(request):
    """The weekly plans that are not over."""
    site = site_of(request.user)
    today = clock.local(timezone.now(), site.time_zone).date()
    names = dict(WEEKDAYS)
    rows = [
        (
            row,
            ", ".join(names[number] for number in row.weekdays),
            timedelta(minutes=row.shelf_life_minutes),
            timedelta(minutes=row.calibrated_after_minutes),
        )
        for row in tracer_list.supplies(site, today)
    ]
    context = {"rows": rows, "site": site, "may_manage": policy.allows(request.user, "tracer.manage")}
    return render(request, "scheduling/tracer_supplies.html", context)


@page("tracer.manage", methods=BOTH)
def new_supply(request):
    site = site_of(request.user)
    form = SupplyForm(_sent(request))

    def do():
        made = tracers.add_supply(site, **form.values(), by=request.user, now=timezone.now())
        messages.success(request, f"{made.get_product_display()} planned every week.")
        return redirect("scheduling:tracer-supplies")

    back = reverse("scheduling:tracer-supplies")
    return _ask(request, form, do, "scheduling/tracer_supply_new.html", {"back": back})


@page("tracer.manage", methods=BOTH)
def end_supply(request, pk):
    supply = access.tracer_supply(pk, by=request.user)
    form = EndForm(_sent(request))

    def do():
        ended = tracers.end_supply(supply, **form.cleaned_data, by=request.user, now=timezone.now())
        messages.success(request, f"{ended} ends after {clock.day(ended.ends_on)}.")
        return redirect("scheduling:tracer-supplies")

    back = reverse("scheduling:tracer-supplies")
    return _ask(request, form, do, "scheduling/tracer_supply_end.html", {"back": back, "supply": supply})


def _ask(request, form, do, template, context):
    """Show the form, or do what it says; refusals stand at their fields or above the form."""
    if request.method != "POST":
        return render(request, template, {"form": form, **context})
    status = 422
    if form.is_valid():
        try:
            return do()
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            form.add_error(None, refusal.sentence)
            status = 409
    return render(request, template, {"form": form, **context}, status=status)


def _sent(request):
    return request.POST if request.method == "POST" else None


def _filled(values):
    """What was left empty is left to the service."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def _url(day):
    url = reverse("scheduling:tracers")
    return f"{url}?day={day.isoformat()}" if day else url
