"""The first reading of perfusion."""

from scheduling.models import PerfusionReading
from vqflow.api.fields import Choice, Input, Line


class PerfusionReadingIn(Input):
    outcome = Choice(PerfusionReading.Outcome.choices)
    note = Line(max_length=200, required=False, default="", allow_blank=True)
