"""What the rows of the tables are judged by, counted once per reading."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from reporting.engine.findings import (
    Effusion,
    Perfusion,
    Reading,
    SegmentFinding,
    Study,
    Ventilation,
    Xray,
)
from reporting.engine.schemes import Group
from reporting.engine.segments import Segment, by_code

EQUIVALENTS = {Perfusion.LARGE: 1.0, Perfusion.MODERATE: 0.5}
"""Segment equivalents of one defect; a small defect counts none. Modified PIOPED II."""
VENTILATED = (Ventilation.NORMAL, Ventilation.SMALLER)
VENTILATION_MATCHED = (Ventilation.MATCHED, Ventilation.WORSE)
XRAY_SPARES = (Xray.CLEAR, Xray.SMALLER)


@dataclass(frozen=True, slots=True)
class Options:
    """A department's choices: where a low probability goes in the trinary scheme, and from how many mismatched
    segment equivalents PIOPED II reads high."""

    low_in_trinary: Group = Group.UNLIKELY
    high_from_equivalents: Decimal = Decimal(2)


def is_mismatched(finding: SegmentFinding, *, by_ventilation: bool, by_xray: bool) -> bool:
    """A perfusion defect that neither ventilation nor the X-ray accounts for: both normal, or changed clearly less."""
    return (
        finding.is_defect
        and (not by_ventilation or finding.ventilation in VENTILATED)
        and (not by_xray or finding.xray in XRAY_SPARES)
    )


def equivalents(findings: tuple[SegmentFinding, ...]) -> float:
    return sum(EQUIVALENTS.get(each.perfusion, 0.0) for each in findings)


@dataclass(frozen=True)
class Facts:
    """A reading seen through one scheme: `by_ventilation`, `by_xray` say what a mismatch is judged by in it."""

    reading: Reading
    study: Study
    by_ventilation: bool = True
    by_xray: bool = True

    @cached_property
    def segments(self) -> dict[str, Segment]:
        return by_code(self.reading.segment_scheme)

    @cached_property
    def every(self) -> tuple[SegmentFinding, ...]:
        return self.reading.every_segment()

    @cached_property
    def defects(self) -> tuple[SegmentFinding, ...]:
        return tuple(each for each in self.every if each.is_defect)

    @cached_property
    def mismatched(self) -> tuple[SegmentFinding, ...]:
        return tuple(
            each
            for each in self.defects
            if is_mismatched(each, by_ventilation=self.by_ventilation, by_xray=self.by_xray)
        )

    @cached_property
    def equivalents(self) -> float:
        return equivalents(self.mismatched)

    @property
    def has_nonsegmental(self) -> bool:
        return bool(self.reading.nonsegmental)

    @property
    def large_effusions(self) -> tuple[str, ...]:
        """The sides with an effusion of a third of the cavity or more."""
        both = {"right": self.reading.effusion_right, "left": self.reading.effusion_left}
        return tuple(side for side, effusion in both.items() if effusion == Effusion.LARGE)

    @property
    def xray_clear_everywhere(self) -> bool:
        return all(each.xray == Xray.CLEAR for each in self.every)

    @property
    def is_without_defect(self) -> bool:
        """No perfusion abnormality at all: an effusion of a third of the cavity is one, whatever the segments say."""
        return not (self.defects or self.has_nonsegmental or self.large_effusions)

    def side(self, finding: SegmentFinding) -> str:
        return self.segments[finding.code].side

    def zone(self, finding: SegmentFinding) -> str:
        return self.segments[finding.code].zone

    def of_size(self, size: Perfusion, among: tuple[SegmentFinding, ...] | None = None) -> int:
        return sum(each.perfusion == size for each in (self.defects if among is None else among))
