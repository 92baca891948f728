"""The small steps that run now in the hands of one person: rooms and times, and no patient."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduling.engine.states import AppointmentState
from scheduling.examinations import STAYS
from scheduling.models import Capability, PhaseRecord, ProtocolPhase, Reservation, ResourceKind, StepKind

HERE = (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Running:
    """One small step that runs. `room`: where its acquisition is planned, or empty."""

    pk: int
    appointment_pk: UUID
    phase: ProtocolPhase
    room: str
    started_at: datetime


def of(user, now):
    """The steps that this user has begun and nobody has ended, the oldest first: three queries, one for none."""
    records = list(
        PhaseRecord.objects.standing()
        .filter(
            recorded_by=user,
            ended_at=None,
            skipped_reason="",
            started_at__gt=now - STAYS,
            appointment__state__in=HERE,
            appointment__site__code=user.site_code,
        )
        .order_by("started_at", "pk")
        .values_list("pk", "appointment_id", "appointment__procedure__protocol_id", "key", "started_at")
    )
    if not records:
        return []
    phases = _phases(records)
    rooms = _rooms({appointment for _, appointment, *_ in records})
    return [
        Running(pk, appointment, phase, _room(rooms, appointment, phase.part), started_at)
        for pk, appointment, protocol, key, started_at in records
        if (phase := phases.get((protocol, key)))
    ]


def _phases(records):
    found = ProtocolPhase.objects.filter(
        protocol__in={protocol for _, _, protocol, *_ in records}, key__in={record[3] for record in records}
    )
    return {(each.protocol_id, each.key): each for each in found}


def _room(rooms, appointment, part):
    """Of the acquisition; for what is no part of one, of the appointment's first: it tells two patients apart."""
    first = (name for (whose, _), name in rooms.items() if whose == appointment)
    return rooms.get((appointment, part)) or next(first, "")


def _rooms(appointments):
    """{(appointment, kind of step): name of the room}, in the order of the steps; bays and the X-ray left out."""
    booked = (
        Reservation.objects.filter(
            step__appointment__in=appointments,
            status__in=[Reservation.Status.BOOKED, Reservation.Status.OVERBOOKED],
            resource__kind=ResourceKind.ROOM,
        )
        .exclude(resource__capabilities__contains=[Capability.PREP_BAY])
        .exclude(step__kind=StepKind.XRAY)
        .order_by("step__ordinal")
        .values_list("step__appointment_id", "step__kind", "resource__name")
    )
    return {(appointment, kind): name for appointment, kind, name in booked}
