"""The medical side of an invented examination: who comes, why, how urgently, and what the safety questions say."""

from dataclasses import dataclass
from datetime import date

from scheduling.demo import clinic, people
from scheduling.demo.dice import Weighted
from scheduling.engine import screening

_PRIORITIES = ("stat", "urgent", "routine")
_WORKDAY, _WEEKEND = Weighted(_PRIORITIES, (11, 33, 56)), Weighted(_PRIORITIES, (34, 54, 12))
_CLASSES = {"stat": ("EEEEEEEIII"), "urgent": ("IIIIIIEEOO"), "routine": ("OOOOOOOOOI")}
_INDICATION = Weighted([row[1:] for row in clinic.INDICATIONS], [row[0] for row in clinic.INDICATIONS])
_PREGNANCY = Weighted(("no", "cannot_be", "yes"), (92, 6, 2))

# (protocol, agent) and its share where nothing speaks against it.
_PROTOCOLS_AND_SHARES = {
    ("V_THEN_Q", "technegas"): 54,
    ("V_THEN_Q", "dtpa"): 22,
    ("V_THEN_Q", "xe133"): 5,
    ("V_THEN_Q", "kr81m"): 5,
    ("Q_ONLY", ""): 12,
    ("V_ONLY", "technegas"): 2,
}
_PROTOCOL = Weighted(_PROTOCOLS_AND_SHARES, _PROTOCOLS_AND_SHARES.values())
PERFUSION_ONLY = ("Q_ONLY", "")

# The answers of most patients, and how often it is the other one.
_USUAL = {
    "pulmonary_hypertension": "none",
    "pretest": "moderate",
    **{
        question.key: screening.NO
        for question in screening.QUESTIONS
        if question.key not in ("pulmonary_hypertension", "pretest", "pregnancy", "breastfeeding")
        and screening.NO in dict(question.choices)
    },
}
_OFTEN = (
    (0.25, "copd_or_asthma", "yes"),
    (0.18, "smoker", "yes"),
    (0.20, "renal_failure", "yes"),
    (0.15, "contrast_allergy", "yes"),
    (0.08, "oxygen", "yes"),
    (0.04, "cannot_keep_still", "yes"),
    (0.05, "cannot_raise_arms", "yes"),
    (0.05, "claustrophobia", "yes"),
    (0.03, "recent_tc99m", "yes"),
    (0.04, "pulmonary_hypertension", "mild_or_moderate"),
    (0.004, "pulmonary_hypertension", "severe"),
    (0.004, "right_to_left_shunt", "yes"),
    (0.015, "respiratory_isolation", "yes"),
    (0.008, "unstable", "yes"),
    (0.0005, "albumin_allergy", "yes"),
    (0.42, "pretest", "low"),
    (0.18, "pretest", "high"),
)
_NEEDS_A_PHYSICIAN = {
    ("pulmonary_hypertension", "severe"),
    ("right_to_left_shunt", "yes"),
    ("respiratory_isolation", "yes"),
    ("unstable", "yes"),
    ("albumin_allergy", "yes"),
    ("pregnancy", "yes"),
    ("pregnancy", "possible"),
}
SAFETY = frozenset(
    (
        "pregnancy",
        "breastfeeding",
        "pulmonary_hypertension",
        "right_to_left_shunt",
        "albumin_allergy",
        "pretest",
    )
)
_D_DIMER_FROM = 480


@dataclass(slots=True)
class Patient:
    """A patient who may come again; the ids are those of the written rows."""

    person: people.Person
    id: int = 0
    resource_id: int = 0
    name: str = ""
    has_mail: bool = False
    is_written: bool = False
    temporary: bool = False


@dataclass(slots=True)
class Case:
    patient: Patient
    priority: str
    patient_class: str
    ward: str
    indication: tuple
    wells: float | None
    d_dimer: int | None
    answers: dict
    protocol: tuple
    referrer: int

    def facts(self, day):
        """What the screening rules know beside the answers; the day is the local one of the examination."""
        person = self.patient.person
        return screening.Facts(
            person.sex,
            years(person.born_on, day) if person.born_on else None,
            self.patient_class,
            self.priority,
        )


def years(born_on, day):
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def invent(rng, day: date, *, patient=None, priority=None):
    """A case for `day`; a new patient unless one who was here before is given."""
    patient = patient or Patient(people.invent(rng, day))
    priority = priority or (_WEEKEND if day.weekday() > 4 else _WORKDAY).throw(rng)
    patient_class = rng.choice(_CLASSES[priority])
    answers = _answers(rng, patient.person, day)
    pregnant = answers.get("pregnancy") in ("yes", "possible")
    indication = _INDICATION.throw(rng)
    return Case(
        patient=patient,
        priority=priority,
        patient_class=patient_class,
        ward=rng.choice(clinic.WARDS[patient_class]),
        indication=clinic.PREGNANT if pregnant else indication,
        wells=rng.choice((0, 1, 1.5, 2.5, 3, 4, 4.5, 6, 7.5)) if rng.random() < 0.6 else None,
        d_dimer=_D_DIMER_FROM + int(rng.expovariate(1 / 900)) if rng.random() < 0.55 else None,
        answers=answers,
        protocol=_protocol(rng, answers, pregnant=pregnant),
        referrer=rng.randrange(len(clinic.REFERRERS)),
    )


def _answers(rng, person, day):
    answers = {}
    if person.sex != "male" and 12 <= years(person.born_on, day) <= 55:
        answers["pregnancy"] = _PREGNANCY.throw(rng)
        answers["breastfeeding"] = "yes" if rng.random() < 0.02 else "no"
    answers |= _USUAL
    for share, question, answer in _OFTEN:
        if rng.random() < share:
            answers[question] = answer
    return answers


def _protocol(rng, answers, *, pregnant):
    if pregnant or answers["respiratory_isolation"] == "yes":
        return PERFUSION_ONLY
    return _PROTOCOL.throw(rng)


def rules_for_a_physician(case, day):
    """The ids of the rules on which a physician must decide; computed only where an answer calls for one."""
    if not _NEEDS_A_PHYSICIAN.intersection(case.answers.items()):
        return ()
    effects = screening.evaluate(case.answers, case.facts(day))
    wanted = (screening.Action.BLOCK, screening.Action.CONSULT)
    return tuple(dict.fromkeys(effect.rule_id for effect in effects if effect.action in wanted))


def open_tasks(case, day, decided):
    """(kind, about, sentence, stage) for each question still to be asked and each decision still to be taken."""
    found = {}
    for effect in screening.evaluate(case.answers, case.facts(day)):
        stages = [stage for stage in screening.Stage if stage in effect.stages]
        row = (effect.sentence, str(stages[0]) if stages else "")
        if effect.action == screening.Action.TASK:
            found["ask", effect.question] = row
        elif effect.action == screening.Action.CONSULT and effect.rule_id not in decided:
            found["consult", effect.rule_id] = row
    return [(kind, about, *row) for (kind, about), row in found.items()]
