"""What the tests of the examination share: one technologist, one booked patient, and how it stands."""

from datetime import timedelta

import pytest

from scheduling.engine import phases
from scheduling.engine.catalogue import Agent
from scheduling.examinations import is_here
from scheduling.models import Appointment, Order, ProtocolPhase
from scheduling.services import protocols, vetting
from scheduling.services.examination import arrivals, xrays
from tests import department
from vqflow.errors import Conflict

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NO_XRAY = (
    "No chest X-ray or chest CT is recorded. One is needed that ended between 1 h and 24 h "
    "before the first lung acquisition."
)
TOO_OLD = "The chest X-ray ended 24 h 1 min before; at most 24 h is allowed. A new chest X-ray is needed."


def step(appointment, kind):
    return appointment.steps.get(kind=kind)


def states(appointment):
    """(order, appointment, X-ray, ventilation, perfusion) as they stand in the database."""
    stored = Appointment.objects.select_related("procedure__order").get(pk=appointment.pk)
    return (
        stored.procedure.order.state,
        stored.state,
        *stored.steps.order_by("ordinal").values_list("state", flat=True),
    )


def arrive(appointment, technologist, xray_ended_at, now=None):
    """Checked in, and an X-ray recorded that ended then (None: not done)."""
    now = now or appointment.lungs_start_at
    if abs(now - appointment.starts_at) > 12 * HOUR:
        department.planned_at(appointment, now)
    arrivals.check_in(appointment, **department.HERE, by=technologist, now=now)
    if xray_ended_at:
        xrays.record(appointment, ended_at=xray_ended_at, by=technologist, now=xray_ended_at)
    return appointment


def here(appointment, technologist, at):
    """Checked in again where the patient comes back on another day."""
    stored = Appointment.objects.select_related("site").get(pk=appointment.pk)
    if not is_here(stored, at):
        arrivals.check_in(stored, **department.HERE, by=technologist, now=at)


def override(appointment, rule, by, now, **fields):
    order = Order.objects.get(pk=appointment.procedure.order_id)
    return vetting.override(order, rule=rule, reason=vetting.PRESET_REASONS[0], by=by, now=now, **fields)


def refused(call, *args, **kwargs):
    with pytest.raises(Conflict) as refusal:
        call(*args, **kwargs)
    return refusal.value.sentence


def with_phases(appointment, agent="technegas", kinds=("ventilation", "perfusion")):
    """The appointment with the small steps of this agent in its protocol."""
    protocol = appointment.procedure.protocol
    templates = phases.phases(Agent(agent) if agent else None, tuple(kinds))
    ProtocolPhase.objects.bulk_create(protocols.phases_as(protocol, templates))
    return appointment
