"""What the criteria make of a reading for one order: what is offered, counted and suggested. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reporting.engine import probability
from reporting.engine.criteria import (
    Counts,
    Refusal,
    Suggestion,
    counts,
    judged_by,
    suggest,
    why_not_offered,
)
from reporting.engine.findings import InvalidReading, Reading, Technique, idle, parse
from reporting.engine.schemes import SCHEMES
from reporting.models import ReportingRules
from reporting.services import rules, studies

IDLE = {
    "ventilation": "Ventilation was not done: what is said of it in {where} does not count.",
    "xray": "No chest X-ray is recorded: what is said of it in {where} does not count.",
}
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """What an order's readings are judged by: what was done, and what the department has chosen."""

    done: studies.Done
    rules: ReportingRules
    technique: Technique | None = None

    @property
    def study(self):
        """What was done, with the technique as the reader corrects it."""
        return self.done.study(self.technique)

    def read_as(self, reading):
        """The Frame of this reading: with the technique that it says."""
        return replace(self, technique=reading.technique)

    @property
    def offered(self):
        """Keys of the schemes that may be chosen."""
        return rules.schemes_for(self.rules, self.study)

    @property
    def not_offered(self) -> Mapping[str, str]:
        """{key: a sentence why not} of the department's schemes that do not fit what was done."""
        chosen = self.rules.offered_schemes or SCHEMES
        found = {key: why_not_offered(key, self.study) for key in SCHEMES if key in chosen}
        return {key: sentence for key, sentence in found.items() if sentence}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`suggestion` or, where there is none, `refusal`: the sentence why. `probability`: percent with embolism after
    the scan, by the reader's prior, where the table applies; `by_prior`: its row; `is_checked`: whether that figure
    was compared with the paper. `idle`: {column of the map: a sentence} of values that do not count, as what they
    are about was not done."""

    reading: Reading
    counts: Counts
    suggestion: Suggestion | None
    refusal: str
    probability: int | None
    by_prior: probability.Row | None
    is_checked: bool
    idle: Mapping[str, str]


def frame(order):
    """The order's Frame, by what is recorded; three queries at most."""
    return Frame(studies.done(order), rules.of(order.site))


def of(frame, *, scheme, category, reading):
    """The Evaluation of a reading in a scheme and of the term that the reader has chosen ("" for none)."""
    frame = frame.read_as(reading)
    judged = suggest(scheme, reading, frame.study, rules.options(frame.rules)) if scheme in SCHEMES else None
    suggestion = judged if isinstance(judged, Suggestion) else None
    row = probability.row_of(scheme, category, frame.study)
    return Evaluation(
        reading=reading,
        counts=counts(reading, judged_by(scheme, frame.study)),
        suggestion=suggestion,
        refusal=judged.sentence if isinstance(judged, Refusal) else "",
        probability=row.given(reading.prior) if row else None,
        by_prior=row,
        is_checked=row is None or row.is_checked(reading.prior),
        idle=idle_in_words(reading, frame.study),
    )


def idle_in_words(reading, study):
    """{"ventilation" | "xray": a sentence} of the values that do not count; empty where all do."""
    return {
        name: IDLE[name].format(
            where=", ".join(codes) if len(codes) <= MOST_NAMED else f"{len(codes)} segments"
        )
        for name, codes in idle(reading, study).items()
    }


def suggested(order, *, scheme, reading):
    """{"suggested", "suggested_by"}: the category and the row that the criteria give; both empty without one."""
    found = of(frame(order), scheme=scheme, category="", reading=reading).suggestion
    return {"suggested": found.category if found else "", "suggested_by": found.row if found else ""}


def kept_reading(report):
    """The Reading of a draft or version; an empty one where it was kept by rules that are no longer known."""
    try:
        return parse(report.reading)
    except InvalidReading:
        return Reading()
