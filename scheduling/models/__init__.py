from scheduling.models.appointments import Appointment, Reservation, ScheduledProcedureStep
from scheduling.models.disruptions import Disruption, DisruptionKind, Replan, ReplanChange
from scheduling.models.holds import Hold, ReservedSlot
from scheduling.models.messages import Message, MessageKind, MessageState
from scheduling.models.orders import (
    Decision,
    Order,
    PatientClass,
    Priority,
    Referrer,
    RequestedProcedure,
    ScreeningAnswer,
    Task,
)
from scheduling.models.patients import BodyMeasurement, Language, Patient, Sex
from scheduling.models.protocols import MODALITY, Agent, Protocol, ProtocolStep, StepKind, Tracer
from scheduling.models.readings import PerfusionReading
from scheduling.models.sites import (
    Capability,
    Closure,
    OpeningHours,
    Resource,
    ResourceKind,
    Room,
    Shift,
    Site,
)
from scheduling.models.tracers import DoseClaim, TracerBatch, TracerSupply
from scheduling.models.versions import CalendarVersion
from scheduling.models.waitlist import Offer, WaitlistEntry, WaitlistLook

__all__ = [
    "MODALITY",
    "Agent",
    "Appointment",
    "BodyMeasurement",
    "CalendarVersion",
    "Capability",
    "Closure",
    "Decision",
    "Disruption",
    "DisruptionKind",
    "DoseClaim",
    "Hold",
    "Language",
    "Message",
    "MessageKind",
    "MessageState",
    "Offer",
    "OpeningHours",
    "Order",
    "Patient",
    "PatientClass",
    "PerfusionReading",
    "Priority",
    "Protocol",
    "ProtocolStep",
    "Referrer",
    "Replan",
    "ReplanChange",
    "RequestedProcedure",
    "Reservation",
    "ReservedSlot",
    "Resource",
    "ResourceKind",
    "Room",
    "ScheduledProcedureStep",
    "ScreeningAnswer",
    "Sex",
    "Shift",
    "Site",
    "StepKind",
    "Task",
    "Tracer",
    "TracerBatch",
    "TracerSupply",
    "WaitlistEntry",
    "WaitlistLook",
]
