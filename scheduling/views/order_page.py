"""The page of one order: what it shows, and which buttons it offers to whom."""

from django.shortcuts import render
from django.utils import timezone

from scheduling import history, message_words
from scheduling.engine.states import OPEN_ORDER, UNFINISHED_ORDER, OrderState
from scheduling.examinations import is_vetted
from scheduling.models import Appointment, Task, UntoldResult
from scheduling.services import enquiries, intake, messages, search, vetting
from scheduling.services.waitlist.filling import OFFERS_GO_OUT
from scheduling.templatetags import clock
from scheduling.views import deciding
from scheduling.views.plan import chain_of_plan
from vqflow import policy


def render_order(request, order, *, status=200, refusal=None, **bound):
    """The page; `bound` are forms that come back with what was typed, by their name in the template."""
    return render(
        request,
        "scheduling/order.html",
        {**context(request, order, bound), "refusal": refusal},
        status=status,
    )


def context(request, order, bound):
    user, now = request.user, timezone.now()
    live, past = _appointments(order)
    tasks = list(order.tasks.filter(closed_at=None).order_by("due_at", "opened_at", "pk"))
    local_day = clock.local(now, order.site.time_zone).date()
    return {
        "order": order,
        "patient": order.patient,
        "zone": order.site.time_zone,
        "age": order.patient.age_on(local_day),
        "now": now,
        "due_at": order.ordered_at + order.site.start_target(order.priority),
        "is_changeable": order.state in UNFINISHED_ORDER,
        "untold": UntoldResult.objects.filter(order=order).first(),
        "appointment": live,
        "past": past,
        "chain": chain_of_plan(live) if live else (),
        "may_close": policy.allows(user, "task.close"),
        "tasks": [task for task in tasks if task.stage or task.kind != Task.Kind.ASK],
        "minor_tasks": [task for task in tasks if not task.stage and task.kind == Task.Kind.ASK],
        "decisions": order.decisions.select_related(
            "physician", "recorded_by", "protocol", "suggested"
        ).order_by("decided_at"),
        "history": history.of_order(order),
        **waits(user, order, live),
        **told(user, order),
        **actions(user, order),
        **deciding.forms(user, order, now, bound),
    }


def _appointments(order):
    """(the one that counts, those that were cancelled or missed)"""
    found = list(
        Appointment.objects.filter(procedure__order=order)
        .select_related("site")
        .prefetch_related("steps__reservations__resource")
        .order_by("-booked_at")
    )
    ended = ("cancelled", "noshow")
    return next((each for each in found if each.state not in ended), None), [
        each for each in found if each.state in ended
    ]


def waits(user, order, appointment):
    """What _waits.html shows: whether this patient is on the waitlist, can be put on it, or why not."""
    is_open = order.state in OPEN_ORDER and (appointment is None or appointment.state == "booked")
    return {
        "may_wait": is_open and policy.allows(user, "waitlist.manage"),
        "waits": order.waitlist_entries.live().first(),
        "why_not_wait": search.why_not_book(order) if appointment is None else None,
        "offers_go_out": OFFERS_GO_OUT,
        "wanted": "an earlier time" if appointment else "a time",
    }


def told(user, order):
    """What _order_messages.html shows: what went out and what waits, and whether the patient can be asked to call."""
    if not policy.allows(user, "message.list"):
        return {"shows_messages": False}
    rows = order.messages.order_by("-due_at", "pk")
    return {
        "shows_messages": True,
        "sent": [(row, message_words.why(row)) for row in rows],
        "may_ask_to_call": policy.allows(user, "message.ask_to_call") and order.state in OPEN_ORDER,
        "why_not_ask_to_call": messages.why_not_ask_to_call(order),
    }


def actions(user, order):
    """Which buttons there are, and the sentence why one of them is shut."""
    is_open = order.state in OPEN_ORDER
    return {
        "may_ask_back": policy.allows(user, "order.ask_back") and enquiries.why_not_ask(order) is None,
        "may_answer_question": policy.allows(user, "order.answer_question"),
        "may_vet": policy.allows(user, "order.vet") and vetting.why_not_vet(order) is None,
        "may_vet_by_phone": policy.allows(user, "order.vet_by_phone")
        and order.is_stat
        and vetting.why_not_vet(order) is None,
        "may_change_protocol": policy.allows(user, "order.vet")
        and vetting.why_not_change_protocol(order) is None,
        "may_decline": policy.allows(user, "order.vet")
        and order.state in (OrderState.REQUESTED, OrderState.VETTED),
        "may_cancel": policy.allows(user, "order.cancel") and is_open,
        "why_not_cancel": intake.why_not_cancel(order),
        "may_search": policy.allows(user, "itinerary.search")
        and order.state in (OrderState.REQUESTED, OrderState.VETTED),
        "may_book": policy.allows(user, "appointment.book"),
        "why_not_search": search.why_not_book(order),
        "may_answer": policy.allows(user, "screening.answer") and order.state in UNFINISHED_ORDER,
        "may_countersign": policy.allows(user, "decision.countersign"),
        "is_vetted": is_vetted(order),
    }
