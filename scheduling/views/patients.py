"""Pages of patients: find, register, identify, see."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling import patient_search
from scheduling.forms.patients import IdentifyForm, PatientForm, SearchForm, confirmed, prefilled
from scheduling.models import Order, Site
from scheduling.services import access, intake
from scheduling.services.patients import identifying
from scheduling.templatetags import clock
from scheduling.views import intake_screen
from scheduling.views.intake import candidates
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("patient.find", methods=("GET", "POST"))
def find(request):
    """GET lists the newest patients, POST those who match: what was typed is in no address."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _found(request, form, patient_search.newest(request.user), name="patients.newest")
    if not form.is_valid():
        if request.htmx:
            return _found(request, form, patient_search.newest(request.user), name="patients.newest")
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
        "searched": form.is_bound and form.is_valid(),
        "most": patient_search.MOST if len(rows) == patient_search.MOST else None,
        "may_register": policy.allows(request.user, "patient.create"),
    }
    return render(request, "scheduling/patients.html", context)


@page("patient.find", methods=("POST",))
def matches(request):
    """The likest patients while somebody types: a fragment for the screen on which orders are taken."""
    text = request.POST.get("text", "")[:150]
    found = intake_screen.matches(text, by=request.user, site=_site(request.user))
    context = {"matches": found, "searched": bool(text.strip())}
    return render(request, "scheduling/_matches.html", context)


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
    form, alike, refusal = PatientForm(request.POST, site=site, today=today), [], ""
    if form.is_valid():
        different = confirmed(request.POST.get("different", ""))
        try:
            return _registered(
                request,
                intake.register_patient(
                    site=site,
                    by=request.user,
                    now=timezone.now(),
                    confirmed_different=different,
                    **form.cleaned_data,
                ),
            )
        except intake.PossibleDuplicates as duplicates:
            refusal = duplicates.sentence
            alike = candidates(form.cleaned_data, duplicates.extra["candidates"], site, by=request.user)
        except Invalid as invalid:
            form.refuse(invalid)
    context = {"form": form, "candidates": alike, "refusal": refusal}
    return render(request, "scheduling/patient_new.html", context, status=409 if alike else 422)


def _registered(request, patient):
    messages.success(request, "Patient registered.")
    after = "scheduling:order-new" if request.POST.get("then") == "order" else "scheduling:patient"
    return redirect(after, patient.pk)


@page("patient.identify", methods=("GET", "POST"))
def identify(request, pk):
    """A temporary record gets a number, a name and a date of birth; what is known already stands in the fields."""
    patient = access.patient(pk, by=request.user, action="patient.identify")
    site, today = _site(request.user), _today(request.user)
    if refusal := identifying.why_not_identify(patient):
        messages.error(request, refusal)
        return redirect("scheduling:patient", pk)
    form = IdentifyForm(
        request.POST if request.method == "POST" else None,
        site=site,
        today=today,
        initial=_known(patient),
    )
    context = {"form": form, "patient": patient, "age": patient.age_on(today)}
    if form.is_bound and form.is_valid() and (answer := _identified(request, patient, form, context)):
        return answer
    status = context.get("status", 422) if form.is_bound else 200
    return render(request, "scheduling/patient_identify.html", context, status=status)


def _known(patient):
    named = patient.family_name != intake.UNKNOWN_NAME
    sex = patient.sex if patient.sex != "unknown" else ""
    return {
        "family_name": patient.family_name if named else "",
        "given_name": patient.given_name,
        "born_on": patient.born_on,
        "sex": sex,
    }


def _identified(request, patient, form, context):
    """The way back to the patient, or None with what is wrong in the context."""
    try:
        identifying.identify(
            patient,
            by=request.user,
            now=timezone.now(),
            confirmed_different=confirmed(request.POST.get("different", "")),
            **form.cleaned_data,
        )
    except intake.PossibleDuplicates as refusal:
        ids = refusal.extra["candidates"]
        context["candidates"] = candidates(form.cleaned_data, ids, patient.site, by=request.user)
        context["may_merge"] = policy.allows(request.user, "patient.merge")
        context["is_number_taken"] = refusal.sentence != intake.SAME_PERSON
        context |= {"refusal": refusal.sentence, "status": 409}
        return None
    except Conflict as refusal:
        context |= {"refusal": refusal.sentence, "status": 409}
        return None
    messages.success(request, "Identified. The temporary number still finds this patient.")
    return redirect("scheduling:patient", patient.pk)


@page("patient.view")
def patient(request, pk):
    found = access.patient(pk, by=request.user)
    if found.merged_into_id:
        messages.info(request, "The record that you asked for was merged into this one.")
        return redirect("scheduling:patient", found.merged_into_id)
    orders = Order.objects.filter(patient=found).with_people().order_by("-ordered_at")
    context = {
        "patient": found,
        "zone": found.site.time_zone,
        "age": found.age_on(_today(request.user)),
        "orders": orders,
        "measurements": found.measurements.select_related("recorded_by"),
        "former_numbers": found.former_numbers.all(),
        "may_merge": policy.allows(request.user, "patient.merge"),
        "may_change_contact": policy.allows(request.user, "patient.contact"),
        "may_identify": found.is_temporary and policy.allows(request.user, "patient.identify"),
        "why_not_order": policy.why_not(request.user, "order.create"),
    }
    return render(request, "scheduling/patient.html", context)
