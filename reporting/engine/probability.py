"""Probability of pulmonary embolism after the scan, from PIOPED I.

Source: PIOPED, JAMA 1990;263:2753. Shown only beside PIOPED I categories of
planar pictures, and by the clinical prior that the reader chooses: it is never mapped from a score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reporting.engine.findings import Level, Study

SCHEME = "PIOPED_I"
SOURCE = "PIOPED, JAMA 1990;263:2753"
PRIOR_BANDS: Mapping[Level, str] = MappingProxyType(
    {Level.HIGH: "80 to 100 %", Level.INTERMEDIATE: "20 to 79 %", Level.LOW: "0 to 19 %"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """Percent with pulmonary embolism by clinical prior, and over all priors."""

    category: str
    high: int
    intermediate: int
    low: int
    overall: int

    def given(self, prior: Level) -> int | None:
        return {Level.HIGH: self.high, Level.INTERMEDIATE: self.intermediate, Level.LOW: self.low}.get(prior)

    def is_checked(self, prior: Level) -> bool:
        return (self.category, prior) not in UNCHECKED


ROWS = (
    Row("high_probability", 96, 88, 56, 87),
    Row("intermediate_or_indeterminate", 66, 28, 16, 30),
    Row("low_probability", 40, 16, 4, 14),
    Row("normal", 0, 6, 2, 4),
)
UNCHECKED = frozenset(
    {
        ("intermediate_or_indeterminate", Level.INTERMEDIATE),
        *(("normal", level) for level in PRIOR_BANDS),
    }
)
"""Cells that nobody has compared with the paper: shown with that remark, and never written into a report."""
NEAR_NORMAL = "very_low_probability"  # PIOPED counted near-normal scans with the normal ones


def row_of(scheme: str, category: str, study: Study) -> Row | None:
    """The table's row for this category, or None outside PIOPED I planar."""
    if scheme != SCHEME or study.is_spect:
        return None
    wanted = "normal" if category == NEAR_NORMAL else category
    return next((row for row in ROWS if row.category == wanted), None)
