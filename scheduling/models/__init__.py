from scheduling.models.administrations import Administration, CountRate
from scheduling.models.appointments import Appointment, Reservation, ScheduledProcedureStep
from scheduling.models.arrivals import Arrival, Identifier
from scheduling.models.decisions import Decision, OrderQuestion, Outcome, Task
from scheduling.models.department import ChangeState, ChangeSubject, LetterKind, LetterText, PlannedChange
from scheduling.models.disruptions import Disruption, DisruptionKind, Replan, ReplanChange
from scheduling.models.holds import Hold, ReservedSlot
from scheduling.models.links import PatientLink, Purpose
from scheduling.models.messages import Carrier, Channel, Message, MessageKind, MessageRule, MessageState
from scheduling.models.modalities import (
    ApplicationEntity,
    CharacterSet,
    PerformedMessage,
    PerformedProcedureStep,
    PerformedStatus,
    RefusedAssociation,
    WorklistQuery,
)
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
from scheduling.models.phases import PhaseRecord, PictureRecord, ProtocolPhase
from scheduling.models.problems import Correction, Incident, Problem
from scheduling.models.protocols import MODALITY, Agent, Protocol, ProtocolStep, StepKind, Tracer
from scheduling.models.quality import CheckKind, CheckPlan, QualityCheck, Spill
from scheduling.models.readings import PerfusionReading
from scheduling.models.release import HandOver, Release, WorkedOn
from scheduling.models.saved_views import SavedView
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
from scheduling.models.tracers import DoseClaim, DoseOrder, TracerBatch, TracerSupply
from scheduling.models.untold import UntoldResult
from scheduling.models.versions import CalendarVersion, OccupancyChange
from scheduling.models.waitlist import Offer, WaitlistEntry, WaitlistLook
from scheduling.models.xrays import ChestXray

__all__ = [
    "MODALITY",
    "Administration",
    "Agent",
    "ApplicationEntity",
    "Appointment",
    "Arrival",
    "BodyMeasurement",
    "CalendarVersion",
    "Capability",
    "Carrier",
    "ChangeState",
    "ChangeSubject",
    "Channel",
    "CharacterSet",
    "CheckKind",
    "CheckPlan",
    "ChestXray",
    "Closure",
    "Correction",
    "CountRate",
    "Decision",
    "DimerUnits",
    "Disruption",
    "DisruptionKind",
    "DoseClaim",
    "DoseOrder",
    "FormerNumber",
    "HandOver",
    "Hold",
    "Identifier",
    "Incident",
    "Language",
    "LetterKind",
    "LetterText",
    "Message",
    "MessageKind",
    "MessageRule",
    "MessageState",
    "OccupancyChange",
    "Offer",
    "OpeningHours",
    "Order",
    "OrderQuestion",
    "Outcome",
    "Patient",
    "PatientClass",
    "PatientLink",
    "PerformedMessage",
    "PerformedProcedureStep",
    "PerformedStatus",
    "PerfusionReading",
    "PhaseRecord",
    "PictureRecord",
    "PlannedChange",
    "Priority",
    "Problem",
    "Protocol",
    "ProtocolPhase",
    "ProtocolStep",
    "Purpose",
    "QualityCheck",
    "Referrer",
    "RefusedAssociation",
    "Release",
    "Replan",
    "ReplanChange",
    "RequestedProcedure",
    "Reservation",
    "ReservedSlot",
    "Resource",
    "ResourceKind",
    "Room",
    "SavedView",
    "ScheduledProcedureStep",
    "ScreeningAnswer",
    "Sex",
    "Shift",
    "Site",
    "Spill",
    "StepKind",
    "Task",
    "Tracer",
    "TracerBatch",
    "TracerSupply",
    "Transport",
    "UntoldResult",
    "WaitlistEntry",
    "WaitlistLook",
    "WorkedOn",
    "WorklistQuery",
]
