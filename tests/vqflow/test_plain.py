"""Plain answers say what the declared serializer says, whatever its fields are."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from rest_framework import serializers

from vqflow.api.plain import plain


@dataclass
class Room:
    name: str


@dataclass
class Visit:
    room: Room | None
    at: datetime | None
    kind: str
    number: int = 3

    @property
    def words(self):
        return f"{self.kind} in {self.room}"

    def count(self):
        return 7


class RoomOut(serializers.Serializer):
    name = serializers.CharField()


class OddOut(serializers.Serializer):
    def to_representation(self, instance):
        return {"odd": instance.name}


class VisitOut(serializers.Serializer):
    room = RoomOut(allow_null=True)
    odd = OddOut(source="room", allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    day = serializers.DateTimeField(source="at", format="%d %b", allow_null=True)
    kind = serializers.ChoiceField([("xray", "X-ray"), ("perfusion", "Perfusion")])
    number = serializers.IntegerField()
    name = serializers.CharField(source="room.name", default=None, allow_null=True)
    words = serializers.CharField()
    count = serializers.IntegerField()
    length = serializers.SerializerMethodField()
    missing = serializers.CharField(required=False)

    def get_length(self, visit) -> int:
        return len(visit.kind)


class ListOut(serializers.Serializer):
    visits = VisitOut(many=True)
    sentences = serializers.ListField(child=serializers.CharField())
    numbers = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    day = serializers.DateField()
    id = serializers.UUIDField()


AT = datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
VISITS = [
    Visit(Room("Camera 1"), AT, "xray"),
    Visit(Room("Ünit"), AT.replace(hour=6), "perfusion", 0),
    Visit(None, None, "xray"),
    Visit(Room(""), AT.replace(microsecond=500), "no such kind"),
]
FOUND = {
    "visits": VISITS,
    "sentences": ["Nothing is free."],
    "numbers": None,
    "day": date(2027, 11, 7),
    "id": UUID(int=5),
}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_a_plain_answer_is_that_of_the_serializer(zone):
    with timezone.override(ZoneInfo(zone)):
        assert plain(ListOut, FOUND) == ListOut(FOUND).data


def test_an_attribute_that_is_missing_is_an_error_here_too():
    with pytest.raises(AttributeError):
        plain(VisitOut, Room("Camera 1"))
