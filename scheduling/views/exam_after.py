"""After the scan: what is still missing, the hand-over to the reader, what the reader says, and the aftercare sheet."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import administrations, completeness
from scheduling.engine.pictures import names_of
from scheduling.engine.states import AppointmentState
from scheduling.forms.release import WORDS, HandOverForm, ReleaseForm
from scheduling.models import HandOver, Release, StepKind
from scheduling.paper import aftercare as sheet
from scheduling.services import access, aftercare, release
from scheduling.views.files import pdf_of
from scheduling.views.presses import ask, back, frame, press, sent
from vqflow import policy
from vqflow.errors import Conflict
from vqflow.models import Role
from vqflow.pages import page

BOTH = ("GET", "POST")
FROM_FIRST_TRACER = (AppointmentState.IN_PROGRESS, AppointmentState.FULFILLED)
UNDONE = {
    Release.Outcome.HOME: "Released: may go home",
    Release.Outcome.MORE_VIEWS: "More views asked for",
    Release.Outcome.WAIT: "The patient waits here",
    Release.Outcome.EMERGENCY: "Sent to the emergency department",
}


@dataclass(frozen=True, slots=True)
class After:
    """What the panel shows. `why_not_hand_over`: None where the button works; "" where there is no button."""

    needs: list
    missing: tuple
    hand_over: object
    may_hand_over: bool
    why_not_hand_over: str | None
    releases: list
    awaits: bool
    may_decide: bool
    by_phone: bool
    breastfeeds: bool
    may_print: bool
    why_no_sheet: str | None


def after_panel(appointment, user, now):
    """The context of scheduling/_exam_after.html; nothing before the first tracer is given."""
    if appointment.state not in FROM_FIRST_TRACER:
        return {"after": None}
    needs = completeness.needs(appointment, now)
    hand_over = HandOver.objects.filter(appointment=appointment).select_related("handed_by").first()
    may = policy.allows(user, "visit.hand_over") and release.hands_over(appointment.site)
    return {
        "after": After(
            needs=needs_shown(appointment, needs, user),
            missing=tuple(need.missing for need in needs if need.missing),
            hand_over=hand_over,
            may_hand_over=may and hand_over is None,
            why_not_hand_over=None if hand_over else release.why_not_hand_over(appointment),
            releases=_said(appointment),
            awaits=appointment.awaits_release,
            may_decide=appointment.awaits_release and policy.allows(user, "release.decide"),
            by_phone=by_phone(user),
            breastfeeds=sheet.breastfeeding(appointment, now, in_person=True) == "yes",
            may_print=policy.allows(user, "aftercare.print"),
            why_no_sheet=aftercare.why_not(appointment),
        )
    }


@dataclass(frozen=True, slots=True)
class NeedShown:
    """A line of the completion list. `url`: where what is missing is entered, "" where that is not one page."""

    name: str
    missing: str
    url: str


def needs_shown(appointment, needs, user):
    """The completion list with the way to what is missing."""
    ways = _ways(appointment, user) if any(need.missing for need in needs) else {}
    return [
        NeedShown(need.name, need.missing, ways.get(need.key, "") if need.missing else "") for need in needs
    ]


def _ways(appointment, user):
    ways = {"answers": reverse("scheduling:order", args=[appointment.procedure.order_id]) + "#screening"}
    steps = list(appointment.steps.all())
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    name, needed = ("xray-seen", "xray.see") if xray and xray.performed_end_at else ("xray", "visit.perform")
    if xray and policy.allows(user, needed):
        ways["xray"] = reverse(f"scheduling:{name}", args=[appointment.pk])
    if not policy.allows(user, "visit.perform"):
        return ways
    if step := administrations.uncounted(steps):
        ways["rates"] = reverse("scheduling:counts", args=[step.pk])
    if dose := administrations.without_residual(steps):
        ways["residual"] = reverse("scheduling:dose-residual", args=[dose.pk])
    return ways


def _said(appointment):
    rows = appointment.releases.select_related("physician", "recorded_by")
    return [
        {"row": row, "label": WORDS[Release.Outcome(row.outcome)], "views": names_of(row.views)}
        for row in rows
    ]


def by_phone(user):
    """Whether this person writes down what a physician said; a reader decides."""
    return user.role != Role.READER


@page("release.decide", methods=BOTH)
def decide(request, pk):
    """What a reader says: more views, home, wait, emergency. A press with an outcome alone is enough for most."""
    now, user = timezone.now(), request.user
    appointment = access.appointment(pk, by=user, action="release.decide")
    form = ReleaseForm(
        sent(request),
        site=appointment.site,
        by_phone=by_phone(user),
        initial={"outcome": request.GET.get("outcome", "")},
    )
    made = []

    def do():
        made.append(release.decide(appointment, **form.cleaned_data, by=user, now=now))

    return ask(
        request,
        appointment,
        form,
        do,
        template="scheduling/release.html",
        text=lambda: UNDONE[Release.Outcome(made[0].outcome)],
        undo=lambda: reverse("scheduling:release-undo", args=[pk]),
        refusal=release.why_not_decide(appointment),
        is_by_phone=by_phone(user),
        back_name="Back",
    )


@page("release.decide", methods=("POST",))
def undo(request, pk):
    """Undo of the newest decision."""
    appointment = access.appointment(pk, by=request.user, action="release.decide")
    return press(request, appointment, "Taken back: the patient waits again", release.undo, appointment)


@page("visit.hand_over", methods=BOTH)
def hand_over(request, pk):
    """The completion list and the notes; POST hands the examination to the reader."""
    now, user = timezone.now(), request.user
    appointment = access.appointment(pk, by=user, action="visit.hand_over")
    form = HandOverForm(sent(request))

    def do():
        release.hand_over(appointment, note=form.cleaned_data["note"], by=user, now=now)

    return ask(
        request,
        appointment,
        form,
        do,
        template="scheduling/hand_over.html",
        text="Handed over to the reader",
        undo=reverse("scheduling:hand-over-undo", args=[pk]),
        needs=needs_shown(appointment, completeness.needs(appointment, now), user),
        refusal=release.why_not_hand_over(appointment),
        back_name="Back",
    )


@page("visit.hand_over", methods=("POST",))
def hand_over_undo(request, pk):
    """Undo of the hand-over."""
    appointment = access.appointment(pk, by=request.user, action="visit.hand_over")
    return press(request, appointment, "Hand-over taken back", release.take_back, appointment)


@page("aftercare.print")
def show(request, pk):
    """The aftercare sheet as it is printed, with its buttons."""
    return _sheet(request, access.appointment(pk, by=request.user, action="aftercare.print"))


def _sheet(request, found, refusal=None):
    now = timezone.now()
    context = {
        **frame(request, found),
        "sheet": aftercare.data(found, now=now),
        "why_not": aftercare.why_not(found),
        "why_not_send": aftercare.why_not_send(found),
        "refusal": refusal,
        "next": back(request),
    }
    return render(request, "scheduling/aftercare.html", context, status=refusal.status if refusal else 200)


@page("aftercare.print")
def pdf(request, pk):
    """The sheet as a file that the browser shows; where it cannot be printed, the page with the sentence."""
    found = access.appointment(pk, by=request.user, action="aftercare.print")
    try:
        made = aftercare.pdf(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _sheet(request, found, refusal)
    return pdf_of(made, "afterwards")


@page("aftercare.print", methods=BOTH)
def send(request, pk):
    """Send it by mail; who opens this address is led to the sheet."""
    found = access.appointment(pk, by=request.user, action="aftercare.print")
    if request.method != "POST":
        return redirect("scheduling:aftercare", pk)
    try:
        aftercare.send(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _sheet(request, found, refusal)
    messages.success(request, "The sheet is on its way.")
    return redirect("scheduling:aftercare", pk)
