"""Patterns that several tables ask for, in words a reader would use."""

from reporting.engine.criteria.facts import VENTILATION_MATCHED, Facts, Options
from reporting.engine.findings import Perfusion, SegmentFinding, Xray

MOST_SMALL = 3


def no_defect(facts: Facts, options: Options) -> bool:
    return facts.is_without_defect


def is_small(finding: SegmentFinding) -> bool:
    return finding.perfusion == Perfusion.SMALL


def is_matched(finding: SegmentFinding) -> bool:
    return finding.is_defect and finding.ventilation in VENTILATION_MATCHED


def only_segmental(facts: Facts) -> bool:
    """Defects of segments, and no nonsegmental abnormality or large effusion beside them."""
    return bool(facts.defects) and not (facts.has_nonsegmental or facts.large_effusions)


def smaller_than_xray(finding: SegmentFinding) -> bool:
    return finding.is_defect and finding.xray == Xray.LARGER
