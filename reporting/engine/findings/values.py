"""What a reader saw, as values: segment by segment, and of the whole lungs."""

from dataclasses import dataclass, field

from reporting.engine.findings.vocabulary import (
    DEFECTS,
    Change,
    Effusion,
    Level,
    Perfusion,
    Quality,
    Technique,
    Ventilation,
    Xray,
)
from reporting.engine.segments import DEFAULT_SEGMENTS, SEGMENTS


@dataclass(frozen=True, slots=True)
class Study:
    """What was done. A CT counts as a known X-ray."""

    technique: Technique
    ventilation_done: bool
    xray_known: bool

    @property
    def is_spect(self) -> bool:
        return self.technique != Technique.PLANAR


@dataclass(frozen=True, slots=True)
class SegmentFinding:
    """One segment. `wedge`: pleura-based wedge along the segment's borders (None: not assessed); `stripe`: a rim of
    perfused lung between the defect and the pleura."""

    code: str
    perfusion: Perfusion = Perfusion.NOT_ASSESSED
    ventilation: Ventilation = Ventilation.NOT_ASSESSED
    xray: Xray = Xray.NOT_ASSESSED
    wedge: bool | None = None
    stripe: bool = False

    @property
    def is_defect(self) -> bool:
        return self.perfusion in DEFECTS


@dataclass(frozen=True, slots=True)
class Comparison:
    """`prior_order` is the key of the order compared with, or None where the prior was made elsewhere."""

    prior_order: int | None = None
    change: Change = Change.NOT_ASSESSED
    note: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """One region's share: `percent`, or counts of the `anterior` and `posterior` view (one of them may be None)."""

    key: str
    percent: float | None = None
    anterior: int | None = None
    posterior: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Perfusion or ventilation measured by "lung", "zone" or "lobe"; regions as `differential.REGIONS` has them."""

    by: str
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Differential:
    perfusion: Measured | None = None
    ventilation: Measured | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was seen. Segments in the scheme's order, only those with something assessed; keys in the order of
    their vocabulary. `near_normal`: perfusion is near normal as a whole; `technique`: what was acquired where the
    records say otherwise, None for as recorded."""

    segment_scheme: str = DEFAULT_SEGMENTS
    segments: tuple[SegmentFinding, ...] = ()
    nonsegmental: tuple[str, ...] = ()
    effusion_right: Effusion = Effusion.NOT_ASSESSED
    effusion_left: Effusion = Effusion.NOT_ASSESSED
    near_normal: bool = False
    quality: Quality = Quality.NOT_ASSESSED
    limits: tuple[str, ...] = ()
    limits_note: str = ""
    cteph: bool | None = None
    other: tuple[str, ...] = ()
    other_note: str = ""
    differential: Differential = field(default_factory=Differential)
    comparison: Comparison = field(default_factory=Comparison)
    confidence: Level = Level.NOT_ASSESSED
    prior: Level = Level.NOT_ASSESSED
    technique: Technique | None = None

    def of(self, code: str) -> SegmentFinding:
        """The segment's finding; one with nothing assessed where there is none."""
        return next((each for each in self.segments if each.code == code), SegmentFinding(code))

    def every_segment(self) -> tuple[SegmentFinding, ...]:
        """One finding for every segment of the scheme, in its order."""
        known = {each.code: each for each in self.segments}
        return tuple(
            known.get(segment.code, SegmentFinding(segment.code)) for segment in SEGMENTS[self.segment_scheme]
        )
