"""What the referrer might do next, by result: a suggestion that the reader edits.

Sources: PIOPED, JAMA 1990;263:2753 (probabilities); ESC guideline on acute pulmonary embolism, 2019.
"""

from collections.abc import Mapping
from types import MappingProxyType

from reporting.engine.findings import Level
from reporting.engine.schemes import Group, group_of
from reporting.engine.sentences import Sentence, say

LOW, VERY_LOW = "low_probability", "very_low_probability"
LOW_BY_PRIOR: Mapping[Level, str] = MappingProxyType(
    {Level.LOW: "next.low_and_low", Level.HIGH: "next.low_and_high"}
)


def suggested(
    scheme: str, category: str, prior: Level = Level.NOT_ASSESSED, *, cteph: bool = False
) -> tuple[Sentence, ...]:
    """Sentences for the referrer; none without a category. A low probability never means "no clot" by itself: with
    a high clinical prior it still carried about 40 % pulmonary embolism."""
    steps = tuple(say(key) for key in _keys(scheme, category, prior)) if category else ()
    return (*steps, say("next.cteph")) if cteph else steps


def _keys(scheme: str, category: str, prior: Level) -> tuple[str, ...]:
    group = group_of(scheme, category)
    if group == Group.LIKELY:
        return ("next.confirm" if prior == Level.LOW else "next.treat",)
    if group == Group.UNCLEAR:
        return "next.ctpa_or_ultrasound", "next.not_alone"
    if category == LOW:
        return (LOW_BY_PRIOR.get(prior, "next.low"),)
    # In the trinary scheme "no evidence" may be a low probability: it never ends a search that a high prior began.
    if (category == VERY_LOW or scheme == "TRINARY") and prior == Level.HIGH:
        return ("next.discuss_ctpa",)
    return ("next.no_imaging",)
