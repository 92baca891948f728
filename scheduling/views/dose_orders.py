"""What is ordered for a day: per supplier and product what is needed when, the cut-off, and what was ordered."""

from datetime import timedelta

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import paper
from scheduling.engine.tracers import mbq_words
from scheduling.forms.dose_orders import OrderForm, SupplierForm
from scheduling.services import access
from scheduling.services.tracers import ordering, stock
from scheduling.templatetags import clock
from scheduling.views.days import day_of
from scheduling.views.files import pdf_of
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

DAY = timedelta(days=1)
COLUMNS = ["Tracer", "Needed at", "How many", "Activity of each", "Order by", "Ordered"]
MADE_HERE = "Made here"


@page("tracer.view")
def orders(request):
    """The list of ?day=2027-03-08, by default of tomorrow."""
    return _page(request, day_of(request.GET.get("day", "")))


def _page(request, day=None, *, refusal=None, status=200):
    site, now = site_of(request.user), timezone.now()
    tomorrow = clock.local(now, site.time_zone).date() + DAY
    chosen = day or tomorrow
    lines = ordering.lines(site, chosen, now=now)
    context = {
        "site": site,
        "zone": site.time_zone,
        "now": now,
        "day": chosen,
        "is_tomorrow": chosen == tomorrow,
        "before_url": _url(chosen - DAY),
        "after_url": _url(chosen + DAY),
        "pdf_url": f"{reverse('scheduling:dose-orders-pdf')}?day={chosen.isoformat()}",
        "suppliers": _by_supplier(lines),
        "late": [line for line in lines if line.is_late],
        "may_manage": policy.allows(request.user, "tracer.manage"),
        "may_order": policy.allows(request.user, "tracer.manage") and chosen >= tomorrow - DAY,
        "refusal": refusal,
    }
    return render(request, "scheduling/dose_orders.html", context, status=status)


def _by_supplier(lines):
    """[(supplier, lines)], what is made here last."""
    found = {}
    for line in lines:
        found.setdefault(line.supply.supplier if line.cut_off_at else MADE_HERE, []).append(line)
    return sorted(found.items(), key=lambda each: each[0] == MADE_HERE)


@page("tracer.view")
def pdf(request):
    """The same list as a file, for the telephone or the fax."""
    site, now = site_of(request.user), timezone.now()
    day = day_of(request.GET.get("day", "")) or clock.local(now, site.time_zone).date() + DAY
    return pdf_of(paper.lists(_sheet(site, day, now)), f"dose-orders-{day.isoformat()}")


def _sheet(site, day, now):
    zone = site.time_zone
    sections = [
        {"heading": supplier, "rows": [_row(line, zone) for line in lines]}
        for supplier, lines in _by_supplier(ordering.lines(site, day, now=now))
    ]
    words = day.strftime("%A ") + clock.day(day)
    sheet = {
        "kind": "doses",
        "title": "Doses",
        "day": words,
        "note": "" if sections else "No tracer is planned for this day.",
        "columns": COLUMNS,
        "sections": sections,
    }
    return {
        "title": f"Doses {clock.day(day)}",
        "site": f"{site.name}, {site.phone}",
        "mark": "no patient data",
        "printed": f"Printed {clock.at(now, zone)}",
        "sheets": [sheet],
    }


def _row(line, zone):
    taken = [
        f"{clock.time_at(each.needed_at, zone)} {mbq_words(stock.kbq(each.activity_mbq))}"
        for each in line.claims
    ]
    order = line.order
    ordered = (
        f"{order.doses} by {order.recorded_by.name}\n{clock.at(order.recorded_at, zone)}" if order else ""
    )
    return [
        line.supply.get_product_display(),
        ", ".join(taken) or "nothing is booked",
        f"{line.needed} of {line.planned} planned" if line.supply.unit_doses else str(line.needed),
        f"{mbq_words(stock.kbq(line.supply.activity_mbq))}\nat {clock.time_at(line.calibrated_at, zone)}",
        clock.at(line.cut_off_at, zone),
        ordered,
    ]


@page("tracer.manage", methods=("POST",))
def order(request, pk):
    """Tick: it was ordered from the supplier."""
    supply = access.tracer_supply(pk, by=request.user)
    form = OrderForm(request.POST)
    day = day_of(request.POST.get("day", ""))
    if not form.is_valid():
        sentence = next(iter(form.errors.values()))[0]
        return _page(request, day, refusal=sentence, status=422)
    try:
        made = ordering.order(supply, **form.cleaned_data, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        return _page(request, day, refusal=refusal.sentence, status=refusal.status)
    messages.success(request, f"{supply.get_product_display()} for {clock.day(made.day)}: ordered.")
    return redirect(_url(made.day))


@page("tracer.manage", methods=("POST",))
def take_back(request, pk):
    """It was not ordered, or is ordered anew."""
    made = access.dose_order(pk, by=request.user)
    try:
        ordering.take_back(made, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _page(request, made.day, refusal=refusal.sentence, status=409)
    messages.success(request, "Taken back: it counts as not ordered.")
    return redirect(_url(made.day))


@page("tracer.manage", methods=("GET", "POST"))
def supplier(request, pk):
    """Who delivers a weekly plan, and until when it takes orders."""
    supply = access.tracer_supply(pk, by=request.user)
    form = SupplierForm(request.POST if request.method == "POST" else None, supply=supply)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                ordering.set_supplier(supply, **form.cleaned_data, by=request.user, now=timezone.now())
            except Invalid as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, f"{supply}: saved.")
                return redirect("scheduling:tracer-supplies")
    context = {"form": form, "supply": supply, "back": reverse("scheduling:tracer-supplies")}
    return render(request, "scheduling/tracer_supplier.html", context, status=status)


def _url(day):
    return f"{reverse('scheduling:dose-orders')}?day={day.isoformat()}"
