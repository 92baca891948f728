"""Who can be told a critical result: whoever can act on it for this patient now."""

from dataclasses import dataclass

from reporting.engine.critical import Asked
from scheduling.models import PatientClass

REFERRER, WARD, COVERING = "referrer", "ward", "covering"
ROLES = {REFERRER: "Referrer", WARD: "Ward or emergency department", COVERING: "Covering clinician"}
NOBODY_COVERS = "the emergency department, or any clinician who looks after the patient"


@dataclass(frozen=True, slots=True)
class Recipient:
    """`numbers`: (what it is, the number)."""

    role: str
    name: str
    numbers: tuple = ()

    @property
    def role_label(self):
        return ROLES[self.role]


def recipients(order):
    """Who may be told, the one who must be first: for who lies in the hospital the ward, else the referrer."""
    referrer = order.referrer
    found = [Recipient(REFERRER, referrer.name, _numbers(phone=referrer.phone, pager=referrer.pager))]
    if order.ward:
        ward = Recipient(WARD, order.ward)
        found.insert(0 if order.patient_class != PatientClass.OUTPATIENT else 1, ward)
    if referrer.covering_name:
        found.append(Recipient(COVERING, referrer.covering_name, _numbers(phone=referrer.covering_phone)))
    return tuple(found)


def must_be_told(order, escalations):
    """The name of who must be told now, given the escalations so far: at the last step that is who covers."""
    found = recipients(order)
    if not any(each.asked == Asked.COVERING for each in escalations):
        return found[0].name
    covering = [each.name for each in found if each.role == COVERING]
    return covering[0] if covering else NOBODY_COVERS


def _numbers(**numbers):
    return tuple((label.capitalize(), number) for label, number in numbers.items() if number)
