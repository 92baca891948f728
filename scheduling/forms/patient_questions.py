"""The safety questions on a patient's page, in the patient's language; each may be left for later."""

from django import forms
from django.utils.translation import gettext, gettext_lazy

CHOOSE = gettext_lazy("Please choose one of the answers.")
NONE_CHOSEN = gettext_lazy("Please answer at least one question.")


class HomeQuestionsForm(forms.Form):
    """`asked`: the HomeQuestions (services/self_service/questions.py) that are still open."""

    def __init__(self, data=None, *, asked):
        super().__init__(data)
        for question in asked:
            self.fields[question.key] = forms.ChoiceField(
                label=gettext(question.text),
                help_text=gettext(question.hint),
                choices=[(value, gettext(label)) for value, label in question.choices],
                widget=forms.RadioSelect,
                required=False,
                error_messages={"invalid_choice": CHOOSE},
            )

    def clean(self):
        values = super().clean()
        if not self.errors and not any(values.values()):
            raise forms.ValidationError(NONE_CHOSEN)
        return values

    def answers(self):
        """{question: answer} of those that were answered."""
        return {key: value for key, value in self.cleaned_data.items() if value}

    def questions(self):
        """(field, sentence of what is wrong with it) in the order of the page."""
        return [(field, field.errors[0] if field.errors else "") for field in self]

    @property
    def sentence(self):
        """What is wrong with the whole form, or nothing."""
        return next(iter(self.non_field_errors()), "")
