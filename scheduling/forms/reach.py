"""How a person can be reached, and what was agreed to: asked alike at the registration and when it is corrected."""

from django import forms

from scheduling.forms.fields import PhoneField, ServiceForm
from scheduling.models import Language
from scheduling.services.patients.contact import NEEDS_CONSENT

GUARDIAN = ("guardian_name", "guardian_email", "guardian_phone")


class ReachForm(ServiceForm):
    """Its numbers are read as those of the site's country; text messages are asked about where the site sends them."""

    phone = PhoneField(label="Phone")
    email = forms.EmailField(label="E-mail", required=False, max_length=254)
    language = forms.ChoiceField(label="Language of letters", choices=Language, initial=Language.EN)
    interpreter_needed = forms.BooleanField(label="Needs an interpreter", required=False)
    email_consent = forms.BooleanField(
        label="Agrees to e-mail about the appointment (date, time and place only)", required=False
    )
    detailed_email_consent = forms.BooleanField(
        label="Has agreed in writing to e-mails that name the examination", required=False
    )
    sms_consent = forms.BooleanField(label="Agrees to text messages about the appointment", required=False)
    guardian_name = forms.CharField(label="Guardian's name", max_length=150, required=False)
    guardian_email = forms.EmailField(label="Guardian's e-mail", required=False, max_length=254)
    guardian_phone = PhoneField(label="Guardian's phone")

    def __init__(self, *arguments, site, **options):
        super().__init__(*arguments, **options)
        for name in ("phone", "guardian_phone"):
            self.fields[name].country = site.country
        if not site.sends_sms:
            del self.fields["sms_consent"]

    def clean(self):
        values = super().clean()
        if values.get("detailed_email_consent") and not values.get("email_consent"):
            self.add_error("email_consent", NEEDS_CONSENT)
        return values

    @property
    def has_guardian(self):
        """Whether the part about the guardian is to be shown open."""
        return any(self[name].value() or self[name].errors for name in GUARDIAN)
