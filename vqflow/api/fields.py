"""Fields as strict as the models: a wrong type is refused, never read as something else."""

import re
from datetime import datetime

from rest_framework import serializers

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
LARGEST_ID = 2**63 - 1
NOT_A_LINE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Input(serializers.Serializer):
    """A JSON object; a field that is not known is refused, because a misspelt one would be lost in silence."""

    def to_internal_value(self, data):
        unknown = [name for name in data if name not in self.fields] if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError(
                {name[:60]: ["There is no such field."] for name in unknown[:20]}
            )
        return super().to_internal_value(data)


class Nothing(Input):
    """An operation that needs nothing but its address."""


class Text(serializers.CharField):
    """Text of several lines; a number is not text."""

    default_error_messages = {"invalid": "Write this as text."}

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Line(Text):
    """One line of text: it may come to stand in a mail's subject, a file name or a DICOM field."""

    default_error_messages = {"line": "Write this in one line, without control characters."}

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if NOT_A_LINE.search(value):
            self.fail("line")
        return value


class Mail(serializers.EmailField):
    """An e-mail address or nothing; a line break would write further headers."""

    default_error_messages = {"invalid": "Enter an e-mail address."}

    def __init__(self, **options):
        super().__init__(**{"max_length": 254, "required": False, "allow_blank": True, **options})

    def to_internal_value(self, data):
        if not isinstance(data, str) or NOT_A_LINE.search(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false, and none of the words that DRF also takes for them."""

    default_error_messages = {"invalid": "Say true or false."}

    def to_internal_value(self, data):
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Choice(serializers.ChoiceField):
    """One of the choices, as text."""

    default_error_messages = {"invalid_choice": "Choose one of: {known}."}

    def to_internal_value(self, data):
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", known=", ".join(str(each) for each in self.choices))
        return data


class Instant(serializers.DateTimeField):
    """An instant in ISO 8601 with its offset from UTC; without one nobody could know what is meant."""

    default_error_messages = {
        "invalid": "Enter a time in ISO 8601, such as 2026-11-22T10:40:00-05:00.",
        "naive": "Add the offset from UTC, such as 2026-11-22T10:40:00-05:00.",
        "year": "Check the year.",
    }

    def to_internal_value(self, value):
        moment = self._read(value)
        if moment.utcoffset() is None:
            self.fail("naive")
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            self.fail("year")
        return moment

    def _read(self, value):
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fail("invalid")


class Day(serializers.DateField):
    """A local day; one so far off that its midnight cannot be told in every zone is refused with the rest."""

    default_error_messages = {"year": f"Choose a day of the years {EARLIEST_YEAR} to {LATEST_YEAR}."}

    def to_internal_value(self, value):
        day = super().to_internal_value(value)
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            self.fail("year")
        return day


class Id(serializers.IntegerField):
    def __init__(self, **options):
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID, **options})


class OfSite(serializers.PrimaryKeyRelatedField):
    """The id of a row of the caller's own site. Missing rows and other sites' are refused with one sentence.

    `choose` narrows the model's `for_user` rows, such as to the active ones.
    """

    default_error_messages = {
        "does_not_exist": "There is no such record at your site. Choose from the list.",
        "incorrect_type": "Give its id, a whole number.",
    }

    def __init__(self, model, choose=lambda rows: rows, **options):
        self.model, self.choose = model, choose
        super().__init__(queryset=model.objects.none(), **options)

    def get_queryset(self):
        return self.choose(self.model.objects.for_user(self.context["request"].user))

    def to_internal_value(self, data):
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("incorrect_type")
        return super().to_internal_value(data)


def checked(serializer_class, data, request):
    """The validated values of a request's body or query; DRF's ValidationError, which becomes a 422, else."""
    serializer = serializer_class(data=data, context={"request": request})
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def body(serializer_class, request):
    return checked(serializer_class, request.data, request)


def query(serializer_class, request):
    return checked(serializer_class, request.query_params.dict(), request)
