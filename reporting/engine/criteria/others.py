"""PISAPED and the EANM's criteria for SPECT: both ask for the shape of a defect."""

from reporting.engine.criteria.facts import VENTILATION_MATCHED, Facts, Options, equivalents
from reporting.engine.criteria.patterns import is_small, no_defect
from reporting.engine.criteria.pioped2 import PLANAR_ONLY
from reporting.engine.criteria.tables import Fit, Row, Table, always, nothing
from reporting.engine.findings import SegmentFinding, Technique

PISAPED_CONTOUR = ("enlarged_hilum", "cardiomegaly", "elevated_diaphragm")
NOT_WEDGES = ("linear_atelectasis", "costophrenic_effusion")
ONE_SEGMENT = 1.0  # or two subsegments: moderate defects, a half each


def wedges(facts: Facts) -> tuple[SegmentFinding, ...]:
    return tuple(each for each in facts.defects if each.wedge)


def has_wedge(facts: Facts, options: Options) -> bool:
    return bool(wedges(facts))


def near_normal(facts: Facts, options: Options) -> bool:
    return facts.reading.near_normal and _no_open_cause(facts)


def contour_only(facts: Facts, options: Options) -> bool:
    causes = facts.reading.nonsegmental
    return (
        not facts.defects
        and not facts.large_effusions
        and bool(causes)
        and all(cause in PISAPED_CONTOUR for cause in causes)
    )


def no_wedge(facts: Facts, options: Options) -> bool:
    return _no_open_cause(facts)


def _no_open_cause(facts: Facts) -> bool:
    """Nothing that may hide a wedge: an effusion of a third of the cavity, a cause without a name."""
    known = (*PISAPED_CONTOUR, *NOT_WEDGES)
    return not facts.large_effusions and all(cause in known for cause in facts.reading.nonsegmental)


def ask_every_shape(facts: Facts, options: Options) -> str | None:
    if wedges(facts):
        return None
    excused = near_normal(facts, options)
    return _ask([each for each in facts.defects if each.wedge is None and not (excused and is_small(each))])


def _ask(unknown: list[SegmentFinding]) -> str | None:
    if not unknown:
        return None
    codes = ", ".join(each.code for each in unknown)
    return f"Say whether the perfusion defect is wedge-shaped: {codes}."


PISAPED = Table(
    scheme="PISAPED",
    source="PISAPED criteria in the table of J Nucl Med Technol; Miniati and others, AJRCCM 1996;154:1387",
    fit=Fit((Technique.PLANAR,), ventilation=False, needs_xray=True, reads_xray=False),
    rows=(
        Row("1", "pe_absent", "No perfusion defect", no_defect, nothing),
        Row("2", "pe_present", "One or more wedge-shaped perfusion defects", has_wedge, wedges),
        Row("3", "pe_absent", "Near normal", near_normal),
        Row("4", "pe_absent", "Contour of an enlarged heart, mediastinum or diaphragm only", contour_only),
        Row("5", "pe_absent", "Defects, none of them wedge-shaped", no_wedge),
        Row("6", "nondiagnostic", "Everything else", always),
    ),
    decided=(
        "The shape of every defect must be said, unless a wedge is already there; of small defects it need not be"
        " said where the reader calls perfusion near normal.",
        "An effusion of a third of the cavity, or a nonsegmental cause without a name, may hide a wedge: without a"
        " wedge elsewhere the result is nondiagnostic.",
        PLANAR_ONLY,
    ),
    asks=ask_every_shape,
)


def conforming(facts: Facts) -> tuple[SegmentFinding, ...]:
    """Mismatched defects that are pleura-based wedges along the borders of their segment."""
    return tuple(each for each in facts.mismatched if each.wedge)


def mismatch_of_a_segment(facts: Facts, options: Options) -> bool:
    return equivalents(conforming(facts)) >= ONE_SEGMENT


def matched_or_reverse(facts: Facts, options: Options) -> bool:
    return _nothing_hidden(facts) and all(each.ventilation in VENTILATION_MATCHED for each in facts.defects)


def not_segmental(facts: Facts, options: Options) -> bool:
    return _nothing_hidden(facts) and not conforming(facts)


def _nothing_hidden(facts: Facts) -> bool:
    return not facts.large_effusions


def ask_mismatched_shapes(facts: Facts, options: Options) -> str | None:
    if mismatch_of_a_segment(facts, options):
        return None
    return _ask([each for each in facts.mismatched if each.wedge is None])


EANM_SPECT = Table(
    scheme="EANM_SPECT",
    source="EANM guideline 2019 (and 2009) for ventilation and perfusion scintigraphy",
    fit=Fit(
        (Technique.SPECT, Technique.SPECT_CT),
        ventilation=True,
        needs_xray=False,
        reads_xray=False,
    ),
    rows=(
        Row("1", "no_pe", "No perfusion defect", no_defect, nothing),
        Row(
            "2",
            "pe_present",
            "Mismatch of a segment or two subsegments, pleura-based wedges that conform to the anatomy",
            mismatch_of_a_segment,
            conforming,
        ),
        Row("3", "no_pe", "Every defect is matched or reversed, or nonsegmental", matched_or_reverse),
        Row(
            "4",
            "no_pe",
            "Mismatch, but none in a lobar, segmental or subsegmental pattern",
            not_segmental,
        ),
        Row("5", "nondiagnostic", "Everything else", always),
    ),
    decided=(
        "A moderate defect is a subsegment, a large one a segment; a small one is less than a subsegment.",
        "The wedge mark says that a defect is pleura-based and conforms to the anatomy; it is asked of every"
        " mismatched defect until a segment is reached.",
        "A mismatched wedge of less than a segment is nondiagnostic.",
        "An effusion of a third of the cavity may hide a defect: without PE elsewhere it is nondiagnostic.",
    ),
    asks=ask_mismatched_shapes,
)
