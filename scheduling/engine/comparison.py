"""V/Q scan or CT angiography (CTPA): what is known for one referrer's question. Information, never a decision.

Where sources differ, both are said. Figures are those of the sources, not of a site.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One line of the comparison. It matters when `question` has one of `when`, or by the indication's code."""

    key: str
    title: str
    vq: str
    ctpa: str
    source: str
    question: str = ""
    when: frozenset[str] = frozenset()
    indications: tuple[str, ...] = ()


def relevant(answers: Mapping[str, str], indication: str = "") -> tuple[Topic, ...]:
    """The topics that this patient's answers make relevant, in the order of `TOPICS`; none without such an answer."""
    return tuple(topic for topic in TOPICS if _matters(topic, answers, indication))


def _matters(topic: Topic, answers: Mapping[str, str], indication: str) -> bool:
    if topic.question and answers.get(topic.question) in topic.when:
        return True
    return bool(topic.indications) and indication.startswith(topic.indications)


_YES = frozenset({"yes"})

TOPICS = (
    Topic(
        "unstable",
        "Unstable circulation",
        "Takes 30 to 60 minutes of scanning and a chest X-ray before it: often too slow.",
        "May be faster, as may echocardiography. Speak to a physician now.",
        "practice; times: Cleveland Clinic 2023",
        "unstable",
        _YES,
    ),
    Topic(
        "renal_failure",
        "Impaired kidney function",
        "No iodine contrast is given: kidney function does not matter.",
        "Iodine contrast is given, which impaired kidneys may not bear well.",
        "Cleveland Clinic 2023",
        "renal_failure",
        _YES,
        ("N17", "N18"),
    ),
    Topic(
        "contrast_allergy",
        "Allergy to X-ray contrast",
        "No iodine contrast is given. Ask about reactions to human albumin instead.",
        "Iodine contrast is given.",
        "Cleveland Clinic 2023; MAA label",
        "contrast_allergy",
        _YES,
        ("Z91.041",),
    ),
    Topic(
        "pregnancy",
        "Pregnancy",
        "Dose to the fetus 0.1 to 0.8 mGy from perfusion, 0.1 to 0.3 mGy from an aerosol if ventilation follows. "
        "Dose to the breast is lower than with CT.",
        "Dose to the fetus 0.013 to 0.1 mGy from a chest CT. Dose to the breast is higher than with a V/Q scan.",
        "Niemann 2010 (Insights Imaging); leaflets differ: the team chooses the safest test",
        "pregnancy",
        frozenset({"yes", "possible"}),
        ("O88.2", "Z33.1"),
    ),
    Topic(
        "abnormal_xray",
        "Abnormal chest X-ray",
        "Could not tell in 48 % of one series, against 9 % with a normal X-ray.",
        "Shows structure, such as what the X-ray has found.",
        "Forbes 2001 (Clin Radiol 56:397); Cleveland Clinic 2023",
        "chest_xray",
        frozenset({"abnormal"}),
    ),
    Topic(
        "normal_xray",
        "Normal chest X-ray",
        "Could not tell in 9 % of one series; a normal perfusion scan rules out an acute embolism.",
        "Needs iodine contrast; usually a higher dose to the patient.",
        "Forbes 2001 (Clin Radiol 56:397); SNMMI statements; Cleveland Clinic 2023",
        "chest_xray",
        frozenset({"normal"}),
    ),
    Topic(
        "clear",
        "How often it cannot tell",
        "SPECT: 3 % or fewer by its authors. Planar pictures: 65 % in PIOPED I.",
        "Often asked for after a V/Q scan that could not tell.",
        "PMC3065883; Cleveland Clinic 2023",
    ),
    Topic(
        "radiation",
        "Radiation to the patient",
        "1.2 to 2 mSv with SPECT; usually less than CT for the patient.",
        "Usually more than a V/Q scan.",
        "EANM 2009; Cleveland Clinic 2023",
    ),
    Topic(
        "shows",
        "What it shows",
        "How the lungs work: where air and blood go. Not clear in some: then more tests, such as CT.",
        "How the lungs and their vessels look.",
        "Cleveland Clinic 2023",
    ),
)
