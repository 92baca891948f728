"""What is typed in to set up the short way back into a locked session."""

from django import forms

DIGITS = {"autocomplete": "off", "inputmode": "numeric"}


class OwnPasswordForm(forms.Form):
    """Every change here is confirmed with the person's own password; `user` is whose."""

    own_password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password, so that nobody else can change this."},
    )

    def __init__(self, *args, user, **options):
        super().__init__(*args, **options)
        self.user = user

    def clean_own_password(self):
        if not self.user.check_password(self.cleaned_data["own_password"]):
            raise forms.ValidationError("This is not your password. Try again.")
        return ""

    def refuse(self, refusal):
        """Show a service's refusal at its field, or above the form."""
        found = getattr(refusal, "fields", {}) or {None: [refusal.sentence]}
        for name, sentences in found.items():
            self.add_error(name if name in self.fields else None, sentences)


class PinForm(OwnPasswordForm):
    pin = forms.CharField(
        label="New PIN",
        help_text="6 to 12 digits, not your date of birth.",
        widget=forms.PasswordInput(attrs=DIGITS),
        error_messages={"required": "Enter a PIN."},
    )
    again = forms.CharField(
        label="New PIN once more",
        widget=forms.PasswordInput(attrs=DIGITS),
        error_messages={"required": "Enter the PIN once more."},
    )
    field_order = ("pin", "again", "own_password")

    def clean(self):
        pin, again = self.cleaned_data.get("pin"), self.cleaned_data.get("again")
        if pin and again and pin != again:
            self.add_error("again", "The two PINs are not the same. Enter both again.")


class BadgeForm(OwnPasswordForm):
    code = forms.CharField(
        label="Badge",
        help_text="Put the cursor here and scan the badge.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Scan the badge."},
    )
    field_order = ("own_password", "code")
