"""Protocols, settings and letter texts."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling.api.department.changing import MANAGE, VIEW, Changing, change, in_words
from scheduling.models import LetterText
from scheduling.serializers.department import settings as data
from scheduling.serializers.department.changes import DepartmentChangedOut
from scheduling.services.department import found, letters, protocols, settings
from vqflow.api.fields import body


class ProtocolChange(Changing):
    @extend_schema(
        operation_id="department_protocols_change",
        summary="Other times of a protocol for what is booked from a day on; answers who is booked with it already",
        request=data.ProtocolChangeIn,
        responses=DepartmentChangedOut,
    )
    def post(self, request, pk):
        protocol = found.protocol(pk, by=request.user, action=MANAGE)
        return change(self, protocols, protocol, body(data.ProtocolChangeIn, request))


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
        responses=DepartmentChangedOut,
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
        responses=DepartmentChangedOut,
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
