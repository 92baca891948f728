"""Text to values: what was dropped where on the board, what is taken back, and the free stretch that is asked about."""

from django import forms

from scheduling.forms.fields import InstantField, ServiceForm
from scheduling.models import Resource, ResourceKind

LARGEST_MINUTE = 2**31 - 1


class DropForm(ServiceForm):
    """A step at another time, in another room or with another person."""

    starts_at = InstantField()
    resource = forms.ModelChoiceField(Resource.objects.none(), required=False)
    whole = forms.BooleanField(required=False)

    def __init__(self, *arguments, user, **options):
        super().__init__(*arguments, **options)
        rows = Resource.objects.for_user(user).filter(is_active=True).exclude(kind=ResourceKind.PATIENT)
        self.fields["resource"].queryset = rows


class GapForm(ServiceForm):
    """A free stretch of a room, in minutes as scheduling/boards.py has them."""

    room = forms.ModelChoiceField(Resource.objects.none())
    start = forms.IntegerField(min_value=0, max_value=LARGEST_MINUTE)
    end = forms.IntegerField(min_value=0, max_value=LARGEST_MINUTE)

    def __init__(self, *arguments, user, **options):
        super().__init__(*arguments, **options)
        rooms = Resource.objects.for_user(user).filter(kind=ResourceKind.ROOM, is_active=True)
        self.fields["room"].queryset = rooms

    def clean(self):
        values = super().clean()
        if "start" in values and "end" in values and not 0 < values["end"] - values["start"] <= 24 * 60:
            self.add_error(None, "This stretch of time cannot be read. Point at it again.")
        return values
