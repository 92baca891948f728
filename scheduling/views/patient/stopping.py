"""No more reminders: one click in the mail program (RFC 8058), or a button on a page. The appointment stands."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from scheduling.models.links import Purpose
from scheduling.services import links, self_service
from scheduling.services.links import Standing
from scheduling.views.patient.frame import STOP, patient_page, show
from scheduling.views.patient.opening import open_link

PLAIN = "text/plain; charset=utf-8"


@csrf_exempt
@login_not_required
def one_click(request, token):
    """POST from a mail program stops the reminders, without cookies and without a page; GET leads to the page.

    Whoever has the address has the mail: that is all the proof that the standard asks for.
    """
    if request.method != "POST":
        return open_link(request, token)
    if request.POST.get("List-Unsubscribe") != "One-Click":
        return HttpResponse("List-Unsubscribe=One-Click is missing.\n", status=400, content_type=PLAIN)
    now, link = timezone.now(), links.find(token)
    if link is None or link.purpose != Purpose.STOP or links.standing(link, now=now) != Standing.LIVE:
        return HttpResponse("This link has ended.\n", status=410, content_type=PLAIN)
    self_service.stop_reminders(link, now=now)
    return HttpResponse("No more reminders.\n", content_type=PLAIN)


one_click.methods = ("GET", "POST")


@patient_page(Purpose.STOP, methods=("GET", "POST"), unlocked=False)
def stop(request, link, now):
    """GET asks; POST stops the reminders, or begins them again. Whom it is about is not said: the mail said it."""
    if request.method == "POST":
        wish = self_service.resume_reminders if "again" in request.POST else self_service.stop_reminders
        wish(link, now=now)
        return redirect(STOP)
    return show(request, "patient/stop.html", {"is_stopped": links.patient_of(link).reminders_stopped_at})
