"""Pages of orders: the list, intake, and the order itself; what is decided about it: views/decisions.py."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling import order_list
from scheduling.engine import screening as rules
from scheduling.engine.indications import INDICATIONS
from scheduling.examinations import facts
from scheduling.forms.orders import OrderForm, ScreeningForm, StatOrderForm
from scheduling.models import PatientClass, Priority, Site
from scheduling.services import access, intake
from scheduling.templatetags import clock
from scheduling.views import order_page
from vqflow import policy
from vqflow.errors import Invalid
from vqflow.models import Role
from vqflow.pages import page

PER_PAGE = 40
TABS = {"vet": "To vet", "book": "To book", "booked": "Booked", "all": "All open"}
FIRST_TAB = {Role.READER: "vet"}


@page("order.list")
def listing(request):
    """Open orders by what they wait for."""
    now, chosen = timezone.now(), _filters(request)
    orders = order_list.waiting_for(
        chosen["tab"], by=request.user, priority=chosen["priority"], late_only=bool(chosen["late"]), now=now
    )
    asked = Paginator(orders, PER_PAGE).get_page(request.GET.get("page"))
    rows = order_list.rows(asked, by=request.user, now=now)
    patients = [row.order.patient_id for row in rows]
    access.listed(f"orders.{chosen['tab']}", patients, by=request.user, action="order.list")
    context = {
        **chosen,
        "page": asked,
        "rows": rows,
        "now": now,
        "tabs": _tabs(chosen, order_list.counts(request.user)),
        "query": urlencode({key: value for key, value in chosen.items() if value}),
        "priorities": Priority.choices,
        "may_create": policy.allows(request.user, "order.create"),
        "may_create_stat": policy.allows(request.user, "order.create_stat"),
    }
    return render(request, "scheduling/orders.html", context)


def _filters(request):
    """The list's filters from the address; what is unknown there falls back."""
    tab, priority = request.GET.get("tab"), request.GET.get("priority")
    return {
        "tab": tab if tab in TABS else FIRST_TAB.get(request.user.role, "book"),
        "priority": priority if priority in Priority.values else "",
        "late": "yes" if request.GET.get("late") == "yes" else "",
    }


def _tabs(chosen, counts):
    url = reverse("scheduling:orders")
    return [
        {"label": label, "url": f"{url}?tab={tab}", "current": tab == chosen["tab"], "count": counts[tab]}
        for tab, label in TABS.items()
    ]


@page("order.create", methods=("GET", "POST"))
def new(request, patient_pk):
    patient = access.patient(patient_pk, by=request.user, action="order.create")
    form = _order_form(request, patient)
    if form.is_bound and form.is_valid():
        try:
            order = intake.place_order(patient, form.request(), by=request.user, now=timezone.now())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Order saved.")
            return redirect("scheduling:order", order.pk)
    return _new_page(request, patient, form)


def _order_form(request, patient):
    questions = rules.questions_for(_facts(patient, request.POST))
    return OrderForm(
        request.POST if request.method == "POST" else None, questions=questions, user=request.user
    )


def _facts(patient, chosen):
    """What the rules may know before there is an order: the patient, and the class and priority chosen so far."""
    today = clock.local(timezone.now(), patient.site.time_zone).date()
    return rules.Facts(
        sex=patient.sex,
        age_years=patient.age_on(today),
        patient_class=chosen.get("patient_class") or PatientClass.OUTPATIENT,
        priority=chosen.get("priority") or Priority.ROUTINE,
    )


def _new_page(request, patient, form):
    effects = rules.evaluate(form.answers_so_far(), _facts(patient, request.POST))
    context = {
        "patient": patient,
        "age": patient.age_on(clock.local(timezone.now(), patient.site.time_zone).date()),
        "form": form,
        "indications": INDICATIONS,
        "questions": order_page.beside(form, effects),
        "effects_url": reverse("scheduling:order-new-effects", args=[patient.pk]),
        "summary": order_page.grouped(order_page.shown(effects)),
    }
    return render(request, "scheduling/order_new.html", context, status=422 if form.errors else 200)


@page("order.create", methods=("POST",))
def effects_of_new(request, patient_pk):
    """What the answers so far would do, while they are being given: a fragment."""
    patient = access.patient(patient_pk, by=request.user, action="order.create")
    form = _order_form(request, patient)
    return _effects(request, form, rules.evaluate(form.answers_so_far(), _facts(patient, request.POST)))


@page("screening.answer", methods=("POST",))
def effects(request, pk):
    """The same for the answers of an order that is there already."""
    order = access.order(pk, by=request.user, action="screening.answer")
    known = facts(order, timezone.now())
    form = ScreeningForm(request.POST, questions=rules.questions_for(known))
    return _effects(request, form, rules.evaluate(form.answers_so_far(), known))


def _effects(request, form, effects):
    """The effects of the question that has just been answered, and the summary of all beside them."""
    asked = (request.htmx.target or "").removeprefix("effects-")
    shown = order_page.shown(effects)
    context = {
        "shown": [each for each in shown if each.effect.question == asked],
        "summary": order_page.grouped(shown),
    }
    return render(request, "scheduling/_effects_answer.html", context)


@page("order.create_stat", methods=("GET", "POST"))
def new_stat(request):
    """Five fields, one button, and straight on to the order."""
    form = StatOrderForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        site = Site.objects.for_user(request.user).get()
        try:
            order = intake.place_stat_order(
                site=site, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, "STAT order taken. Find a time now; it can be vetted by phone meanwhile."
            )
            return redirect("scheduling:order", order.pk)
    return render(request, "scheduling/order_stat.html", {"form": form}, status=422 if form.errors else 200)


@page("order.view")
def order(request, pk):
    return order_page.render_order(request, access.order(pk, by=request.user))
