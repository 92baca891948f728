"""What cameras performed that a person has to look at: match it, take its times, or set it aside."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import performed_list
from scheduling.forms.performed import MatchForm, SetAsideForm
from scheduling.services import access, performed
from scheduling.views.site import site_of
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

ON_A_PAGE = 50
DEALT_WITH = "done"


@page("performed.list")
def listing(request):
    """What waits for somebody, or what was dealt with: the newest first."""
    site, shown = site_of(request.user), request.GET.get("show", "")
    waiting = performed_list.waiting(request.user)
    rows = performed_list.dealt_with(request.user) if shown == DEALT_WITH else waiting
    found = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    patients = {step.appointment.procedure.order.patient_id for row in found for step in row.steps.all()}
    access.listed("performed", patients, by=request.user, action="performed.list")
    url, count = reverse("scheduling:performed"), waiting.count()
    tabs = [
        {
            "label": "To look at",
            "url": url,
            "current": shown != DEALT_WITH,
            "count": count,
            "alert": count > 0,
        },
        {"label": "Done", "url": f"{url}?show={DEALT_WITH}", "current": shown == DEALT_WITH, "count": None},
    ]
    context = {"zone": site.time_zone, "page": found, "tabs": tabs, "shown": shown}
    return render(request, "scheduling/performed.html", context)


@page("performed.list")
def one(request, pk):
    return _page(request, access.performed(pk, by=request.user))


@page("performed.match", methods=("POST",))
def match(request, pk):
    found = access.performed(pk, by=request.user, action="performed.match")
    form = _match_form(found, request.POST)
    return _do(request, found, form, "match", performed.match, f"{found.entity}: matched.")


@page("performed.match", methods=("POST",))
def set_aside(request, pk):
    found = access.performed(pk, by=request.user, action="performed.match")
    return _do(request, found, SetAsideForm(request.POST), "aside", performed.set_aside, "Set aside.")


@page("performed.match", methods=("POST",))
def take(request, pk):
    """What held its times back is gone."""
    found = access.performed(pk, by=request.user, action="performed.match")
    try:
        performed.take_again(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _page(request, found, refusal=refusal, status=409)
    messages.success(request, "The camera's times are taken over.")
    return redirect("scheduling:performed")


def _do(request, found, form, name, service, said):
    if not form.is_valid():
        return _page(request, found, **{name: form}, status=422)
    try:
        done = service(found, **form.cleaned_data, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, found, **{name: form}, status=refusal.status)
    if name == "match" and done.not_taken:
        messages.warning(request, f"{said} Its times are not taken over: {done.not_taken}")
    else:
        messages.success(request, said)
    return redirect("scheduling:performed")


def _match_form(found, data=None):
    return MatchForm(data, candidates=performed_list.candidates(found), zone=found.site.time_zone)


def _page(request, found, *, match=None, aside=None, refusal=None, status=200):
    context = {
        "performed": found,
        "zone": found.site.time_zone,
        "steps": found.steps.all(),
        "match": match or _match_form(found),
        "aside": aside or SetAsideForm(),
        "refusal": refusal,
        "waits": found.set_aside_at is None and (found.not_taken or not found.steps.all()),
    }
    return render(request, "scheduling/performed_one.html", context, status=status)
