"""What went wrong: written down by whoever was there, reviewed by the lead."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.forms.quality import IncidentForm, ReasonForm, ReviewForm
from scheduling.models import Incident
from scheduling.services import access, incidents
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import next_of, page

BOTH = ("GET", "POST")
ON_A_PAGE = 50
TO_REVIEW, REVIEWED = "open", "reviewed"


@page("incident.list")
def listing(request):
    """What waits for a review, or what was reviewed: the newest first."""
    site, shown = site_of(request.user), request.GET.get("show", TO_REVIEW)
    rows = Incident.objects.standing().filter(site=site)
    waiting = rows.filter(reviewed_at=None).count()
    rows = rows.filter(reviewed_at__isnull=shown != REVIEWED).select_related(
        "room", "recorded_by", "reviewed_by", "step", "appointment__procedure__order__patient"
    )
    found = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    patients = [each.appointment.procedure.order.patient_id for each in found if each.appointment_id]
    access.listed("incidents", patients, by=request.user, action="incident.list")
    url = reverse("scheduling:incidents")
    tabs = [
        {
            "label": "To review",
            "url": url,
            "current": shown != REVIEWED,
            "count": waiting,
            "alert": waiting > 0,
        },
        {"label": "Reviewed", "url": f"{url}?show={REVIEWED}", "current": shown == REVIEWED, "count": None},
    ]
    context = {"site": site, "zone": site.time_zone, "page": found, "tabs": tabs, "shown": shown}
    return render(request, "scheduling/incidents.html", context)


@page("incident.list")
def incident(request, pk):
    return _page(request, access.incident(pk, by=request.user))


def _page(request, found, *, form=None, status=200):
    context = {
        "incident": found,
        "zone": found.site.time_zone,
        "form": form or ReviewForm(),
        "may_review": not found.reviewed_at
        and not found.voided_at
        and policy.allows(request.user, "incident.review"),
    }
    return render(request, "scheduling/incident.html", context, status=status)


@page("incident.review", methods=("POST",))
def review(request, pk):
    found = access.incident(pk, by=request.user, action="incident.review")
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        incidents.review(found, **form.cleaned_data, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, found, form=form, status=refusal.status)
    messages.success(request, f"{found.get_kind_display()}: reviewed.")
    return redirect("scheduling:incidents")


@page("incident.record", methods=BOTH)
def new(request):
    """An incident that belongs to no patient: in a room, or anywhere else."""
    return _new(request, site_of(request.user), back=reverse("scheduling:morning"))


@page("incident.record", methods=BOTH)
def of_appointment(request, pk):
    """An incident of one examination; it may be recorded at any time of it, and afterwards."""
    found = access.appointment(pk, by=request.user, action="incident.record")
    back = next_of(request, reverse("scheduling:appointment", args=[pk]))
    return _new(request, found.site, back=back, appointment=found)


def _new(request, site, *, back, appointment=None):
    now, steps = timezone.now(), list(appointment.steps.all()) if appointment else []
    form = IncidentForm(request.POST if request.method == "POST" else None, site=site, now=now, steps=steps)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = _values(form.cleaned_data, steps, now)
            try:
                made = incidents.record(site, **values, appointment=appointment, by=request.user, now=now)
            except Invalid as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, f"{made.get_kind_display()} recorded. The lead looks at it.")
                return redirect(back)
    order = appointment.procedure.order if appointment else None
    context = {
        "form": form,
        "back": back,
        "next": back,
        "order": order,
        "patient": order.patient if order else None,
    }
    return render(request, "scheduling/incident_new.html", context, status=status)


def _values(values, steps, now):
    """A step by its row; a time of this very minute is now."""
    chosen = values.pop("step", "")
    values["step"] = next((each for each in steps if str(each.pk) == chosen), None)
    happened_at = values["happened_at"]
    if happened_at is None or abs((now - happened_at).total_seconds()) < 60:
        values["happened_at"] = now
    return values


@page("incident.record", methods=BOTH)
def take_back(request, pk):
    """It was written down by mistake."""
    found = access.incident(pk, by=request.user, action="incident.record")
    back = next_of(request, reverse("scheduling:morning"))
    form = ReasonForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                incidents.take_back(found, **form.cleaned_data, by=request.user, now=timezone.now())
            except (Conflict, Invalid) as refusal:
                form.add_error(None, refusal.sentence)
                status = refusal.status
            else:
                messages.success(request, f"{found.get_kind_display()}: taken back.")
                return redirect(back)
    context = {"form": form, "incident": found, "zone": found.site.time_zone, "back": back}
    return render(request, "scheduling/incident_take_back.html", context, status=status)
