"""The page of one appointment: its plan, its people, what was sent, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import prefetch_related_objects
from django.shortcuts import render
from django.utils import timezone

from scheduling import history, letters, performed_said, tracer_list
from scheduling.engine.states import StepState
from scheduling.forms.orders import ReasonForm
from scheduling.forms.perfusion import PerfusionForm
from scheduling.models import Resource, ResourceKind, ScheduledProcedureStep
from scheduling.performed_said import DeviceSaid
from scheduling.services import confirmations, onestep
from scheduling.services.perfusion import why_not_read
from scheduling.services.search import why_not_move
from scheduling.services.transitions import words
from scheduling.templatetags import clock
from scheduling.views import plan, targets
from scheduling.views.order_page import waits
from scheduling.views.proposals import same_day
from vqflow import policy


@dataclass(frozen=True, slots=True)
class Line:
    """One step with who does it; `people`: who else could, where there is somebody to be replaced.

    `minutes`: of its acquisition, where this user may change them; `may_move`: it alone can be moved. `dose`: from
    which batch, or that it is lost. `said`: by devices.
    """

    step: ScheduledProcedureStep
    room: Resource | None
    technologist: Resource | None
    people: tuple[Resource, ...]
    said: Sequence[DeviceSaid] = ()
    minutes: int | None = None
    may_move: bool = False
    dose: str = ""
    has_lost_dose: bool = False


def render_appointment(
    request, appointment, *, status=200, refusal=None, cancel_form=None, faulty=None, reading_form=None
):
    """The page. A form comes back with what was typed; `faulty` is one whose errors stand above the page only."""
    prefetch_related_objects([appointment], "steps__reservations__resource", "steps__performed_by")
    user, now = request.user, timezone.now()
    order, is_movable = appointment.procedure.order, why_not_move(appointment) is None
    visits, zone = letters.visits(appointment), appointment.site.time_zone
    events = history.of_appointment(appointment)
    context = {
        "appointment": appointment,
        "order": order,
        "patient": order.patient,
        "zone": zone,
        "age": order.patient.age_on(clock.local(now, zone).date()),
        "now": now,
        "chain": plan.chain_of_plan(appointment),
        "lines": _lines(user, appointment),
        "faulty": faulty or cancel_form,
        "visits": visits,
        "comes_again": not same_day(appointment.starts_at, visits[-1].starts_at, zone),
        "late": targets.late_words(order, appointment.lungs_start_at) if is_movable else "",
        "sent": appointment.messages.order_by("due_at", "pk"),
        "history": events,
        "moves": history.moves(events),
        "state_words": words(appointment.state),
        **waits(user, order, appointment),
        "is_movable": is_movable,
        "may_move": is_movable and policy.allows(user, "appointment.move"),
        "may_print_labels": policy.allows(user, "label.print"),
        "may_confirm": not appointment.confirmed_at
        and confirmations.why_not(appointment, now) is None
        and policy.allows(user, confirmations.ACTION),
        "may_cancel": is_movable and policy.allows(user, "appointment.cancel"),
        "cancel_form": cancel_form or ReasonForm(auto_id="id_cancel_%s"),
        "is_cancelling": cancel_form is not None,
        "refusal": refusal,
        "may_read": policy.allows(user, "perfusion.read") and why_not_read(appointment, now) is None,
        "reading_form": reading_form or PerfusionForm(auto_id="id_reading_%s"),
    }
    return render(request, "scheduling/appointment.html", context, status=status)


def _lines(user, appointment):
    """The steps; the technologists are asked for once, whatever number of steps there is."""
    people = list(_technologists(user)) if policy.allows(user, "technologist.assign") else []
    needed = {row.kind: row.qualification for row in appointment.procedure.protocol.steps.all()}
    may_move = policy.allows(user, "appointment.move") and why_not_move(appointment) is None
    doses = tracer_list.doses_of(appointment)
    steps = appointment.steps.all()
    said = performed_said.of_steps(steps)
    return [
        _line(step, people, needed[step.kind], may_move, said.get(step.pk, ()), *doses.get(step.pk, ()))
        for step in steps
    ]


def _line(step, people, qualification, may_move, said, *dose):
    held = plan.technologist(step)
    can_change = held is not None and not plan.is_over(step)
    qualified = tuple(each for each in people if can_change and qualification in each.capabilities)
    minutes = _minutes(step) if may_move else None
    movable = may_move and onestep.why_not_move(step) is None
    return Line(step, plan.room(step), held, qualified, said, minutes, movable, *dose)


def _minutes(step):
    """How long the acquisition is planned to take, where it is still to come."""
    if step.state != StepState.SCHEDULED or step.planned_start_at is None or step.simultaneous:
        return None
    return (step.planned_end_at - step.planned_start_at) // timedelta(minutes=1)


def _technologists(user):
    found = Resource.objects.for_user(user).filter(kind=ResourceKind.TECHNOLOGIST, is_active=True)
    return found.order_by("name")
