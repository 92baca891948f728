"""What is recorded while the patient is here."""

from rest_framework import serializers

from scheduling.engine.xrays import NAMES as XRAY_NAMES
from scheduling.models import Arrival, Identifier, Resource, ResourceKind
from scheduling.serializers.orders import AnswersIn
from vqflow.api.fields import Choice, Flag, Input, Instant, Line, OfSite

XRAY_VIEWS = [(str(view), name) for view, name in XRAY_NAMES.items()]
MODALITIES = [("DX", "Chest X-ray"), ("CT", "Chest CT")]


class CheckInIn(Input):
    identifiers = serializers.ListField(
        child=Choice(Identifier.choices), max_length=4, help_text="Two or more that were compared."
    )
    at = Choice(Arrival.At.choices, required=False, help_text="Where the next arrival is due, if left out.")
    pregnancy_asked = Flag(default=False, help_text="In private; needed where the rule asks for it.")
    answers = AnswersIn(required=False)


class XrayIn(Input):
    ended_at = Instant()
    elsewhere = Line(
        max_length=100, required=False, allow_blank=True, help_text="The place, if it was not here."
    )
    modality = Choice(MODALITIES, default="DX")
    views = serializers.ListField(child=Choice(XRAY_VIEWS), max_length=3, default=list)
    portable_reason = Line(
        max_length=200, required=False, allow_blank=True, help_text="Why only AP portable was possible."
    )


class StopIn(Input):
    reason = Line(max_length=200)


class TechnologistIn(Input):
    technologist = OfSite(Resource, lambda rows: rows.filter(kind=ResourceKind.TECHNOLOGIST, is_active=True))
