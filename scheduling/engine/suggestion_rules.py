"""Which protocol the answers speak for, as tables that a physician can read and correct.

Each row is keyed by a rule of `rules`: the rules judge the answers, these tables what follows for the protocol.
"Practice" is common practice without a primary source, for local sign-off.
"""

from dataclasses import dataclass

from scheduling.engine.catalogue import Agent


@dataclass(frozen=True, slots=True)
class Examination:
    """When `rule` applies, or the order's indication is among `indications`, the first of `keys` that is offered."""

    rule: str
    keys: tuple[str, ...]
    sentence: str
    source: str
    indications: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Preference:
    """When `rule` applies: 0 for agents that are preferred, 2 for those to avoid; 1 for any that is not named."""

    rule: str
    ranks: tuple[tuple[Agent, int], ...]
    sentence: str
    source: str


@dataclass(frozen=True, slots=True)
class Remark:
    """When `rule` applies, and the agent is `agent` where one is named: what is done, or changes nothing."""

    rule: str
    sentence: str
    source: str
    agent: Agent | None = None


# The first row that holds decides.
EXAMINATIONS = (
    Examination(
        "PREG-1",
        ("Q_FIRST_V_IF_ABNORMAL", "Q_ONLY"),
        "Pregnant or possibly pregnant: perfusion first with a low activity; ventilation is held until a "
        "physician has read perfusion as abnormal.",
        "Blackpool Teaching Hospitals PL1003; leaflets differ on the order",
    ),
    Examination(
        "INF-1",
        ("Q_ONLY",),
        "Respiratory isolation: perfusion only, so that nothing is breathed out into the room.",
        "SNMMI statements 2020 to 2023",
    ),
    Examination(
        "",
        ("QUANT_DIFFERENTIAL",),
        "Before lung surgery or after a transplant: the share of each lung is measured.",
        "practice",
        frozenset({"Z01.811", "Z94.2", "T86.810"}),
    ),
)

STANDARD = Examination(
    "",
    ("V_THEN_Q", "V_Q_SIMULTANEOUS", "Q_ONLY"),
    "No answer asks for another examination: ventilation, then perfusion right after it on the same day.",
    "Cleveland Clinic 2023",
)

# The first row weighs most: what is harmful comes before what only spoils a picture.
PREFERENCES = (
    Preference(
        "O2-1",
        ((Agent.DTPA, 0), (Agent.KR81M, 0), (Agent.TECHNEGAS, 2)),
        "Needs oxygen: DTPA aerosol or krypton rather than Technegas, whose argon lowers oxygen for a moment.",
        "practice",
    ),
    Preference(
        "PREG-1",
        ((Agent.DTPA, 0), (Agent.KR81M, 0), (Agent.XE133, 2)),
        "Perfusion first: ventilation can follow on the same day with DTPA aerosol or krypton, with Technegas "
        "on the next.",
        "Brazilian guideline 2019 (count rates 3 to 1); practice",
    ),
    Preference(
        "COPD-1",
        ((Agent.TECHNEGAS, 0), (Agent.KR81M, 0), (Agent.DTPA, 2)),
        "COPD or asthma: Technegas or krypton rather than DTPA aerosol.",
        "EANM 2019",
    ),
)

# What is done otherwise within the protocol.
CHANGES = (
    Remark(
        "PREG-1",
        "Pregnancy: low activity, and a reduced number of particles with it.",
        "Brazilian guideline 2019 (18.5 to 37 MBq); practice",
    ),
    Remark(
        "PH-1",
        "Severe pulmonary hypertension: 100,000 to 200,000 particles, once an authorised user lets it go on.",
        "MAA label (contraindication); EU SmPC of MAA",
    ),
    Remark("PH-2", "Pulmonary hypertension: 100,000 to 200,000 particles.", "EU SmPC of MAA"),
    Remark("SHUNT-1", "Right-to-left shunt: 100,000 to 200,000 particles.", "EU SmPC of MAA"),
    Remark(
        "LUNG-1", "One lung or a lung transplant: 100,000 to 200,000 particles.", "EU SmPC of MAA; practice"
    ),
    Remark(
        "STILL-1",
        "Hard to keep still: planar pictures in short blocks, half as long again.",
        "InsideRadiology (3 to 15 minutes per picture)",
    ),
    Remark("ARMS-1", "Arms stay down: planar pictures instead of SPECT.", "Royal Brompton and Harefield"),
    Remark(
        "COPD-1",
        "COPD or asthma: a longer washout, up to 10 minutes.",
        "J Nucl Med 1979;20:917",
        Agent.XE133,
    ),
    Remark(
        "SMOK-1",
        "Smoker: DTPA aerosol leaves the lungs faster, so its pictures are taken without delay.",
        "Braz J Med Biol Res 2003",
        Agent.DTPA,
    ),
)

# What is worth knowing and changes nothing.
NOTES = (
    Remark(
        "RENAL", "Impaired kidney function changes nothing: no contrast is given.", "Cleveland Clinic 2023"
    ),
    Remark("ALLERGY", "Contrast allergy changes nothing: no contrast is given.", "Cleveland Clinic 2023"),
    Remark(
        "ALB-1",
        "Reaction to human albumin: every protocol with perfusion needs an authorised user's decision first.",
        "MAA label (contraindication)",
    ),
)

# Answers that, while they are not known, may lead to another protocol; in a word or two.
MAY_CHANGE = {
    "pregnancy": "pregnancy",
    "respiratory_isolation": "respiratory isolation",
    "oxygen": "need of oxygen",
    "copd_or_asthma": "COPD or asthma",
}
