"""What is still to be done, and what was sent: the desk's two lists, and the calls that are made."""

from dataclasses import dataclass

from django.contrib.messages import success
from django.core.paginator import Paginator
from django.db.models import Case, Count, F, IntegerField, Value, When
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import message_words, order_list
from scheduling.models import Message, MessageState, Task
from scheduling.services import access
from scheduling.services.messages import again, breaker, calls
from scheduling.views.order_page import render_order
from vqflow import policy
from vqflow.errors import Conflict
from vqflow.pages import next_of, page

PER_PAGE = 50
TASK_TABS = {
    "": "All",
    "ask": "Ask",
    "question": "Answer",
    "consult": "Decide",
    "countersign": "Countersign",
    "phone": "Phone",
}
MESSAGE_TABS = {"": "All", **dict(MessageState.choices)}
# What failed wants somebody; what was sent is only looked up.
MESSAGE_RANK = Case(
    When(state=MessageState.FAILED, then=Value(0)),
    When(state__in=[MessageState.PENDING, MessageState.SENDING], then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
# Of what waits, the next to go comes first; of all else, the newest.
WAITING_UNTIL = Case(When(state__in=[MessageState.PENDING, MessageState.SENDING], then=F("due_at")))


@page("task.list")
def tasks(request):
    """Open tasks, the most urgent order first."""
    kind = _chosen(request, "kind", TASK_TABS)
    found = order_list.open_tasks(request.user)
    context = {"tabs": _tabs("scheduling:tasks", "kind", kind, TASK_TABS, _counts(found, "kind"), alert=None)}
    context |= _page(
        request, found.filter(kind=kind) if kind else found, "tasks", "task.list", query=f"kind={kind}"
    )
    return render(
        request,
        "scheduling/tasks.html",
        {
            **context,
            "rows": _folded(context["page"]),
            "kind": kind,
            "may_close": policy.allows(request.user, "task.close"),
            "may_answer_question": policy.allows(request.user, "order.answer_question"),
            "may_decide": policy.allows(request.user, "override.clinical"),
        },
    )


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task, or all the questions of one order that hold nothing back: `count` of them, `task` the first."""

    task: Task
    count: int = 1
    follows: bool = False


def _folded(tasks):
    """The rows of a page, each order's together; its questions that hold nothing back are one row, the last."""
    by_order, rows = {}, []
    for task in tasks:
        by_order.setdefault(task.order_id, []).append(task)
    for of_order in by_order.values():
        idle = [task for task in of_order if task.kind == Task.Kind.ASK and not task.stage]
        rows += [TaskRow(task) for task in of_order if task not in idle]
        if idle:
            rows.append(TaskRow(idle[0], len(idle), follows=len(idle) < len(of_order)))
    return rows


@page("task.close", methods=("POST",))
def task_done(request, pk):
    """The patient or the referrer was phoned. Back to the list in `next`, or else to the order."""
    task = access.task(pk, by=request.user)
    try:
        calls.done(task, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return render_order(
            request, access.order(task.order_id, by=request.user), status=409, refusal=refusal
        )
    success(request, "Noted.")
    return redirect(next_of(request, reverse("scheduling:order", args=[task.order_id])))


@page("message.list")
def messages(request):
    """Mail to patients and referrers by its state; addresses are on the patient's page only."""
    state = _chosen(request, "state", MESSAGE_TABS)
    found = (
        Message.objects.for_user(request.user)
        .select_related("order__patient", "order__referrer", "order__site", "appointment")
        .annotate(rank=MESSAGE_RANK)
        .order_by("rank", WAITING_UNTIL.asc(nulls_last=True), "-due_at", "pk")
    )
    counts = _counts(found, "state")
    context = {
        "tabs": _tabs("scheduling:messages", "state", state, MESSAGE_TABS, counts, alert=MessageState.FAILED)
    }
    context |= _page(
        request,
        found.filter(state=state) if state else found,
        "messages",
        "message.list",
        query=f"state={state}",
    )
    now = context["now"]
    context["rows"] = [(row, message_words.why(row), _may_retry(row, now)) for row in context["page"]]
    context |= {"state": state, "may_retry": policy.allows(request.user, "message.retry")}
    context["address"] = request.get_full_path()
    context["down"] = [(row, message_words.of_code(row.last_error)) for row in breaker.down()]
    return render(request, "scheduling/messages.html", context)


def _may_retry(row, now):
    return (
        row.state in (MessageState.FAILED, MessageState.SUPPRESSED)
        and again.why_not_retry(row, now=now) is None
    )


def _chosen(request, parameter, tabs):
    asked = request.GET.get(parameter, "")
    return asked if asked in tabs else ""


def _counts(queryset, field):
    rows = queryset.order_by().values_list(field).annotate(count=Count("pk"))
    counts = dict(rows)
    return {"": sum(counts.values()), **counts}


def _tabs(name, parameter, current, labels, counts, *, alert):
    url = reverse(name)
    return [
        {
            "label": label,
            "url": f"{url}?{parameter}={key}" if key else url,
            "current": key == current,
            "count": counts.get(key, 0),
            "alert": key == alert and counts.get(key, 0) > 0,
        }
        for key, label in labels.items()
    ]


def _page(request, queryset, name, action, *, query):
    """The asked page of orders' rows; that they were shown is audited."""
    asked = Paginator(queryset, PER_PAGE).get_page(request.GET.get("page"))
    patients = [row.order.patient_id for row in asked]
    access.listed(name, patients, by=request.user, action=action)
    return {"page": asked, "query": query, "now": timezone.now()}
