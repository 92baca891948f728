"""The state machine of a report as one table; see scheduling/engine/states.py for how it is used."""

from enum import StrEnum


class ReportState(StrEnum):
    """FHIR DiagnosticReport.status where it fits; draft is its "registered" with content, retracted its
    "entered-in-error"."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    RETRACTED = "retracted"


SIGNED = (ReportState.FINAL, ReportState.AMENDED)
"""The report stands: what the referrer sees."""

REPORT_TRANSITIONS = [
    (ReportState.DRAFT, ReportState.PRELIMINARY),
    (ReportState.DRAFT, ReportState.FINAL),
    (ReportState.PRELIMINARY, ReportState.FINAL),
    (
        ReportState.PRELIMINARY,
        ReportState.AMENDED,
    ),  # written anew by a resident after a final one was retracted
    (ReportState.PRELIMINARY, ReportState.RETRACTED),
    (ReportState.FINAL, ReportState.AMENDED),  # an addendum or an amendment; further ones stay in this state
    (ReportState.FINAL, ReportState.RETRACTED),
    (ReportState.AMENDED, ReportState.RETRACTED),
    (ReportState.RETRACTED, ReportState.PRELIMINARY),  # written anew
    (ReportState.RETRACTED, ReportState.FINAL),
    (ReportState.RETRACTED, ReportState.AMENDED),
]


_FHIR = {
    ReportState.DRAFT: "registered",
    ReportState.PRELIMINARY: "preliminary",
    ReportState.FINAL: "final",
    ReportState.AMENDED: "amended",
    ReportState.RETRACTED: "entered-in-error",
}


def fhir_status(state: str, last_kind: str = "") -> str:
    """DiagnosticReport.status (FHIR R4) of a report in this state; "" as long as there is none. What was only added
    to is "appended"."""
    if not state:
        return ""
    if state == ReportState.AMENDED and last_kind == "addendum":
        return "appended"
    return _FHIR[ReportState(state)]
