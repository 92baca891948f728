"""The visit as its patient sees it: when and where, what there is to do, what happens, and what comes after."""

from django.http import HttpResponse

from scheduling import interruptions, letters
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import Agent, StepKind
from scheduling.models.links import Purpose
from scheduling.services import links, self_service
from scheduling.templatetags import clock
from scheduling.views.patient import aftercare
from scheduling.views.patient.frame import patient_page, show

GASES = (Agent.XE133, Agent.KR81M)


def page(request, link, now):
    """The first page behind the link of an appointment; after the visit what is good to know then."""
    appointment = link.appointment
    if appointment.state == AppointmentState.FULFILLED:
        return aftercare.page(request, link, now)
    order = appointment.procedure.order
    context = {
        "appointment": appointment,
        "visits": [_visit(each, appointment.site) for each in letters.visits(appointment)],
        "referrer": order.referrer,
        "may_answer": self_service.why_not_confirm(appointment, now) is None,
        "has_asked": self_service.has_asked(link),
        "questions": len(self_service.questions(link, now=now)),
        "has_xray_elsewhere": not _parts(appointment)["xray"],
        "asks_in_private": self_service.may_ask_in_private(order, now),
        "pause": interruptions.told_ahead(appointment, now=now),
    }
    return show(request, "patient/visit.html", context)


def _visit(visit, site):
    zone = site.time_zone
    is_same_day = clock.local(visit.starts_at, zone).date() == clock.local(visit.ends_at, zone).date()
    return {"visit": visit, "leaves_later": not is_same_day}


@patient_page(Purpose.VISIT, Purpose.OFFER)
def what_happens(request, link, now):
    """The examination in plain words and drawings: the parts that this patient has."""
    appointment = link.appointment or link.offer.entry.appointment
    parts = _parts(appointment) if appointment else _parts_of(link.offer.entry.order.procedure.protocol)
    order = links.order_of(link)
    return show(
        request,
        "patient/what_happens.html",
        {**parts, "asks_in_private": self_service.may_ask_in_private(order, now), "referrer": order.referrer},
    )


def _parts(appointment):
    """Which parts are still to come, in which order, and how the air is made visible."""
    to_come = [
        each
        for each in appointment.steps.all()
        if each.state not in (StepState.COMPLETED, StepState.CANCELLED) and not each.elsewhere
    ]
    held = any(each.awaits_reading for each in to_come)
    return _told([each.kind for each in to_come], appointment.procedure.protocol.agent, held=held)


def _parts_of(protocol):
    steps = protocol.steps.all()
    held = any(each.if_before_abnormal for each in steps)
    return _told([each.kind for each in steps], protocol.agent, held=held)


def _told(kinds, agent, *, held):
    lungs = [each for each in kinds if each != StepKind.XRAY]
    return {
        "xray": StepKind.XRAY in kinds,
        "air": StepKind.VENTILATION in kinds,
        "blood": StepKind.PERFUSION in kinds,
        "blood_first": lungs[:1] == [StepKind.PERFUSION],
        "air_may_be_left_out": held,
        "is_gas": agent in GASES,
    }


@patient_page(Purpose.VISIT)
def calendar(request, link, now):
    """The visits as a file for the patient's own calendar; neutral, as it is shown on lock screens."""
    appointment = link.appointment
    file = letters.download(appointment, letters.visits(appointment), now=now)
    response = HttpResponse(file, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response
