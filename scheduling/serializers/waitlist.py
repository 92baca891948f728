"""The waitlist: what patients wish, who waits, and what is offered to them."""

from rest_framework import serializers

from scheduling.engine.states import EntryState, OfferState
from scheduling.models import Order, Priority
from scheduling.serializers.patients import PatientRow
from scheduling.services.waitlist.entries import LONGEST_NOTICE_MINUTES, Wishes, wishes_of
from vqflow.api.fields import Day, Input, OfSite


class ClockTime(serializers.TimeField):
    """A time on the site's clock."""

    default_error_messages = {"invalid": "Enter a time, such as 09:00."}

    def __init__(self, **options):
        super().__init__(**{"format": "%H:%M", "input_formats": ["%H:%M"], **options})


WEEKDAYS_HELP = "Monday is 0; none is any day."
NOTICE_HELP = "From the offer to the door, in minutes."


class WishesChange(Input):
    """What suits the patient, on the site's clock; what is not given stays as it is."""

    first_day = Day(required=False)
    last_day = Day(required=False)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        max_length=7,
        required=False,
        help_text=WEEKDAYS_HELP,
    )
    comes_from = ClockTime(required=False, allow_null=True, help_text="Arrives at the earliest.")
    comes_until = ClockTime(required=False, allow_null=True, help_text="Arrives at the latest.")
    notice_minutes = serializers.IntegerField(
        required=False, min_value=0, max_value=LONGEST_NOTICE_MINUTES, help_text=NOTICE_HELP
    )

    def validate_weekdays(self, days):
        return tuple(days)


class JoinIn(WishesChange):
    order = OfSite(Order)
    first_day = Day()
    last_day = Day()

    def validate(self, values):
        order = values.pop("order")
        return {"order": order, "wishes": Wishes(**values)}


class OfferedVisitOut(serializers.Serializer):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class OfferOut(serializers.Serializer):
    """A time offered to one patient. One that nobody holds is offered to others too: the first to answer gets it."""

    id = serializers.IntegerField()
    entry = serializers.IntegerField(source="entry_id")
    state = serializers.ChoiceField([str(state) for state in OfferState])
    is_held = serializers.SerializerMethodField()
    visits = OfferedVisitOut(source="planned_visits", many=True)
    lungs_start_at = serializers.DateTimeField()
    offered_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)

    def get_is_held(self, offer) -> bool:
        return offer.hold_id is not None


class EntryOut(serializers.Serializer):
    id = serializers.IntegerField()
    order = serializers.IntegerField(source="order_id")
    appointment = serializers.UUIDField(source="appointment_id", allow_null=True)
    priority = serializers.ChoiceField(Priority.choices, source="order.priority")
    patient = PatientRow(source="order.patient")
    state = serializers.ChoiceField([str(state) for state in EntryState])
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    weekdays = serializers.ListField(child=serializers.IntegerField(), help_text=WEEKDAYS_HELP)
    comes_from = ClockTime(allow_null=True)
    comes_until = ClockTime(allow_null=True)
    notice_minutes = serializers.IntegerField(help_text=NOTICE_HELP)
    joined_at = serializers.DateTimeField()
    offers = OfferOut(source="open_offers", many=True, help_text="The open ones.")


def changed_wishes(entry, values):
    """The wishes of an entry with these values instead of the present ones."""
    present = wishes_of(entry)
    return Wishes(**{name: values.get(name, getattr(present, name)) for name in Wishes.__slots__})
