"""The times of a protocol's steps, from a day on."""

from django import forms

from scheduling.forms.department import fields
from scheduling.forms.fields import ServiceForm
from scheduling.services.department.protocols import OF_STEP

MINUTES = {
    "prep_bay_minutes": "Preparation bay (min)",
    "setup_minutes": "Set-up (min)",
    "acquisition_minutes": "Pictures (min)",
    "clearance_minutes": "Clearing the room (min)",
}
LAGS = {"lag_min_minutes": "Shortest wait after the step before (min)"}
NO_LAG = "The site's chest X-ray window is the wait before the first lung step."


class ProtocolForm(ServiceForm):
    """The protocol's name, whether it is in use, and for each step its fields `<kind>_<field>`."""

    def __init__(self, data=None, *, protocol, starts_on):
        self.steps = list(protocol.steps.all())
        initial = {"name": protocol.name, "is_active": protocol.is_active}
        for step in self.steps:
            initial |= {f"{step.kind}_{name}": _shown(getattr(step, name)) for name in OF_STEP}
        super().__init__(data, initial=initial)
        self.fields["name"] = fields.text("Name", most=80, sentence="Give the protocol a name.")
        self.fields["is_active"] = forms.BooleanField(
            label="In use", required=False, help_text="Without it nobody chooses the protocol any more."
        )
        for number, step in enumerate(self.steps):
            self._add_step(step, is_first_lung=_is_first_lung(self.steps, number))
        self.fields["starts_on"] = fields.starts_on(starts_on)

    def _add_step(self, step, *, is_first_lung):
        def add(name, field):
            self.fields[f"{step.kind}_{name}"] = field

        for name, label in MINUTES.items():
            add(name, fields.number(label, most=480, least=1 if name == "acquisition_minutes" else 0))
        if step.kind != "xray" and not is_first_lung:
            add("lag_min_minutes", fields.number(LAGS["lag_min_minutes"], most=10_080))
            add(
                "lag_max_minutes",
                fields.number("Longest wait (min)", most=10_080, required=False, help_text="Empty: any."),
            )
        if step.tracer:
            dose = {"digits": 9, "places": 3}
            add("activity_mbq", fields.decimal(f"Dose of {step.get_tracer_display()} (MBq)", **dose))
            add("least_activity_mbq", fields.decimal("At least (MBq)", required=False, **dose))

    def groups(self):
        """(step, its fields) in the order of the protocol."""
        return [
            (step, [self[name] for name in self.fields if name.startswith(f"{step.kind}_")])
            for step in self.steps
        ]

    def values(self):
        """What the service takes."""
        data = self.cleaned_data
        steps = {
            step.kind: {
                name: data[f"{step.kind}_{name}"] for name in OF_STEP if f"{step.kind}_{name}" in self.fields
            }
            for step in self.steps
        }
        return {"name": data["name"], "is_active": data["is_active"], "steps": steps}


def _is_first_lung(steps, number):
    return all(step.kind == "xray" for step in steps[:number])


def _shown(value):
    """Without the zeros that a decimal column adds: 150, not 150.000."""
    return value if value is None or isinstance(value, int) else f"{value:f}".rstrip("0").rstrip(".")
