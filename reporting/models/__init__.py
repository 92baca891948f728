"""Reports with their signed versions, and what a department and its physicians choose for them."""

from reporting.models.critical import Attempt, Closing, CriticalResult, Escalation, Told, Withdrawal
from reporting.models.facts import ExaminationFact, NumbersKept, ResourceDay, TracerDay
from reporting.models.looks import Look
from reporting.models.reports import LATER_KINDS, Content, Report, ReportVersion, VersionKind
from reporting.models.rules import Preset, ReportingRules
from reporting.models.second_readings import SecondReading

__all__ = [
    "LATER_KINDS",
    "Attempt",
    "Closing",
    "Content",
    "CriticalResult",
    "Escalation",
    "ExaminationFact",
    "Look",
    "NumbersKept",
    "Preset",
    "Report",
    "ReportVersion",
    "ReportingRules",
    "ResourceDay",
    "SecondReading",
    "Told",
    "TracerDay",
    "VersionKind",
    "Withdrawal",
]
