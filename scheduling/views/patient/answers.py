"""I am coming; I cannot come: both by POST, and the second asks once more."""

from django.utils.translation import gettext

from scheduling.models.links import Purpose
from scheduling.services import self_service
from scheduling.templatetags import words
from scheduling.views.patient.frame import done, patient_page, show

LONGEST_REASON = 150


@patient_page(Purpose.VISIT, methods=("POST",))
def confirm(request, link, now):
    self_service.confirm(link, now=now)
    return done(request, gettext("Thank you. We are expecting you."))


@patient_page(Purpose.VISIT, methods=("GET", "POST"))
def cancel(request, link, now):
    """GET asks once more, and says what may be better; POST cancels. Where it is too late, whom to call."""
    if request.method == "POST":
        self_service.cancel(link, reason=request.POST.get("reason", "")[:LONGEST_REASON], now=now)
        return show(request, "patient/cancelled.html")
    refusal = self_service.why_not_cancel(link.appointment, now)
    context = {
        "appointment": link.appointment,
        "refusal": words.said(refusal or ""),
        "may_ask": self_service.why_not_ask(link.appointment, now) is None,
        "longest_reason": LONGEST_REASON,
    }
    return show(request, "patient/cancel.html", context)
