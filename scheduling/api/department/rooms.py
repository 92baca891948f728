"""Rooms, their opening hours and what is kept in them for urgent patients."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import department_words as words
from scheduling.api.department.changing import MANAGE, VIEW, Changing, change
from scheduling.api.site import Listing
from scheduling.models import Resource, ResourceKind
from scheduling.serializers.department import rooms as data
from scheduling.serializers.department.changes import DepartmentChangedOut
from scheduling.services.department import found, hours, rooms
from vqflow.api.fields import body


def _rooms(user):
    rows = Resource.objects.for_user(user).filter(kind=ResourceKind.ROOM).select_related("room")
    return rows.prefetch_related("opening_hours", "reserved_slots")


class Rooms(Listing):
    actions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="department_rooms",
        summary="Rooms with their hours, those to come included",
        responses=data.RoomOut(many=True),
    )
    def get(self, request):
        return self.paged(request, _rooms(request.user), data.RoomOut)

    @extend_schema(
        operation_id="department_rooms_add",
        summary="A new room; nothing is booked in it before it has hours",
        request=data.RoomIn,
        responses={201: data.RoomOut},
    )
    def post(self, request):
        made = rooms.add(self.site, **body(data.RoomIn, request), by=request.user, now=timezone.now())
        return Response(data.RoomOut(_rooms(request.user).get(pk=made.pk)).data, status=201)


class RoomChange(Changing):
    @extend_schema(
        operation_id="department_rooms_change",
        summary="Other values of a room from a day on; answers who is booked in it for what it cannot do then",
        request=data.RoomChangeIn,
        responses=DepartmentChangedOut,
    )
    def post(self, request, pk):
        room, values = found.room(pk, by=request.user, action=MANAGE), body(data.RoomChangeIn, request)
        return change(self, rooms, room, values)


class RoomHours(Changing):
    @extend_schema(
        operation_id="department_rooms_hours",
        summary="The whole week of a room from a day on; answers who is booked outside the new hours",
        request=data.WeekIn,
        responses=DepartmentChangedOut,
    )
    def post(self, request, pk):
        room, values = found.room(pk, by=request.user, action=MANAGE), body(data.WeekIn, request)
        wanted, now = values["hours"], timezone.now()
        period = {"starts_on": values["starts_on"], "ends_on": values.get("ends_on")}

        def preview():
            lines = words.week([(each.weekday, each.opens, each.closes) for each in wanted])
            return lines, hours.preview(room, wanted, **period, now=now)

        return self.answer(
            values,
            preview=preview,
            save=lambda: hours.change(room, wanted, **period, by=request.user, now=now),
        )


class RoomKept(Changing):
    @extend_schema(
        operation_id="department_rooms_kept",
        summary="The times of the week that are kept for STAT and urgent patients, from a day on",
        request=data.KeptIn,
        responses=DepartmentChangedOut,
    )
    def post(self, request, pk):
        room, values = found.room(pk, by=request.user, action=MANAGE), body(data.KeptIn, request)
        slots, now = values["slots"], timezone.now()
        period = {"starts_on": values["starts_on"], "ends_on": values.get("ends_on")}

        def preview():
            hours.preview_kept(room, slots, **period, now=now)
            return words.week([(each.weekday, each.starts, each.ends) for each in slots]), []

        return self.answer(
            values, preview=preview, save=lambda: hours.keep(room, slots, **period, by=request.user, now=now)
        )
