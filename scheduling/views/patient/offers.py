"""A time that is offered from the waitlist: the patient takes it or not."""

from django.utils.translation import gettext

from scheduling import letters
from scheduling.models.links import Purpose
from scheduling.services import self_service
from scheduling.templatetags import words
from scheduling.views.patient.frame import done, patient_page, show


def page(request, link, now):
    """The time, until when to answer, and beside it the time that the patient has already, if any."""
    offer = link.offer
    appointment = offer.entry.appointment
    context = {
        "offer": offer,
        "visits": letters.offered_visits(offer),
        "present": letters.visits(appointment) if appointment else [],
        "refusal": words.said(self_service.why_not_answer(offer, now) or ""),
        "is_accepted": offer.state == "accepted",
    }
    return show(request, "patient/offer.html", context)


@patient_page(Purpose.OFFER, methods=("POST",))
def accept(request, link, now):
    """Take the time. The page goes on as that of the appointment, where a mail with its link is on the way."""
    appointment = self_service.accept(link, now=now)
    new = self_service.new_link(appointment, now=now) if appointment else None
    if new is not None:
        request.visitor.goes_on(new)
    return done(request, gettext("Thank you. This time is yours now."))


@patient_page(Purpose.OFFER, methods=("POST",))
def decline(request, link, now):
    self_service.decline(link, now=now)
    return done(request, gettext("Thank you for telling us. You stay on our list."))
