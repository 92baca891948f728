"""The waiting room's screen, for another screen: initials, three digits and a time."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import worklist
from scheduling.api.site import SiteOperation
from scheduling.serializers.front_desk import WaitingOut
from scheduling.services import access, projections


class FrontDesk(SiteOperation):
    actions = {"GET": "front_desk.view"}

    @extend_schema(
        operation_id="front_desk_get",
        summary="Who is examined now, who is next, and about when the others are called in; no names",
        responses=WaitingOut(many=True),
    )
    def get(self, request):
        now = timezone.now()
        lines = projections.waiting(self.site, worklist.today(self.site, now), now)
        patients = [line.patient for line in lines]
        access.listed("front_desk.api", patients, by=request.user, action="front_desk.view")
        return Response(WaitingOut(lines, many=True).data)
