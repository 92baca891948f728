"""What holds the examination of a row back, now or later, and what a physician may lift."""

from dataclasses import dataclass

from scheduling import worklist
from scheduling.engine import gas
from scheduling.examinations import XRAY_RULES
from scheduling.services.quality.gating import EVACUATED
from scheduling.views.line_words import AHEAD, RULE_WORDS


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an examination cannot go on. `rule`: what a physician may override, or empty."""

    label: str
    sentence: str
    rule: str = ""
    by_authorised_user: bool = False
    is_question: bool = False

    @property
    def is_xray(self):
        return self.rule in XRAY_RULES


def found(row, *, waits_as_planned):
    """The problems of a row that the data show; those that somebody has reported are in pending.py."""
    window = window_problem(row)
    return [
        *([window] if window and not waits_as_planned else []),
        *_without_dose(row),
        *([] if row.vetted else [NOT_VETTED]),
        *of_quality(row),
        *(Problem(RULE_WORDS[gas.RULE], sentence, gas.RULE) for sentence in row.gas.values()),
        *(of_effect(effect) for effect in row.blockers),
        *_ahead(row),
    ]


NOT_VETTED = Problem(
    "Not vetted", "A nuclear physician has to vet the order first. A STAT order can be vetted by phone."
)


def _without_dose(row):
    lacking = [step.get_kind_display() for step in row.steps if worklist.lacks_dose(step)]
    if lacking:
        sentence = "no dose is left at the planned time. Move it, or enter a batch."
        yield Problem("No dose", f"{' and '.join(lacking)}: {sentence}")


def of_quality(row):
    """Each sentence once: a room that two steps use is refused for both."""
    for sentence in dict.fromkeys(row.refused.values()):
        yield Problem("Evacuated" if EVACUATED in sentence else "Room or kit", sentence)


def _ahead(row):
    """What the day's progress will make impossible. That somebody waits a little stands with the time alone."""
    xray_is_over = row.window_minutes is not None and row.window_minutes < 0
    for warning in row.warnings:
        label = AHEAD.get(str(warning.kind))
        if label and not (xray_is_over and warning.kind == "xray_over"):
            yield Problem(label, warning.sentence)


def window_problem(row):
    verdict, action = row.verdict, row.action
    holds = verdict and not verdict.ok and action and action.refusal == verdict.sentence
    return Problem(RULE_WORDS[verdict.rule], verdict.sentence, verdict.rule) if holds else None


def of_effect(effect):
    by_authorised_user = effect.override == "authorised_user"
    label = RULE_WORDS.get(effect.rule_id, effect.rule_id)
    rule = effect.rule_id if effect.override else ""
    return Problem(label, effect.sentence, rule, by_authorised_user, effect.open)
