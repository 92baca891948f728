"""Results, as the referrers who wait for them see them."""

from django.shortcuts import render
from django.utils import timezone

from reporting import worklist
from reporting.services import results as service
from reporting.services import versions
from reporting.views.listed import listed
from reporting.views.order import order_context
from reporting.views.papers import made
from vqflow.pages import page

ACTION = service.ACTION


@page(ACTION)
def results(request):
    """A referrer's own patients with a report that was final once; what is new to this person is marked."""
    now = timezone.now()
    context = listed(request, worklist.own(request.user), name="results", action=ACTION, now=now)
    news = service.news([each["row"] for each in context["rows"]], request.user)
    for each in context["rows"]:
        row = each["row"]
        each["news"] = news.get(row.order.pk, "")
        each["newest"] = versions.published(list(row.report.versions.all()))[-1]
    return render(request, "reporting/results.html", context)


@page(ACTION)
def result(request, pk):
    """What the report says now, and what changed since this person looked."""
    now = timezone.now()
    found = service.own(pk, by=request.user, now=now)
    context = {**order_context(found.order, now), "result": found}
    return render(request, "reporting/result.html", context)


@page(ACTION)
def pdf(request, pk):
    """The same as a file."""
    found = service.own_to_print(pk, by=request.user)
    return made(found.report, found.found, now=timezone.now())
