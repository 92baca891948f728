"""The live figures of a map: how much is mismatched, and what is not assessed yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from reporting.engine.criteria.facts import EQUIVALENTS, Facts, equivalents
from reporting.engine.findings import Perfusion, Reading, SegmentFinding, Study, Technique, Ventilation, Xray
from reporting.engine.segments import SIDES


@dataclass(frozen=True, slots=True)
class Side:
    """`percent` is of both lungs' volume, weighted as segment equivalents."""

    equivalents: float
    percent: float


@dataclass(frozen=True, slots=True)
class Counts:
    """`mismatched`: codes of mismatched defects; `incomplete`: codes with a value of what was done not assessed;
    `defects`: codes of all defects."""

    equivalents: float
    percent: float
    by_side: Mapping[str, Side]
    mismatched: tuple[str, ...]
    defects: tuple[str, ...]
    incomplete: tuple[str, ...]


def counts(reading: Reading, study: Study | None = None) -> Counts:
    """What the map adds up to. A mismatch is judged by what was done; without a study, by what is assessed."""
    study = study or study_of(reading)
    facts = Facts(reading, study, by_ventilation=study.ventilation_done, by_xray=study.xray_known)
    sides = {
        side: Side(equivalents(found), percent(facts, found))
        for side in SIDES
        for found in [tuple(each for each in facts.mismatched if facts.side(each) == side)]
    }
    return Counts(
        equivalents=facts.equivalents,
        percent=percent(facts, facts.mismatched),
        by_side=sides,
        mismatched=_codes(facts.mismatched),
        defects=_codes(facts.defects),
        incomplete=_codes(incomplete(facts)),
    )


def percent(facts: Facts, findings: tuple[SegmentFinding, ...]) -> float:
    """Percent of both lungs' volume that these defects take, each weighted as a segment equivalent."""
    return sum(
        facts.segments[each.code].share_percent * EQUIVALENTS.get(each.perfusion, 0.0) for each in findings
    )


def incomplete(facts: Facts) -> tuple[SegmentFinding, ...]:
    """The segments with a value that this judgement needs and nobody has assessed."""
    return tuple(
        each
        for each in facts.every
        if each.perfusion == Perfusion.NOT_ASSESSED
        or (facts.by_ventilation and each.ventilation in (Ventilation.NOT_ASSESSED, Ventilation.NOT_DONE))
        or (facts.by_xray and each.xray == Xray.NOT_ASSESSED)
    )


def _codes(findings: tuple[SegmentFinding, ...]) -> tuple[str, ...]:
    return tuple(each.code for each in findings)


def study_of(reading: Reading) -> Study:
    """What was done as far as a reading by itself tells: what something is said of."""
    unknown = (Ventilation.NOT_ASSESSED, Ventilation.NOT_DONE)
    return Study(
        technique=Technique.PLANAR,
        ventilation_done=any(each.ventilation not in unknown for each in reading.segments),
        xray_known=any(each.xray != Xray.NOT_ASSESSED for each in reading.segments),
    )
