"""Today's cast: patients in every state, placed around "now" at any hour; two where a press takes them out of it.

What has happened lies where "now" says. Plans lie as near to it as rooms and people allow, and always on
today's local date: shortly after midnight an examination that is over can be planned for the small hours.
Outside opening hours the cast is an on-call night: rooms are used although they are closed, by people who have
an on-call shift (rota.shifts).
"""

from dataclasses import dataclass, field, replace

from scheduling.demo import cases, lives, people
from scheduling.demo.clinic import PREGNANT
from scheduling.demo.lives import HOUR, MINUTE
from scheduling.demo.writer import Examination
from scheduling.engine.calendars import local_day_bounds

_SPREAD_MINUTES = 960
SPECT, AEROSOL, PERFUSION = ("V_THEN_Q", "technegas"), ("V_THEN_Q", "dtpa"), ("Q_ONLY", "")
XENON = ("V_THEN_Q", "xe133")


@dataclass(frozen=True, slots=True)
class Role:
    """One of the cast. `lungs`: minutes from now to the first inhalation or injection, planned X-ray 80 min
    before unless `elsewhere` says how many minutes before that one ended. `camera`: where the last step is."""

    lungs: int
    priority: str
    protocol: tuple = SPECT
    elsewhere: int = 0
    fate: str = "comes"
    report: str = "in_time"
    absent: bool = False
    as_planned: bool = False
    by_phone: bool = False
    unvetted: bool = False
    undecided: bool = False
    camera: str = ""
    answers: dict = field(default_factory=dict)


# Those first whose plan must not slip: a late patient was expected before now.
ROLES = {
    "late": Role(62, "routine", absent=True, as_planned=True),
    "ventilation in progress": Role(-6, "urgent"),
    "perfusion in progress": Role(-34, "urgent", camera="Camera 1"),  # the simulated one ends it
    "dose cleared": Role(5, "stat", by_phone=True),
    "dose cleared, X-ray elsewhere": Role(7, "urgent", PERFUSION, elsewhere=190),
    "X-ray done, the hour has not passed": Role(40, "urgent"),
    "X-ray done, dose blocked by pulmonary hypertension": Role(
        12, "urgent", PERFUSION, undecided=True, answers={"pulmonary_hypertension": "severe"}
    ),
    "booked, X-ray elsewhere nearly too old": Role(35, "routine", PERFUSION, elsewhere=1415),
    "arrived": Role(88, "routine"),
    "awaiting report": Role(-78, "urgent"),
    "report in draft": Role(-120, "routine", AEROSOL, report="draft"),
    "report preliminary": Role(-165, "urgent", report="preliminary"),
    "report final": Role(-210, "stat", report="final"),
    "no-show": Role(-100, "routine", fate="no_show", as_planned=True),
    "cancelled": Role(150, "routine", fate="cancelled", as_planned=True),
    "booked, not vetted": Role(110, "stat", unvetted=True, as_planned=True),
    "booked, pregnancy unknown": Role(
        170, "urgent", PERFUSION, answers={"pregnancy": "unknown"}, as_planned=True
    ),
    "booked": Role(200, "routine", as_planned=True),
    "booked for xenon": Role(185, "routine", XENON, as_planned=True),
    "dose cleared, nothing measured yet": Role(6, "urgent", elsewhere=600),
    "awaiting report of the perfusion alone": Role(-52, "routine", PERFUSION, elsewhere=600),
}


def cast(load, day):
    """The examinations of ROLES, in their order, reserved in the planner."""
    return [_play(load, day, role) for role in ROLES.values()]


def _play(load, day, role):
    woman = "pregnancy" in role.answers
    case = cases.invent(
        load.rng, day, patient=_woman(load.rng, day) if woman else None, priority=role.priority
    )
    # The state has to be the wanted one, whatever the dice said about this patient.
    case.answers |= {"pulmonary_hypertension": "none", "right_to_left_shunt": "no", "albumin_allergy": "no"}
    case.answers |= {"respiratory_isolation": "no", "unstable": "no"}
    if "pregnancy" in case.answers:
        case.answers["pregnancy"] = "no"
    case.answers |= role.answers
    plan = _plan(load, day, role)
    life = lives.tell(load.rng, plan, role.priority, calm=True)
    wanted = load.now + role.lungs * MINUTE
    if not role.as_planned:
        life.shift(wanted - life.lungs[0][0])
    first_seen = min(life.arrived, plan.starts * MINUTE)
    _ordered_before(load, life, first_seen, role)
    if role.report != "final":
        life.reported = load.now + 3 * HOUR
    else:
        life.reported = min(life.reported, load.now - 10 * MINUTE)
    if role.absent:
        life.arrived = life.xray = life.dose = None
        life.lungs = [(load.now + HOUR, load.now + 2 * HOUR)] * len(plan.lungs)
    if plan.xray is None and not role.absent:
        life.arrived = life.dose - 15 * MINUTE
    return Examination(
        case,
        plan,
        life,
        fate=role.fate,
        report=role.report,
        undecided=role.undecided,
        unvetted=role.unvetted,
        by_phone=role.by_phone,
    )


def _ordered_before(load, life, first_seen, role):
    """Orders and bookings lie before the first visit, and before now."""
    latest = min(first_seen, load.now) - (10 * MINUTE if role.priority == "stat" else HOUR)
    late = life.booked - latest
    if late > 0:
        for name in ("ordered", "vetted", "booked"):
            setattr(life, name, getattr(life, name) - late)


def _plan(load, day, role):
    """The nearest plan to the role's time that fits, on today's date."""
    first, last = local_day_bounds(day, load.department.zone)
    wanted = load.now // MINUTE + role.lungs
    latest = load.now // MINUTE + 64  # an X-ray is planned at least 70 min earlier: the patient was expected
    mode = "elsewhere" if role.elsewhere else "same_trip"
    protocol = _at(load, load.protocols[role.protocol], role.camera)
    for distance in range(0, _SPREAD_MINUTES, 2):
        for start in dict.fromkeys((wanted + distance, wanted - distance)):
            if not first + 5 <= start < (latest if role.absent or role.fate == "no_show" else last):
                continue
            plan = load.planner.place(
                protocol,
                start,
                xray=mode,
                gap=role.elsewhere or 80,
                any_hour=True,
                released=role.fate != "comes",
            )
            if plan is not None:
                return plan
    raise RuntimeError(f"The day is too full for its cast: {role}")


def _at(load, protocol, camera):
    """The protocol with its last pictures at this camera, if one is named."""
    rooms = tuple(pk for pk, spec in load.department.rooms.items() if spec.name == camera)
    return (
        replace(protocol, lungs=(*protocol.lungs[:-1], replace(protocol.lungs[-1], rooms=rooms)))
        if rooms
        else protocol
    )


WAITING = (
    # (priority, vetted, answers, unidentified)
    ("stat", False, {}, True),
    ("urgent", False, {"pregnancy": "yes"}, False),
    ("urgent", False, {"pulmonary_hypertension": "unknown", "albumin_allergy": "unknown"}, False),
    ("routine", False, {}, False),
    ("routine", False, {"right_to_left_shunt": "unknown"}, False),
    ("routine", False, {}, False),
    ("urgent", True, {}, False),
    ("urgent", True, {"pretest": "unknown"}, False),
    ("routine", True, {}, False),
    ("routine", True, {"copd_or_asthma": "unknown", "oxygen": "unknown"}, False),
    ("routine", True, {}, False),
    ("routine", True, {"right_to_left_shunt": "yes"}, False),
)


def unbooked(load, day):
    """Orders that wait for a physician or a time: vetted and not, one unidentified, one pregnant."""
    return [_wait(load, day, number, *row) for number, row in enumerate(WAITING)]


def _wait(load, day, number, priority, vetted, answers, unidentified):
    rng = load.rng
    pregnant = "pregnancy" in answers
    case = cases.invent(rng, day, patient=_woman(rng, day) if pregnant else None, priority=priority)
    person = case.patient.person
    if unidentified:
        answers = dict.fromkeys(case.answers, "unknown")
    if pregnant:
        case.indication = PREGNANT
    case.answers |= answers
    if unidentified:
        _unidentify(case, person)
    age = {"stat": 6 * MINUTE, "urgent": 2 * HOUR, "routine": 26 * HOUR}[priority] + number * 7 * MINUTE
    ordered = load.now - age
    life = lives.Life(ordered, ordered + HOUR if vetted else None, None, None, None, None, [], None)
    return Examination(case, None, life, unvetted=not vetted, undecided=True)


def _unidentify(case, person):
    case.patient.temporary = True
    person.family, person.given, person.middle, person.born_on = "Unknown", "", "", None
    person.sex, person.phone, person.guardian = people.UNKNOWN_SEX, "", ""
    case.answers |= {"pregnancy": "unknown", "breastfeeding": "unknown"}
    case.indication = ("", "", "Found collapsed, tachycardia, low oxygen. Pulmonary embolism?")
    case.patient_class, case.ward, case.wells, case.d_dimer = "E", "Emergency department, resus", None, None


def _woman(rng, day):
    """A patient of child-bearing age."""
    while True:
        person = people.invent(rng, day)
        if person.sex == "female" and 19 <= cases.years(person.born_on, day) <= 42:
            return cases.Patient(person)
