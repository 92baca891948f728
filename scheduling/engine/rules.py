"""What each answer to a safety question does, as a table that a physician can read and correct.

Nothing here ever gates booking: an unstable or pregnant emergency patient must not lose a time to a form.

Sources: MAA label = Pulmotech and DRAXIMAGE US labels; SmPC = EU MAA summaries; SNM = SNM Lung Scintigraphy
4.0; EANM = EANM 2019; "practice" = common practice without a primary source, for local sign-off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from scheduling.engine.questions import UNKNOWN, YES, Facts


class Action(StrEnum):
    BLOCK = "block"
    CONSULT = "consult"
    TASK = "task"
    PROTOCOL = "protocol"
    WARN = "warn"
    INFO = "info"


class Stage(StrEnum):
    BOOK = "book"
    XRAY = "xray"
    DOSE = "dose"
    START = "start"


Override = Literal["physician", "authorised_user"]

GATING = frozenset({Action.BLOCK, Action.CONSULT, Action.TASK})


@dataclass(frozen=True, slots=True)
class Rule:
    """When `question` has one of the answers `when`, `action` applies at `stages`.

    A rule without a question applies when `applies` says so.
    """

    id: str
    question: str | None
    when: frozenset[str]
    action: Action
    stages: frozenset[Stage]
    effect: str
    source: str
    override: Override | None = None
    applies: Callable[[Facts], bool] | None = None


def _is_inpatient(facts: Facts) -> bool:
    return facts.patient_class.strip().lower() in ("inpatient", "i", "imp")


_NOWHERE: frozenset[Stage] = frozenset()
_BOOK = frozenset({Stage.BOOK})
_DOSE = frozenset({Stage.DOSE})
_DOSE_START = frozenset({Stage.DOSE, Stage.START})
_XRAY_DOSE = frozenset({Stage.XRAY, Stage.DOSE})
_ALL_BUT_BOOK = frozenset({Stage.XRAY, Stage.DOSE, Stage.START})


def _when(*answers: str) -> frozenset[str]:
    return frozenset(answers)


RULES = (
    Rule(
        "PREG-1",
        "pregnancy",
        _when(YES, "possible"),
        Action.CONSULT,
        _ALL_BUT_BOOK,
        "Pregnant or possibly pregnant: a physician decides before the X-ray and before any tracer is given.",
        "Niemann 2010 (fetal doses)",
        "physician",
    ),
    Rule(
        "PREG-1",
        "pregnancy",
        _when(YES, "possible"),
        Action.PROTOCOL,
        _BOOK,
        "Low-activity perfusion first; ventilation only if a physician reads perfusion as abnormal.",
        "practice; leaflets differ on the order",
    ),
    Rule(
        "PREG-2",
        "pregnancy",
        _when(UNKNOWN),
        Action.TASK,
        _XRAY_DOSE,
        "Ask about pregnancy before the chest X-ray and before the dose. Cannot answer counts as possible.",
        "practice",
        "physician",
    ),
    Rule(
        "BF-1",
        "breastfeeding",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "Give the breastfeeding aftercare with a clock time, counted from the injection.",
        "ICRP 106 (12 h); ACMUI (24 h)",
    ),
    Rule(
        "BF-1",
        "breastfeeding",
        _when(YES),
        Action.INFO,
        _BOOK,
        "Tell the patient before the visit: breastfeeding has to pause, milk can be expressed beforehand.",
        "ICRP 106; ACMUI",
    ),
    Rule(
        "BF-1-ASK",
        "breastfeeding",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask about breastfeeding before the visit.",
        "ICRP 106; ACMUI",
    ),
    Rule(
        "PH-1",
        "pulmonary_hypertension",
        _when("severe"),
        Action.BLOCK,
        _DOSE_START,
        "Severe pulmonary hypertension: the perfusion tracer needs an authorised user's decision and the "
        "reduced number of particles.",
        "MAA label (contraindication); SmPC (100,000 to 200,000 particles)",
        "authorised_user",
    ),
    Rule(
        "PH-2",
        "pulmonary_hypertension",
        _when("mild_or_moderate", "unknown_severity"),
        Action.PROTOCOL,
        _BOOK,
        "Reduced number of particles.",
        "SmPC",
    ),
    Rule(
        "PH-2",
        "pulmonary_hypertension",
        _when("mild_or_moderate", "unknown_severity"),
        Action.WARN,
        _DOSE,
        "Pulmonary hypertension: check the number of particles in the syringe.",
        "SmPC",
    ),
    Rule(
        "PH-1-ASK",
        "pulmonary_hypertension",
        _when(UNKNOWN),
        Action.TASK,
        _DOSE,
        "Find out about pulmonary hypertension before the dose is prepared.",
        "MAA label",
        "authorised_user",
    ),
    Rule(
        "SHUNT-1",
        "right_to_left_shunt",
        _when(YES),
        Action.CONSULT,
        _DOSE_START,
        "Right-to-left shunt: a physician decides before the perfusion tracer is given.",
        "MAA label; Hull University Hospitals REF005",
        "physician",
    ),
    Rule(
        "SHUNT-1",
        "right_to_left_shunt",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "Reduced number of particles.",
        "SmPC (100,000 to 200,000 particles)",
    ),
    Rule(
        "SHUNT-1-ASK",
        "right_to_left_shunt",
        _when(UNKNOWN),
        Action.TASK,
        _DOSE,
        "Find out about a right-to-left shunt before the dose is prepared.",
        "MAA label",
        "physician",
    ),
    Rule(
        "LUNG-1",
        "one_lung_or_transplant",
        _when("one_lung", "transplant"),
        Action.PROTOCOL,
        _BOOK,
        "Reduced number of particles.",
        "SmPC (lung transplant: 100,000 to 200,000 particles); teaching (one lung: 150,000 to 200,000)",
    ),
    Rule(
        "LUNG-1",
        "one_lung_or_transplant",
        _when("one_lung", "transplant"),
        Action.WARN,
        _DOSE,
        "One lung or a lung transplant: check the number of particles in the syringe.",
        "SmPC",
    ),
    # Tells of few patients, and orders from before the question wait for nobody: asked, but no gate.
    Rule(
        "LUNG-1-ASK",
        "one_lung_or_transplant",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask whether the patient has only one lung, or a lung transplant.",
        "SmPC",
    ),
    Rule(
        "ALB-1",
        "albumin_allergy",
        _when(YES),
        Action.BLOCK,
        _DOSE_START,
        "Reaction to human albumin: the perfusion tracer needs an authorised user's decision.",
        "MAA label (contraindication)",
        "authorised_user",
    ),
    Rule(
        "ALB-1-ASK",
        "albumin_allergy",
        _when(UNKNOWN),
        Action.TASK,
        _DOSE,
        "Ask about reactions to human albumin before the dose is prepared.",
        "MAA label",
        "authorised_user",
    ),
    Rule(
        "STILL-1",
        "cannot_keep_still",
        _when(YES),
        Action.WARN,
        _BOOK,
        "Hard to keep still: plan more time and support.",
        "InsideRadiology (3 to 15 minutes per picture)",
    ),
    Rule(
        "STILL-1",
        "cannot_keep_still",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "Planar pictures in short blocks.",
        "InsideRadiology",
    ),
    Rule(
        "STILL-1-ASK",
        "cannot_keep_still",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask whether the patient can keep still.",
        "Cleveland Clinic 2023",
    ),
    Rule(
        "ARMS-1",
        "cannot_raise_arms",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "Planar pictures instead of SPECT.",
        "Royal Brompton and Harefield",
    ),
    Rule(
        "ARMS-1-ASK",
        "cannot_raise_arms",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask whether the patient can raise both arms.",
        "Royal Brompton and Harefield",
    ),
    Rule(
        "CLAUS-1",
        "claustrophobia",
        _when(YES),
        Action.WARN,
        _BOOK,
        "Fear of narrow places: explain the mask and the camera beforehand, plan more time.",
        "InsideRadiology",
    ),
    Rule(
        "CLAUS-1-ASK",
        "claustrophobia",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask about fear of narrow places or of a mask.",
        "InsideRadiology",
    ),
    Rule(
        "O2-1",
        "oxygen",
        _when(YES),
        Action.WARN,
        _BOOK,
        "Needs oxygen: plan oxygen and a saturation monitor; prefer DTPA aerosol or krypton to Technegas.",
        "practice (argon lowers oxygen for a moment)",
    ),
    Rule(
        "O2-1-ASK",
        "oxygen",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask whether the patient needs oxygen.",
        "practice",
    ),
    Rule(
        "TC-1",
        "recent_tc99m",
        _when(YES),
        Action.WARN,
        _BOOK,
        "Recent technetium study: leave 24 h, or 48 h after a high activity.",
        "decay of Tc-99m (6.3 % left after 24 h)",
    ),
    Rule(
        "TC-1-ASK",
        "recent_tc99m",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask about technetium studies in the last 48 hours.",
        "decay of Tc-99m",
    ),
    Rule(
        "COPD-1",
        "copd_or_asthma",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "COPD or asthma: Technegas or krypton and SPECT; a longer washout with xenon.",
        "EANM",
    ),
    Rule(
        "COPD-1-ASK",
        "copd_or_asthma",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask about COPD and asthma.",
        "EANM",
    ),
    Rule(
        "SMOK-1",
        "smoker",
        _when(YES),
        Action.INFO,
        _DOSE,
        "Smoker: DTPA aerosol leaves the lungs faster, so take its pictures without delay.",
        "Braz J Med Biol Res 2003",
    ),
    Rule(
        "INF-1",
        "respiratory_isolation",
        _when(YES),
        Action.CONSULT,
        _DOSE_START,
        "Respiratory isolation: a physician decides whether ventilation is done.",
        "SNMMI statements 2020 to 2023",
        "physician",
    ),
    Rule(
        "INF-1",
        "respiratory_isolation",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "Perfusion only, or the local protection plan.",
        "SNMMI statements 2020 to 2023",
    ),
    Rule(
        "INF-1-ASK",
        "respiratory_isolation",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask about COVID-19 and other respiratory isolation.",
        "SNMMI statements 2020 to 2023",
    ),
    Rule(
        "UNST-1",
        "unstable",
        _when(YES),
        Action.CONSULT,
        _DOSE_START,
        "Unstable circulation: speak to a physician now; CT angiography or echocardiography may be faster.",
        "practice",
        "physician",
    ),
    Rule(
        "UNST-1-ASK",
        "unstable",
        _when(UNKNOWN),
        Action.TASK,
        _NOWHERE,
        "Ask whether the patient's circulation is stable.",
        "practice",
    ),
    Rule(
        "CXR-7",
        "chest_xray",
        _when("abnormal"),
        Action.WARN,
        _BOOK,
        "Abnormal chest X-ray: the scan tells less often. Ask the referrer whether CT angiography would answer "
        "the question better.",
        "Forbes 2001, Clin Radiol 56:397 (could not tell: 48 % against 9 %)",
    ),
    Rule(
        "RENAL",
        "renal_failure",
        _when(YES),
        Action.INFO,
        _BOOK,
        "Impaired kidney function speaks for a V/Q scan: it needs no contrast.",
        "Cleveland Clinic 2023",
    ),
    Rule(
        "ALLERGY",
        "contrast_allergy",
        _when(YES),
        Action.INFO,
        _BOOK,
        "Contrast allergy speaks for a V/Q scan: it needs no contrast.",
        "Cleveland Clinic 2023",
    ),
    Rule(
        "LOC-1",
        None,
        _when(),
        Action.PROTOCOL,
        _BOOK,
        "Inpatient: a portable chest X-ray may be accepted; plan transport, escort and isolation.",
        "practice",
        applies=_is_inpatient,
    ),
    Rule(
        "INTERP-1",
        "interpreter",
        _when(YES),
        Action.PROTOCOL,
        _BOOK,
        "An interpreter is there for the examination.",
        "practice",
    ),
    Rule(
        "PRIOR-1",
        "pretest",
        _when(UNKNOWN),
        Action.WARN,
        _BOOK,
        "Pre-test probability is missing: note the Wells score and the D-dimer for the reader.",
        "SNM, VI.A.2",
    ),
)
