"""Lists of a day as data: what the pages print."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from scheduling import day_sheets
from scheduling.api.site import SiteOperation
from scheduling.services import access
from vqflow.api.fields import Choice, Day, Input, query


class SheetQuery(Input):
    kind = Choice(list(day_sheets.TITLES.items()))
    day = Day(required=False, help_text="Local day of the site, by default today.")


class SectionOut(serializers.Serializer):
    heading = serializers.CharField()
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))


class SheetOut(serializers.Serializer):
    """A list as it is printed: each row has a text for each column."""

    kind = serializers.CharField()
    title = serializers.CharField()
    site = serializers.CharField()
    day = serializers.CharField()
    printed = serializers.CharField()
    note = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    sections = SectionOut(many=True)


class Sheet(SiteOperation):
    actions = {"GET": "worklist.view"}

    @extend_schema(
        operation_id="lists_get",
        summary="The day, room or transport list of a local day, as it is printed",
        parameters=[SheetQuery],
        responses=SheetOut,
    )
    def get(self, request):
        asked, now = query(SheetQuery, request), timezone.now()
        on = asked.get("day") or timezone.localdate(now)
        sheet = day_sheets.sheet(asked["kind"], self.site, on, now=now)
        name, action = f"sheet.{sheet.kind}.api", "worklist.view"
        access.listed(name, sheet.patients, by=request.user, action=action, day=on.isoformat())
        return Response(SheetOut(sheet).data)
