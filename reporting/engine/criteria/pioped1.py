"""PIOPED I, as printed in JNMRS-2020-1-101, table 4. "Normal" is tried first, "intermediate" is everything else."""

from reporting.engine.criteria.facts import EQUIVALENTS, Facts, Options
from reporting.engine.criteria.patterns import (
    MOST_SMALL,
    is_matched,
    is_small,
    no_defect,
    only_segmental,
    smaller_than_xray,
)
from reporting.engine.criteria.tables import Fit, Row, Table, always, mismatched, nothing
from reporting.engine.findings import Perfusion, Technique, Ventilation, Xray

SOURCE = "PIOPED criteria as in JNMRS-2020-1-101, table 4"
MOST_OF_LUNG = 0.50
MOST_OF_ZONE = 0.75
# A share is a sum of tenths divided by a sum of tenths: equal parts are told apart from more by this.
ROUNDING = 1e-9


def two_large_normal_otherwise(facts: Facts, options: Options) -> bool:
    plain = tuple(
        each
        for each in facts.mismatched
        if each.ventilation == Ventilation.NORMAL and each.xray == Xray.CLEAR
    )
    return facts.of_size(Perfusion.LARGE, plain) >= 2


def two_large(facts: Facts, options: Options) -> bool:
    return facts.of_size(Perfusion.LARGE, facts.mismatched) >= 2


def two_moderate_and_one_large(facts: Facts, options: Options) -> bool:
    large, moderate = (
        facts.of_size(size, facts.mismatched) for size in (Perfusion.LARGE, Perfusion.MODERATE)
    )
    return large >= 1 and moderate >= 2


def four_moderate(facts: Facts, options: Options) -> bool:
    return facts.of_size(Perfusion.MODERATE, facts.mismatched) >= 4


def few_small_xray_clear(facts: Facts, options: Options) -> bool:
    return _small_only(facts) and len(facts.defects) <= MOST_SMALL and facts.xray_clear_everywhere


def nonsegmental_only(facts: Facts, options: Options) -> bool:
    return (facts.has_nonsegmental or bool(facts.large_effusions)) and not facts.defects


def single_moderate(facts: Facts, options: Options) -> bool:
    return (
        only_segmental(facts)
        and len(facts.defects) == 1
        and facts.defects[0].perfusion == Perfusion.MODERATE
        and facts.xray_clear_everywhere
    )


def much_smaller_than_xray(facts: Facts, options: Options) -> bool:
    return only_segmental(facts) and all(smaller_than_xray(each) for each in facts.defects)


def limited_match(facts: Facts, options: Options) -> bool:
    """Matched on ventilation, X-ray clear or nearly so, at most half of a lung and three quarters of a zone."""
    if not only_segmental(facts) or not all(is_matched(each) for each in facts.defects):
        return False
    if any(each.xray in (Xray.EQUAL, Xray.LARGER) for each in facts.every):
        return False
    zones = {(facts.side(each), facts.zone(each)) for each in facts.defects}
    return all(_extent(facts, side, None) <= MOST_OF_LUNG + ROUNDING for side, _ in zones) and all(
        _extent(facts, side, zone) <= MOST_OF_ZONE + ROUNDING for side, zone in zones
    )


def many_small(facts: Facts, options: Options) -> bool:
    """The source: "chest film and ventilation irrelevant", which it does not say of three or fewer."""
    return _small_only(facts) and len(facts.defects) > MOST_SMALL


def few_small_matched_by_xray(facts: Facts, options: Options) -> bool:
    return (
        _small_only(facts)
        and len(facts.defects) <= MOST_SMALL
        and all(each.xray == Xray.EQUAL for each in facts.defects)
    )


def _small_only(facts: Facts) -> bool:
    return only_segmental(facts) and all(is_small(each) for each in facts.defects)


def _extent(facts: Facts, side: str, zone: str | None) -> float:
    """The defects' part (0 to 1) of a lung, or of one zone of it, by volume and weighted as equivalents."""
    within = [each for each in facts.segments.values() if each.side == side and zone in (None, each.zone)]
    codes = {each.code for each in within}
    taken = sum(
        facts.segments[each.code].share_percent * EQUIVALENTS.get(each.perfusion, 0.0)
        for each in facts.defects
        if each.code in codes
    )
    return taken / sum(each.share_percent for each in within)


HIGH, VERY_LOW, LOW = "high_probability", "very_low_probability", "low_probability"

PIOPED_I = Table(
    scheme="PIOPED_I",
    source=SOURCE,
    fit=Fit((Technique.PLANAR,), ventilation=True, needs_xray=True, reads_xray=True),
    rows=(
        Row("normal", "normal", "No perfusion defect", no_defect, nothing),
        Row(
            "high_1",
            HIGH,
            "Two or more large defects, ventilation and X-ray normal there",
            two_large_normal_otherwise,
            mismatched,
        ),
        Row(
            "high_2",
            HIGH,
            "Two or more large defects, each clearly larger than the change of ventilation or X-ray",
            two_large,
            mismatched,
        ),
        Row(
            "high_3",
            HIGH,
            "Two or more moderate defects and one large, mismatched",
            two_moderate_and_one_large,
            mismatched,
        ),
        Row("high_4", HIGH, "Four or more moderate defects, mismatched", four_moderate, mismatched),
        Row("very_low", VERY_LOW, "One to three small defects, X-ray clear", few_small_xray_clear),
        Row("low_1", LOW, "Nonsegmental abnormality only", nonsegmental_only),
        Row("low_2", LOW, "A single moderate defect, X-ray clear", single_moderate),
        Row(
            "low_3",
            LOW,
            "Every perfusion defect is much smaller than its X-ray lesion",
            much_smaller_than_xray,
        ),
        Row(
            "low_4",
            LOW,
            "Matched by ventilation in at most half of a lung and three quarters of a zone, X-ray (nearly) clear",
            limited_match,
        ),
        Row("low_5", LOW, "More than three small defects, whatever ventilation and X-ray show", many_small),
        Row("low_6", LOW, "One to three small defects matched by the X-ray", few_small_matched_by_xray),
        Row("intermediate", "intermediate_or_indeterminate", "Everything else", always),
    ),
    decided=(
        "The defects of the high rows are mismatched ones, the moderate ones too. The source asks of the moderate ones"
        " that ventilation and X-ray are normal; here a clearly smaller change is a mismatch too.",
        "X-ray clear means the whole X-ray, in very_low as in low_2.",
        "A group can fall by more small defects, because the source is so: one to three small ones with an X-ray lesion"
        " elsewhere are intermediate, more than three are low whatever the X-ray shows. Larger ones never lower it.",
        "Patterns are not added up: a reading that mixes two of the low rows is intermediate.",
        "Extent of a match: by volume, large defects whole, moderate ones half, small ones not.",
        "A large pleural effusion without a segmental defect is a nonsegmental abnormality.",
        "The threshold of PIOPED II does not change this table.",
    ),
)
