"""Pages of patients: find, register, see."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling import patient_search
from scheduling.forms.patients import PatientForm, SearchForm, prefilled
from scheduling.models import Order, Site
from scheduling.services import access, intake
from scheduling.templatetags import clock
from vqflow import policy
from vqflow.errors import Invalid
from vqflow.pages import page


@page("patient.find", methods=("GET", "POST"))
def find(request):
    """GET lists the newest patients, POST those who match: what was typed is in no address."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _found(request, form, patient_search.newest(request.user), name="patients.newest")
    if not form.is_valid():
        return render(request, "scheduling/patients.html", {"form": form}, status=422)
    found = patient_search.find(form.cleaned_data["text"], by=request.user)
    return _found(request, form, found, name="patients.found")


def _found(request, form, patients, *, name):
    rows = list(patients)
    access.listed(name, [row.pk for row in rows], by=request.user, action="patient.find")
    today = _today(request.user)
    context = {
        "form": form,
        "rows": [(row, row.age_on(today)) for row in rows],
        "searched": form.is_bound,
        "most": patient_search.MOST if len(rows) == patient_search.MOST else None,
        "may_register": policy.allows(request.user, "patient.create"),
    }
    return render(request, "scheduling/patients.html", context)


def _site(user):
    return Site.objects.for_user(user).get()


def _today(user):
    return clock.local(timezone.now(), _site(user).time_zone).date()


@page("patient.create", methods=("GET", "POST"))
def new(request):
    """Register a patient. The search page sends along what was typed there, so that nobody types it twice."""
    site, today = _site(request.user), _today(request.user)
    if request.method != "POST" or "searched" in request.POST:
        initial = prefilled(request.POST.get("searched", ""))
        form = PatientForm(initial=initial, site=site, today=today)
        return render(request, "scheduling/patient_new.html", {"form": form})
    form = PatientForm(request.POST, site=site, today=today)
    if form.is_valid():
        try:
            patient = intake.register_patient(
                site=site, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return _registered(request, patient)
    return render(request, "scheduling/patient_new.html", {"form": form}, status=422)


def _registered(request, patient):
    messages.success(request, "Patient registered.")
    after = "scheduling:order-new" if request.POST.get("then") == "order" else "scheduling:patient"
    return redirect(after, patient.pk)


@page("patient.view")
def patient(request, pk):
    found = access.patient(pk, by=request.user)
    orders = Order.objects.filter(patient=found).with_people().order_by("-ordered_at")
    context = {
        "patient": found,
        "zone": found.site.time_zone,
        "age": found.age_on(_today(request.user)),
        "orders": orders,
        "measurements": found.measurements.select_related("recorded_by"),
        "why_not_order": policy.why_not(request.user, "order.create"),
    }
    return render(request, "scheduling/patient.html", context)
