"""What a decision table is made of: rows that are tried from the first to the last, each with its source."""

from collections.abc import Callable
from dataclasses import dataclass

from reporting.engine.criteria.facts import Facts, Options
from reporting.engine.findings import SegmentFinding, Technique

Condition = Callable[[Facts, Options], bool]
Defects = Callable[[Facts], tuple[SegmentFinding, ...]]


def all_defects(facts: Facts) -> tuple[SegmentFinding, ...]:
    return facts.defects


def mismatched(facts: Facts) -> tuple[SegmentFinding, ...]:
    return facts.mismatched


def nothing(facts: Facts) -> tuple[SegmentFinding, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Row:
    """`key` names the row for good (reports keep it); `says` is the condition in words; `made_by` picks the
    segments that made it."""

    key: str
    category: str
    says: str
    holds: Condition
    made_by: Defects = all_defects


@dataclass(frozen=True, slots=True)
class Fit:
    """What must have been done. `ventilation` None: with or without it. `reads_xray`: every segment's X-ray value
    is part of the judgement."""

    techniques: tuple[Technique, ...]
    ventilation: bool | None
    needs_xray: bool
    reads_xray: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one scheme, first match wins; the last row always matches. `asks` says what else must be known
    before the rows can be tried, as a sentence, or None. `decided`: what this house chose where sources differ or
    are silent."""

    scheme: str
    source: str
    fit: Fit
    rows: tuple[Row, ...]
    decided: tuple[str, ...] = ()
    asks: Callable[[Facts, Options], str | None] = lambda facts, options: None


def always(facts: Facts, options: Options) -> bool:
    return True
