"""The screening questions, and what each answer does, as two tables that a physician can read and correct.

Unknown is an allowed answer. Where a rule depends on it, the unknown answer becomes a TASK, which gates the
stage before which somebody has to ask, or gates nothing where asking at check-in is soon enough. Nothing here
ever gates booking: an unstable or pregnant emergency patient must not lose a time to a form.

Sources: MAA label = Pulmotech and DRAXIMAGE US labels; SmPC = EU MAA summaries; SNM = SNM Lung Scintigraphy
4.0; EANM = EANM 2019; "practice" = common practice without a primary source, for local sign-off.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

YES, NO, UNKNOWN = "yes", "no", "unknown"


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


def questions_for(facts: Facts) -> tuple[Question, ...]:
    """The questions to ask this patient, in order."""
    return tuple(q for q in QUESTIONS if q.asked_if is None or q.asked_if(facts))


def evaluate(answers: Mapping[str, str], facts: Facts) -> tuple[Effect, ...]:
    """What the answers do, in the order of `RULES`. A missing or empty answer is unknown.

    An answer counts even where the question need not have been asked. Priority changes nothing: STAT does not
    skip the albumin or the pulmonary hypertension rule. Raises ValueError on an answer that is no choice.
    """
    given = {key: answers.get(key) or UNKNOWN for key in _BY_KEY}
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


def _could_be_pregnant(facts: Facts) -> bool:
    """12 to 55 years, not known to be male. An unknown age or sex counts as possible."""
    if facts.sex.strip().lower() in ("male", "m"):
        return False
    return facts.age_years is None or 12 <= facts.age_years <= 55


def _is_inpatient(facts: Facts) -> bool:
    return facts.patient_class.strip().lower() in ("inpatient", "i", "imp")


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
        _could_be_pregnant,
    ),
    Question(
        "breastfeeding",
        "Is the patient breastfeeding?",
        "Milk can be expressed before the visit, so ask early.",
        _YES_NO,
        _could_be_pregnant,
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
    Question("renal_failure", "Is kidney function impaired?", "", _YES_NO),
    Question("contrast_allergy", "Is there an allergy to X-ray contrast?", "", _YES_NO),
    Question(
        "pretest",
        "How likely is a pulmonary embolism before the scan?",
        "Wells score preferred; note the D-dimer.",
        (("low", "Low"), ("moderate", "Moderate"), ("high", "High"), (UNKNOWN, "Not recorded")),
    ),
)

_BY_KEY = {question.key: question for question in QUESTIONS}

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
        "PRIOR-1",
        "pretest",
        _when(UNKNOWN),
        Action.WARN,
        _BOOK,
        "Pre-test probability is missing: note the Wells score and the D-dimer for the reader.",
        "SNM, VI.A.2",
    ),
)
