"""What a reader saw: the words of it, the values, and how they are kept as JSON."""

from reporting.engine.findings.counted import counted, idle
from reporting.engine.findings.kept import InvalidReading, as_json, parse
from reporting.engine.findings.values import (
    Comparison,
    Differential,
    Measured,
    Reading,
    Region,
    SegmentFinding,
    Study,
)
from reporting.engine.findings.vocabulary import (
    DEFECTS,
    LIMITS,
    NONSEGMENTAL,
    OTHER_FINDINGS,
    Change,
    Effusion,
    Level,
    Perfusion,
    Quality,
    Technique,
    Ventilation,
    Xray,
)

__all__ = [
    "DEFECTS",
    "LIMITS",
    "NONSEGMENTAL",
    "OTHER_FINDINGS",
    "Change",
    "Comparison",
    "Differential",
    "Effusion",
    "InvalidReading",
    "Level",
    "Measured",
    "Perfusion",
    "Quality",
    "Reading",
    "Region",
    "SegmentFinding",
    "Study",
    "Technique",
    "Ventilation",
    "Xray",
    "as_json",
    "counted",
    "idle",
    "parse",
]
