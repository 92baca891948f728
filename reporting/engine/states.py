"""The state machine of a report as one table; see scheduling/engine/states.py for how it is used."""

from enum import StrEnum


class ReportState(StrEnum):
    """FHIR DiagnosticReport.status where it fits; draft is its "registered" with content."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"


REPORT_TRANSITIONS = [
    (ReportState.DRAFT, ReportState.PRELIMINARY),
    (ReportState.DRAFT, ReportState.FINAL),
    (ReportState.PRELIMINARY, ReportState.FINAL),
]
