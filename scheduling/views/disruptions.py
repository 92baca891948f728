"""Something broke: report it, see whom it hits, and accept a plan for the day."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.states import ReplanState
from scheduling.forms.disruptions import DisruptionForm
from scheduling.models import Disruption, DisruptionKind
from scheduling.models.disruptions import OF_BATCH
from scheduling.services import acceptance, access, disruptions, replanning
from scheduling.views.replan_lines import lines_of
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

BOTH = ("GET", "POST")
SHOWN = 30
KINDS = [
    (DisruptionKind.ROOM_DOWN, "A room or its device cannot be used."),
    (DisruptionKind.CAMERA_QC, "A gamma camera is not released for patients."),
    (DisruptionKind.PERSON_AWAY, "Nobody is booked with them while they are away."),
    (DisruptionKind.SCAN_OVERRUNS, "A running scan ends later than planned."),
    (DisruptionKind.XRAY_LATE, "A patient's X-ray will be later, and the scan after it."),
    (DisruptionKind.TRACER_LATE, "Doses are there later than planned."),
    (DisruptionKind.TRACER_FAILED, "No dose can be taken from it."),
]


@page("disruption.view")
def listing(request):
    """What is broken now, and what was lately."""
    site = site_of(request.user)
    found = Disruption.objects.filter(site=site).select_related("resource", "batch", "reported_by")
    rows = sorted(found[:SHOWN], key=lambda row: row.closed_at is not None)
    for row in rows:
        row.site = site
    context = {
        "site": site,
        "zone": site.time_zone,
        "rows": [(row, disruptions.subject_of(row)) for row in rows],
        "now": timezone.now(),
        "may_report": policy.allows(request.user, "disruption.report"),
    }
    return render(request, "scheduling/disruptions.html", context)


@page("disruption.report", methods=BOTH)
def new(request):
    """First what kind of thing broke, then which and until when; POST reports it and leads to the plan."""
    site, now, kind = site_of(request.user), timezone.now(), request.GET.get("kind", "")
    if kind not in DisruptionKind.values:
        may_handle = policy.allows(request.user, "tracer.manage")
        kinds = [(each, each.label, text) for each, text in KINDS if may_handle or each not in OF_BATCH]
        return render(request, "scheduling/disruption_kinds.html", {"kinds": kinds})
    kind = DisruptionKind(kind)
    form = DisruptionForm(request.POST if request.method == "POST" else None, kind=kind, site=site, now=now)
    # The board names the row that was pressed, or whose delay is behind a conflict.
    for name in ("resource", "appointment"):
        if name in form.fields:
            form.fields[name].initial = request.GET.get(name)
    form.expect(request.GET.get("until", ""))
    if request.method != "POST":
        return _form(request, form, kind)
    if not form.is_valid():
        return _form(request, form, kind, status=422)
    try:
        made = disruptions.report(site, kind=kind, **form.values(), by=request.user, now=now)
    except Invalid as refusal:
        form.refuse(refusal)
        return _form(request, form, kind, status=422)
    except Conflict as refusal:
        form.add_error(None, refusal.sentence)
        return _form(request, form, kind, status=409)
    return redirect("scheduling:disruption", made.pk)


def _form(request, form, kind, *, status=200):
    if "appointment" in form.fields:
        _audit_choices(request, form)
    context = {"form": form, "kind": kind, "back": reverse("scheduling:disruption-new")}
    return render(request, "scheduling/disruption_new.html", context, status=status)


def _audit_choices(request, form):
    """The list of patients to choose from is shown."""
    patients = [each.procedure.order.patient_id for each in form.fields["appointment"].queryset]
    access.listed("disruption.patients", patients, by=request.user, action="disruption.report")


@page("disruption.view")
def disruption(request, pk):
    """One disruption with its newest plan."""
    found = access.disruption(pk, by=request.user)
    return _page(request, found)


@page("disruption.view")
def rows(request, pk):
    """The plan alone, while it is being computed; 204 while nothing has changed."""
    found = access.disruption(pk, by=request.user)
    replan = _newest(found, request.GET.get("day", ""))
    if replan is None or request.GET.get("version") == _version(replan):
        return HttpResponse(status=204)
    return render(request, "scheduling/_replan.html", _shown(request, found, replan))


@page("disruption.report", methods=("POST",))
def plan(request, pk):
    """Compute a plan anew, for the day in `day` or the first."""
    found = access.disruption(pk, by=request.user, action="disruption.report")
    try:
        replan = replanning.propose(
            found, day=_day(request.POST.get("day", "")), by=request.user, now=timezone.now()
        )
    except (Conflict, Invalid) as refusal:
        return _page(request, found, refusal=refusal, status=409)
    return redirect(_url(found, replan.day))


@page("replan.accept", methods=("POST",))
def accept(request, pk):
    """Carry out the chosen changes of a plan."""
    replan = access.replan(pk, by=request.user, action="replan.accept")
    chosen = [int(each) for each in request.POST.getlist("change") if each.isdecimal() and len(each) < 10]
    try:
        acceptance.accept(replan, change_ids=chosen, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        return _page(request, replan.disruption, refusal=refusal, status=409)
    messages.success(request, "The plan is booked. Patients are told as their reminders say.")
    return redirect(_url(replan.disruption, replan.day))


@page("disruption.report", methods=("POST",))
def end(request, pk):
    """It works again."""
    found = access.disruption(pk, by=request.user, action="disruption.report")
    try:
        disruptions.close(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _page(request, found, refusal=refusal, status=409)
    messages.success(request, "Noted. The time that is left can be booked again.")
    return redirect("scheduling:disruptions")


def _page(request, found, *, refusal=None, status=200):
    replan = _newest(found, request.GET.get("day", ""))
    context = {**_shown(request, found, replan), "refusal": refusal}
    return render(request, "scheduling/disruption.html", context, status=status)


def _shown(request, found, replan):
    """The context of a plan, after the audit row that says whom it shows."""
    user, now = request.user, timezone.now()
    may_cancel = policy.allows(user, "appointment.cancel")
    lines = lines_of(replan, may_cancel=may_cancel) if replan else []
    patients = [line.patient.pk for line in lines]
    access.listed("replan", patients, by=user, action="disruption.view", replan=replan.pk if replan else None)
    is_open = replan is not None and replan.is_open and found.closed_at is None
    stale = replanning.why_not_accept(replan, now=now) if is_open else None
    count = {kind: sum(line.change.kind == kind for line in lines) for kind in ("move", "lost", "hand")}
    return {
        "disruption": found,
        "subject": disruptions.subject_of(found),
        "zone": found.site.time_zone,
        "replan": replan,
        "version": _version(replan) if replan else "",
        "rows_url": _url(found, replan.day, name="scheduling:disruption-rows") if replan else "",
        "is_computing": is_open and replan.state in (ReplanState.GREEDY, ReplanState.COMPUTING),
        "is_open": is_open,
        "stale": stale,
        "lines": lines,
        "count": count,
        "part": _accepted_part(replan, lines),
        "kept": replan.visits - len(lines) if replan else 0,
        "saved": replan.lost_by_greedy - count["lost"] if replan else 0,
        "may_report": policy.allows(user, "disruption.report"),
        "may_accept": is_open
        and not stale
        and policy.allows(user, "replan.accept")
        and any(line.may_choose for line in lines),
        "may_cancel": may_cancel,
        "days": _days(found, now),
    }


def _accepted_part(replan, lines):
    """How many of a plan's changes were accepted and how many are left, or None: not accepted, or all of it."""
    if replan is None or replan.state != ReplanState.ACCEPTED:
        return None
    accepted = sum(line.change.accepted_at is not None for line in lines)
    left = len(lines) - accepted
    return {"accepted": accepted, "all": len(lines), "left": left} if left else None


def _newest(found, day):
    chosen = _day(day)
    plans = found.replans.select_related("disruption__site", "ended_by")
    return (plans.filter(day=chosen) if chosen else plans).first()


def _days(found, now):
    """The days that a plan can be made for: at most a week of them."""
    if found.closed_at:
        return []
    first, last = replanning.first_day(found, now), replanning.last_day(found)
    return [
        date.fromordinal(n)
        for n in range(first.toordinal(), min(last.toordinal(), first.toordinal() + 6) + 1)
    ]


def _version(replan):
    return f"{replan.pk}-{replan.state}-{replan.progress}"


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _url(found, day, *, name="scheduling:disruption"):
    return f"{reverse(name, args=[found.pk])}?day={day.isoformat()}"
