"""Finding and telling a time: the next weeks day by day, one step's other starts, the appointment letter."""

from rest_framework import serializers

from scheduling.models import MessageState
from scheduling.serializers.itineraries import PeriodIn, SearchIn
from scheduling.services.heat import DAYS
from scheduling.services.search import LONGEST_DAYS
from vqflow.api.fields import Input, Instant


class DaysQuery(PeriodIn):
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=DAYS)


class DaysIn(SearchIn):
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=DAYS)


class DayStartsOut(serializers.Serializer):
    """One local day of the site."""

    day = serializers.DateField()
    starts = serializers.IntegerField(help_text="How many starts of the lungs belong to a whole visit.")
    wished = serializers.IntegerField(help_text="How many of them lie within the wishes as a whole.")
    best_at = serializers.DateTimeField(
        allow_null=True, help_text="The first that fits the wishes, else the first of all."
    )
    closed = serializers.CharField(
        allow_blank=True, help_text="Why nobody can come: Closed, or the name of a holiday."
    )


class DaysStartsOut(serializers.Serializer):
    days = DayStartsOut(many=True)


class StepWhyNotIn(Input):
    start = Instant(help_text="The wanted start of this step; the others stay.")


class StepMoveIn(StepWhyNotIn):
    start = Instant(help_text="The new start of this step; the others stay.")


class LetterVisitOut(serializers.Serializer):
    name = serializers.CharField()
    day = serializers.CharField()
    time = serializers.CharField()
    leave = serializers.CharField()


class AppointmentLetterOut(serializers.Serializer):
    """The letter as it is printed: text, with times on the clock of the site."""

    language = serializers.CharField()
    clinic = serializers.CharField()
    place = serializers.CharField()
    phone = serializers.CharField()
    name = serializers.CharField()
    number = serializers.CharField()
    date = serializers.CharField()
    title = serializers.CharField()
    greeting = serializers.CharField()
    opening = serializers.CharField()
    ended = serializers.CharField(help_text="Only on the letter of an appointment that has ended.")
    visits = LetterVisitOut(many=True)
    steps = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()), help_text="What happens, and when."
    )
    prepare = serializers.CharField()
    call = serializers.CharField()
    closing = serializers.CharField()
    printed = serializers.CharField()


class SentOut(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(MessageState.choices)
    due_at = serializers.DateTimeField()
