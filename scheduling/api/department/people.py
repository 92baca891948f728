"""People and their shifts."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling.api.department.changing import MANAGE, VIEW, Changing, change
from scheduling.api.site import Listing
from scheduling.models import Resource, ResourceKind
from scheduling.serializers.department import people as data
from scheduling.serializers.department.changes import DepartmentChangedOut
from scheduling.services.department import found, people, shifts
from vqflow.api.fields import body, query
from vqflow.errors import Invalid
from vqflow.models import User

FOUR_WEEKS = timedelta(days=27)


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
        responses=DepartmentChangedOut,
    )
    def post(self, request, pk):
        person = found.person(pk, by=request.user, action=MANAGE)
        values = _with_account(body(data.PersonChangeIn, request), self.site)
        return change(self, people, person, values)


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
        responses=DepartmentChangedOut,
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
