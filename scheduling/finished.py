"""A finished examination with every row that its reader sees: two statements, and both are made once."""

from scheduling.engine.states import AppointmentState
from scheduling.models import (
    Administration,
    Appointment,
    ChestXray,
    CountRate,
    Decision,
    HandOver,
    Incident,
    Order,
    PictureRecord,
    Problem,
    Protocol,
    ProtocolPhase,
    ProtocolStep,
    Release,
    Reservation,
    Resource,
    ScheduledProcedureStep,
    ScreeningAnswer,
)
from scheduling.related_rows import OF_USER, Lookup, Relation, attach
from vqflow.statements import Compiled

STANDING = "x.voided_at IS NULL"
_ROOMS = """x.kind = 'room' AND x.id IN (
    SELECT resource_id FROM scheduling_reservation WHERE step_id IN (SELECT id FROM steps))"""
_OF_ROOMS = """x.status IN ('held', 'booked', 'overbooked')
    AND (SELECT r.kind = 'room' FROM scheduling_resource r WHERE r.id = x.resource_id)"""
RELATIONS = (
    Relation(Appointment, "problems", Problem, order="x.opened_at, x.id"),
    Relation(Appointment, "releases", Release, order="x.decided_at, x.id"),
    Relation(Appointment, "hand_over", HandOver),
    Relation(Appointment, "incidents", Incident, only=STANDING, order="x.happened_at, x.id"),
    Relation(Order, "answers", ScreeningAnswer),
    Relation(Order, "decisions", Decision, order="x.decided_at, x.id"),
    Relation(Protocol, "steps", ProtocolStep, order="x.ordinal"),
    Relation(Protocol, "phases", ProtocolPhase, order="x.ordinal"),
    Relation(ScheduledProcedureStep, "reservations", Reservation, only=_OF_ROOMS),
    Relation(ScheduledProcedureStep, "pictures", PictureRecord, only=STANDING),
    Relation(ScheduledProcedureStep, "administrations", Administration, only=STANDING),
    Relation(ScheduledProcedureStep, "count_rates", CountRate, only=STANDING),
    Relation(ScheduledProcedureStep, "chest_xrays", ChestXray, only=STANDING),
)
LOOKUPS = (Lookup(Appointment, "of_resource", Resource, only=_ROOMS), OF_USER)
_DONE = Compiled(
    lambda procedure, state: Appointment.objects.filter(procedure_id=procedure, state=state),
    procedure=-1,
    state="a state",
)


def examination(order):
    """The order's finished appointment, or None. Of what was recorded it has what stands, of what was reserved the
    rooms; the order's answers and decisions are read with it.

    `procedure__protocol` and `site` of the order are loaded already. Whoever holds it changes nothing in it.
    """
    procedure = getattr(order, "procedure", None)
    if procedure is None:
        return None
    done = _DONE.first(procedure=procedure.pk, state=AppointmentState.FULFILLED.value)
    if done is None:
        return None
    done.procedure = procedure
    if done.site_id == order.site_id:
        done.site = order.site
    attach([done], RELATIONS, LOOKUPS)
    return done
