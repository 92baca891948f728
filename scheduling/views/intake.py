"""Pages on which orders are taken: patient and order on one screen, and STAT orders in five fields."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling import patient_duplicates
from scheduling.engine import indications as catalogue
from scheduling.engine import screening as rules
from scheduling.forms.intake import OrderForm, StatOrderForm
from scheduling.forms.patients import confirmed
from scheduling.models import Patient, Site
from scheduling.services import access, intake
from scheduling.views import consequences, intake_screen
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

CHOOSE_PATIENT = "Find the patient first, or register a new one."


@page("order.create", methods=("GET", "POST"))
def new(request, patient_pk=None):
    """Every button of the screen sends all of it: nothing typed is lost, with scripts or without."""
    screen = intake_screen.opened(request, patient_pk)
    if screen.do == intake_screen.SAVE and (order := _saved(screen)):
        messages.success(request, "Order saved.")
        return redirect("scheduling:order", order.pk)
    return screen.render()


def _saved(screen):
    """The order, or None with what is wrong on the screen."""
    screen.status = 422
    if screen.patient is None and not screen.is_new:
        screen.refusal = CHOOSE_PATIENT
    right = [each.is_valid() for each in (screen.form, screen.new_patient) if each is not None]
    if screen.refusal or not all(right):
        return None
    try:
        return _placed(screen)
    except intake.PossibleDuplicates as refusal:
        screen.status, screen.refusal = 409, refusal.sentence
        screen.candidates = candidates(
            screen.new_patient.cleaned_data, refusal.extra["candidates"], screen.site, by=screen.request.user
        )
    except Invalid as refusal:
        shown_at = (
            screen.new_patient if screen.new_patient and refusal.fields.keys() & {"mrn"} else screen.form
        )
        shown_at.refuse(refusal)
    except Conflict as refusal:
        screen.status, screen.refusal = 409, refusal.sentence
    return None


def _placed(screen):
    by, now, request = screen.request.user, timezone.now(), screen.form.request()
    if screen.patient:
        return intake.place_order(screen.patient, request, by=by, now=now)
    return intake.register_and_order(
        site=screen.site,
        request=request,
        by=by,
        now=now,
        confirmed_different=confirmed(screen.request.POST.get("different", "")),
        **screen.new_patient.cleaned_data,
    )


def candidates(known, ids, site, *, by):
    """The Candidates with these ids beside what is known of the new patient, audited as shown."""
    person = patient_duplicates.Person(
        **{name: known[name] for name in patient_duplicates.KNOWN if known.get(name)}
    )
    found = [each for each in patient_duplicates.candidates(person, site=site) if each.patient.pk in ids]
    missed = set(ids) - {each.patient.pk for each in found}
    rows = Patient.objects.for_user(by).filter(pk__in=missed)
    found += [patient_duplicates.Candidate(each, ["same number"]) for each in rows]
    access.listed("patients.duplicates", [each.patient.pk for each in found], by=by, action="patient.find")
    return found


@page("order.create", methods=("POST",))
def effects(request):
    """What the answers so far would do, while they are being given: a fragment."""
    screen = intake_screen.opened(request)
    asked = (request.htmx.target or "").removeprefix("effects-")
    shown = consequences.shown(rules.evaluate(screen.form.answers_so_far(), screen.facts()))
    context = {
        "shown": [each for each in shown if each.effect.question == asked],
        "summary": consequences.grouped(shown),
    }
    return render(request, "scheduling/_effects_answer.html", context)


@page("order.create", methods=("POST",))
def indications(request):
    """Codes of the list that fit what was typed: a fragment."""
    found = catalogue.matching(request.POST.get("indication", "")[:150])
    return render(request, "scheduling/_indications.html", {"indications": found})


@page("order.create", methods=("POST",))
def wells(request):
    """The score of the criteria that are ticked: a fragment."""
    form = OrderForm(
        questions=(), user=request.user, initial={"wells_criteria": request.POST.getlist("wells_criteria")}
    )
    context = {"form": form, **intake_screen.score(form)}
    return render(request, "scheduling/_wells_score.html", context)


@page("order.create_stat", methods=("GET", "POST"))
def new_stat(request):
    """Five fields, one button, and straight on to the order."""
    form = StatOrderForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid() and (order := _stat_order(request, form)):
        messages.success(request, "STAT order taken. Find a time now; it can be vetted by phone meanwhile.")
        return redirect("scheduling:order", order.pk)
    context = {
        "form": form,
        "referrers": form.referrer_matches(),
        "chosen_referrer": form.chosen_referrer(),
    }
    return render(request, "scheduling/order_stat.html", context, status=422 if form.errors else 200)


def _stat_order(request, form):
    site = Site.objects.for_user(request.user).get()
    try:
        return intake.place_stat_order(site=site, by=request.user, now=timezone.now(), **form.order())
    except Invalid as refusal:
        form.refuse(refusal)
    return None
