"""Keys of the rows as a person reads them."""

from reporting.engine.schemes import GROUP_LABELS, SCHEMES
from scheduling.models import Agent, PatientClass, Tracer

AGENTS = {**dict(Agent.choices), "": "Perfusion only"}
CLASSES = dict(PatientClass.choices)
TRACERS = dict(Tracer.choices)
GROUPS = {str(group): label for group, label in GROUP_LABELS.items()}
XRAYS = {"normal": "Normal", "abnormal": "Abnormal", "": "Not recorded"}
PROTOCOLS = {
    "V_THEN_Q": "Ventilation, then perfusion",
    "Q_ONLY": "Perfusion only",
    "V_ONLY": "Ventilation only",
    "Q_FIRST_V_IF_ABNORMAL": "Perfusion first, ventilation if abnormal",
    "TWO_DAY_PREGNANCY": "Two days, in pregnancy",
    "V_Q_SIMULTANEOUS": "Ventilation and perfusion together",
    "QUANT_DIFFERENTIAL": "Split function",
    "Q_SPECT_LDCT": "Perfusion SPECT with low-dose CT",
}


def scheme_name(key):
    return SCHEMES[key].name if key in SCHEMES else key


def category_label(scheme, category):
    """The term inside its scheme; the key itself where the scheme has it no more."""
    found = SCHEMES.get(scheme)
    return (
        next((each.label for each in found.categories if each.key == category), category)
        if found
        else category
    )
