"""How a patient can be reached and what was agreed to: corrected by the desk, at any time."""

from django.db import transaction

from scheduling.models import Patient
from scheduling.services import links, messages
from scheduling.services.messages import again
from scheduling.services.patients import merging
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

FIELDS = (
    "phone",
    "email",
    "language",
    "interpreter_needed",
    "guardian_name",
    "guardian_email",
    "guardian_phone",
    "detailed_email_consent",
)
CONSENTS = ("email_consent", "sms_consent")
NEEDS_CONSENT = "E-mails with details need this consent too."


@transaction.atomic
def change(patient, *, by, now, address_works=False, **values):
    """Write what is new of FIELDS, the CONSENTS and `wants_reminders` (all true or false); returns the patient.

    Reminders that could not go out and now can are sent at their time, and those that may not any more are held
    back. `address_works`: mail to the present address may be tried again. Raises Conflict for a merged record,
    Invalid where the consents do not go together.
    """
    policy.permit(by, "patient.contact")
    patient = (
        Patient.objects.select_related("site").select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    )
    if patient.merged_into_id:
        raise Conflict(merging.MERGED_ALREADY)
    before = {each.attname: getattr(patient, each.attname) for each in Patient._meta.concrete_fields}
    address = _address(patient)
    _set(patient, values, address_works, by=by, now=now)
    if patient.detailed_email_consent and patient.email_consent_at is None:
        raise Invalid(NEEDS_CONSENT, fields={"email_consent": [NEEDS_CONSENT]})
    changed = sorted(name for name, value in before.items() if getattr(patient, name) != value)
    if changed:
        patient.save(update_fields=[Patient._meta.get_field(name).name for name in changed])
        audit.record("patient.contact_changed", patient, by=by, patients=[patient.pk], fields=changed)
        if _address(patient) != address:
            links.revoke_mailed(patient, now=now)
        again.hold_back(patient, now=now)
        again.resume(patient, now=now)
        messages.texts_too(patient, now=now)
    return patient


def _address(patient):
    """Where mail goes, if anything may go there."""
    return (patient.guardian_email or patient.email).lower()


def _set(patient, values, address_works, *, by, now):
    for name in FIELDS:
        setattr(patient, name, values.get(name, getattr(patient, name)))
    for name in CONSENTS:
        _consent(patient, name, values.get(name), by=by, now=now)
    if "wants_reminders" in values:
        _wish(patient, values["wants_reminders"], now)
    if address_works:
        patient.bounced_email = ""


def _consent(patient, name, wanted, *, by, now):
    """A consent that stands keeps its day and who has taken it."""
    if wanted is None or bool(getattr(patient, f"{name}_at")) == wanted:
        return
    setattr(patient, f"{name}_at", now if wanted else None)
    setattr(patient, f"{name}_by", by if wanted else None)


def _wish(patient, wants_reminders, now):
    if wants_reminders:
        patient.reminders_stopped_at = None
    elif patient.reminders_stopped_at is None:
        patient.reminders_stopped_at = now
