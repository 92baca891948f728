"""The words of a list's rows: states, steps, and the rules that hold an examination back."""

from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import PatientClass, StepKind

GROUPS = {
    AppointmentState.BOOKED: "to-come",
    AppointmentState.ARRIVED: "here",
    AppointmentState.IN_PROGRESS: "running",
    AppointmentState.FULFILLED: "done",
    AppointmentState.NO_SHOW: "done",
}
RELEASE = "release"
CHIPS = {
    AppointmentState.BOOKED: ("booked", "To come"),
    AppointmentState.ARRIVED: ("arrived", "Here"),
    AppointmentState.IN_PROGRESS: ("in_progress", "Running"),
    AppointmentState.FULFILLED: ("completed", "Done"),
    AppointmentState.NO_SHOW: ("no_show", "No show"),
}
KINDS = dict(StepKind.choices)
PLACES = dict(PatientClass.choices)  # where nobody has named a ward
LETTERS = {StepKind.XRAY: "X-ray", StepKind.VENTILATION: "V", StepKind.PERFUSION: "Q"}
STEP_WORDS = {
    StepState.SCHEDULED: "planned",
    StepState.IN_PROGRESS: "running",
    StepState.COMPLETED: "done",
    StepState.DISCONTINUED: "stopped",
    StepState.CANCELLED: "cancelled",
}
SEXES = {"female": "F", "male": "M", "other": "other", "unknown": "sex unknown"}
RULE_WORDS = {
    "CXR-1": "No X-ray",
    "CXR-2": "X-ray too old",
    "CXR-3": "X-ray too recent",
    "PREG-1": "Pregnancy possible",
    "PREG-2": "Ask: pregnancy",
    "PH-1": "Severe PH",
    "PH-1-ASK": "Ask: PH",
    "SHUNT-1": "Right-to-left shunt",
    "SHUNT-1-ASK": "Ask: shunt",
    "LUNG-1": "One lung or transplant",
    "ALB-1": "Albumin reaction",
    "ALB-1-ASK": "Ask: albumin",
    "TC-1": "Recent technetium",
    "GAS-1": "Technegas too old",
    "INF-1": "Isolation",
    "UNST-1": "Unstable",
}
PENDING_CHIP, RELEASE_CHIP = ("pending", "Pending"), ("waiting", "Awaiting release")
CONFIRMED_CHIP = ("booked", "Confirmed")  # to come, and the patient has said so
PRODUCTS = {"maa": "MAA", "dtpa": "DTPA", "pertechnetate": "Tc-99m", "xe133": "Xe-133", "kr81m": "Kr-81m"}
AGENTS = {"technegas": "Technegas", "dtpa": "DTPA aerosol", "xe133": "Xe-133", "kr81m": "Kr-81m"}
AHEAD = {
    "gone": "Room or person gone",
    "xray_over": "X-ray will be too old",
    "wait_over": "Too long between",
    "dose_expired": "Dose will expire",
    "closed": "Beyond hours",
}
