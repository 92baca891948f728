"""What of a reading counts: a value of what was not done, typed before the records or the technique said so, does not.

Criteria, prose and map all see a reading through `counted`, so that none of them says more than the others.
"""

from collections.abc import Mapping
from dataclasses import replace

from reporting.engine.findings.values import Reading, SegmentFinding, Study
from reporting.engine.findings.vocabulary import Ventilation, Xray

UNKNOWN_VENTILATION = (Ventilation.NOT_ASSESSED, Ventilation.NOT_DONE)


def counted(reading: Reading, study: Study) -> Reading:
    """The reading without the segments' values of what was not done."""
    return replace(reading, segments=tuple(_counted(each, study) for each in reading.segments))


def idle(reading: Reading, study: Study) -> Mapping[str, tuple[str, ...]]:
    """{"ventilation" | "xray": codes} of the segments with a value that does not count; only those that have some."""
    ventilation = [each.code for each in reading.segments if each.ventilation not in UNKNOWN_VENTILATION]
    xray = [each.code for each in reading.segments if each.xray != Xray.NOT_ASSESSED]
    found = {
        "ventilation": () if study.ventilation_done else tuple(ventilation),
        "xray": () if study.xray_known else tuple(xray),
    }
    return {name: codes for name, codes in found.items() if codes}


def _counted(finding: SegmentFinding, study: Study) -> SegmentFinding:
    if not study.ventilation_done and finding.ventilation != Ventilation.NOT_ASSESSED:
        finding = replace(finding, ventilation=Ventilation.NOT_DONE)
    return finding if study.xray_known else replace(finding, xray=Xray.NOT_ASSESSED)
