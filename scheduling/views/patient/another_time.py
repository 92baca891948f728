"""Another time: the patient chooses a day, then a time, which is kept for some minutes, then takes it.

The days and times are real proposals. Where the department does not open them, or none suits, the patient asks the
desk to phone.
"""

from django.utils.translation import gettext

from scheduling.forms.patient_wish import WishForm
from scheduling.models.links import Purpose
from scheduling.services import self_service
from scheduling.views.days import day_of
from scheduling.views.patient.frame import done, patient_page, show
from vqflow.errors import Conflict

HERE, KEPT = "scheduling:link-another-time", "scheduling:link-another-time-kept"
PURPOSES = (Purpose.VISIT,)


@patient_page(*PURPOSES)
def another_time(request, link, now):
    """The days with a time, and the times of one of them."""
    return _choose(request, link, now)


def _choose(request, link, now, *, wrong="", status=200):
    if refusal := self_service.why_not_move(link.appointment, now):
        return _ask(request, link, now, refusal, status)
    days = self_service.days(link, now=now)
    wanted = day_of(request.GET.get("day", ""))
    chosen = wanted if wanted in days else next(iter(days), None)
    choices = self_service.proposals(link, chosen, now=now) if chosen else []
    context = {"days": days, "chosen": chosen, "choices": choices, "wrong": wrong, **_wish(link, now)}
    return show(request, "patient/another_time.html", context, status=status)


def _ask(request, link, now, refusal, status):
    """The patient cannot choose here: why, and a message to the desk instead."""
    context = {"refusal": gettext(refusal), **_wish(link, now)}
    return show(request, "patient/another_time_ask.html", context, status=status)


def _wish(link, now):
    return {
        "may_ask": self_service.why_not_ask(link.appointment, now) is None,
        "has_asked": self_service.has_asked(link),
        "longest_wish": WishForm.LONGEST,
    }


@patient_page(*PURPOSES, methods=("POST",))
def keep(request, link, now):
    """Keep the time that was chosen, for some minutes."""
    try:
        self_service.hold(link, request.POST.get("time", ""), now=now)
    except Conflict as refusal:
        return _choose(request, link, now, wrong=gettext(refusal.sentence), status=refusal.status)
    return done(request, to=KEPT)


@patient_page(*PURPOSES)
def kept(request, link, now):
    """The kept time beside the present one, and until when it is kept."""
    found = self_service.held(link, now=now)
    if found is None:
        return _choose(request, link, now, wrong=gettext(self_service.NOT_KEPT))
    hold, choice = found
    return show(request, "patient/another_time_kept.html", {"hold": hold, "choice": choice, **_present(link)})


@patient_page(*PURPOSES, methods=("POST",))
def take(request, link, now):
    """Move the appointment to the kept time. The page goes on with the link of the new time."""
    try:
        appointment = self_service.take(link, request.POST.get("hold", ""), now=now)
    except Conflict as refusal:
        return _choose(request, link, now, wrong=gettext(refusal.sentence), status=refusal.status)
    new = self_service.new_link(appointment, now=now)
    if new is None:
        return show(request, "patient/another_time_taken.html", _present(link))
    language = request.visitor.language
    request.visitor.opens(new)
    request.visitor.is_unlocked, request.visitor.language = True, language
    return done(request, gettext("Your appointment has its new time. The earlier time is no longer yours."))


@patient_page(*PURPOSES, methods=("POST",))
def give_back(request, link, now):
    """Keep the present time; or look at the other times once more."""
    self_service.give_back(link, now=now)
    if "again" in request.POST:
        return done(request, to=HERE)
    return done(request, gettext("Nothing has changed. Your appointment stays as it was."))


@patient_page(*PURPOSES, methods=("POST",))
def ask(request, link, now):
    """The desk is asked to phone."""
    form = WishForm(request.POST)
    form.is_valid()
    self_service.ask_for_another_time(link, form.cleaned_data.get("wish", ""), now=now)
    return done(
        request,
        gettext("We will call you about another time. Until then your appointment stays as it is."),
    )


def _present(link):
    return {"appointment": link.appointment}
