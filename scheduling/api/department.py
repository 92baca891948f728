"""The department: rooms with their hours, people with their shifts, protocols, settings, letters; from a day on."""

from datetime import timedelta

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from scheduling import department_words as words
from scheduling.api.site import Listing, SiteOperation
from scheduling.models import ChangeState, LetterText, PlannedChange, Resource, ResourceKind
from scheduling.serializers import department as data
from scheduling.services import access
from scheduling.services.department import (
    changes,
    found,
    hours,
    letters,
    people,
    protocols,
    rooms,
    settings,
    shifts,
)
from vqflow.api.fields import Nothing, body, query
from vqflow.api.filters import filtered
from vqflow.errors import Invalid
from vqflow.models import User

MANAGE, VIEW = "department.manage", "department.view"
FOUR_WEEKS = timedelta(days=27)


class Changing(SiteOperation):
    """An operation that shows what a change would do, or makes it: the same for every part of the department."""

    actions = {"POST": MANAGE}

    def answer(self, values, *, preview, save):
        """`preview` gives (lines in words, affected); `save` is called unless it is a dry run."""
        lines, affected = preview()
        if not values.pop("dry_run", False):
            save()
            return self._changed(True, lines, affected)
        return self._changed(False, lines, affected)

    def _changed(self, saved, lines, affected):
        ids = [each.patient.pk for each in affected]
        access.listed("department.affected.api", ids, by=self.request.user, action=MANAGE)
        return Response(
            data.DepartmentChangedOut({"saved": saved, "changes": lines, "affected": affected}).data
        )


def in_words(differences):
    return [f"{what}: {before} -> {after}" for what, before, after in words.lines(differences)]


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
        responses=data.DepartmentChangedOut,
    )
    def post(self, request, pk):
        room, values = found.room(pk, by=request.user, action=MANAGE), body(data.RoomChangeIn, request)
        return _change(self, rooms, room, values)


def _change(operation, service, one, values):
    now, by = timezone.now(), operation.request.user
    given = {name: value for name, value in values.items() if name != "dry_run"}

    def preview():
        differences, affected = service.preview(one, **given, now=now)
        return in_words(differences), affected

    return operation.answer(
        values, preview=preview, save=lambda: service.change(one, **given, by=by, now=now)
    )


class RoomHours(Changing):
    @extend_schema(
        operation_id="department_rooms_hours",
        summary="The whole week of a room from a day on; answers who is booked outside the new hours",
        request=data.WeekIn,
        responses=data.DepartmentChangedOut,
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
        responses=data.DepartmentChangedOut,
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


class People(Listing):
    actions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="department_people",
        summary="Technologists and others with whom examinations are booked",
        responses=data.PersonOut(many=True),
    )
    def get(self, request):
        rows = Resource.objects.for_user(request.user).filter(kind=ResourceKind.TECHNOLOGIST)
        return self.paged(request, rows, data.PersonOut)

    @extend_schema(
        operation_id="department_people_add",
        summary="Somebody new; nobody is booked with them before they have shifts",
        request=data.PersonIn,
        responses={201: data.PersonOut},
    )
    def post(self, request):
        values = _with_account(body(data.PersonIn, request), self.site)
        made = people.add(self.site, **values, by=request.user, now=timezone.now())
        return Response(data.PersonOut(made).data, status=201)


def _with_account(values, site):
    """The account that an id names; Invalid where the site has none such."""
    if values.get("user") is None:
        return values
    user = User.objects.filter(pk=values["user"], site_code=site.code).first()
    if user is None:
        raise Invalid(people.NO_ACCOUNT, fields={"user": [people.NO_ACCOUNT]})
    return {**values, "user": user}


class PersonChange(Changing):
    @extend_schema(
        operation_id="department_people_change",
        summary="Other values of a person from a day on; answers who is booked with them and would not fit",
        request=data.PersonChangeIn,
        responses=data.DepartmentChangedOut,
    )
    def post(self, request, pk):
        person = found.person(pk, by=request.user, action=MANAGE)
        values = _with_account(body(data.PersonChangeIn, request), self.site)
        return _change(self, people, person, values)


class Shifts(Changing):
    actions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="department_people_shifts",
        summary="The shifts of a person that begin in a period, at most 400 days",
        parameters=[data.ShiftsQuery],
        responses=data.ShiftOut(many=True),
    )
    def get(self, request, pk):
        person, asked = found.person(pk, by=request.user), query(data.ShiftsQuery, request)
        first = asked.get("first_day") or timezone.localdate(timezone.now())
        last = min(asked.get("last_day") or first + FOUR_WEEKS, first + timedelta(days=shifts.LONGEST_DAYS))
        return Response(data.ShiftOut(shifts.between(person, first, last), many=True).data)

    @extend_schema(
        operation_id="department_people_shifts_plan",
        summary="Shifts on some weekdays of a period: new, replaced, or taken away; answers who loses the person",
        request=data.RosterIn,
        responses=data.DepartmentChangedOut,
    )
    def post(self, request, pk):
        person, now = found.person(pk, by=request.user, action=MANAGE), timezone.now()
        values = dict(body(data.RosterIn, request))
        roster = shifts.Roster(**{name: value for name, value in values.items() if name != "dry_run"})

        def preview():
            change = shifts.preview(person, roster, now=now)
            return [f"{len(change.new)} new, {len(change.gone)} taken away"], change.affected

        return self.answer(
            values, preview=preview, save=lambda: shifts.plan(person, roster, by=request.user, now=now)
        )


class ProtocolChange(Changing):
    @extend_schema(
        operation_id="department_protocols_change",
        summary="Other times of a protocol for what is booked from a day on; answers who is booked with it already",
        request=data.ProtocolChangeIn,
        responses=data.DepartmentChangedOut,
    )
    def post(self, request, pk):
        protocol = found.protocol(pk, by=request.user, action=MANAGE)
        return _change(self, protocols, protocol, body(data.ProtocolChangeIn, request))


class Settings(Changing):
    actions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="department_settings",
        summary="Targets, waitlist, on call, place and phone",
        responses=data.SettingsOut,
    )
    def get(self, request):
        return Response(data.SettingsOut(self.site).data)

    @extend_schema(
        operation_id="department_settings_change",
        summary="Other settings from a day on",
        request=data.SettingsIn,
        responses=data.DepartmentChangedOut,
    )
    def post(self, request):
        values, now = body(data.SettingsIn, request), timezone.now()
        given = {name: value for name, value in values.items() if name != "dry_run"}
        return self.answer(
            values,
            preview=lambda: (in_words(settings.preview(self.site, **given, now=now)), []),
            save=lambda: settings.change(self.site, **given, by=request.user, now=now),
        )


class Letters(Changing):
    actions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="department_letters",
        summary="The department's own words in its letters; what is empty has the usual words",
        responses=data.LetterOut(many=True),
    )
    def get(self, request):
        rows = LetterText.objects.for_user(request.user).order_by("kind", "language")
        return Response(data.LetterOut(rows, many=True).data)

    @extend_schema(
        operation_id="department_letters_change",
        summary="Other words in one kind of letter and language, from a day on",
        request=data.LetterIn,
        responses=data.DepartmentChangedOut,
    )
    def post(self, request):
        values, now = dict(body(data.LetterIn, request)), timezone.now()
        which = self.site, values.pop("kind"), values.pop("language")
        given = {name: value for name, value in values.items() if name != "dry_run"}
        return self.answer(
            values,
            preview=lambda: (in_words(letters.preview(*which, **given, now=now)), []),
            save=lambda: letters.change(*which, **given, by=request.user, now=now),
        )


class PlannedFilters(FilterSet):
    state = ChoiceFilter(choices=ChangeState.choices)


class Planned(Listing):
    actions = {"GET": VIEW}

    @extend_schema(
        operation_id="department_changes",
        summary="Changes that wait for their day, and what became of earlier ones",
        parameters=[OpenApiParameter("state", str, enum=ChangeState.values)],
        responses=data.PlannedOut(many=True),
    )
    def get(self, request):
        rows = filtered(PlannedFilters, PlannedChange.objects.for_user(request.user), request)
        return self.paged(request, rows, data.PlannedOut)


class Withdrawal(SiteOperation):
    actions = {"POST": MANAGE}

    @extend_schema(
        operation_id="department_changes_withdraw",
        summary="Take back a change whose day has not come",
        request=Nothing,
        responses=data.PlannedOut,
    )
    def post(self, request, pk):
        body(Nothing, request)
        change = changes.withdraw(found.change(pk, by=request.user), by=request.user, now=timezone.now())
        return Response(data.PlannedOut(change).data)
