"""The words of a reading. Every value starts as not assessed."""

from enum import StrEnum


class Perfusion(StrEnum):
    """The defect's part of its segment: small under 25 %, moderate 25 to 75 %, large over 75 %."""

    NOT_ASSESSED = ""
    NORMAL = "normal"
    SMALL = "small"
    MODERATE = "moderate"
    LARGE = "large"


class Ventilation(StrEnum):
    """Against perfusion in the same segment: smaller = changed clearly less than perfusion, worse = more."""

    NOT_ASSESSED = ""
    NORMAL = "normal"
    SMALLER = "smaller"
    MATCHED = "matched"
    WORSE = "worse"
    NOT_DONE = "not_done"


class Xray(StrEnum):
    """The lesion on the chest X-ray (or CT) against the perfusion defect in the same segment."""

    NOT_ASSESSED = ""
    CLEAR = "clear"
    SMALLER = "smaller"
    EQUAL = "equal"
    LARGER = "larger"


class Effusion(StrEnum):
    """Pleural effusion of one side; large = a third of the pleural cavity or more."""

    NOT_ASSESSED = ""
    NONE = "none"
    SMALL = "small"
    LARGE = "large"


class Quality(StrEnum):
    NOT_ASSESSED = ""
    GOOD = "good"
    LIMITED = "limited"
    NONDIAGNOSTIC = "nondiagnostic"


class Change(StrEnum):
    """Against the prior examination."""

    NOT_ASSESSED = ""
    UNCHANGED = "unchanged"
    BETTER = "better"
    WORSE = "worse"
    NEW = "new"


class Level(StrEnum):
    """The reader's confidence; and the clinical prior, which the reader chooses and nothing maps from a score."""

    NOT_ASSESSED = ""
    LOW = "low"
    INTERMEDIATE = "intermediate"
    HIGH = "high"


class Technique(StrEnum):
    PLANAR = "planar"
    SPECT = "spect"
    SPECT_CT = "spect_ct"


NONSEGMENTAL = {
    "enlarged_hilum": "Enlarged hilum or mediastinum",
    "cardiomegaly": "Enlarged heart",
    "elevated_diaphragm": "Elevated diaphragm",
    "linear_atelectasis": "Linear atelectasis",
    "costophrenic_effusion": "Small effusion in the costophrenic angle",
    "other": "Another nonsegmental cause",
}
LIMITS = {
    "motion": "Patient moved",
    "views_missing": "Not all views taken",
    "low_counts": "Low counts",
    "central_deposition": "Aerosol or gas deposited in the central airways",
    "ventilation_in_perfusion": "Ventilation activity in the perfusion views",
    "clumped_particles": "Hot spots of clumped particles",
    "extravasation": "Part of the injection beside the vein",
    "position": "Could not lie or sit as usual",
    "artefact": "Attenuation artefact",
}
OTHER_FINDINGS = {
    "pleural_effusion": "Pleural effusion",
    "pneumonia": "Pneumonia",
    "atelectasis": "Atelectasis",
    "mass": "Mass",
    "pneumothorax": "Pneumothorax",
    "airways_disease": "Obstructive airways disease",
    "emphysema": "Emphysema",
    "fibrosis": "Fibrosis",
    "heart_failure": "Signs of left heart failure",
    "shunt": "Right-to-left shunt",
    "free_technetium": "Free pertechnetate",
    "fracture": "Fracture",
    "other": "Another finding",
}
DEFECTS = (Perfusion.SMALL, Perfusion.MODERATE, Perfusion.LARGE)
