"""Modified PIOPED II: with ventilation, and with perfusion and chest X-ray alone.

Sources: the criteria table of J Nucl Med Technol (Parker and others); the PIOPED II very low probability findings of
Sostman and others, Radiology 2008.
"""

from reporting.engine.criteria.facts import Facts, Options
from reporting.engine.criteria.patterns import (
    MOST_SMALL,
    is_matched,
    is_small,
    no_defect,
    only_segmental,
    smaller_than_xray,
)
from reporting.engine.criteria.tables import Fit, Row, Table, always, mismatched, nothing
from reporting.engine.findings import SegmentFinding, Technique, Xray

LISTED_CAUSES = (
    "enlarged_hilum",
    "cardiomegaly",
    "elevated_diaphragm",
    "linear_atelectasis",
    "costophrenic_effusion",
)
SOURCE = "J Nucl Med Technol, modified PIOPED II criteria table; Sostman and others, Radiology 2008;246:941"


def high(facts: Facts, options: Options) -> bool:
    return facts.equivalents >= options.high_from_equivalents


def nonsegmental_only(facts: Facts, options: Options) -> bool:
    causes = facts.reading.nonsegmental
    return (
        bool(causes)
        and all(cause in LISTED_CAUSES for cause in causes)
        and not (facts.defects or facts.large_effusions)
        and facts.xray_clear_everywhere
    )


def smaller_than_xray_only(facts: Facts, options: Options) -> bool:
    return only_segmental(facts) and all(smaller_than_xray(each) for each in facts.defects)


def few_small_only(facts: Facts, options: Options) -> bool:
    return (
        only_segmental(facts)
        and all(is_small(each) for each in facts.defects)
        and len(facts.defects) <= MOST_SMALL
    )


def solitary_match_above_the_bases(facts: Facts, options: Options) -> bool:
    """One defect of a segment or less in the upper or middle zone, equal on the X-ray; and on ventilation if done."""
    if not only_segmental(facts) or len(facts.defects) != 1:
        return False
    defect = facts.defects[0]
    return (
        defect.xray == Xray.EQUAL
        and facts.zone(defect) in ("upper", "middle")
        and (not facts.by_ventilation or is_matched(defect))
    )


def stripe_only(facts: Facts, options: Options) -> bool:
    return only_segmental(facts) and all(each.stripe for each in facts.defects)


def solitary_large_effusion(facts: Facts, options: Options) -> bool:
    """One side's effusion, and no defect but behind it: on that side and opaque on the X-ray."""
    if len(facts.large_effusions) != 1 or facts.has_nonsegmental:
        return False
    side = facts.large_effusions[0]
    return all(facts.side(each) == side and each.xray in (Xray.EQUAL, Xray.LARGER) for each in facts.defects)


def matched_in_zones_only(facts: Facts, options: Options) -> bool:
    return only_segmental(facts) and _matched_in_zones(facts) == facts.defects


def several_benign(facts: Facts, options: Options) -> bool:
    """Each defect alone is one of 3b, 3c, 3e, 3g, and the small ones are not more than 3c allows."""
    if not only_segmental(facts):
        return False
    zones = _matched_in_zones(facts) if facts.by_ventilation else ()
    left = [each for each in facts.defects if not (smaller_than_xray(each) or each.stripe or each in zones)]
    return all(is_small(each) for each in left) and len(left) <= MOST_SMALL


def _matched_in_zones(facts: Facts) -> tuple[SegmentFinding, ...]:
    """The matched defects with a clear X-ray, where there are two or more in two or more zones of one lung."""
    found = tuple(each for each in facts.defects if is_matched(each) and each.xray == Xray.CLEAR)
    for side in ("right", "left"):
        if len({facts.zone(each) for each in found if facts.side(each) == side}) >= 2:
            return found
    return ()


DECIDED = (
    "A defect is mismatched where ventilation is normal or changed clearly less than perfusion, and the X-ray is"
    " clear or its lesion clearly smaller than the defect.",
    "Segment equivalents: large 1, moderate 0.5, small 0. High is read from 2 (a department may choose 2.5).",
    "High is tried before very low: whoever shows both reads high, with a stripe sign too.",
    "Nonsegmental causes that the source does not list are not very low.",
    "Benign patterns of single defects add up (row 3); the small ones among them are three at most.",
    "A defect belongs to a large effusion where it lies on its side and the X-ray lesion is as large or larger.",
    "The middle zone holds the middle lobe, the lingula and the superior segments of the lower lobes (B6).",
)
PLANAR_ONLY = (
    "Offered for planar pictures: the source's studies were planar, and in SPECT an X-ray did not make up for"
    " ventilation that was left out (Nucl Med Commun 2018;39(10))."
)
ZONES_OF_3G = (
    "Row 3g: one source asks for two or more matched defects, the other for two or more zones of one lung; here both"
    " are asked. Where one lung has them, matched defects of the other lung belong to the pattern."
)


def _benign(category: str, lesion: str) -> tuple[Row, ...]:
    return (
        Row(
            "3a",
            category,
            "Nonsegmental only (hilum, heart, diaphragm, linear atelectasis, costophrenic effusion), and no other"
            " defect or X-ray lesion",
            nonsegmental_only,
        ),
        Row(
            "3b",
            category,
            "Every perfusion defect is smaller than its X-ray lesion",
            smaller_than_xray_only,
        ),
        Row("3c", category, "One to three small segmental defects", few_small_only),
        Row(
            "3d",
            category,
            f"A solitary defect of one segment or less in the upper or middle zone, matched by {lesion}",
            solitary_match_above_the_bases,
        ),
        Row("3e", category, "Stripe sign: perfused lung between every defect and the pleura", stripe_only),
        Row(
            "3f",
            category,
            "A solitary pleural effusion of a third of the cavity or more, and no other perfusion defect",
            solitary_large_effusion,
        ),
    )


def _several(category: str, rows: str) -> Row:
    return Row("3", category, f"Several patterns together: each defect is one of {rows}", several_benign)


MOD_PIOPED_II = Table(
    scheme="MOD_PIOPED_II",
    source=SOURCE,
    fit=Fit((Technique.PLANAR,), ventilation=True, needs_xray=True, reads_xray=True),
    rows=(
        Row("1", "normal", "No perfusion defect", no_defect, nothing),
        Row("2", "high_probability", "Mismatched segment equivalents reach the threshold", high, mismatched),
        *_benign("very_low_probability", "ventilation and the X-ray"),
        Row(
            "3g",
            "very_low_probability",
            "Two or more matched ventilation and perfusion defects, in two or more zones of one lung, X-ray clear"
            " there",
            matched_in_zones_only,
        ),
        _several("very_low_probability", "3b, 3c, 3e, 3g"),
        Row("4", "nondiagnostic", "Everything else", always),
    ),
    decided=(*DECIDED, ZONES_OF_3G),
)

MOD_PIOPED_II_Q = Table(
    scheme="MOD_PIOPED_II_Q",
    source=SOURCE,
    fit=Fit((Technique.PLANAR,), ventilation=False, needs_xray=True, reads_xray=True),
    rows=(
        Row("1", "pe_absent", "No perfusion defect", no_defect, nothing),
        Row(
            "2",
            "pe_present",
            "Segment equivalents not accounted for by the X-ray reach the threshold",
            high,
            mismatched,
        ),
        *_benign("pe_absent", "the X-ray"),
        _several("pe_absent", "3b, 3c, 3e"),
        Row("4", "nondiagnostic", "Everything else", always),
    ),
    decided=(*DECIDED, PLANAR_ONLY),
)
