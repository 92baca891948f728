"""The page of one examination, and the part of it that is asked for every four seconds."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling import examination_version
from scheduling.models import Appointment
from scheduling.services import access, working
from scheduling.views import examination_endings, examination_page
from scheduling.views.exam_after import after_panel
from scheduling.views.exam_corrections import corrections_panel
from scheduling.views.exam_doses import counts_panel, doses_panel
from scheduling.views.exam_incidents import incidents_panel
from scheduling.views.exam_problems import problems_panel
from scheduling.views.exam_said import said_panel
from vqflow import policy
from vqflow.errors import NotFound
from vqflow.pages import next_of, page

ACTION = "worklist.view"
PANELS = (
    problems_panel,
    said_panel,
    doses_panel,
    counts_panel,
    after_panel,
    incidents_panel,
    corrections_panel,
)


@page(ACTION)
def examination(request, pk):
    """Everything about one examination on one page, from check-in to hand-over."""
    appointment = access.appointment(pk, by=request.user)
    context = _shown(request, appointment)
    context["done"] = _announcement(request, appointment)
    return render(request, "scheduling/examination.html", context)


@page(ACTION)
def rows(request, pk):
    """The part that changes; 204, without an audit row, while the browser shows the current version."""
    now, user = timezone.now(), request.user
    found = Appointment.objects.for_user(user).select_related("procedure", "site").filter(pk=pk).first()
    if found is None:
        raise NotFound(access.NONE_SUCH)
    if request.GET.get("version") == examination_version.version(found, user, now):
        return HttpResponse(status=204)
    access.appointment(pk, by=user)
    return render(request, "scheduling/_examination.html", _shown(request, found))


@page("visit.perform", methods=("POST",))
def here(request, pk):
    """The page of whoever works on it is still open: a poll, not a press."""
    found = access.unseen_appointment(pk, by=request.user, action="visit.perform")
    working.still_here(found, by=request.user, now=timezone.now())
    return HttpResponse(status=204)


def url_of(pk, after=""):
    """The page's address, with the list to go back to."""
    url = reverse("scheduling:examination", args=[pk])
    return f"{url}?{urlencode({'next': after})}" if after else url


def _shown(request, appointment):
    now, after = timezone.now(), next_of(request)
    loaded = examination_page.loaded(appointment.pk, request.user)
    panels = {}
    for panel in PANELS:
        panels |= panel(loaded, request.user, now)
    return {
        **panels,
        **examination_page.context(
            loaded, user=request.user, now=now, here_url=url_of(appointment.pk, after)
        ),
        "version": examination_version.version(appointment, request.user, now),
        "rows_url": f"{reverse('scheduling:examination-rows', args=[appointment.pk])}?{urlencode({'next': after})}",
        "back_url": after or reverse("scheduling:worklist"),
        "endings": examination_endings.possible(loaded),
        "may_check_in": policy.allows(request.user, "visit.check_in"),
    }


def _announcement(request, appointment):
    """What the person has just done, for the toast with its undo."""
    done = request.session.pop("done", None)
    return done if done and done["appointment"] == str(appointment.pk) else None
