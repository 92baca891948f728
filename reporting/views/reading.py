"""While a report is read: what the criteria make of the form as it stands, and who has the report open."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting.engine.findings import parse
from reporting.forms import readings
from reporting.models import Report
from reporting.services import drafting, evaluation, locks, reading
from reporting.views import editor
from reporting.views.order import order_context
from scheduling.services import access
from vqflow.pages import page


@page("report.write", methods=("POST",))
def evaluate(request, pk):
    """Counts, suggestion, terms, probability and sentences of the form as it stands. Nothing is saved."""
    order = access.unseen_order(pk, by=request.user, action="report.write")
    frame = evaluation.frame(order)
    kept, left_out = readings.reading_of(request.POST)
    chosen = Report(
        order=order,
        scheme=request.POST.get("scheme", ""),
        category=request.POST.get("category", ""),
        language=frame.rules.language,
    )
    after, texts = editor.renewed(request.POST, chosen, frame, reading.priors(order))
    context = {
        "order": order,
        **editor.result_context(
            chosen, parse(kept), frame, override_reason=request.POST.get("override_reason")
        ),
        "left_out": list(left_out.values()),
        "prose": [(name, getattr(after, name), getattr(texts, name)) for name in editor.PROSE],
    }
    return render(request, "reporting/_evaluation.html", context)


@page("report.write", methods=("POST",))
def presence(request, pk):
    """The open page says that it is there, and reads who has the report and which version is saved."""
    order = access.unseen_order(pk, by=request.user, action="report.write")
    now = timezone.now()
    found = drafting.of(order)
    refusal = drafting.why_not_write(found, request.user)
    if not refusal and "edits" in request.POST:
        found = locks.stay(order, by=request.user, now=now)
    return _presence(request, found, now, refusal=refusal)


def _presence(request, found, now, refusal=None):
    held = locks.reader(found, now)
    mine = held is not None and held.user == request.user
    context = {
        **order_context(found.order, now),
        "report": found,
        "why_not_edit": locks.why_not_edit(found, request.user, now),
        "why_not_write": refusal,
        "edited": bool(request.POST.keys() & {"edits", "edited"}),
    }
    answer = render(request, "reporting/_presence.html", context)
    answer["X-VQFlow-Reader"] = "closed" if refusal else "mine" if mine else "theirs" if held else "free"
    answer["X-VQFlow-Version"] = found.draft_version
    return answer


@page("report.write", methods=("POST",))
def take_over(request, pk):
    """From now on this reader has the report; what the other one has saved is there."""
    order = access.unseen_order(pk, by=request.user, action="report.write")
    locks.take_over(order, by=request.user, now=timezone.now())
    return redirect("reporting:report", pk=pk)


@page("report.write", methods=("POST",))
def leave(request, pk):
    """The page is closed."""
    order = access.unseen_order(pk, by=request.user, action="report.write")
    locks.leave(order, by=request.user)
    return HttpResponse(status=204)
