"""The segments of the lung, by naming scheme. A department that splits the left apical or medial basal segment
adds a table here; a reading keeps the key of the scheme that it was made with.

Shares: each lobe's part of the lung volume on supine CT (right upper 17.9 %, middle 9.3 %, right lower 26.5 %, left
upper with lingula 23.1 %, left lower 23.2 %), divided equally among its segments. No measured share of a single
segment has been found, so the equal parts are a proposal and every page that shows a percentage says so. Zones: the
superior segments of the lower lobes (B6) lie behind the hilum and count as middle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SIDES = ("right", "left")
ZONES = ("upper", "middle", "lower")
LOBES: Mapping[str, str] = MappingProxyType(
    {
        "RUL": "Right upper lobe",
        "RML": "Middle lobe",
        "RLL": "Right lower lobe",
        "LUL": "Left upper lobe with lingula",
        "LLL": "Left lower lobe",
    }
)
LOBE_PERCENT: Mapping[str, float] = MappingProxyType(
    {"RUL": 17.9, "RML": 9.3, "RLL": 26.5, "LUL": 23.1, "LLL": 23.2}
)


@dataclass(frozen=True, slots=True)
class Segment:
    """`side` right | left, `lobe` a key of LOBES, `zone` upper | middle | lower, `share_percent` of both lungs."""

    code: str
    name: str
    side: str
    lobe: str
    zone: str
    share_percent: float


_SEG18 = (
    ("RB1", "Right upper lobe, apical", "RUL", "upper"),
    ("RB2", "Right upper lobe, posterior", "RUL", "upper"),
    ("RB3", "Right upper lobe, anterior", "RUL", "upper"),
    ("RB4", "Middle lobe, lateral", "RML", "middle"),
    ("RB5", "Middle lobe, medial", "RML", "middle"),
    ("RB6", "Right lower lobe, superior", "RLL", "middle"),
    ("RB7", "Right lower lobe, medial basal", "RLL", "lower"),
    ("RB8", "Right lower lobe, anterior basal", "RLL", "lower"),
    ("RB9", "Right lower lobe, lateral basal", "RLL", "lower"),
    ("RB10", "Right lower lobe, posterior basal", "RLL", "lower"),
    ("LB1+2", "Left upper lobe, apicoposterior", "LUL", "upper"),
    ("LB3", "Left upper lobe, anterior", "LUL", "upper"),
    ("LB4", "Lingula, superior", "LUL", "middle"),
    ("LB5", "Lingula, inferior", "LUL", "middle"),
    ("LB6", "Left lower lobe, superior", "LLL", "middle"),
    ("LB8", "Left lower lobe, anteromedial basal", "LLL", "lower"),
    ("LB9", "Left lower lobe, lateral basal", "LLL", "lower"),
    ("LB10", "Left lower lobe, posterior basal", "LLL", "lower"),
)


def _table(rows: tuple[tuple[str, str, str, str], ...]) -> tuple[Segment, ...]:
    in_lobe = [lobe for _, _, lobe, _ in rows]
    return tuple(
        Segment(
            code,
            name,
            "right" if lobe[0] == "R" else "left",
            lobe,
            zone,
            LOBE_PERCENT[lobe] / in_lobe.count(lobe),
        )
        for code, name, lobe, zone in rows
    )


DEFAULT_SEGMENTS = "SEG18"
SEGMENTS: Mapping[str, tuple[Segment, ...]] = MappingProxyType({DEFAULT_SEGMENTS: _table(_SEG18)})


def by_code(scheme: str = DEFAULT_SEGMENTS) -> dict[str, Segment]:
    """The scheme's segments by code, in reading order. Raises KeyError for an unknown scheme."""
    return {segment.code: segment for segment in SEGMENTS[scheme]}
