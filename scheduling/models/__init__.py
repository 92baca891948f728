from scheduling.models.appointments import Appointment, Reservation, ScheduledProcedureStep
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
from scheduling.models.protocols import MODALITY, Agent, Protocol, ProtocolStep, StepKind
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

__all__ = [
    "MODALITY",
    "Agent",
    "Appointment",
    "BodyMeasurement",
    "Capability",
    "Closure",
    "Decision",
    "Language",
    "Message",
    "MessageKind",
    "MessageState",
    "OpeningHours",
    "Order",
    "Patient",
    "PatientClass",
    "Priority",
    "Protocol",
    "ProtocolStep",
    "Referrer",
    "RequestedProcedure",
    "Reservation",
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
]
