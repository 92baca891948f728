"""What the page of proposals looks for: a first appointment, another time of one, or of one of its steps."""

from django.utils import timezone

from scheduling.engine.states import StepState
from scheduling.models import StepKind
from scheduling.services import booking, explanation, heat, holds, onestep
from scheduling.services import search as itineraries
from scheduling.views.proposals import CANDIDATES
from scheduling.views.search_page import Page
from vqflow import policy

ONLY_PRESENT = "Only the present time is free in this period."


def new_visit(request, order):
    """The page that looks for a first appointment; with `overbook` in what was asked, also where all is taken."""
    by = request.user
    may_overbook = itineraries.why_not_overbook(order, by) is None
    overbooking = may_overbook and "overbook" in (request.POST if request.method == "POST" else request.GET)

    def find(first_day, days, xray, wished):
        return itineraries.proposals(
            order,
            **{"first_day": first_day, "days": days, "by": by, "now": timezone.now()},
            xray_ended_at=xray.ended_at if xray else None,
            wished=wished,
            hold=holds.token_of(order),
            overbooking=overbooking,
            limit=CANDIDATES,
        )

    def explain(starts, first_day, days, xray, wished):
        return explanation.why_not(
            order,
            starts=starts,
            **{"first_day": first_day, "days": days, "by": by, "now": timezone.now()},
            xray_ended_at=xray.ended_at if xray else None,
            wished=wished,
        )

    def weeks(first_day, days, xray, wished):
        ended_at = xray.ended_at if xray else None
        asked = {"first_day": first_day, "days": days, "by": by, "now": timezone.now()}
        return heat.of_order(order, **asked, xray_ended_at=ended_at, wished=wished)

    return Page(
        order,
        find,
        explain,
        weeks,
        why_not_book=policy.why_not(by, "appointment.book"),
        may_overbook=may_overbook,
        is_overbooking=overbooking,
    )


def other_time(request, appointment):
    """The page that looks for another time of an appointment."""
    by = request.user

    def find(first_day, days, xray, wished):
        found, sentences = itineraries.moves(
            appointment,
            **{"first_day": first_day, "days": days, "by": by, "now": timezone.now()},
            wished=wished,
            hold=holds.token_of(appointment.procedure.order),
            limit=CANDIDATES,
        )
        others = [each for each in found if not planned.items() >= each.starts.items()]
        return others, [ONLY_PRESENT] if found and not others else sentences

    def explain(starts, first_day, days, xray, wished):
        asked = {"first_day": first_day, "days": days, "by": by, "now": timezone.now()}
        return explanation.why_not_move(appointment, starts=starts, **asked, wished=wished)

    def weeks(first_day, days, xray, wished):
        asked = {"first_day": first_day, "days": days, "by": by, "now": timezone.now()}
        return heat.of_appointment(appointment, **asked, wished=wished)

    planned = {step.kind: step.planned_start_at for step in appointment.steps.all()}
    return Page(
        appointment.procedure.order,
        find,
        explain,
        weeks,
        appointment=appointment,
        xray_done=xray_done(appointment),
    )


def other_start(request, step):
    """The page that looks for another start of one step; all the others stay."""
    appointment = step.appointment

    def find(first_day, days, xray, wished):
        return onestep.others(step, by=request.user, now=timezone.now())

    def explain(starts, first_day, days, xray, wished):
        return onestep.why_not(step, wanted=starts[step.kind], by=request.user, now=timezone.now())

    return Page(
        appointment.procedure.order,
        find,
        explain,
        appointment=appointment,
        step=step,
        xray_done=xray_done(appointment),
    )


def xray_done(appointment):
    """The X-ray of the appointment that is over, as one done elsewhere, or None."""
    step = appointment.steps.filter(kind=StepKind.XRAY, state=StepState.COMPLETED).first()
    return step and booking.XrayElsewhere(step.performed_end_at, step.elsewhere, step.modality)
