"""Critical results: the list, the bar on every page, and the call about one examination."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting import critical_list
from reporting.forms.critical import AttemptForm, CallForm, WithdrawalForm
from reporting.services import critical, drafting
from reporting.services.critical import opening
from reporting.views.lists import CRITICAL, tabs_of
from reporting.views.order import order_context
from scheduling import releases
from scheduling.services import access
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

CLOSED_SHOWN = 50


@page("critical.list")
def results(request):
    """What has to be told, and what was told lately; the rows alone where the browser asks for a change."""
    now = timezone.now()
    lines = critical_list.still_open(request.user, now=now)
    version = critical_list.version(lines)
    if request.GET.get("version") == version:
        return HttpResponse(status=204)
    told = [
        critical_list.line_of(each, now)
        for each in critical_list.closed(request.user, now=now)[:CLOSED_SHOWN]
    ]
    ids = [line.order.patient_id for line in [*lines, *told]]
    access.listed("critical", ids, by=request.user, action="critical.list")
    context = {"lines": lines, "closed": told, "version": version, "now": now}
    if "version" in request.GET:
        return render(request, "reporting/_critical_rows.html", context)
    tabs = tabs_of(request, CRITICAL, releases.count(request.user))
    return render(request, "reporting/critical.html", {**context, "tabs": tabs})


@page("critical.list")
def bar(request):
    """What this person is asked to tell, for the top of every page: no names. 204 while the browser shows it."""
    found = critical_list.bar(request.user)
    if request.GET.get("version") == found.version:
        return HttpResponse(status=204)
    return render(request, "reporting/_critical_bar.html", {"bar": found, "now": timezone.now()})


@page("critical.view")
def of_order(request, pk):
    """Whom to phone about this examination, what was tried, and the six fields that close it."""
    order, now = access.order(pk, by=request.user, action="critical.view"), timezone.now()
    if lines := critical_list.of_order(order, now=now):
        return _page(request, order, now, lines=lines)
    messages.info(request, "Nothing critical is saved in this report.")
    return redirect("reporting:report", pk=pk)


def _page(request, order, now, *, lines=None, form=None, withdrawal=None, refusal=None, status=200):
    """`lines`: as they were read just now; read anew after a refusal."""
    lines = critical_list.of_order(order, now=now) if lines is None else lines
    waiting = [line for line in lines if line.result.is_open]
    context = {
        **order_context(order, now),
        "lines": [(line, critical_list.events(line.result)) for line in lines],
        "first": waiting[0] if waiting else None,
        "form": form or CallForm(order=order, lines=lines, now=now),
        "withdrawal": withdrawal or WithdrawalForm(),
        "why_not_withdraw": critical.why_not_withdraw(waiting[0].result) if waiting else None,
        "may_tell": policy.allows(request.user, "critical.tell"),
        "may_withdraw": policy.allows(request.user, "critical.withdraw"),
        "refusal": refusal,
    }
    return render(request, "reporting/critical_call.html", context, status=status)


def _call(request, pk, form_class, service, done):
    """Run a service with the sent form; the page again, as it was filled in, where it refuses."""
    order, now = access.order(pk, by=request.user, action="critical.tell"), timezone.now()
    lines = critical_list.of_order(order, now=now)
    form = form_class(request.POST, order=order, lines=lines, now=now)
    report = drafting.of(order)
    if not form.is_valid():
        return _page(request, order, now, form=form, status=422)
    try:
        service(report, form, now)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(request, order, now, form=form, status=422)
    except Conflict as refusal:
        return _page(
            request, order, now, form=_again(request, form_class, order, now), refusal=refusal, status=409
        )
    messages.success(request, done(form))
    return redirect("reporting:critical-of-order", pk=pk)


def _again(request, form_class, order, now):
    """The form as it was filled in, about what is open by now."""
    lines = critical_list.of_order(order, now=now)
    waiting = ",".join(str(line.result.pk) for line in lines if line.result.is_open)
    sent = {**request.POST.dict(), "seen": waiting}
    return form_class(sent, order=order, lines=lines, now=now)


@page("critical.tell", methods=("POST",))
def told(request, pk):
    """Somebody was told and read it back."""

    def tell(report, form, now):
        given = form.cleaned_data
        critical.told(
            report,
            form.telling(),
            by=request.user,
            now=now,
            told_by=given["told_by"],
            note=given["note"],
            seen=form.seen_results(),
        )

    return _call(
        request, pk, CallForm, tell, lambda form: f"{form.told_to()} has been told. The result is closed."
    )


@page("critical.tell", methods=("POST",))
def tried(request, pk):
    """Somebody tried, and nobody was told."""

    def attempt(report, form, now):
        given = form.cleaned_data
        critical.tried(
            report,
            whom=form.tried(),
            outcome=given["outcome"],
            method=given["method"],
            note=given["note"],
            by=request.user,
            now=now,
        )

    return _call(
        request,
        pk,
        AttemptForm,
        attempt,
        lambda form: "The attempt is written down. The result is still open.",
    )


@page("critical.withdraw", methods=("POST",))
def withdraw(request, pk):
    """Nobody has to be told: `pk` is the result's."""
    result, now = opening.result(pk, by=request.user, action="critical.withdraw"), timezone.now()
    order, form = result.report.order, WithdrawalForm(request.POST)
    if not form.is_valid():
        return _page(request, order, now, withdrawal=form, status=422)
    try:
        critical.withdraw(result, **form.cleaned_data, by=request.user, now=now)
    except Conflict as refusal:
        return _page(request, order, now, withdrawal=form, refusal=refusal, status=409)
    messages.success(request, "Withdrawn: nobody has to be told.")
    return redirect("reporting:critical-of-order", pk=order.pk)
