"""The morning: what is checked before the first patient, what was found, and gas that escaped into a room."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine import quality as engine
from scheduling.engine.quality import Standing
from scheduling.forms.quality import CheckForm, MeasuredForm, SpillForm
from scheduling.models import CheckKind, DisruptionKind, Resource, ResourceKind, TracerBatch
from scheduling.services import access, untold
from scheduling.services.department import found
from scheduling.services.quality import checks, reading, spills
from scheduling.templatetags import clock
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid, NotFound
from vqflow.pages import page

BOTH = ("GET", "POST")
OPEN = (Standing.FAILED, Standing.OVERDUE, Standing.DUE)
CHIPS = {
    Standing.FAILED: ("failed", "Failed"),
    Standing.OVERDUE: ("overdue", "Overdue"),
    Standing.DUE: ("waiting", "To do"),
    Standing.SOON: ("planned", "Due soon"),
    Standing.DONE: ("completed", "Done"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One check on the page. `at`: until when it is to be done, or when the next is due, in words.

    `may_undo`: the newest check is of today, and could be a slip. `is_later`: of a kit that is not made yet.
    """

    due: reading.Due
    standing: Standing
    at: str
    may_undo: bool
    is_later: bool = False

    @property
    def chip(self):
        return CHIPS[self.standing][0]

    @property
    def chip_label(self):
        return CHIPS[self.standing][1]

    @property
    def name(self):
        return CheckKind(self.due.kind).label

    @property
    def is_open(self):
        return self.standing in OPEN and not self.is_gone

    @property
    def is_gone(self):
        """A kit that failed is not checked again: another takes its place."""
        return self.due.batch_id is not None and self.standing == Standing.FAILED

    @property
    def one_press(self):
        """Without a value to type in, a press says that it passed."""
        return not self.due.standard.needs_value and not (self.due.lowest or self.due.highest)


@page("quality.view")
def morning(request):
    """Every check of today, the ones to be done first; rooms for gas; rooms that are evacuated."""
    context = _morning(request)
    if request.GET.get("version") == context["version"]:
        return HttpResponse(status=204)
    fragment = "version" in request.GET
    return render(request, "scheduling/_morning.html" if fragment else "scheduling/morning.html", context)


def _morning(request, **extra):
    site, now, user = site_of(request.user), timezone.now(), request.user
    lines = _lines(site, now)
    evacuated, waiting = reading.open_spills(site, now), list(untold.of_site(user))
    return {
        "site": site,
        "zone": site.time_zone,
        "now": now,
        "day": reading.working_day(site, now),
        "to_do": [line for line in lines if line.is_open and not line.is_later],
        "later": [line for line in lines if line.is_open and line.is_later],
        "done": [line for line in lines if not line.is_open],
        "gas_rooms": _gas_rooms(site),
        "evacuated": evacuated,
        "untold": waiting,
        "may_record": policy.allows(user, "quality.record"),
        "may_report_spill": policy.allows(user, "spill.report"),
        "may_report_incident": policy.allows(user, "incident.record"),
        "may_list_incidents": policy.allows(user, "incident.list"),
        "may_plan": policy.allows(user, "department.manage"),
        "version": _version(lines, evacuated, waiting),
        **extra,
    }


def _lines(site, now):
    found, day = [], reading.working_day(site, now)
    for due in reading.checks(site, day):
        standing = engine.standing(due.plan, due.last, now, due.zone)
        is_today = due.done_at is not None and engine.working_day(due.done_at, due.zone) == day
        is_later = due.batch_id is not None and due.last is None and due.usable_from > now
        found.append(Line(due, standing, _when(due, standing, now), is_today, is_later))
    order = list(CHIPS)
    return sorted(found, key=lambda line: order.index(line.standing))


def _when(due, standing, now):
    if standing in OPEN:
        by = f"by {due.due_time:%H:%M}" if due.due_time and due.every_days == 1 else "before first use"
        last = engine.due_on(due.plan, due.last, engine.working_day(now, due.zone), due.zone)
        late = last and last < engine.working_day(now, due.zone)
        return f"since {clock.day(last)}" if late else by
    following = engine.due_on(due.plan, due.last, engine.working_day(now, due.zone), due.zone)
    return f"next {clock.day(following)}" if following and due.every_days > 1 else ""


def _gas_rooms(site):
    """(room, minutes that are posted at its door or None) of every room for gas."""
    rooms = Resource.objects.filter(
        site=site, kind=ResourceKind.ROOM, is_active=True, capabilities__contains=["negative_pressure"]
    )
    rows = list(rooms.select_related("room").order_by("name"))
    for row in rows:
        row.site = site
    return [(row, spills.posted_minutes(row)) for row in rows]


def _version(lines, evacuated, waiting):
    shown = [
        (line.due.plan_id, line.due.batch_id, line.due.check_id, line.standing, line.is_later)
        for line in lines
    ]
    alarms = [(each.pk, each.clears_at) for each in evacuated] + [(each.pk, each.due_at) for each in waiting]
    return sha256(repr((shown, alarms)).encode()).hexdigest()[:16]


@page("quality.record", methods=BOTH)
def check(request, pk):
    """Write down one check. From the page one press does it; what failed is asked for in words."""
    plan, now = access.check_plan(pk, by=request.user), timezone.now()
    due = _due(plan, request, now)
    posted = request.method == "POST"
    form = CheckForm(request.POST if posted else None, due=due, passed=request.GET.get("passed"))
    if not posted:
        return _ask(request, form, due)
    if not form.is_valid():
        return _ask(request, form, due, status=422)
    try:
        done = checks.record(plan, **form.values(), batch=_batch(due), by=request.user, now=now)
    except Invalid as refusal:
        form.refuse(refusal)
        return _ask(request, form, due, status=422)
    except Conflict as refusal:
        form.add_error(None, refusal.sentence)
        return _ask(request, form, due, status=409)
    return _after(request, plan, due, done)


def _due(plan, request, now):
    """The planned check with its newest, of the batch that the request names."""
    batch = request.POST.get("batch") or request.GET.get("batch") or ""
    batch_id = int(batch) if batch.isdecimal() and len(batch) < 10 else None
    for each in reading.checks(plan.site, reading.working_day(plan.site, now)):
        if each.plan_id == plan.pk and each.batch_id == batch_id:
            return each
    raise NotFound("This is not to be checked today. Look at the Morning page again.")


def _batch(due):
    return TracerBatch.objects.get(pk=due.batch_id) if due.batch_id else None


def _ask(request, form, due, *, status=200):
    context = {
        "form": form,
        "due": due,
        "back": reverse("scheduling:morning"),
        "kind": CheckKind(due.kind).label,
    }
    return render(request, "scheduling/quality_check.html", context, status=status)


def _after(request, plan, due, done):
    """What failed leads on: a camera to the report that closes it, a kit to the plan for its patients."""
    name = f"{due.subject}, {engine.STANDARDS[due.kind].name}"
    if done.check.passed:
        messages.success(request, f"{name}: passed.")
        return redirect("scheduling:morning")
    messages.warning(request, f"{name}: failed. It is not used until a check passes.")
    if done.disruption is not None:
        return redirect("scheduling:disruption", done.disruption.pk)
    if due.kind == engine.Kind.CAMERA and policy.allows(request.user, "disruption.report"):
        url = reverse("scheduling:disruption-new")
        return redirect(f"{url}?kind={DisruptionKind.CAMERA_QC}&resource={plan.room_id}")
    return redirect("scheduling:morning")


@page("quality.record", methods=("POST",))
def take_back(request, pk):
    """Undo: the check before counts again."""
    done = access.quality_check(pk, by=request.user)
    try:
        checks.take_back(done, by=request.user, now=timezone.now())
    except Conflict as refusal:
        messages.error(request, refusal.sentence)
        return redirect("scheduling:morning")
    messages.success(request, f"{done.get_kind_display()}: taken back. The check before counts again.")
    return redirect("scheduling:morning")


@page("spill.report", methods=BOTH)
def spill(request, pk):
    """Gas escaped into this room: evacuate it, and plan the day anew."""
    room, now = found.room(pk, by=request.user, action="spill.report"), timezone.now()
    minutes = spills.posted_minutes(room)
    form = SpillForm(request.POST if request.method == "POST" else None, room=room, minutes=minutes, now=now)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = spills.report(room, **_before(form.cleaned_data, now), by=request.user, now=now)
            except Invalid as refusal:
                form.refuse(refusal)
            else:
                at = clock.time_at(made.clears_at, room.site.time_zone)
                messages.warning(request, f"{room.name} is evacuated until {at}. Nobody goes in.")
                return redirect("scheduling:morning")
    context = {"form": form, "room": room, "minutes": minutes, "back": reverse("scheduling:morning")}
    return render(request, "scheduling/spill_new.html", context, status=status)


def _before(values, now):
    """A time of this very minute is now."""
    happened_at = values["happened_at"]
    is_now = happened_at is None or abs(now - happened_at) < timedelta(minutes=1)
    return {**values, "happened_at": now if is_now else happened_at}


@page("spill.report", methods=BOTH)
def spill_end(request, pk):
    """The air was measured and is clear: the room opens before its time."""
    escaped, now = access.spill(pk, by=request.user), timezone.now()
    form = MeasuredForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                spills.end(escaped, **form.cleaned_data, by=request.user, now=now)
            except Invalid as refusal:
                form.refuse(refusal)
            except Conflict as refusal:
                messages.info(request, refusal.sentence)
                return redirect("scheduling:morning")
            else:
                messages.success(request, f"{escaped.room.name} is open again.")
                return redirect("scheduling:morning")
    context = {
        "form": form,
        "spill": escaped,
        "zone": escaped.site.time_zone,
        "back": reverse("scheduling:morning"),
    }
    return render(request, "scheduling/spill_end.html", context, status=status)
