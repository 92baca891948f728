"""The pages on which the lead makes one record of two: find the other, compare, choose, merge."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import dateformat, timezone

from scheduling import patient_duplicates
from scheduling.models import Appointment, Order, Patient
from scheduling.services import access, intake
from scheduling.services.patients import merging
from scheduling.views import intake_screen
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

LABELS = {
    "name": "Name",
    "born_on": "Date of birth",
    "sex": "Sex",
    "phone": "Phone",
    "email": "E-mail and consent to it",
    "language": "Language",
    "guardian": "Guardian",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One group of values as both records have it; the one that is `taken` stays."""

    group: str
    label: str
    kept: str
    other: str
    is_taken: bool


@page("patient.merge", methods=("GET", "POST"))
def merge(request, pk):
    """`other` comes by POST like all else: no address says whose records belong together."""
    patient = access.patient(pk, by=request.user, action="patient.merge")
    if patient.merged_into_id:
        return redirect("scheduling:patient", patient.merged_into_id)
    other = _other(request, patient)
    if other is None:
        return _choose(request, patient)
    if patient.is_temporary and not other.is_temporary:
        patient, other = other, patient
    if "merge" in request.POST:
        try:
            merging.merge(
                patient,
                other,
                take=_taken(request.POST),
                seen=request.POST.get("seen", ""),
                by=request.user,
                now=timezone.now(),
            )
        except (Conflict, Invalid) as refusal:
            return _compare(request, patient, other, refusal=refusal.sentence)
        messages.success(request, "Merged. Both numbers find this patient.")
        return redirect("scheduling:patient", patient.pk)
    return _compare(request, patient, other)


def _other(request, patient):
    wanted = request.POST.get("other", "")
    if not wanted.isdecimal() or len(wanted) > 18 or int(wanted) == patient.pk:
        return None
    return access.patient(int(wanted), by=request.user, action="patient.merge")


def _choose(request, patient):
    """Who looks like this patient, and a search for others."""
    by = request.user
    # Without a date of birth the name is all there is to look for.
    is_named = patient.born_on is None and patient.family_name != intake.UNKNOWN_NAME
    text = request.POST.get("text", patient.name if is_named else "")[:150]
    known = {name: getattr(patient, name) for name in patient_duplicates.KNOWN}
    alike = patient_duplicates.candidates(
        patient_duplicates.Person(**known), site=patient.site, besides=[patient.pk]
    )
    access.listed("patients.duplicates", [each.patient.pk for each in alike], by=by, action="patient.merge")
    found = intake_screen.matches(text, by=by, site=patient.site)
    context = {
        "patient": patient,
        "age": patient.age_on(intake_screen.today(patient.site)),
        "candidates": alike,
        "matches": [(each, age) for each, age in found if each.pk != patient.pk],
        "text": text,
    }
    return render(request, "scheduling/patient_merge.html", context)


def _compare(request, patient, other, refusal=""):
    refusal = refusal or merging.why_not_merge(patient, other) or merging.clash(patient, other) or ""
    choices = [_choice(group, patient, other) for group in merging.GROUPS]
    context = {
        "patient": patient,
        "other": other,
        "age": patient.age_on(intake_screen.today(patient.site)),
        "differ": [each for each in choices if each.kept != each.other],
        "same": [each for each in choices if each.kept == each.other and each.kept],
        "has": [_has(each) for each in (patient, other)],
        "may_turn_round": patient.is_temporary == other.is_temporary,
        "seen": merging.fingerprint(patient, other),
        "refusal": refusal,
    }
    status = 409 if "merge" in request.POST else 200
    return render(request, "scheduling/patient_merge_compare.html", context, status=status)


def _taken(post):
    return [group for group in merging.GROUPS if post.get(f"take-{group}") == "other"]


def _choice(group, patient, other):
    kept, theirs = (_words(group, each) for each in (patient, other))
    is_unknown = group == "name" and patient.family_name == intake.UNKNOWN_NAME
    is_better = (not kept or kept == "Unknown" or is_unknown) and bool(theirs) and theirs != "Unknown"
    return Choice(group, LABELS[group], kept, theirs, is_better)


def _words(group, patient):
    """The values of a group in one line, as the lead compares them."""
    if group == "born_on":
        return dateformat.format(patient.born_on, "j M Y") if patient.born_on else ""
    if group == "sex":
        return patient.get_sex_display()
    if group == "language":
        return patient.get_language_display() + (
            ", needs an interpreter" if patient.interpreter_needed else ""
        )
    if group == "email":
        consent = ("no consent", "consent", "consent, may name the examination")
        level = bool(patient.email_consent_at) + patient.detailed_email_consent
        return f"{patient.email} ({consent[level]})" if patient.email else ""
    if group == "name":
        parts = (patient.name_prefix, patient.given_name, patient.middle_name, patient.name_suffix)
        return ", ".join(each for each in (patient.family_name, " ".join(filter(None, parts))) if each)
    return ", ".join(filter(None, (getattr(patient, name) for name in merging.GROUPS[group])))


def _has(patient):
    """How much would move: [(count, words)]."""
    orders = Order.objects.filter(patient=patient)
    return {
        "patient": patient,
        "orders": orders.select_related("procedure__protocol").order_by("-ordered_at")[:5],
        "count": orders.count(),
        "appointments": Appointment.objects.filter(procedure__order__patient=patient).live().count(),
        "measurements": patient.measurements.count(),
        "numbers": [each.mrn for each in patient.former_numbers.all()],
        "is_live": isinstance(patient, Patient) and not patient.merged_into_id,
    }
