"""The directory of referrers, and the indications that they write."""

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.directory import NoFilters
from scheduling.api.site import Listing, SiteOperation
from scheduling.engine.indications import INDICATIONS
from scheduling.models import Referrer as ReferrerModel
from scheduling.serializers.directory import ActiveIn, IndicationsOut, ReferrerIn, ReferrerOut
from scheduling.services import access, referrers
from vqflow.api.fields import body
from vqflow.api.filters import filtered
from vqflow.api.problems import PROBLEM_TYPE, Problem


class Referrers(Listing):
    actions = {"GET": "referrer.view", "POST": "referrer.manage"}

    @extend_schema(
        operation_id="referrers_list",
        summary="Clinicians who order examinations, and how they are reached",
        responses=ReferrerOut(many=True),
    )
    def get(self, request):
        found = ReferrerModel.objects.for_user(request.user)
        return self.paged(request, filtered(NoFilters, found, request), ReferrerOut)

    @extend_schema(
        operation_id="referrers_create",
        summary="Add a clinician to the directory",
        request=ReferrerIn,
        responses={
            201: ReferrerOut,
            (409, PROBLEM_TYPE): OpenApiResponse(Problem, "There is such an entry already."),
        },
    )
    def post(self, request):
        made = referrers.add(site=self.site, by=request.user, **body(ReferrerIn, request))
        where = reverse("scheduling_api:referrer", args=[made.pk])
        return Response(ReferrerOut(made).data, status=201, headers={"Location": where})


class Referrer(SiteOperation):
    actions = {"GET": "referrer.view", "PUT": "referrer.manage"}

    @extend_schema(
        operation_id="referrers_get", summary="One clinician of the directory", responses=ReferrerOut
    )
    def get(self, request, pk):
        return Response(ReferrerOut(access.referrer(pk, by=request.user, action="referrer.view")).data)

    @extend_schema(
        operation_id="referrers_change",
        summary="Change an entry; what is not given stays as it is",
        request=ReferrerIn,
        responses=ReferrerOut,
    )
    def put(self, request, pk):
        found = access.referrer(pk, by=request.user)
        changed = referrers.change(found, by=request.user, **body(ReferrerIn, request))
        return Response(ReferrerOut(changed).data)


class Activity(SiteOperation):
    actions = {"POST": "referrer.manage"}

    @extend_schema(
        operation_id="referrers_active",
        summary="Take a clinician off the list of those who can be chosen, or put them back",
        request=ActiveIn,
        responses=ReferrerOut,
    )
    def post(self, request, pk):
        found = access.referrer(pk, by=request.user)
        changed = referrers.set_active(found, by=request.user, **body(ActiveIn, request))
        return Response(ReferrerOut(changed).data)


class Indications(SiteOperation):
    actions = {"GET": "order.view"}

    @extend_schema(
        operation_id="indications_list",
        summary="The indications of the pick list with their ICD-10-CM codes",
        responses=IndicationsOut,
    )
    def get(self, request):
        return Response(IndicationsOut({"results": INDICATIONS}).data)
