"""What a device performed, and what a person says it belongs to."""

from django import forms

from scheduling.forms.fields import ServiceForm
from scheduling.services.performed import SAY_WHY
from scheduling.templatetags import clock

CHOOSE = "Choose the step it belongs to."


class MatchForm(ServiceForm):
    """One of the steps near its time."""

    step = forms.ChoiceField(
        label="Belongs to", error_messages={"required": CHOOSE, "invalid_choice": CHOOSE}
    )

    def __init__(self, data=None, *, candidates, zone):
        super().__init__(data)
        self._candidates = {str(step.pk): step for step in candidates}
        choices = [(key, _label(step, zone)) for key, step in self._candidates.items()]
        self.fields["step"].choices = [("", "Choose…"), *choices]

    def clean_step(self):
        return self._candidates[self.cleaned_data["step"]]


class SetAsideForm(ServiceForm):
    reason = forms.CharField(
        label="Why",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Such as a phantom, or another department's patient.",
        error_messages={"required": SAY_WHY},
    )


def _label(step, zone):
    patient = step.appointment.procedure.order.patient
    return f"{clock.at(step.planned_start_at, zone)} {step.get_kind_display()}: {patient.name}, {patient.mrn}"
