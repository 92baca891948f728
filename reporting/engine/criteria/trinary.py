"""The trinary scheme has no findings of its own: it translates the table that fits what was done.

Source: J Nucl Med 2010;51(suppl 2):41, where normal, very low and low together are negative; the retrospective
PIOPED II figures of J Nucl Med 2008 put low with nondiagnostic. The department chooses.
"""

from reporting.engine.criteria.facts import Options
from reporting.engine.findings import Study
from reporting.engine.schemes import Group, group_of

SOURCE = "J Nucl Med 2010;51(suppl 2):41"
LOW = "low_probability"
TERMS = {
    Group.UNLIKELY: "no_evidence_of_pe",
    Group.UNCLEAR: "nondiagnostic",
    Group.LIKELY: "pe_present",
}


def table_behind(study: Study) -> str:
    """The scheme whose table is translated: PIOPED I for planar pictures with ventilation, EANM for SPECT with
    ventilation, modified PIOPED II with X-ray where ventilation was not done."""
    if not study.ventilation_done:
        return "MOD_PIOPED_II_Q"
    return "EANM_SPECT" if study.is_spect else "PIOPED_I"


def term(scheme: str, category: str, options: Options) -> str:
    """The trinary category of another scheme's category."""
    if category == LOW:
        return TERMS[options.low_in_trinary]
    return TERMS[group_of(scheme, category)]
