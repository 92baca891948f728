"""What happened to an order or an appointment, in words, from the audit trail. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from scheduling.models import Appointment, Decision, ScheduledProcedureStep, StepKind
from vqflow.models import AuditEvent, User

WORDS = {
    "order.placed": "Order placed",
    "order.vetted": "Vetted",
    "order.protocol_suggested": "Protocol follows the answers",
    "order.protocol_changed": "Protocol changed",
    "order.asked_back": "Asked back",
    "order.question_answered": "Question answered",
    "order.declined": "Declined",
    "order.cancelled": "Order cancelled",
    "order.reported": "Report signed",
    "screening.answered": "Screening answered",
    "rule.overridden": "A physician let it go on",
    "consult.held": "A physician said: not yet",
    "decision.countersigned": "Decision by phone countersigned",
    "appointment.booked": "Appointment booked",
    "appointment.moved": "Appointment moved",
    "appointment.overbooked": "Rooms or people taken twice",
    "appointment.cancelled": "Appointment cancelled",
    "appointment.confirmed": "Patient has confirmed",
    "appointment.another_time_asked": "Patient asks for another time",
    "appointment.no_show": "Patient did not come",
    "technologist.assigned": "Technologist changed",
    "visit.checked_in": "Checked in",
    "visit.check_in_undone": "Check-in undone",
    "visit.fulfilled": "Examination finished",
    "xray.confirmed": "Chest X-ray confirmed",
    "dose.cleared": "Dose cleared",
    "dose.clearance_undone": "Clearance of the dose undone",
    "step.started": "Started",
    "step.ended": "Ended",
    "step.lengthened": "Length changed",
    "step.discontinued": "Stopped early",
    "step.undone": "Step undone",
    "press.entered_later": "Entered later",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history. `starts_at`: the time that was planned, where the entry is about one."""

    recorded_at: datetime
    words: str
    detail: str
    who: str
    starts_at: datetime | None = None
    was_at: datetime | None = None


def of_order(order):
    """The order's own history with that of its appointments and decisions, oldest first."""
    appointments = Appointment.objects.filter(procedure__order=order).values_list("pk", flat=True)
    decisions = Decision.objects.filter(order=order).values_list("pk", flat=True)
    steps = _step_ids(Q(appointment__procedure__order=order))
    return _entries(
        _about("order", [order.pk])
        | _about("appointment", appointments)
        | _about("decision", decisions)
        | _about("scheduledprocedurestep", steps)
    )


def of_appointment(appointment):
    """The revisions of one plan, and what was done in it, oldest first."""
    steps = _step_ids(Q(appointment=appointment))
    return _entries(_about("appointment", [appointment.pk]) | _about("scheduledprocedurestep", steps))


def moves(entries):
    """How often the appointment was given another time; a new length or a new technologist is no move."""
    return sum(each.words == WORDS["appointment.moved"] for each in entries)


def _step_ids(which):
    return ScheduledProcedureStep.objects.filter(which).values_list("pk", flat=True)


def _about(model, ids):
    return Q(subject_type=f"scheduling.{model}", subject_id__in=[str(pk) for pk in ids])


def _entries(about):
    """Events with words of their own: that somebody looked is the privacy officer's business, not the desk's."""
    events = list(AuditEvent.objects.filter(about, action__in=WORDS).order_by("pk"))
    names = _names({event.agent_id for event in events} - {""})
    return [_entry(event, names) for event in events]


def _names(ids):
    return {str(user.pk): user.name for user in User.objects.filter(pk__in=ids)} if ids else {}


def _entry(event, names):
    data = event.data
    return Entry(
        recorded_at=event.recorded_at,
        words=WORDS[event.action],
        detail=_detail(event.action, data),
        who=names.get(event.agent_id) or event.agent_name,
        starts_at=_moment(data.get("starts_at") or data.get("counts_from")),
        was_at=_moment((data.get("before") or {}).get("starts_at"))
        if event.action.endswith("moved")
        else None,
    )


def _moment(text):
    return datetime.fromisoformat(text) if text else None


def _detail(action, data):
    if action == "press.entered_later":
        return "sent again when the network was back; it counts"
    if action == "screening.answered":
        return ", ".join(key.replace("_", " ") for key in data.get("answers", {}))
    if action in ("order.vetted", "order.protocol_changed", "order.protocol_suggested"):
        phone = ", by phone" if data.get("by_phone") else ""
        return ": ".join(filter(None, [f"{data.get('protocol', '')}{phone}", data.get("reason", "")]))
    if action in ("order.asked_back", "order.question_answered"):
        return data.get("question") or data.get("answer", "")
    if action == "appointment.overbooked":
        return f"{', '.join(data['resources'])}: {data['reason']}"
    if action == "step.lengthened":
        return f"{StepKind(data['step']).label}, {data['minutes']} min"
    step = StepKind(data["step"]).label if data.get("step") in StepKind.values else ""
    named = [step, *(data.get(key, "") for key in ("rule", "technologist", "reason"))]
    return ": ".join(each for each in named if each)
