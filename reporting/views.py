"""Pages of the physicians who read, and of the referrers who wait for the result."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from reporting import worklist
from reporting.engine.states import ReportState
from reporting.forms import ReportForm, VersionForm, form_of, terms
from reporting.models import Report
from reporting.services import drafting, reading, signing
from scheduling.services import access
from scheduling.templatetags import clock
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

PER_PAGE = 50
TABS = {"unread": "To report", "preliminary": "Awaiting an attending", "final": "Final, last 7 days"}
TITLES = {"unread": "To report", "preliminary": "Awaiting an attending", "final": "Signed in the last 7 days"}


@page("report.list")
def reports(request):
    """The reader's list."""
    now, tab = timezone.now(), request.GET.get("tab", "unread")
    orders = {
        "preliminary": lambda: worklist.preliminary(request.user),
        "final": lambda: worklist.final(request.user, now=now),
    }.get(tab, lambda: worklist.unread(request.user))()
    tab = tab if tab in TABS else "unread"
    context = _listed(request, orders, name=f"reports.{tab}", action="report.list", now=now)
    counts = worklist.counts(request.user, now=now)
    context |= {"tab": tab, "title": TITLES[tab], "tabs": _tabs(tab, counts), "query": f"tab={tab}"}
    return render(request, "reporting/reports.html", context)


def _tabs(current, counts):
    url = reverse("reporting:reports")
    return [
        {"label": label, "url": f"{url}?tab={tab}", "current": tab == current, "count": counts[tab]}
        for tab, label in TABS.items()
    ]


def _listed(request, orders, *, name, action, now):
    """The asked page of these orders as rows with their terms; that they were shown is audited."""
    asked = Paginator(orders, PER_PAGE).get_page(request.GET.get("page"))
    rows = worklist.rows(asked, now=now)
    access.listed(name, [row.order.patient_id for row in rows], by=request.user, action=action)
    shown = [{"row": row, "term": reading.term(row.version) if row.version else None} for row in rows]
    return {"page": asked, "rows": shown, "now": now}


@page("report.view")
def report(request, pk):
    """The report of one order: the form for those who may write it now, else what is signed."""
    order = access.order(pk, by=request.user, action="report.view")
    return _report_page(request, order)


def _report_page(request, order, *, form=None, refusal=None, status=200):
    now, found = timezone.now(), drafting.of(order)
    why_not_write = drafting.why_not_write(found, request.user)
    may_write = reading.may_see_draft(request.user)
    form = form or form_of(found)
    signed = reading.signed(found, request.user)
    context = {
        **_order_context(order, now),
        "report": found,
        "form": form,
        "may_write": may_write,
        "why_not_write": why_not_write,
        "refusal": refusal,
        "signed": signed,
        "newest": signed[0] if signed else None,
        "case": reading.case(order, now=now),
        "saved_term": reading.term(found) if may_write else None,
        "kind": signing.kind_for(request.user),
        **_choice_context(form["scheme"].value(), form["category"].value()),
    }
    return render(request, "reporting/report.html", context, status=status)


def _order_context(order, now):
    patient = order.patient
    age = patient.age_on(clock.local(now, order.site.time_zone).date())
    return {
        "order": order,
        "patient": patient,
        "age": "age unknown" if age is None else f"{age} y",
        "zone": order.site.time_zone,
        "now": now,
    }


def _choice_context(scheme, category):
    chosen = Report(scheme=scheme or "", category=category or "")
    return {"terms": terms(chosen.scheme), "chosen": chosen, "term": reading.term(chosen)}


@page("report.write", methods=("GET", "POST"))
def draft(request, pk):
    """Save the draft: by the button (and on to signing), or by itself while the physician types."""
    if request.method != "POST":
        return redirect("reporting:report", pk=pk)
    order = access.order(pk, by=request.user, action="report.write")
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _not_saved(request, order, form, Invalid("Some values cannot be right."))
    try:
        saved = drafting.write(order, **form.draft(), by=request.user, now=timezone.now())
    except (Invalid, Conflict) as refusal:
        return _not_saved(request, order, form, refusal)
    if _is_autosave(request):
        return HttpResponse(status=204, headers={"X-VQFlow-Version": saved.draft_version})
    if request.POST.get("then") == "sign":
        return redirect("reporting:sign", pk=pk)
    messages.success(request, "Draft saved.")
    return redirect("reporting:report", pk=pk)


def _is_autosave(request):
    return "X-VQFlow-Autosave" in request.headers


def _not_saved(request, order, form, refusal):
    """The page again with the text as it was sent; to the autosave only the sentence."""
    if _is_autosave(request):
        return HttpResponse(refusal.sentence, status=refusal.status, content_type="text/plain; charset=utf-8")
    if isinstance(refusal, Invalid):
        form.refuse(refusal)
        return _report_page(request, order, form=form, status=422)
    merged = {**form.cleaned_data, "version": drafting.of(order).draft_version}
    return _report_page(request, order, form=ReportForm(initial=merged), refusal=refusal, status=409)


@page("report.write", methods=("POST",))
def choice(request, pk):
    """The terms of the scheme that was just chosen, and whom to phone when the chosen term is critical."""
    order = access.order(pk, by=request.user, action="report.write")
    chosen = _choice_context(request.POST.get("scheme"), request.POST.get("category"))
    return render(request, "reporting/_terms.html", {"order": order, **chosen})


@page("report.sign_preliminary", methods=("GET", "POST"))
def sign(request, pk):
    """What will be signed, to be read once more; POST signs it."""
    order = access.order(pk, by=request.user, action="report.sign_preliminary")
    found = drafting.existing(order)
    if request.method != "POST":
        return _sign_page(request, found)
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _sign_page(request, found, refusal=Invalid("Read the report again, then sign."))
    try:
        version = signing.sign(
            found, draft_version=form.cleaned_data["version"], by=request.user, now=timezone.now()
        )
    except Conflict as refusal:
        return _sign_page(request, drafting.current(found), refusal=refusal)
    messages.success(request, SIGNED[version.kind])
    return redirect("reporting:report", pk=pk)


SIGNED = {
    ReportState.PRELIMINARY: "Signed as preliminary. An attending physician signs it final.",
    ReportState.FINAL: "Signed as final. The referrer is told by e-mail that a result is ready.",
}


def _sign_page(request, found, *, refusal=None):
    context = {
        **_order_context(found.order, timezone.now()),
        "report": found,
        "term": reading.term(found),
        "kind": signing.kind_for(request.user),
        "why_not_sign": signing.why_not_sign(found, request.user),
        "refusal": refusal,
        "request_id": uuid.uuid4(),
    }
    return render(request, "reporting/sign.html", context, status=refusal.status if refusal else 200)


@page("report.view_own_patients")
def results(request):
    """A referrer's own patients with a final result."""
    now, action = timezone.now(), "report.view_own_patients"
    context = _listed(request, worklist.own(request.user), name="results", action=action, now=now)
    return render(request, "reporting/results.html", context)


@page("report.view_own_patients")
def result(request, pk):
    order, signed = reading.own_result(pk, by=request.user)
    context = {**_order_context(order, timezone.now()), "signed": signed}
    return render(request, "reporting/result.html", context)
