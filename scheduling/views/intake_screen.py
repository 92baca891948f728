"""The screen on which an order is taken: who it is for, and what is asked, as far as somebody has come."""

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import order_list, patient_search
from scheduling.engine import screening as rules
from scheduling.engine import wells
from scheduling.forms.intake import OrderForm
from scheduling.forms.patients import NewPatientForm, prefilled
from scheduling.models import Patient, PatientClass, Priority, Site
from scheduling.services import access
from scheduling.templatetags import clock
from scheduling.views import consequences

FEWEST_LETTERS = 2
MOST_MATCHES = 8
SAVE, FIND, NEW, SHOW = "save", "find", "new", "show"


@dataclass
class Screen:
    """`do` is what the pressed button wants; a new patient's form stands where `is_new` says so."""

    request: object
    site: Site
    do: str
    patient: Patient | None
    is_new: bool
    form: OrderForm = None
    new_patient: NewPatientForm = None
    candidates: list = field(default_factory=list)
    refusal: str = ""
    status: int = 200

    @property
    def is_chosen(self):
        return self.patient is not None

    @property
    def text(self):
        return self.request.POST.get("text", "")

    def facts(self):
        """What the rules may know before there is an order: the patient, and the class and priority chosen so far."""
        chosen = self.request.POST
        sex, age = "unknown", None
        if self.patient:
            sex, age = self.patient.sex, self.patient.age_on(today(self.site))
        elif self.is_new:
            sex, age = chosen.get("new-sex") or "unknown", self._age_typed()
        return rules.Facts(
            sex=sex,
            age_years=age,
            patient_class=chosen.get("patient_class") or PatientClass.OUTPATIENT,
            priority=chosen.get("priority") or Priority.ROUTINE,
        )

    def _age_typed(self):
        try:
            born_on = NewPatientForm.base_fields["born_on"].clean(self.request.POST.get("new-born_on"))
        except ValidationError:
            return None
        return Patient(born_on=born_on).age_on(today(self.site))

    def render(self):
        request = self.request
        effects = rules.evaluate(self.form.answers_so_far(), self.facts())
        matches = self._matches()
        context = {
            "screen": self,
            "form": self.form,
            "new_patient": self.new_patient,
            "patient": self.patient,
            "age": self.patient.age_on(today(self.site)) if self.patient else None,
            "others": order_list.open_or_recent(self.patient, now=timezone.now()) if self.patient else [],
            "matches": matches,
            "searched": bool(self.text.strip()),
            "candidates": self.candidates,
            "questions": consequences.beside(self.form, effects),
            "effects_url": reverse("scheduling:order-new-effects"),
            "summary": consequences.grouped(consequences.shown(effects)),
            "referrers": self.form.referrer_matches(),
            "chosen_referrer": self.form.chosen_referrer(),
            **score(self.form),
        }
        return render(request, "scheduling/order_new.html", context, status=self.status)

    def _matches(self):
        """Patients like what was typed, audited as shown; none once somebody is chosen."""
        if self.is_chosen or self.is_new:
            return []
        return matches(self.text, by=self.request.user, site=self.site)


def score(form):
    """The points of the criteria that are ticked and what they say, as the page shows them."""
    points = form.points()
    return {"points": points, "verdict": "" if points is None else wells.verdict(points)}


def opened(request, patient_pk=None):
    """The screen as the request finds it, its forms bound only where it is to be saved."""
    post = request.POST
    site = Site.objects.for_user(request.user).get()
    patient = _chosen(request, patient_pk)
    is_new = patient is None and (
        post.get("do") == NEW or (post.get("who") == "new" and "unpick" not in post)
    )
    screen = Screen(request, site, _wanted(request, patient, is_new), patient, is_new)
    questions = rules.questions_for(screen.facts())
    if screen.do == SAVE:
        screen.form = OrderForm(post, questions=questions, user=request.user)
    else:
        answers = _answers(screen)
        screen.form = OrderForm(
            questions=questions, user=request.user, answers=answers, initial=_kept(screen)
        )
    if is_new:
        screen.new_patient = _new_patient(screen)
    return screen


def _chosen(request, patient_pk):
    post = request.POST
    if "unpick" in post:
        return None
    wanted = post.get("pick") or post.get("patient") or ("" if "who" in post else patient_pk)
    if not str(wanted or "").isdecimal() or len(str(wanted)) > 18:
        return None
    return access.patient(int(wanted), by=request.user, action="order.create")


def _wanted(request, patient, is_new):
    """Enter in the search field sends the form too: without a patient it can only mean to search."""
    post = request.POST
    if request.method != "POST" or "pick" in post or "unpick" in post:
        return SHOW
    if "different" in post:
        return SAVE
    do = post.get("do", SAVE)
    if do == SAVE and patient is None and not is_new and post.get("text", "").strip():
        return FIND
    return do


def _kept(screen):
    """What was typed into the order so far; who has been chosen just now brings a language along."""
    post = screen.request.POST
    kept = {name: post.getlist(name) if name == "wells_criteria" else post[name] for name in post}
    if screen.patient and ("pick" in post or screen.request.method == "GET"):
        kept["language"] = screen.patient.language
        if screen.patient.is_temporary:
            kept["patient_class"] = PatientClass.EMERGENCY
    return {name: value for name, value in kept.items() if name in OrderForm.base_fields and value != ""}


def _answers(screen):
    """What was answered so far; that somebody needs an interpreter stands on the record."""
    known = {"interpreter": rules.YES} if screen.patient and screen.patient.interpreter_needed else {}
    return known | screen.request.POST.dict()


def _new_patient(screen):
    post, options = screen.request.POST, {"site": screen.site, "today": today(screen.site)}
    if screen.do == SAVE:
        return NewPatientForm(post, **options)
    if post.get("who") == "new":
        typed = {name.removeprefix("new-"): post[name] for name in post if name.startswith("new-")}
        return NewPatientForm(initial=typed, **options)
    return NewPatientForm(initial=prefilled(screen.text), **options)


def matches(text, *, by, site):
    """(patient, age) of those like what was typed, once it is enough to tell people apart; audited as shown."""
    typed = text.strip()
    if len(typed) < FEWEST_LETTERS and typed.isascii():
        return []
    found = patient_search.find(typed, by=by, most=MOST_MATCHES)
    access.listed("patients.matches", [each.pk for each in found], by=by, action="patient.find")
    day = today(site)
    return [(each, each.age_on(day)) for each in found]


def today(site):
    return clock.local(timezone.now(), site.time_zone).date()
