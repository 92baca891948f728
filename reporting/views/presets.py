"""A physician's presets: saved from the form as it stands, applied over it, renamed and deleted."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting.forms.drafts import ReportForm
from reporting.services import drafting, presets, reading
from reporting.views.report import report_page
from scheduling.services import access
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

PUT_BACK = ("csrfmiddlewaretoken", "version", "request_id", "apply", "keep", "preset_name")


@page("report.write", methods=("POST",))
def of_report(request, pk):
    """Save the draft as it is on the page; then keep it as a preset, or apply one over it."""
    order = access.order(pk, by=request.user, action="report.write")
    form = ReportForm(request.POST)
    if not form.is_valid():
        return report_page(request, order, form=form, status=422)
    now = timezone.now()
    try:
        saved = drafting.write(order, **form.draft(), by=request.user, now=now)
        if chosen := request.POST.get("apply"):
            return _applied(request, saved, chosen, now)
        made = presets.keep(saved, name=request.POST.get("preset_name", ""), by=request.user)
    except Invalid as refusal:
        form.refuse(refusal)
        return report_page(request, order, form=form, status=422)
    except Conflict as refusal:
        return report_page(request, order, form=form.beside(drafting.of(order)), refusal=refusal, status=409)
    messages.success(request, f"Saved as the preset {made.name}. Take out what is true of this patient only.")
    return redirect("reporting:report", pk=pk)


def _applied(request, saved, chosen, now):
    preset = presets.one(int(chosen) if chosen.isdecimal() else 0, by=request.user)
    before = [
        (name, value) for name, values in request.POST.lists() for value in values if name not in PUT_BACK
    ]
    found = presets.apply(preset, saved, draft_version=saved.draft_version, by=request.user, now=now)
    return report_page(
        request, found.order, kept={"name": preset.name, "fields": before, "version": found.draft_version}
    )


@page("report.write", methods=("GET", "POST"))
def manage(request):
    """One's own presets, to rename and to delete."""
    faults, status = {}, 200
    if request.method == "POST":
        pk = request.POST.get("preset", "")
        preset = presets.one(int(pk) if pk.isdecimal() and len(pk) < 19 else 0, by=request.user)
        try:
            return _changed(request, preset)
        except (Invalid, Conflict) as refusal:
            sentences = getattr(refusal, "fields", {}).get("name", [refusal.sentence])
            faults, status = {preset.pk: " ".join(sentences)}, refusal.status
    rows = [
        {
            "preset": each,
            "term": reading.term(each),
            "fault": faults.get(each.pk),
            "name": request.POST.get("name", "") if each.pk in faults else each.name,
        }
        for each in presets.of(request.user)
    ]
    return render(request, "reporting/presets.html", {"rows": rows}, status=status)


def _changed(request, preset):
    if "delete" in request.POST:
        presets.delete(preset, by=request.user)
        messages.success(request, f"The preset {preset.name} is deleted.")
    else:
        presets.rename(preset, name=request.POST.get("name", ""), by=request.user)
        messages.success(request, "Renamed.")
    return redirect("reporting:presets")
