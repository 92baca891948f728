"""The page of proposals: for a new appointment, for another time of one that is booked, and of one of its steps."""

from dataclasses import dataclass
from datetime import timedelta

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.refusal import step_words
from scheduling.forms.booking import USUAL_DAYS, PeriodForm, WishesForm, XrayForm
from scheduling.forms.explanation import WhyNotForm
from scheduling.services.explanation import lungs_of
from scheduling.services.search import LONGEST_DAYS, notes
from scheduling.templatetags import clock
from scheduling.views import held, proposals, sixweeks, targets, why_not
from vqflow.errors import Conflict, DomainError, Invalid

XRAY_FIELDS = ("xray_modality", "xray_ended_at_0", "xray_ended_at_1", "xray_place")


@dataclass(frozen=True, slots=True)
class Page:
    """What is being looked for. `find(first_day, days, xray, wished)` answers (proposals, sentences).

    It raises Conflict where nothing may be looked for. `explain(starts, first_day, days, xray, wished)` answers
    the WhyNot of wanted starts, or of the days without any. `days(first_day, xray, wished)`: how full the next
    weeks are, where that is shown. `why_not_book`: the sentence why this person cannot take a proposal.
    `appointment`: the one to be moved, `step`: if only that of it; `xray_done`: its X-ray, where that is over.
    """

    order: object
    find: object
    explain: object = None
    days: object = None
    why_not_book: str | None = None
    appointment: object = None
    step: object = None
    xray_done: object = None
    may_overbook: bool = False
    is_overbooking: bool = False

    @property
    def addresses(self):
        """Where to search, take, hold and ask why not; `take_all`: where a whole visit is taken."""
        if self.step:
            names, pk = ("step-move", "step-move", "appointment-hold", "step-why-not"), self.step.pk
        elif self.appointment:
            names, pk = ("move", "move", "appointment-hold", "appointment-why-not"), self.appointment.pk
        else:
            names, pk = ("search", "book", "order-hold", "order-why-not"), self.order.pk
        keys = [self.appointment.pk if name == "appointment-hold" else pk for name in names]
        found = [reverse(f"scheduling:{name}", args=[key]) for name, key in zip(names, keys, strict=True)]
        to = dict(zip(("search", "take", "hold", "ask"), found, strict=True))
        # What is offered beside a wanted time may move other steps too.
        whole = reverse("scheduling:move", args=[self.appointment.pk]) if self.step else to["take"]
        return to | {"take_all": whole}

    @property
    def asked_kind(self):
        """Of which step a wanted time is the start."""
        return self.step.kind if self.step else lungs_of(self.order, self.appointment)


def period_of(request, site, *, first_day=None):
    """The days to search, from the address or from the form that brought the X-ray. `day`: one of the six weeks."""
    today = clock.local(timezone.now(), site.time_zone).date()
    asked = request.POST if request.method == "POST" else request.GET
    given = {key: asked[key] for key in ("first_day", "days") if asked.get(key)}
    if asked.get("day"):
        given = {"first_day": asked["day"], "days": 1}
    usual = {"first_day": max(first_day or today, today).isoformat(), "days": USUAL_DAYS}
    return PeriodForm(usual | given, today=today)


def wishes_of(request):
    """When the patient would like to come, from the address or from the form that brought the X-ray."""
    return WishesForm(request.POST if request.method == "POST" else request.GET)


def xray_of(request, site):
    """The form of an X-ray done elsewhere: bound when one was posted."""
    posted = request.method == "POST" and any(request.POST.get(field) for field in XRAY_FIELDS[1:])
    return XrayForm(request.POST if posted else None, zone=site.time_zone, now=timezone.now())


def why_not_of(request, page):
    """The form that asks why not at a time: bound when one was posted."""
    posted = request.method == "POST" and "wanted_0" in request.POST
    return WhyNotForm(request.POST if posted else None, **_asked(page))


def _asked(page):
    further = () if page.step else page.order.procedure.protocol.steps.all()
    others = [row.kind for row in further if row.kind != page.asked_kind and not row.simultaneous]
    return {
        "zone": page.order.site.time_zone,
        "kind": page.asked_kind,
        "others": others,
        "is_step": bool(page.step),
    }


@dataclass(slots=True)
class Answer:
    """What the search has said, as far as it came: `spent` is the sentence of an X-ray that no later day can use,
    `explained` the answer to a wanted time, `weeks` how full the next six are."""

    cards: object = ()
    others: object = ()
    sentences: object = ()
    spent: str | None = None
    explained: object = None
    weeks: object = None


def render_search(request, page, *, period, xray_form=None, refusal=None, why_not_form=None):
    """Proposals, or the sentences why there are none; the status is that of what was refused."""
    why_not_form = why_not_form or WhyNotForm(None, **_asked(page))
    wishes, answer, xray = wishes_of(request), Answer(), None
    is_valid = period.is_valid() and wishes.is_valid()
    if xray_form is not None and xray_form.is_bound:
        is_valid = xray_form.is_valid() and is_valid
        xray = xray_form.xray() if is_valid else None
    if is_valid:
        try:
            _search(page, answer, _days(period), xray, wishes.wishes(), why_not_form, request.user)
        except Conflict as cannot:
            refusal = refusal or cannot
    context = {
        **_about(page, period.today, request.user),
        **_found(page, answer, xray, period if is_valid else None),
        "period": period,
        "wishes": wishes,
        "is_wished": is_valid and bool(wishes.wishes()),
        "wish_fields": _carried(request, wishes) if is_valid else [],
        "xray_form": xray_form,
        "xray": xray,
        "xray_fields": [(field, request.POST.get(field, "")) for field in XRAY_FIELDS] if xray else [],
        "why_not_form": why_not_form,
        "refusal": refusal,
        "overbook_reason": _overbook_reason(request, refusal),
    }
    status = _status(is_valid and not why_not_form.errors, refusal)
    return render(request, "scheduling/search.html", context, status=status)


def _search(page, answer, days, xray, wished, why_not_form, by):
    """Ask everything that the page shows, into `answer`. Raises Conflict where nothing may be looked for."""
    found, answer.sentences = page.find(*days, xray, wished)
    done = xray or page.xray_done
    answer.cards, answer.others = _choices(page, found, done, wished)
    if answer.sentences:
        answer.spent = _spent(page, done, *days)
    answer.explained = _explained(page, why_not_form, answer.sentences, days, xray, wished, by)
    if page.days and not page.is_overbooking:
        zone = page.order.site.time_zone
        answer.weeks = sixweeks.shown(
            page.days, *days, xray=xray, wished=wished, zone=zone, now=timezone.now()
        )


def _about(page, today, user):
    """Who is looked for, and what this person may do about it."""
    order = page.order
    return {
        "page": page,
        "to": page.addresses,
        "order": order,
        "patient": order.patient,
        "age": order.patient.age_on(today),
        "zone": order.site.time_zone,
        "appointment": page.appointment,
        "step": page.step,
        "what": page.step and step_words(page.step.kind),
        "notes": notes(order, timezone.now()),
        "held": held.for_order(order, user=user, now=timezone.now()),
        "why_not_book": page.why_not_book,
        "may_overbook": page.may_overbook,
        "is_overbooking": page.is_overbooking,
    }


def _found(page, answer, xray, period):
    """The answer as the page takes it; `period`: None where it was not searched."""
    advice = answer.spent or (answer.sentences and _advice(page, xray, period.cleaned_data["days"]))
    return {
        "cards": answer.cards,
        "others": answer.others,
        "weeks": answer.weeks,
        "sentences": answer.sentences,
        "why_not": answer.explained,
        "advice": "" if page.step else advice,
        "is_xray_spent": answer.spent is not None,
        "is_searched": period is not None and (answer.cards or answer.sentences),
    }


def _overbook_reason(request, refusal):
    """What was typed comes back to be mended, where it was that which was refused."""
    was_refused = isinstance(refusal, Invalid) and "overbook_reason" in refusal.fields
    return request.POST.get("overbook_reason") if was_refused else None


def _choices(page, found, xray, wished):
    if page.step:
        return proposals.of_step(found, order=page.order, step=page.step, xray=xray)
    return proposals.choices(found, order=page.order, xray=xray, wished=wished)


def _explained(page, form, sentences, days, xray, wished, by):
    """The answer to a wanted time, else why nothing was found in these days; None where there is no question."""
    if not form.is_bound and (not sentences or page.is_overbooking or page.step):
        return None
    starts = form.starts() if form.is_bound and form.is_valid() else {}
    if form.is_bound and not starts:
        return None
    try:
        found = page.explain(starts, *days, xray, wished)
    except Invalid as refusal:
        form.refuse(refusal)
        return None
    if not starts and found.proposal is not None:
        return None
    wanted = starts.get(page.asked_kind)
    return why_not.answer(found, page=page, by=by, wanted=wanted, xray=xray or page.xray_done)


def _carried(request, wishes):
    """The patient's wishes as the fields of a form that is posted."""
    asked = request.POST if request.method == "POST" else request.GET
    return [(name, value) for name in wishes.fields for value in asked.getlist(name)]


def _advice(page, xray, days):
    """What to do where no time was found."""
    found = "Search more days, or begin on a later day." if days < LONGEST_DAYS else "Begin on a later day."
    if page.appointment or xray:
        return found
    return f"{found} If an X-ray was done elsewhere, enter it."


def _spent(page, xray, first_day, days):
    """The sentence about a finished X-ray that no search of more or later days can use, or None."""
    good_until = targets.xray_good_until(page.order, xray) if xray else None
    zone = page.order.site.time_zone
    if good_until is None or clock.local(good_until, zone).date() >= first_day + timedelta(days=days):
        return None
    if good_until > timezone.now():
        free = "no other time" if page.appointment else "no time"
        return (
            f"This X-ray is good for a start until {clock.at(good_until, zone)}; {free} is free before that."
        )
    found = "This X-ray is too old for any time from now on."
    return f"{found} Cancel this appointment and book one with a new X-ray." if page.appointment else found


def _days(period):
    return period.cleaned_data["first_day"], period.cleaned_data["days"]


def _status(is_valid, refusal: DomainError | None):
    if refusal is not None:
        return refusal.status
    return 200 if is_valid else 422
