"""When another time would suit, in the patient's own words."""

from django import forms

from scheduling.services.patient_wishes import LONGEST_WISH


class WishForm(forms.Form):
    """What is too long is cut by the browser; the service cuts it too."""

    wish = forms.CharField(required=False, max_length=5000, empty_value="")

    LONGEST = LONGEST_WISH
