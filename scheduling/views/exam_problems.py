"""Problems of one examination: the button with the usual reasons, what is open, and closing it."""

from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from scheduling.forms.problems import ProblemForm, SeenToForm
from scheduling.services import access, problems
from scheduling.views.pending import pending
from scheduling.views.presses import ask, press, refused, sent
from vqflow import policy
from vqflow.errors import Conflict, NotFound
from vqflow.pages import page

BOTH = ("GET", "POST")


def problems_panel(appointment, user, now):
    """The context of scheduling/_exam_problems.html."""
    may = policy.allows(user, "problem.report") and problems.why_not_report(appointment) is None
    return {
        "pending": pending(appointment, now),
        "problem_reasons": problems.REPORTED if may else [],
        "may_close_problem": policy.allows(user, "problem.close"),
    }


@page("problem.report", methods=BOTH)
def report(request, pk):
    """The reasons, who sees to it and how soon; POST with a reason alone is enough."""
    return _report(request, pk)


@page("problem.report", methods=("POST",))
def report_chosen(request):
    """The same for the examination in the field `appointment`: one form serves all rows of a list."""
    try:
        return _report(request, UUID(request.POST.get("appointment", "")))
    except ValueError:
        raise NotFound(access.NONE_SUCH) from None


def _report(request, pk):
    now, user = timezone.now(), request.user
    appointment = access.appointment(pk, by=user, action="problem.report")
    if refusal := problems.why_not_report(appointment):
        return refused(request, appointment, Conflict(refusal), now)
    form = ProblemForm(sent(request), site=appointment.site)
    made = []

    def do():
        made.append(problems.report(appointment, **form.values(now), by=user, now=now))

    def undo():
        return reverse("scheduling:problem-withdraw", args=[made[0].pk])

    return ask(
        request,
        appointment,
        form,
        do,
        template="scheduling/problem.html",
        text=lambda: f"Pending: {made[0].get_reason_display()}",
        undo=undo,
    )


@page("problem.close", methods=BOTH)
def change(request, pk):
    """Another owner, time or note."""
    now, user = timezone.now(), request.user
    problem = access.problem(pk, by=user)
    initial = {"owner": problem.owner_id, "note": problem.note}
    form = SeenToForm(sent(request), site=problem.appointment.site, initial=initial)

    def do():
        values = form.values(now)
        values["owner"] = values["owner"] or user
        values["due_at"] = values["due_at"] or max(problem.due_at, now)
        problems.change(problem, **values, by=user, now=now)

    return ask(
        request,
        problem.appointment,
        form,
        do,
        template="scheduling/problem.html",
        text="Problem changed",
        undo=None,
        problem=problem,
    )


@page("problem.close", methods=("POST",))
def close(request, pk):
    """It is settled; `outcome`: how."""
    problem = access.problem(pk, by=request.user)
    outcome = request.POST.get("outcome", "")[:200]

    def do(each, *, by, now):
        problems.close(each, outcome=outcome, by=by, now=now)

    undo = reverse("scheduling:problem-reopen", args=[pk])
    text = f"Problem closed: {problem.get_reason_display()}"
    return press(request, problem.appointment, text, do, problem, undo=undo)


@page("problem.close", methods=("POST",))
def withdraw(request, pk):
    """Undo of a report."""
    problem = access.problem(pk, by=request.user)
    return press(request, problem.appointment, "Problem taken back", problems.withdraw, problem)


@page("problem.close", methods=("POST",))
def reopen(request, pk):
    """Undo of closing."""
    problem = access.problem(pk, by=request.user)
    return press(request, problem.appointment, "Problem open again", problems.reopen, problem)
