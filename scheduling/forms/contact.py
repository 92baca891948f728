"""How a patient can be reached, as the desk corrects it."""

from django import forms

from scheduling.forms.reach import ReachForm
from scheduling.services.patients.contact import FIELDS


class ContactForm(ReachForm):
    """Filled with what is known."""

    address_works = forms.BooleanField(label="This address works again", required=False)
    wants_reminders = forms.BooleanField(
        label="Wants reminders",
        required=False,
        help_text="Without them the appointment stands, and news of it is still sent.",
    )

    def __init__(self, data=None, *, patient):
        super().__init__(data, site=patient.site, initial=_known(patient))
        if not patient.has_bounced:
            del self.fields["address_works"]


def _known(patient):
    return {
        **{name: getattr(patient, name) for name in FIELDS},
        "email_consent": patient.email_consent_at is not None,
        "sms_consent": patient.sms_consent_at is not None,
        "wants_reminders": patient.reminders_stopped_at is None,
    }
