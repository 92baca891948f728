"""The safety questions of `questions` judged by the rules of `rules`.

Unknown is an allowed answer. Where a rule depends on it, the unknown answer becomes a TASK, which gates the
stage before which somebody has to ask, or gates nothing where asking at check-in is soon enough.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scheduling.engine.questions import NO, QUESTIONS, UNKNOWN, YES, Facts, Question, questions_for
from scheduling.engine.rules import GATING, RULES, Action, Override, Rule, Stage

__all__ = [
    "GATING",
    "NO",
    "QUESTIONS",
    "RULES",
    "UNKNOWN",
    "YES",
    "Action",
    "Effect",
    "Facts",
    "Override",
    "Question",
    "Rule",
    "Stage",
    "evaluate",
    "questions_for",
    "stage_blockers",
]

_BY_KEY = {question.key: question for question in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one rule does to one order. `open`: the answer is unknown, and somebody has to ask."""

    rule_id: str
    action: Action
    stages: frozenset[Stage]
    sentence: str
    source: str
    override: Override | None
    question: str | None
    open: bool


def evaluate(answers: Mapping[str, str], facts: Facts) -> tuple[Effect, ...]:
    """What the answers do, in the order of `RULES`. A missing or empty answer is unknown.

    An answer counts even where the question need not have been asked. Priority changes nothing: STAT does not
    skip the albumin or the pulmonary hypertension rule. Raises ValueError on an answer that is no choice.
    """
    return _evaluated(tuple(answers.get(key) or UNKNOWN for key in _BY_KEY), facts)


@lru_cache(maxsize=1024)  # a list judges the same patients at each change
def _evaluated(answers: tuple[str, ...], facts: Facts) -> tuple[Effect, ...]:
    given = dict(zip(_BY_KEY, answers, strict=True))
    for key, value in given.items():
        if value != UNKNOWN and value not in dict(_BY_KEY[key].choices):
            raise ValueError(f"“{value}” is not an answer to: {_BY_KEY[key].text}")
    return tuple(_effect(rule) for rule in RULES if _holds(rule, given, facts))


def stage_blockers(
    effects: Iterable[Effect], stage: Stage, resolved: frozenset[str] = frozenset()
) -> tuple[Effect, ...]:
    """The BLOCK, CONSULT and TASK effects that still gate `stage`; `resolved` holds rule ids.

    A resolution belongs to the answer it was given for: drop it when the answer changes.
    """
    return tuple(e for e in effects if e.action in GATING and stage in e.stages and e.rule_id not in resolved)


def _holds(rule: Rule, given: Mapping[str, str], facts: Facts) -> bool:
    if rule.applies is not None and not rule.applies(facts):
        return False
    if rule.question is None:
        return True
    answer = given[rule.question]
    asked_if = _BY_KEY[rule.question].asked_if
    if answer == UNKNOWN and asked_if is not None and not asked_if(facts):
        return False
    return answer in rule.when


def _effect(rule: Rule) -> Effect:
    unknown = rule.action is Action.TASK
    return Effect(
        rule.id, rule.action, rule.stages, rule.effect, rule.source, rule.override, rule.question, unknown
    )
