"""After the scan: what is missing for the reader, the hand-over, the release, and the aftercare sheet."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import completeness, releases
from scheduling.api.site import SiteOperation
from scheduling.models import HandOver
from scheduling.serializers.finding import SentOut
from scheduling.serializers.release import (
    AftercareOut,
    AwaitingReleaseOut,
    CompletenessOut,
    HandOverIn,
    HandOverOut,
    ReleaseIn,
    ReleaseOut,
)
from scheduling.services import access, aftercare, release
from vqflow.api.fields import Nothing, body
from vqflow.api.problems import PROBLEM_TYPE, Problem


def conflict(text):
    return {(409, PROBLEM_TYPE): OpenApiResponse(Problem, text)}


NOT_NOW = conflict("The examination has not ended, or nobody waits.")
STANDS = conflict("It is too late, or somebody else wrote it down.")
NO_SHEET = conflict("The examination has not ended, or a name has a character that no font can show.")


def completeness_of(appointment):
    """The answer that says how the examination now stands."""
    facts = {
        "needs": completeness.needs(appointment, timezone.now()),
        "hand_over": HandOver.objects.filter(appointment=appointment).select_related("handed_by").first(),
        "why_not_hand_over": release.why_not_hand_over(appointment),
        "awaits_release": appointment.awaits_release,
    }
    return Response(CompletenessOut(facts).data)


class Waiting(SiteOperation):
    actions = {"GET": "release.list"}

    @extend_schema(
        operation_id="releases_list",
        summary="The patients who wait after the scan for what a reader says, who waits longest first",
        responses=AwaitingReleaseOut(many=True),
    )
    def get(self, request):
        rows = releases.waiting(request.user, now=timezone.now())
        ids = [row.appointment.procedure.order.patient_id for row in rows]
        access.listed("releases.api", ids, by=request.user, action="release.list")
        return Response(AwaitingReleaseOut(rows, many=True).data)


class Deciding(SiteOperation):
    actions = {"POST": "release.decide"}

    @extend_schema(
        operation_id="appointments_release",
        summary="What a reader says: more views, home, wait, or emergency department",
        request=ReleaseIn,
        responses={201: ReleaseOut, **NOT_NOW},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="release.decide")
        values = body(ReleaseIn, request)
        made = release.decide(found, **values, by=request.user, now=timezone.now())
        return Response(ReleaseOut(made).data, status=201)


class DecidingUndo(SiteOperation):
    actions = {"POST": "release.decide"}

    @extend_schema(
        operation_id="appointments_release_undo",
        summary="Take the newest decision back, within ten minutes: the patient waits again",
        request=Nothing,
        responses={200: CompletenessOut, **STANDS},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="release.decide")
        body(Nothing, request)
        return completeness_of(release.undo(found, by=request.user, now=timezone.now()))


class Completeness(SiteOperation):
    actions = {"GET": "worklist.view"}

    @extend_schema(
        operation_id="appointments_completeness",
        summary="What a reader needs of this examination, and what of it is missing",
        responses=CompletenessOut,
    )
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="worklist.view")
        return completeness_of(found)


class HandingOver(SiteOperation):
    actions = {"POST": "visit.hand_over"}

    @extend_schema(
        operation_id="appointments_hand_over",
        summary="Hand the examination over to the reader; a note says why something is missing",
        request=HandOverIn,
        responses={201: HandOverOut, **NOT_NOW},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="visit.hand_over")
        values = body(HandOverIn, request)
        made = release.hand_over(found, **values, by=request.user, now=timezone.now())
        return Response(HandOverOut(made).data, status=201)


class HandingOverUndo(SiteOperation):
    actions = {"POST": "visit.hand_over"}

    @extend_schema(
        operation_id="appointments_hand_over_undo",
        summary="Take the hand-over back, within ten minutes",
        request=Nothing,
        responses={200: CompletenessOut, **STANDS},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="visit.hand_over")
        body(Nothing, request)
        return completeness_of(release.take_back(found, by=request.user, now=timezone.now()))


class Sheet(SiteOperation):
    actions = {"GET": "aftercare.print"}

    @extend_schema(
        operation_id="appointments_aftercare",
        summary="The aftercare sheet as text, from the tracers that were given so far",
        responses=AftercareOut,
    )
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="aftercare.print")
        return Response(AftercareOut(aftercare.data(found, now=timezone.now())).data)


class SheetPdf(SiteOperation):
    actions = {"GET": "aftercare.print"}

    @extend_schema(
        operation_id="appointments_aftercare_pdf",
        summary="The aftercare sheet as PDF/A-2a and PDF/UA-1",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **NO_SHEET},
    )
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="aftercare.print")
        made = aftercare.pdf(found, by=request.user, now=timezone.now())
        return HttpResponse(made, content_type="application/pdf")


class SheetSending(SiteOperation):
    actions = {"POST": "aftercare.print"}

    @extend_schema(
        operation_id="appointments_send_aftercare",
        summary="Send the aftercare sheet by mail to a patient who has agreed to mail that says what was examined",
        request=Nothing,
        responses={202: SentOut, **conflict("It may not go by mail, or is on its way already.")},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="aftercare.print")
        body(Nothing, request)
        row = aftercare.send(found, by=request.user, now=timezone.now())
        return Response(SentOut(row).data, status=202)
