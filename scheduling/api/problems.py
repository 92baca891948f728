"""Problems: what keeps patients waiting, who sees to it, and how it was settled."""

from django.utils import timezone
from django_filters import FilterSet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling.api.site import Listing, SiteOperation
from scheduling.models import Problem
from scheduling.serializers.problems import OutcomeIn, ProblemChangeIn, ProblemIn, ProblemOut
from scheduling.services import access, problems
from vqflow.api.fields import Nothing, body
from vqflow.api.filters import filtered
from vqflow.api.problems import PROBLEM_TYPE
from vqflow.api.problems import Problem as Refusal

OVER = {(409, PROBLEM_TYPE): OpenApiResponse(Refusal, "It is closed, or the examination is over.")}


class NoFilters(FilterSet):
    pass


def problem_answer(pk, *, status=200):
    return Response(ProblemOut(Problem.objects.with_people().get(pk=pk)).data, status=status)


class Problems(Listing):
    actions = {"GET": "problem.list"}

    @extend_schema(
        operation_id="problems_list",
        summary="The open problems of the site, the soonest due first",
        responses=ProblemOut(many=True),
    )
    def get(self, request):
        found = Problem.objects.for_user(request.user).open().with_people()
        found = filtered(NoFilters, found, request)
        return self.paged(
            request,
            found,
            ProblemOut,
            patients=lambda each: each.appointment.procedure.order.patient_id,
            ordering=("due_at", "pk"),
        )


class OfAppointment(SiteOperation):
    actions = {"POST": "problem.report"}

    @extend_schema(
        operation_id="problems_report",
        summary="Make an examination pending, with a reason, an owner and a time",
        request=ProblemIn,
        responses={201: ProblemOut, **OVER},
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="problem.report")
        values = body(ProblemIn, request)
        made = problems.report(appointment, **values, by=request.user, now=timezone.now())
        return problem_answer(made.pk, status=201)


class OnProblem(SiteOperation):
    """One deed on one problem, answered with the problem as it then is."""

    actions = {"POST": "problem.close"}

    def do(self, request, pk, service, serializer=Nothing):
        problem = access.problem(pk, by=request.user)
        service(problem, **body(serializer, request), by=request.user, now=timezone.now())
        return problem_answer(pk)


def described(name, summary, request=Nothing):
    return extend_schema(
        operation_id=name, summary=summary, request=request, responses={200: ProblemOut, **OVER}
    )


class Change(OnProblem):
    @described("problems_change", "Another owner, time or note", ProblemChangeIn)
    def post(self, request, pk):
        return self.do(request, pk, problems.change, ProblemChangeIn)


class Close(OnProblem):
    @described("problems_close", "It is settled", OutcomeIn)
    def post(self, request, pk):
        return self.do(request, pk, problems.close, OutcomeIn)


class Withdraw(OnProblem):
    @described("problems_withdraw", "Take a report back")
    def post(self, request, pk):
        return self.do(request, pk, problems.withdraw)


class Reopen(OnProblem):
    @described("problems_reopen", "Take the closing back")
    def post(self, request, pk):
        return self.do(request, pk, problems.reopen)
