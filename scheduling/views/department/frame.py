"""A change in two steps: its form is sent to be looked at, and sent again, unchanged, to be saved."""

import hashlib
from dataclasses import dataclass, field

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling import department_list
from scheduling.services import access
from scheduling.services.department import days
from scheduling.templatetags import clock
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid

BOTH = ("GET", "POST")
MANAGE = "department.manage"
NOT_THE_SAME = ("csrfmiddlewaretoken", "request_id", "seen")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: (what, before, after), sentences, and the appointments that it would not fit.

    `affected` is None where no appointment could be; `stays` says what they are, where they would fit.
    """

    lines: list = field(default_factory=list)
    sentences: list = field(default_factory=list)
    affected: list | None = None
    text: str = ""
    stays: str = ""


def about(request, **more):
    """What every page of the department shows: its site, the zone, today, and whether this person may change it."""
    site, now = site_of(request.user), timezone.now()
    return {
        "site": site,
        "zone": site.time_zone,
        "today": days.today(site, now),
        "now": now,
        "may_manage": policy.allows(request.user, MANAGE),
        **more,
    }


def planned(context, subject=None, subject_id=None):
    """The changes to come, with a name for each where the page is of several things."""
    found = department_list.planned(context["site"], subject, subject_id, now=context["now"])
    names = {} if subject else department_list.subjects(context["site"], [each for each, _ in found])
    return [(each, lines, names.get((each.subject, each.subject_id), "")) for each, lines in found]


def two_steps(request, form, template, context, *, preview, save, said, after):
    """GET shows the form; POST shows preview() and its affected people; what was seen so is saved by save().

    `after` is where to go then, and `said` the first words there. A form that was changed since is looked at again.
    """
    if request.method != "POST":
        return render(request, template, {**context, "form": form})
    if not form.is_valid():
        return _page(request, form, template, context, status=422)
    try:
        if request.POST.get("seen") == digest(request.POST):
            save()
            messages.success(request, said())
            return redirect(after)
        shown = preview()
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(request, form, template, context, status=422)
    except Conflict as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, form, template, context, status=409)
    audited(request, "department.affected", shown.affected)
    return _page(request, form, template, context, preview=shown, seen=digest(request.POST))


def one_step(request, form, template, context, *, save, said, after):
    """As two_steps, for what is new and changes nothing that is there."""
    if request.method == "POST" and form.is_valid():
        try:
            save()
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect(after)
    return render(request, template, {**context, "form": form}, status=422 if form.is_bound else 200)


def audited(request, name, affected):
    """Whoever's appointments are listed has been looked at."""
    ids = [each.patient.pk for each in affected or ()]
    access.listed(name, ids, by=request.user, action=MANAGE)


def _page(request, form, template, context, *, status=200, **more):
    return render(request, template, {**context, **more, "form": form}, status=status)


def digest(data):
    """What was sent, but for the fields that every sending has anew."""
    sent = sorted((name, data.getlist(name)) for name in data if name not in NOT_THE_SAME)
    return hashlib.sha256(repr(sent).encode()).hexdigest()


def from_day(day, today, until=None):
    if until:
        return f"It holds from {'now' if day <= today else clock.day(day)} until {clock.day(until)}."
    return "It holds from now on." if day <= today else f"It holds from {clock.day(day)} on."


def data_of(request):
    return request.POST if request.method == "POST" else None
