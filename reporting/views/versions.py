"""After the final version: an addendum, an amendment, a retraction, and all versions with what each changed."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting.forms.drafts import VersionForm
from reporting.forms.versions import AddendumForm, AmendForm, RetractForm
from reporting.models import VersionKind
from reporting.services import drafting, reading, said, versions
from reporting.views import autosave
from reporting.views.confirming import proof_context
from reporting.views.order import order_context
from scheduling.services import access
from vqflow import confirmed, proof
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

BOTH = ("GET", "POST")


@page("report.view")
def history(request, pk):
    """All signed versions that this person may read, newest first, each with what it changed."""
    order = access.order(pk, by=request.user, action="report.view")
    found = drafting.of(order)
    shown = reading.signed(found, request.user)
    changes = said.changes([each.version for each in reversed(shown)])
    pairs = list(zip(shown, reversed(changes), strict=True))
    context = {**order_context(order, timezone.now()), "report": found, "pairs": pairs}
    return render(request, "reporting/versions.html", context)


@page("report.write", methods=BOTH)
def addendum(request, pk):
    """The text of an addendum, saved while it is typed; it is begun with its first save."""
    order = access.order(pk, by=request.user, action="report.write")
    found = drafting.existing(order)
    if request.method != "POST":
        form = AddendumForm(initial={"version": found.draft_version, "addendum": found.addendum})
        return _addendum_page(request, found, form)
    form = AddendumForm(request.POST)
    try:
        if not form.is_valid():
            raise Invalid("Some values cannot be right.")
        saved = _save_addendum(found, request.user, **form.cleaned_data)
    except (Conflict, Invalid) as refusal:
        return _not_saved(request, found, form, refusal)
    if autosave.is_autosave(request):
        return autosave.saved(saved)
    if request.POST.get("then") == "sign":
        return redirect("reporting:sign", pk=pk)
    messages.success(request, "Addendum saved, not signed yet.")
    return redirect("reporting:report", pk=pk)


def _save_addendum(found, by, *, version, addendum):
    now = timezone.now()
    if not found.next_kind and version == found.draft_version:
        found = versions.begin(found, VersionKind.ADDENDUM, by=by, now=now)
        version = found.draft_version
    return drafting.save(found, draft_version=version, addendum=addendum, by=by, now=now)


def _not_saved(request, found, form, refusal):
    if autosave.is_autosave(request):
        return autosave.plain(refusal.sentence, status=refusal.status)
    if isinstance(refusal, Invalid):
        form.refuse(refusal)
    return _addendum_page(request, drafting.current(found), form, refusal=refusal)


def _addendum_page(request, found, form, *, refusal=None):
    context = {
        **_frame(found),
        "form": form,
        "refusal": refusal if isinstance(refusal, Conflict) else None,
        "why_not": None
        if found.next_kind == VersionKind.ADDENDUM
        else versions.why_not_begin(found, request.user),
        "newest": _newest(found, request.user),
    }
    return render(request, "reporting/addendum.html", context, status=refusal.status if refusal else 200)


def _newest(found, user):
    """The version that says what the report says now, as the page shows it."""
    shown = reading.signed(found, user)
    return next((each for each in shown if each.version.kind in versions.BASES), None)


@page("report.write", methods=BOTH)
def amend(request, pk):
    """Why the report is amended; then its draft opens with what it says now."""
    order = access.order(pk, by=request.user, action="report.write")
    found = drafting.existing(order)
    form = AmendForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_bound and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            versions.begin(found, VersionKind.AMENDMENT, reason=reason, by=request.user, now=timezone.now())
        except Invalid as fault:
            form.refuse(fault)
        except Conflict as fault:
            refusal = fault
        else:
            messages.success(
                request, "Change what is wrong, then sign. Until then the report stands as it was signed."
            )
            return redirect("reporting:report", pk=pk)
    why_not = versions.why_not_begin(found, request.user)
    context = {**_frame(found), "form": form, "refusal": refusal, "why_not": why_not}
    status = refusal.status if refusal else 422 if form.is_bound else 200
    return render(request, "reporting/amend.html", context, status=status)


@page("report.write", methods=("POST",))
def give_up(request, pk):
    """Throw away what has been begun; the report stands as it was signed."""
    order = access.order(pk, by=request.user, action="report.write")
    form = VersionForm(request.POST)
    if not form.is_valid():
        raise Invalid("Load the report again, then throw away what was begun.")
    versions.give_up(
        drafting.existing(order),
        draft_version=form.cleaned_data["version"],
        by=request.user,
        now=timezone.now(),
    )
    messages.success(request, "Thrown away. The report stands as it was signed.")
    return redirect("reporting:report", pk=pk)


@page("report.retract", methods=BOTH, of_session=True)
def retract(request, pk):
    """Why the report is retracted; done by who shows that it is them."""
    with transaction.atomic():
        order = access.order(pk, by=request.user, action="report.retract")
        found = drafting.existing(order)
        if request.method != "POST":
            form = RetractForm(initial={"number": found.versions.count()})
            return _retract_page(request, found, form)
    form = RetractForm(request.POST)
    if not form.is_valid():
        return _retract_page(request, found, form, refusal=Invalid("Some values cannot be right."))
    try:
        return confirmed.once(request, lambda way: _retract(request, found, form.cleaned_data, way))
    except Conflict as refusal:
        return _retract_page(request, drafting.current(found), form, refusal=refusal)
    except Invalid as refusal:
        if not isinstance(refusal, proof.NotShown):
            form.refuse(refusal)
        return _retract_page(request, found, form, refusal=refusal)


def _retract(request, found, values, way):
    versions.retract(found, **values, by=request.user, now=timezone.now(), confirmed_by=way)
    messages.success(request, "Retracted. The examination waits for a report again.")
    return redirect("reporting:report", pk=found.order_id)


def _retract_page(request, found, form, *, refusal=None):
    context = {
        **_frame(found),
        **proof_context(request.user, refusal),
        "form": form,
        "newest": _newest(found, request.user),
        "why_not": versions.why_not_retract(found, request.user),
        "refusal": refusal if isinstance(refusal, Conflict) else None,
    }
    return render(request, "reporting/retract.html", context, status=refusal.status if refusal else 200)


def _frame(found):
    return {**order_context(found.order, timezone.now()), "report": found}
