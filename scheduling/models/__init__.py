from scheduling.models.appointments import Appointment, Reservation, ScheduledProcedureStep
from scheduling.models.decisions import Decision, OrderQuestion, Outcome, Task
from scheduling.models.department import ChangeState, ChangeSubject, LetterKind, LetterText, PlannedChange
from scheduling.models.disruptions import Disruption, DisruptionKind, Replan, ReplanChange
from scheduling.models.holds import Hold, ReservedSlot
from scheduling.models.messages import Message, MessageKind, MessageState
from scheduling.models.orders import (
    DimerUnits,
    Order,
    PatientClass,
    Priority,
    Referrer,
    RequestedProcedure,
    ScreeningAnswer,
    Transport,
)
from scheduling.models.patients import BodyMeasurement, FormerNumber, Language, Patient, Sex
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
from scheduling.models.versions import CalendarVersion, OccupancyChange
from scheduling.models.waitlist import Offer, WaitlistEntry, WaitlistLook

__all__ = [
    "MODALITY",
    "Agent",
    "Appointment",
    "BodyMeasurement",
    "CalendarVersion",
    "Capability",
    "ChangeState",
    "ChangeSubject",
    "Closure",
    "Decision",
    "DimerUnits",
    "Disruption",
    "DisruptionKind",
    "DoseClaim",
    "FormerNumber",
    "Hold",
    "Language",
    "LetterKind",
    "LetterText",
    "Message",
    "MessageKind",
    "MessageState",
    "OccupancyChange",
    "Offer",
    "OpeningHours",
    "Order",
    "OrderQuestion",
    "Outcome",
    "Patient",
    "PatientClass",
    "PerfusionReading",
    "PlannedChange",
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
    "Transport",
    "WaitlistEntry",
    "WaitlistLook",
]
