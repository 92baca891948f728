"""Second readings: the list of what is to be read again, and the page on which the first reading is not seen."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting.engine.schemes import SCHEMES
from reporting.forms.drafts import terms
from reporting.forms.second_readings import SecondReadingForm
from reporting.models import Report
from reporting.services import reading, second_readings
from reporting.views.order import order_context
from scheduling.services import access
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("report.read_again")
def to_read(request):
    """What this reader may read a second time."""
    rows = second_readings.waiting(request.user, now=timezone.now())
    patients = [report.order.patient_id for report in rows]
    access.listed("reports.second", patients, by=request.user, action="report.read_again")
    done = (
        Report.objects.for_user(request.user)
        .filter(second_reading__read_by=request.user)
        .select_related("order__patient", "order__site", "second_reading__first_reader")
        .order_by("-second_reading__read_at")[:20]
    )
    own = [_compared(report) for report in done]
    access.listed(
        "reports.second_done",
        [each["order"].patient_id for each in own],
        by=request.user,
        action="report.read_again",
    )
    return render(request, "reporting/second_readings.html", {"rows": rows, "own": own})


@page("report.read_again", methods=("GET", "POST"))
def second(request, pk):
    """Read one report's pictures again, without seeing what the first reader said."""
    order = access.order(pk, by=request.user, action="report.read_again")
    report = Report.objects.filter(order=order).select_related("order__site").first()
    if refusal := second_readings.why_not(report, request.user):
        return _page(request, order, refusal=Conflict(refusal), status=409)
    scheme = second_readings.compared(report).scheme
    form = SecondReadingForm(request.POST if request.method == "POST" else None, scheme=scheme)
    if request.method == "POST" and form.is_valid():
        try:
            found = second_readings.record(report, **form.cleaned_data, by=request.user, now=timezone.now())
        except (Invalid, Conflict) as refused:
            form.refuse(refused)
            return _page(request, order, form=form, scheme=scheme, status=refused.status)
        messages.success(request, _told(found))
        return redirect("reporting:second-readings")
    return _page(request, order, form=form, scheme=scheme, status=422 if form.errors else 200)


def _page(request, order, *, form=None, scheme=None, refusal=None, status=200):
    now = timezone.now()
    context = {
        **order_context(order, now),
        "form": form,
        "scheme": SCHEMES[scheme] if scheme else None,
        "terms": terms(scheme),
        "chosen": {"category": form["category"].value() if form else None},
        "refusal": refusal,
        "case": reading.case(order, now=now) if form else None,
    }
    return render(request, "reporting/second_reading.html", context, status=status)


def _told(found):
    """The first reading, now that it can be told."""
    first, own = _terms(found)
    if found.first_category == found.category:
        return f"Kept. You agree: {first.label}."
    alike = first.group == own.group
    also = "the same group" if alike else "another group: talk to each other, an amendment may be needed"
    return f"Kept. The first reading was {first.label}, yours is {own.label}: {also}."


def _terms(found):
    """What the first and the second reader said."""
    return [reading.term_of(found.scheme, each) for each in (found.first_category, found.category)]


def _compared(report):
    first, own = _terms(report.second_reading)
    return {
        "order": report.order,
        "reading": report.second_reading,
        "first": first.label,
        "own": own.label,
        "is_same_group": first.group == own.group,
    }
