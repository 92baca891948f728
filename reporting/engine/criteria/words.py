"""The findings that made a suggestion, in words of one line each. For the reader; the report's prose is `prose`."""

from reporting.engine.criteria.facts import Facts
from reporting.engine.findings import NONSEGMENTAL, SegmentFinding, Ventilation, Xray

VENTILATION = {
    Ventilation.NORMAL: "ventilation normal",
    Ventilation.SMALLER: "ventilation changed less",
    Ventilation.MATCHED: "ventilation matched",
    Ventilation.WORSE: "ventilation worse",
}
XRAY = {
    Xray.CLEAR: "X-ray clear",
    Xray.SMALLER: "X-ray lesion smaller",
    Xray.EQUAL: "X-ray lesion equal",
    Xray.LARGER: "X-ray lesion larger",
}


def found_in_words(facts: Facts, made_by: tuple[SegmentFinding, ...]) -> tuple[str, ...]:
    """One line for each segment that counted, then the findings of the whole lungs."""
    lines = [_segment(facts, each) for each in made_by]
    lines += [NONSEGMENTAL[cause] for cause in facts.reading.nonsegmental]
    lines += [f"Large pleural effusion, {side}" for side in facts.large_effusions]
    return tuple(lines) or ("No perfusion defect in any segment",)


def _segment(facts: Facts, finding: SegmentFinding) -> str:
    parts = [f"{finding.code} {finding.perfusion} defect"]
    if facts.by_ventilation and finding.ventilation in VENTILATION:
        parts.append(VENTILATION[finding.ventilation])
    if facts.by_xray and finding.xray in XRAY:
        parts.append(XRAY[finding.xray])
    if finding.wedge is not None:
        parts.append("wedge-shaped" if finding.wedge else "not wedge-shaped")
    if finding.stripe:
        parts.append("stripe sign")
    return ", ".join(parts)
