"""From a reading to a suggested category: decision tables as data, each with its source.

The engine suggests, the physician decides. A suggestion names the row that matched and the findings that made it.
"""

from reporting.engine.criteria.counting import Counts, Side, counts, study_of
from reporting.engine.criteria.facts import Options
from reporting.engine.criteria.judging import (
    TABLES,
    Refusal,
    Suggestion,
    judged_by,
    offered,
    suggest,
    why_not_offered,
)
from reporting.engine.criteria.tables import Fit, Row, Table

__all__ = [
    "TABLES",
    "Counts",
    "Fit",
    "Options",
    "Refusal",
    "Row",
    "Side",
    "Suggestion",
    "Table",
    "counts",
    "judged_by",
    "offered",
    "study_of",
    "suggest",
    "why_not_offered",
]
