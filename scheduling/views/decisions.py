"""What is decided about an order: answers, vetting, asking back, overrides, consults, countersigning, its end."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.screening import questions_for
from scheduling.examinations import facts
from scheduling.forms.orders import ReasonForm, ScreeningForm
from scheduling.forms.vetting import AnswerForm, AskForm, ConsultForm, VetForm, override_form_for
from scheduling.models import Decision
from scheduling.services import access, consults, enquiries, intake, protocols, screening, vetting
from scheduling.views.order_page import render_order
from scheduling.views.vetting_page import render_case
from vqflow import policy
from vqflow.errors import Conflict, Invalid, NotFound
from vqflow.pages import next_of, page


def _decide(request, pk, action, *, name, form_of, act, done):
    """Load the order, call `act(order, form)`, and show the page again with what was refused.

    `form_of(data, order)` makes the form; `name` is where the order's page shows it.
    """
    order, render = access.order(pk, by=request.user, action=action), _page(request)
    form = form_of(request.POST, order)
    if not form.is_valid():
        return render(request, order, status=422, **{name: form})
    try:
        act(order, form)
    except Invalid as refusal:
        form.refuse(refusal)
        # Read again: what the service changed before it refused has been taken back in the database only.
        order = access.order(pk, by=request.user, action=action)
        return render(request, order, status=422, **{name: form})
    except Conflict as refusal:
        order = access.order(pk, by=request.user, action=action)
        return render(request, order, status=409, refusal=refusal)
    messages.success(request, done)
    return redirect(_back(request, order))


def _page(request):
    """Which page shows a refusal: the one that sent the form."""
    is_vetting = request.POST.get("page") == "vetting" and policy.allows(request.user, "vetting.list")
    return render_case if is_vetting else render_order


def _back(request, order):
    """To the page that sent the form, where it names one of ours in `next`; else to the order."""
    return next_of(request, reverse("scheduling:order", args=[order.pk]))


@page("screening.answer", methods=("POST",))
def answer(request, pk):
    def form_of(data, order):
        return ScreeningForm(data, questions=questions_for(facts(order, timezone.now())))

    def act(order, form):
        before = {row.question for row in order.answers.all()}
        read_at = form.cleaned_data["read_at"]
        screening.answer(order, form.answers(before), by=request.user, now=timezone.now(), read_at=read_at)

    return _decide(
        request,
        pk,
        "screening.answer",
        name="screening",
        form_of=form_of,
        act=act,
        done="Answers saved.",
    )


@page("order.vet", methods=("POST",))
def change_protocol(request, pk):
    def act(order, form):
        vetting.change_protocol(order, by=request.user, now=timezone.now(), **form.cleaned_data)

    return _decide(
        request,
        pk,
        "order.vet",
        name="protocol_form",
        form_of=_vet_form(request, auto_id="id_protocol_%s"),
        act=act,
        done="Protocol changed.",
    )


@page("order.vet", methods=("POST",))
def vet(request, pk):
    return _vet(request, pk, by_phone=False)


@page("order.vet_by_phone", methods=("POST",))
def vet_by_phone(request, pk):
    """STAT: written down for the physician on the phone, who countersigns it later."""
    return _vet(request, pk, by_phone=True)


def _vet(request, pk, *, by_phone):
    def act(order, form):
        vetting.vet(order, by=request.user, now=timezone.now(), **form.cleaned_data)

    return _decide(
        request,
        pk,
        "order.vet_by_phone" if by_phone else "order.vet",
        name="phone_form" if by_phone else "vet_form",
        form_of=_vet_form(request, by_phone=by_phone, auto_id="id_phone_%s" if by_phone else "id_%s"),
        act=act,
        done="Vetted by phone. The physician countersigns it later." if by_phone else "Vetted.",
    )


def _vet_form(request, **options):
    def form_of(data, order):
        found = protocols.suggested(order, now=timezone.now())
        return VetForm(data, user=request.user, suggested=found.protocol.pk if found else None, **options)

    return form_of


@page("order.ask_back", methods=("POST",))
def ask(request, pk):
    """A question to the desk or the referrer; until it is answered, the order waits with them."""

    def act(order, form):
        enquiries.ask(order, by=request.user, now=timezone.now(), **form.cleaned_data)

    return _decide(
        request,
        pk,
        "order.ask_back",
        name="ask_form",
        form_of=lambda data, order: AskForm(data, auto_id="id_ask_%s"),
        act=act,
        done="Asked. The order comes back to the list with the answer.",
    )


@page("order.answer_question", methods=("POST",))
def answer_question(request, pk):
    question = access.order_question(pk, by=request.user)

    def act(order, form):
        enquiries.answer(question, text=form.cleaned_data["answer"], by=request.user, now=timezone.now())

    return _decide(
        request,
        question.order_id,
        "order.answer_question",
        name="answer_form",
        form_of=lambda data, order: AnswerForm(data, auto_id="id_answer_%s"),
        act=act,
        done="Answered. The order is back with the physician.",
    )


@page("override.clinical", methods=("POST",))
def consult(request, pk):
    return _consult(request, pk, by_phone=False)


@page("override.clinical_by_phone", methods=("POST",))
def consult_by_phone(request, pk):
    return _consult(request, pk, by_phone=True)


def _consult(request, pk, *, by_phone):
    def form_of(data, order):
        rule = data.get("rule", "")[:20]
        return ConsultForm(data, user=request.user, by_phone=by_phone, auto_id=f"id_{rule}_%s")

    def act(order, form):
        consults.answer(order, by=request.user, now=timezone.now(), **form.cleaned_data)

    return _decide(
        request,
        pk,
        "override.clinical_by_phone" if by_phone else "override.clinical",
        name="consult_form",
        form_of=form_of,
        act=act,
        done="Answer recorded. The physician countersigns it later." if by_phone else "Answer recorded.",
    )


@page("order.vet", methods=("POST",))
def decline(request, pk):
    def act(order, form):
        vetting.decline(order, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())

    return _decide(
        request,
        pk,
        "order.vet",
        name="decline_form",
        form_of=_reason_form("decline"),
        act=act,
        done="Declined.",
    )


@page("order.cancel", methods=("POST",))
def cancel(request, pk):
    def act(order, form):
        intake.cancel_order(order, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())

    return _decide(
        request,
        pk,
        "order.cancel",
        name="cancel_form",
        form_of=_reason_form("cancel"),
        act=act,
        done="Order cancelled.",
    )


def _reason_form(name):
    return lambda data, order: ReasonForm(data, auto_id=f"id_{name}_%s")


@page("override.clinical", methods=("POST",))
def override(request, pk):
    return _override(request, pk, by_phone=False)


@page("override.clinical_by_phone", methods=("POST",))
def override_by_phone(request, pk):
    return _override(request, pk, by_phone=True)


def _override(request, pk, *, by_phone):
    def form_of(data, order):
        rule = data.get("rule", "")
        return override_form_for(rule)(
            data, user=request.user, by_phone=by_phone, auto_id=f"id_{rule[:20]}_%s"
        )

    def act(order, form):
        vetting.override(
            order,
            rule=form.cleaned_data["rule"],
            reason=form.reason_given(),
            physician=form.cleaned_data.get("physician"),
            by=request.user,
            now=timezone.now(),
        )

    return _decide(
        request,
        pk,
        "override.clinical_by_phone" if by_phone else "override.clinical",
        name="override_form",
        form_of=form_of,
        act=act,
        done="Decision recorded. The physician countersigns it later." if by_phone else "Decision recorded.",
    )


@page("decision.countersign", methods=("POST",))
def countersign(request, pk):
    decision = (
        Decision.objects.for_user(request.user)
        .select_related("order__site", "physician")
        .filter(pk=pk)
        .first()
    )
    if decision is None:
        raise NotFound("There is no such record at your site.")
    order = access.order(decision.order_id, by=request.user, action="decision.countersign")
    try:
        vetting.countersign(decision, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return render_order(request, order, status=409, refusal=refusal)
    messages.success(request, "Countersigned.")
    return redirect(_back(request, order))
