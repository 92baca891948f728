"""Which schemes fit what was done, and what a scheme's table says of a reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reporting.engine.criteria import trinary
from reporting.engine.criteria.counting import incomplete
from reporting.engine.criteria.facts import Facts, Options
from reporting.engine.criteria.others import EANM_SPECT, PISAPED
from reporting.engine.criteria.pioped1 import PIOPED_I
from reporting.engine.criteria.pioped2 import MOD_PIOPED_II, MOD_PIOPED_II_Q
from reporting.engine.criteria.tables import Row, Table
from reporting.engine.criteria.words import found_in_words
from reporting.engine.findings import Perfusion, Quality, Reading, SegmentFinding, Study, Ventilation, Xray
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES

TABLES: Mapping[str, Table] = MappingProxyType(
    {table.scheme: table for table in (PIOPED_I, MOD_PIOPED_II, MOD_PIOPED_II_Q, PISAPED, EANM_SPECT)}
)
MOST_NAMED = 6
NO_CRITERIA = "These terms come without criteria. Choose the one that says what you see."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`row`: key of the row that matched; `sentence`: its condition in words; `findings`: what made it, in words;
    `segments`: codes of the defects that made it; `source`: of the table; `table`: key of the scheme whose table it
    is, another one only where the trinary scheme translates."""

    category: str
    row: str
    sentence: str
    findings: tuple[str, ...]
    segments: tuple[str, ...]
    source: str
    table: str

    @property
    def anchor(self) -> str:
        """Where the page of criteria has this row."""
        return f"{self.table}-{self.row.rpartition(':')[2]}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no suggestion, and what to do."""

    sentence: str


def offered(study: Study, chosen: Iterable[str] = ()) -> tuple[str, ...]:
    """The schemes that fit what was done, of those the department has chosen (none chosen: of all)."""
    wanted = set(chosen) or set(SCHEMES)
    return tuple(key for key in SCHEMES if key in wanted and why_not_offered(key, study) is None)


def why_not_offered(key: str, study: Study) -> str | None:
    """A sentence why this scheme does not fit what was done, or None. Raises KeyError for an unknown scheme."""
    name = SCHEMES[key].name
    if key not in TABLES:
        return None
    fit = TABLES[key].fit
    if study.technique not in fit.techniques:
        return f"{name}: for {'planar pictures' if study.is_spect else 'SPECT'} only."
    if fit.ventilation is True and not study.ventilation_done:
        return f"{name} needs ventilation; it was not done."
    if fit.ventilation is False and study.ventilation_done:
        return f"{name} leaves ventilation out; it was done here and would be passed over."
    if fit.needs_xray and not study.xray_known:
        return f"{name} needs a chest X-ray; none is recorded."
    return None


def judged_by(key: str, study: Study) -> Study:
    """The study as this scheme looks at it: without the X-ray where it judges mismatches by ventilation alone."""
    table = TABLES.get(trinary.table_behind(study) if key == "TRINARY" else key)
    if table and table.fit.ventilation and not table.fit.reads_xray:
        return replace(study, xray_known=False)
    return study


def suggest(key: str, reading: Reading, study: Study, options: Options = Options()) -> Suggestion | Refusal:  # noqa: B008 - frozen
    """The category that the scheme's criteria give, with the row that won; or why there is none.

    Never from an incomplete map, never in a scheme that does not fit. Raises KeyError for an unknown scheme.
    """
    if refusal := why_not_offered(key, study):
        return Refusal(refusal)
    if key == DEFAULT_SCHEME:
        return Refusal(NO_CRITERIA)
    if key == "TRINARY":
        return _translated(reading, study, options)
    table = TABLES[key]
    facts = Facts(reading, study, by_ventilation=table.fit.ventilation is True, by_xray=table.fit.reads_xray)
    if refusal := _why_not_judged(facts) or table.asks(facts, options):
        return Refusal(refusal)
    row = winner(table, facts, options)
    made_by = row.made_by(facts)
    return Suggestion(
        category=row.category,
        row=row.key,
        sentence=row.says,
        findings=found_in_words(facts, made_by),
        segments=tuple(each.code for each in made_by),
        source=table.source,
        table=key,
    )


def winner(table: Table, facts: Facts, options: Options) -> Row:
    """The first row that holds; the last one always does."""
    return next(row for row in table.rows if row.holds(facts, options))


def _translated(reading: Reading, study: Study, options: Options) -> Suggestion | Refusal:
    key = trinary.table_behind(study)
    found = suggest(key, reading, study, options)
    if isinstance(found, Refusal):
        return found
    return Suggestion(
        category=trinary.term(key, found.category, options),
        row=f"{key}:{found.row}",
        sentence=found.sentence,
        findings=found.findings,
        segments=found.segments,
        source=f"{trinary.SOURCE}; {found.source}",
        table=found.table,
    )


def _why_not_judged(facts: Facts) -> str | None:
    if facts.reading.quality == Quality.NONDIAGNOSTIC:
        return "The pictures are marked as nondiagnostic: criteria do not apply. Choose the term yourself."
    if missing := incomplete(facts):
        return f"{_named(missing)} not fully assessed. Assess what is left, or press “rest normal”."
    for each in facts.every:
        if sentence := _contradiction(facts, each):
            return sentence
    return None


def _contradiction(facts: Facts, finding: SegmentFinding) -> str | None:
    """Values that are said against a perfusion defect where there is none."""
    if finding.perfusion != Perfusion.NORMAL:
        return None
    if facts.by_ventilation and finding.ventilation in (Ventilation.MATCHED, Ventilation.SMALLER):
        return (
            f"{finding.code}: ventilation is compared with a perfusion defect, but perfusion is normal."
            " Mark ventilation as normal or worse, or the defect."
        )
    if facts.by_xray and finding.xray in (Xray.EQUAL, Xray.SMALLER):
        return (
            f"{finding.code}: the X-ray lesion is compared with a perfusion defect, but perfusion is normal."
            " Mark the X-ray as clear or larger, or the defect."
        )
    return None


def _named(findings: tuple[SegmentFinding, ...]) -> str:
    codes = [each.code for each in findings]
    if len(codes) == 1:
        return f"{codes[0]} is"
    if len(codes) <= MOST_NAMED:
        return f"{', '.join(codes[:-1])} and {codes[-1]} are"
    return f"{len(codes)} segments are"
