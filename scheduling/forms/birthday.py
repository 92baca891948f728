"""The date of birth in three fields: the one way to write a date that nobody reads the other way round."""

from datetime import date

from django import forms
from django.utils.translation import gettext_lazy

NO_DATE = gettext_lazy("Please write the day, the month and the year as numbers, for example 5, 11 and 1960.")


class BirthdayForm(forms.Form):
    """`born_on` is the date once the form is valid. What is not a date costs no try."""

    day = forms.IntegerField(error_messages={"required": NO_DATE, "invalid": NO_DATE})
    month = forms.IntegerField(error_messages={"required": NO_DATE, "invalid": NO_DATE})
    year = forms.IntegerField(error_messages={"required": NO_DATE, "invalid": NO_DATE})

    born_on: date | None = None

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        try:
            self.born_on = date(values["year"], values["month"], values["day"])
        except (ValueError, OverflowError):
            raise forms.ValidationError(NO_DATE) from None
        if self.born_on.year < 1890:
            raise forms.ValidationError(NO_DATE)
        return values

    @property
    def sentence(self):
        """The one thing that is wrong, or nothing."""
        return NO_DATE if self.errors else ""
