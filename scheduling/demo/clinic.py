"""What the demonstration's sites have: rooms, hours, people who sign in, reasons to come."""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from vqflow.models import Grade, Role

PASSWORD = "vqflow-demo-2026"  # noqa: S105  (printed on purpose: it opens invented data only)

WEEKDAYS, WEEKEND = range(5), (5, 6)
LONG_DAY = (time(7), time(18))
MIDDAY = (time(8), time(14))
SHORT_DAY = (time(8), time(16))


@dataclass(frozen=True, slots=True)
class RoomSpec:
    """`weekday` and `weekend` are (opens, closes) or None."""

    name: str
    capabilities: tuple[str, ...]
    weekday: tuple[time, time] | None = LONG_DAY
    weekend: tuple[time, time] | None = None
    ae_title: str = ""
    volume_m3: int | None = None
    exhaust_m3_per_h: int | None = None


_PLANAR, _SPECT, _SPECT_CT = "gamma_camera_planar", "gamma_camera_spect", "gamma_camera_spect_ct"

ROOMS = (
    RoomSpec("Camera 1", (_PLANAR, _SPECT, _SPECT_CT), weekend=SHORT_DAY, ae_title="CAMERA1"),
    RoomSpec("Camera 2", (_PLANAR, _SPECT), ae_title="CAMERA2"),
    RoomSpec("Camera 3", (_PLANAR,), weekday=MIDDAY, ae_title="CAMERA3"),
    RoomSpec(
        "Ventilation 1",
        ("ventilation",),
        weekend=SHORT_DAY,
        ae_title="VENT1",
        volume_m3=48,
        exhaust_m3_per_h=480,
    ),
    RoomSpec(
        "Ventilation 2",
        ("ventilation", "negative_pressure"),
        weekday=MIDDAY,
        ae_title="VENT2",
        volume_m3=60,
        exhaust_m3_per_h=720,
    ),
    RoomSpec("X-ray 1", ("xray",), weekend=SHORT_DAY, ae_title="XRAY1"),
    RoomSpec("X-ray 2", ("xray",), ae_title="XRAY2"),
    RoomSpec("Prep bay 1", ("prep_bay",), weekend=SHORT_DAY),
    RoomSpec("Prep bay 2", ("prep_bay",)),
)
SMALL_ROOMS = tuple(
    RoomSpec(room.name, room.capabilities, weekday=SHORT_DAY) for room in ROOMS if room.name.endswith(" 1")
)


@dataclass(frozen=True, slots=True)
class TracerSpec:
    """What is prepared or delivered; the activity is that of `usable_time`, or of each unit dose."""

    product: str
    usable_time: time
    activity_mbq: int
    hours: int
    particles: int | None = None
    weekdays: tuple[int, ...] = (*WEEKDAYS, *WEEKEND)
    unit_doses: int = 0
    supplier: str = ""
    order_by: time | None = None


# Kits and vials of usual size; with them the demonstration's days are full before its doses are used up.
TRACERS = (
    TracerSpec("maa", time(6, 30), 3_700, 6, particles=6_000_000),
    TracerSpec("maa", time(12), 3_700, 6, particles=6_000_000),
    TracerSpec("pertechnetate", time(6, 15), 20_000, 12),
    TracerSpec("dtpa", time(6, 30), 22_000, 12),
    TracerSpec(
        "xe133",
        time(6, 45),
        400,  # 370 are prescribed; what is left of 400 lies within 20 % of that all day
        24,
        weekdays=tuple(WEEKDAYS),
        unit_doses=3,
        supplier="Isotope Depot",
        order_by=time(15),
    ),
    TracerSpec("kr81m", time(6), 1_500, 12, supplier="Isotope Depot", order_by=time(14, 30)),
)


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """What is checked: in each room with the capability, of each batch of the products, or else of the site."""

    kind: str
    usual: str | None = None
    capability: str = ""
    products: tuple[str, ...] = ()
    every_days: int = 1
    due_time: time | None = None
    lowest: Decimal | None = None
    highest: Decimal | None = None
    unit: str = ""


CHECKED_AT = time(6, 40)
CHECKS = (
    CheckSpec("camera", "2.6", _PLANAR, due_time=time(8), highest=Decimal(5), unit="% uniformity"),
    CheckSpec("calibrator", "0.8", due_time=time(7, 30), lowest=Decimal(-5), highest=Decimal(5), unit="%"),
    # 10 CFR 35.204: at most 0.15 kBq of Mo-99 in each MBq of Tc-99m.
    CheckSpec("breakthrough", "0.02", products=("pertechnetate",), highest=Decimal("0.15"), unit="kBq/MBq"),
    CheckSpec("purity", "97.5", products=("maa", "dtpa"), lowest=Decimal(90), unit="%"),
    CheckSpec("pressure", capability="negative_pressure", due_time=time(8)),
    # Trap monthly, exhaust at least every six months (Minn. R. 4731.4430).
    CheckSpec("trap", capability="negative_pressure", every_days=30),
    CheckSpec("exhaust", "720", "negative_pressure", every_days=180, lowest=Decimal(600), unit="m³/h"),
)

NM, XRAY = "technologist_nm", "technologist_xray"
TECHNOLOGISTS = (
    ("Anna", "Kowalska", (NM,)),
    ("Ben", "Achebe", (NM,)),
    ("Carla", "Ortiz", (NM,)),
    ("Dinh", "Pham", (NM,)),
    ("Emma", "Larsen", (NM, XRAY)),
    ("Farid", "Haddad", (NM, XRAY)),
)
SMALL_TECHNOLOGISTS = (("Gwen", "Archer", (NM, XRAY)), ("Hugo", "Silva", (NM, XRAY)))


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in with PASSWORD."""

    username: str
    given: str
    family: str
    role: str
    grade: str = Grade.NONE
    authorised_user: bool = False
    about: str = ""


ACCOUNTS = (
    Account("scheduler", "Maya", "Lindqvist", Role.SCHEDULER, about="enters orders, searches, books"),
    Account(
        "scheduler2", "Noah", "Castellano", Role.SCHEDULER, about="the one who presses at the same moment"
    ),
    Account(
        "physician", "Ruth", "Ferreira", Role.READER, Grade.ATTENDING, True, "vets, overrides, signs final"
    ),
    Account("resident", "Imran", "Sayeed", Role.READER, Grade.RESIDENT, about="signs preliminary reports"),
    Account("lead", "Greta", "Holm", Role.LEAD, about="runs the department"),
    Account("privacy", "Tobias", "Wren", Role.PRIVACY_OFFICER, about="reads the audit trail"),
    Account("referrer", "Sofia", "Marchetti", Role.REFERRER, about="sees results of own patients"),
    Account("integration", "Hospital", "System", Role.INTEGRATION, about="the API account"),
    Account("admin", "Pat", "Doyle", Role.ADMINISTRATOR, about="accounts and operation, nothing clinical"),
)
SMALL_ACCOUNTS = (
    Account("scheduler", "Lena", "Brook", Role.SCHEDULER, about="another site: sees none of Riverside"),
    Account("physician", "Omar", "Reyes", Role.READER, Grade.ATTENDING, True, "reads at the other site"),
)


DIRECTIONS = (
    "Use the main entrance and follow the blue line to the lifts. There are parking places for patients in front of "
    "the building. Bus 12 stops at the door."
)
OWN_ADVICE = "Please leave necklaces at home. Our rooms are cool: a light jacket helps."


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """One department of the demonstration. `prefix` goes before the user names of all but the first.

    Name and place stand in mails, so they must not say what is examined. `keeps_records`: doses are recorded
    and patients released there.
    """

    code: str
    name: str
    place: str
    phone: str
    time_zone: str
    subdivision: str
    issuer: str
    rooms: tuple[RoomSpec, ...] = ROOMS
    technologists: tuple = TECHNOLOGISTS
    accounts: tuple[Account, ...] = ACCOUNTS
    prefix: str = ""
    keeps_records: bool = False


RIVERSIDE = SiteSpec(
    "riverside",
    "Riverside Clinic",
    "Level 2, 100 Riverside Way, Springfield",
    "+1 212 555 0100",
    "America/New_York",
    "NY",
    "Riverside Clinic",
    keeps_records=True,
)
HILLSIDE = SiteSpec(
    "hillside",
    "Hillside Clinic",
    "Ground floor, 7 Hillside Road, Fairview",
    "+1 213 555 0110",
    "America/Los_Angeles",
    "CA",
    "Hillside Clinic",
    SMALL_ROOMS,
    SMALL_TECHNOLOGISTS,
    SMALL_ACCOUNTS,
    "hillside-",
)


def further_site(number):
    """One more department like Riverside, for loads that one department's rooms could not have held."""
    code = f"clinic-{number:03d}"
    return SiteSpec(
        code,
        f"Clinic {number}",
        f"{number} Main Street",
        "+1 212 555 0120",
        "America/New_York",
        "NY",
        f"Clinic {number}",
        prefix=f"{code}-",
    )


REFERRERS = (
    ("Dr Sofia Marchetti", "Dr Alan Whitby"),
    ("Dr Priya Raman", "Dr Jonas Weber"),
    ("Dr Kwabena Mensah", "Dr Lucy Tran"),
    ("Dr Helen Strand", "Dr Marco Bianchi"),
    ("Dr Yusuf Demir", "Dr Clare Donovan"),
    ("Dr Naomi Fischer", "Dr Peter Nowak"),
    ("Dr Andrés Molina", "Dr Ingrid Dahl"),
    ("Dr Wei Zhang", "Dr Samuel Price"),
    ("Dr Fatima Belkacem", "Dr Owen Hughes"),
    ("Dr Thomas Albrecht", "Dr Rania Khoury"),
    ("Dr Mei Tanaka", "Dr David Kaplan"),
    ("Dr Grace Okoye", "Dr Elena Popova"),
)

WARDS = {
    "E": ("Emergency department", "Emergency department, resus", "Emergency department, bay 4"),
    "I": ("4 West", "5 North", "Cardiology 6", "Surgery 3 East", "Oncology 7", "Intensive care", "Maternity"),
    "O": ("",),
}

# ICD-10-CM, an outpatient is coded by symptom; the weights are a plausible mix, not a statistic.
INDICATIONS = (
    (22, "R06.02", "Shortness of breath", "Acute shortness of breath. Pulmonary embolism?"),
    (14, "R07.1", "Chest pain on breathing", "Pleuritic chest pain since yesterday. Pulmonary embolism?"),
    (10, "R79.89", "Raised D-dimer", "Raised D-dimer, contrast allergy. Pulmonary embolism?"),
    (
        9,
        "R07.9",
        "Chest pain, unspecified",
        "Chest pain and fast pulse, CT not possible. Pulmonary embolism?",
    ),
    (8, "R09.02", "Hypoxemia", "Unexplained low oxygen. Perfusion defects?"),
    (7, "N18.4", "Chronic kidney disease, stage 4", "Kidney disease, no contrast. Pulmonary embolism?"),
    (6, "R55", "Syncope", "Syncope, tachycardia. Pulmonary embolism?"),
    (5, "I82.409", "Deep vein thrombosis of leg", "Deep vein thrombosis, new dyspnea. Pulmonary embolism?"),
    (5, "Z86.711", "History of pulmonary embolism", "Follow-up after embolism: what is left?"),
    (4, "I27.24", "Chronic thromboembolic hypertension", "Pulmonary hypertension: chronic thromboembolic?"),
    (3, "R04.2", "Hemoptysis", "Hemoptysis, immobile for two weeks. Pulmonary embolism?"),
    (3, "J44.9", "COPD", "COPD, worse dyspnea than usual. Pulmonary embolism?"),
    (2, "Z01.811", "Before lung surgery", "Share of each lung before resection?"),
    (2, "Z94.2", "Lung transplant", "Perfusion of the transplanted lung?"),
)
PREGNANT = ("O88.219", "Embolism in pregnancy suspected", "Pregnant, sudden dyspnea. Pulmonary embolism?")

ELSEWHERE = ("County Hospital, Radiology", "Lakeview Urgent Care", "Northside Medical Center")
CANCELLED_BECAUSE = (
    "The patient asked for it: feels better.",
    "The patient is too ill to be moved today.",
    "CT angiography was done instead.",
    "Camera out of order.",
    "Transport did not come.",
)
DECLINED_BECAUSE = (
    "CT angiography answers the question faster; agreed with the referrer.",
    "Normal D-dimer and low pre-test probability; agreed with the referrer.",
)
