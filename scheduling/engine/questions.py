"""The safety questions, as a table. Unknown is an answer to each of them."""

from collections.abc import Callable
from dataclasses import dataclass

YES, NO, UNKNOWN = "yes", "no", "unknown"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the order knows of the patient. `age_years` is None when unknown, and then no age is ruled out."""

    sex: str = "unknown"
    age_years: int | None = None
    patient_class: str = "outpatient"
    priority: str = "routine"


@dataclass(frozen=True, slots=True)
class Question:
    """`choices` are (value, label) pairs; a question whose `asked_if` says no is left out."""

    key: str
    text: str
    hint: str
    choices: tuple[tuple[str, str], ...]
    asked_if: Callable[[Facts], bool] | None = None


def questions_for(facts: Facts) -> tuple[Question, ...]:
    """The questions to ask this patient, in order."""
    return tuple(q for q in QUESTIONS if q.asked_if is None or q.asked_if(facts))


def could_be_pregnant(facts: Facts) -> bool:
    """12 to 55 years, not known to be male. An unknown age or sex counts as possible."""
    if facts.sex.strip().lower() in ("male", "m"):
        return False
    return facts.age_years is None or 12 <= facts.age_years <= 55


_YES_NO = ((NO, "No"), (YES, "Yes"), (UNKNOWN, "Not known yet"))

QUESTIONS = (
    Question(
        "pregnancy",
        "Is the patient pregnant, or could she be?",
        "Ask in private, before the chest X-ray too. Cannot be: for example after a hysterectomy. "
        "Cannot answer, for example unconscious: choose possible.",
        (
            (NO, "No"),
            ("cannot_be", "Cannot be pregnant"),
            ("possible", "Possible, or cannot answer"),
            (YES, "Yes, pregnant"),
            (UNKNOWN, "Not asked yet"),
        ),
        could_be_pregnant,
    ),
    Question(
        "breastfeeding",
        "Is the patient breastfeeding?",
        "Milk can be expressed before the visit, so ask early.",
        _YES_NO,
        could_be_pregnant,
    ),
    Question(
        "pulmonary_hypertension",
        "Is pulmonary hypertension known?",
        "The number of injected particles depends on it.",
        (
            ("none", "No"),
            ("mild_or_moderate", "Yes, mild or moderate"),
            ("severe", "Yes, severe"),
            ("unknown_severity", "Yes, severity not known"),
            (UNKNOWN, "Not known yet"),
        ),
    ),
    Question(
        "right_to_left_shunt",
        "Is a right-to-left shunt of the heart or lungs known or suspected?",
        "Particles would pass the lungs and reach brain and kidneys.",
        _YES_NO,
    ),
    Question(
        "one_lung_or_transplant",
        "Has the patient only one lung, or a lung transplant?",
        "There are fewer small vessels: fewer particles are injected.",
        (
            (NO, "No"),
            ("one_lung", "Yes, only one lung"),
            ("transplant", "Yes, a lung transplant"),
            (UNKNOWN, "Not known yet"),
        ),
    ),
    Question(
        "albumin_allergy",
        "Has the patient ever reacted to human albumin?",
        "The perfusion tracer is made of albumin.",
        _YES_NO,
    ),
    Question(
        "cannot_keep_still",
        "Is it hard for the patient to lie or sit still?",
        "Pictures take 3 to 15 minutes each.",
        _YES_NO,
    ),
    Question(
        "cannot_raise_arms",
        "Is it hard for the patient to raise both arms?",
        "SPECT needs arms above the head.",
        _YES_NO,
    ),
    Question("claustrophobia", "Is the patient afraid of narrow places or of a mask?", "", _YES_NO),
    Question("oxygen", "Does the patient need oxygen?", "", _YES_NO),
    Question(
        "recent_tc99m",
        "Has the patient had a technetium study in the last 48 hours?",
        "What is left of it spoils the ventilation pictures.",
        _YES_NO,
    ),
    Question("copd_or_asthma", "Does the patient have COPD or asthma?", "", _YES_NO),
    Question("smoker", "Does the patient smoke?", "", _YES_NO),
    Question("interpreter", "Does the patient need an interpreter?", "", _YES_NO),
    Question(
        "respiratory_isolation",
        "Does the patient have COVID-19 or another respiratory isolation?",
        "",
        _YES_NO,
    ),
    Question(
        "unstable",
        "Is the patient's circulation unstable?",
        "Low blood pressure or shock: another test may be faster.",
        _YES_NO,
    ),
    Question(
        "chest_xray",
        "What did the latest chest X-ray show?",
        "A V/Q scan tells less often when it is abnormal.",
        (("normal", "Normal"), ("abnormal", "Abnormal"), ("none", "None yet"), (UNKNOWN, "Not known yet")),
    ),
    Question("renal_failure", "Is kidney function impaired?", "", _YES_NO),
    Question("contrast_allergy", "Is there an allergy to X-ray contrast?", "", _YES_NO),
    Question(
        "pretest",
        "How likely is a pulmonary embolism before the scan?",
        "Wells score preferred; note the D-dimer.",
        (("low", "Low"), ("moderate", "Moderate"), ("high", "High"), (UNKNOWN, "Not recorded")),
    ),
)
