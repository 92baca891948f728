"""The report of one order: the page, and the draft that is saved from it."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from reporting.forms.drafts import PROSE, ReportForm, form_of
from reporting.models import Report, VersionKind
from reporting.services import drafting, evaluation, locks, presets, reading, said, signing, versions
from reporting.views import autosave, editor
from reporting.views.order import order_context
from scheduling.services import access
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("report.view")
def report(request, pk):
    """The report of one order: the form for those who may write it now, else what is signed."""
    order = access.order(pk, by=request.user, action="report.view")
    return report_page(request, order)


def report_page(request, order, *, form=None, refusal=None, kept=None, status=200):
    """`form`: as it was sent, where it is shown again; `kept`: what the form held before a preset came over it."""
    now, user = timezone.now(), request.user
    may_write = reading.may_see_draft(user)
    frame = evaluation.frame(order) if may_write else None
    found, case = drafting.of(order, frame=frame), reading.case(order, now=now)
    signed = reading.signed(found, user)
    why_not_write = drafting.why_not_write(found, user)
    why_not_edit = locks.why_not_edit(found, user, now) if may_write and not why_not_write else None
    edits = may_write and not why_not_write and not why_not_edit
    context = {
        **order_context(order, now),
        "report": found,
        "may_write": may_write,
        "edits": edits and found.next_kind != VersionKind.ADDENDUM,
        "why_not_write": why_not_write,
        "why_not_edit": why_not_edit,
        "reader": locks.reader(found, now),
        "refusal": refusal,
        "kept": kept,
        "signed": signed,
        "newest": signed[0] if signed else None,
        "case": case,
        "saved_term": reading.term(found) if may_write else None,
        "kind": signing.kind_for(user, found),
        "may_retract": policy.allows(user, versions.RETRACT),
    }
    if context["edits"] or refusal:
        form = form or form_of(found, offered=frame.read_as(evaluation.kept_reading(found)).offered)
        fields = form.data if form.is_bound else form.fields_shown or editor.fields_of(found)
        context |= {
            "form": form,
            "presets": presets.of(user),
            **editor.editor_context(found, form, frame=frame, fields=fields, priors=case.priors),
        }
    return render(request, "reporting/report.html", context, status=status)


@page("report.write", methods=("GET", "POST"))
def draft(request, pk):
    """Save the draft: by the button (and on to signing), or by itself while the physician types."""
    if request.method != "POST":
        return redirect("reporting:report", pk=pk)
    order = access.order(pk, by=request.user, action="report.write")
    form = ReportForm(_with_prose(request, order))
    if not form.is_valid():
        return _not_saved(request, order, form, Invalid("Some values cannot be right."))
    try:
        saved = drafting.write(order, **form.draft(), by=request.user, now=timezone.now())
    except (Invalid, Conflict) as refusal:
        return _not_saved(request, order, form, refusal)
    return _saved(request, saved, form)


def _with_prose(request, order):
    """What was sent; with the sentences written from the structure where that was asked for without JavaScript."""
    if request.POST.get("then") != "prose":
        return request.POST
    sent, found = request.POST.copy(), drafting.of(order)
    priors = reading.priors(order)
    _, texts = editor.renewed(sent, found, evaluation.frame(order), priors)
    for name in PROSE:
        sent[name] = getattr(texts, name)
    return sent


def _saved(request, saved, form):
    """What could not be right in the reading was left out, and everything else is safe."""
    left_out = " ".join(f"{field}: {sentence}" for field, sentence in form.left_out.items())
    if autosave.is_autosave(request):
        return autosave.saved(saved, f"Left out: {left_out}" if left_out else "")
    if left_out:
        for sentence in form.left_out.values():
            form.add_error(None, sentence)
        form.data = form.data.copy()
        form.data["version"] = saved.draft_version
        return report_page(request, saved.order, form=form, status=422)
    if request.POST.get("then") == "sign":
        return redirect("reporting:sign", pk=saved.order_id)
    messages.success(request, "Draft saved.")
    return redirect("reporting:report", pk=saved.order_id)


def _not_saved(request, order, form, refusal):
    """The page again with the text as it was sent; to the autosave the sentence, and in a conflict both texts."""
    if isinstance(refusal, Invalid):
        if autosave.is_autosave(request):
            return autosave.plain(_sentences(refusal, form), status=refusal.status)
        form.refuse(refusal)
        return report_page(request, order, form=form, status=422)
    found = drafting.of(order)
    if autosave.is_autosave(request):
        return render(request, "reporting/_conflict.html", _conflict(order, found, form, refusal), status=409)
    return report_page(request, order, form=form.beside(found), refusal=refusal, status=409)


def _sentences(refusal, form):
    said = [sentence for sentences in refusal.fields.values() for sentence in sentences]
    said = said or [error for errors in form.errors.values() for error in errors]
    return " ".join(said) or refusal.sentence


def _conflict(order, found, form, refusal):
    """Both texts, part by part where they differ."""
    written = form.draft()
    mine = Report(**{field: written.get(field, getattr(found, field)) for field in drafting.WRITABLE})
    saved, ours = said.parts(found), said.parts(mine)
    return {
        **order_context(order, timezone.now()),
        "report": found,
        "refusal": refusal,
        "parts": [
            (label, ours.get(label, ""), saved.get(label, ""))
            for label in dict.fromkeys([*ours, *saved])
            if ours.get(label) != saved.get(label)
        ],
    }
