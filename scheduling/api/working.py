"""Who works on an examination, and taking it over."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from scheduling.api.site import SiteOperation
from scheduling.services import access, working
from vqflow.api.fields import Nothing, body


class WorkingOut(serializers.Serializer):
    """All null while nobody works on it."""

    user = serializers.CharField(allow_null=True, help_text="User name.")
    name = serializers.CharField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)


class Working(SiteOperation):
    actions = {"GET": "worklist.view", "POST": working.ACTION}

    @extend_schema(
        operation_id="appointments_working", summary="Who works on this examination", responses=WorkingOut
    )
    def get(self, request, pk):
        return _answer(access.appointment(pk, by=request.user), timezone.now())

    @extend_schema(
        operation_id="appointments_take_over",
        summary="Work on this examination from now on, whoever did until now",
        request=Nothing,
        responses=WorkingOut,
    )
    def post(self, request, pk):
        body(Nothing, request)
        now = timezone.now()
        appointment = access.appointment(pk, by=request.user, action=working.ACTION)
        working.take_over(appointment, by=request.user, now=now)
        return _answer(appointment, now)


def _answer(appointment, now):
    row = working.holder(appointment, now)
    shown = {"user": row.user.username, "name": row.user.name, "since": row.since} if row else None
    return Response(WorkingOut(shown or dict.fromkeys(("user", "name", "since"))).data)
