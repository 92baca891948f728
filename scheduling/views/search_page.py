"""The page of proposals: for a new appointment, and for another time of one that is booked."""

from dataclasses import dataclass
from datetime import timedelta

from django.shortcuts import render
from django.utils import timezone

from scheduling.forms.booking import USUAL_DAYS, PeriodForm, WishesForm, XrayForm
from scheduling.forms.explanation import WhyNotForm
from scheduling.services.search import LONGEST_DAYS, notes
from scheduling.templatetags import clock
from scheduling.views import proposals, targets, why_not
from vqflow.errors import Conflict, DomainError, Invalid

XRAY_FIELDS = ("xray_modality", "xray_ended_at_0", "xray_ended_at_1", "xray_place")


@dataclass(frozen=True, slots=True)
class Page:
    """What is being looked for. `find(first_day, days, xray, wished)` answers (proposals, sentences).

    It raises Conflict where nothing may be looked for. `explain(wanted, first_day, days, xray, wished)` answers
    the WhyNot of a wanted start of the lungs, or of the days without one. `why_not_book`: the sentence why this
    person cannot take a proposal. `appointment`: the one to be moved, `xray_done`: its X-ray, where that is over.
    """

    order: object
    find: object
    why_not_book: str | None = None
    appointment: object = None
    xray_done: object = None
    may_overbook: bool = False
    is_overbooking: bool = False
    explain: object = None


def period_of(request, site, *, first_day=None):
    """The days to search, from the address or from the form that brought the X-ray."""
    today = clock.local(timezone.now(), site.time_zone).date()
    asked = request.POST if request.method == "POST" else request.GET
    given = {key: asked[key] for key in ("first_day", "days") if asked.get(key)}
    usual = {"first_day": max(first_day or today, today).isoformat(), "days": USUAL_DAYS}
    return PeriodForm(usual | given, today=today)


def wishes_of(request):
    """When the patient would like to come, from the address or from the form that brought the X-ray."""
    return WishesForm(request.POST if request.method == "POST" else request.GET)


def xray_of(request, site):
    """The form of an X-ray done elsewhere: bound when one was posted."""
    posted = request.method == "POST" and any(request.POST.get(field) for field in XRAY_FIELDS[1:])
    return XrayForm(request.POST if posted else None, zone=site.time_zone, now=timezone.now())


def why_not_of(request, site):
    """The form that asks why not at a time: bound when one was posted."""
    posted = request.method == "POST" and "wanted_0" in request.POST
    return WhyNotForm(request.POST if posted else None, zone=site.time_zone)


def render_search(request, page, *, period, xray_form=None, refusal=None, why_not_form=None):
    """Proposals, or the sentences why there are none; the status is that of what was refused."""
    order, xray = page.order, None
    cards, others, sentences, spent, explained = [], [], [], None, None
    why_not_form = why_not_form or WhyNotForm(None, zone=order.site.time_zone)
    wishes = wishes_of(request)
    is_valid = period.is_valid() and wishes.is_valid()
    if xray_form is not None and xray_form.is_bound:
        is_valid = xray_form.is_valid() and is_valid
        xray = xray_form.xray() if is_valid else None
    if is_valid:
        try:
            found, sentences = page.find(*_days(period), xray, wishes.wishes())
            done = xray or page.xray_done
            cards, others = proposals.choices(found, order=order, xray=done, wished=wishes.wishes())
            spent = _spent(page, xray or page.xray_done, *_days(period)) if sentences else None
            explained = _explained(page, why_not_form, sentences, _days(period), xray, wishes.wishes())
        except Conflict as cannot:
            refusal = refusal or cannot
    context = {
        "order": order,
        "patient": order.patient,
        "age": order.patient.age_on(period.today),
        "zone": order.site.time_zone,
        "appointment": page.appointment,
        "period": period,
        "wishes": wishes,
        "is_wished": is_valid and bool(wishes.wishes()),
        "xray_form": xray_form,
        "xray": xray,
        "xray_fields": [(field, request.POST.get(field, "")) for field in XRAY_FIELDS] if xray else [],
        "notes": notes(order, timezone.now()),
        "cards": cards,
        "others": others,
        "sentences": sentences,
        "why_not": explained,
        "why_not_form": why_not_form,
        "wish_fields": _carried(request, wishes) if is_valid else [],
        "advice": spent or (sentences and _advice(page, xray, period.cleaned_data["days"])),
        "is_xray_spent": spent is not None,
        "refusal": refusal,
        "why_not_book": page.why_not_book,
        "may_overbook": page.may_overbook,
        "is_overbooking": page.is_overbooking,
        "is_searched": is_valid and (cards or sentences),
    }
    status = _status(is_valid and not why_not_form.errors, refusal)
    return render(request, "scheduling/search.html", context, status=status)


def _explained(page, form, sentences, days, xray, wished):
    """The answer to a wanted time, else why nothing was found in these days; None where there is no question."""
    if not form.is_bound and (not sentences or page.is_overbooking):
        return None
    wanted = form.cleaned_data["wanted"] if form.is_bound and form.is_valid() else None
    if form.is_bound and wanted is None:
        return None
    try:
        found = page.explain(wanted, *days, xray, wished)
    except Invalid as refusal:
        form.refuse(refusal)
        return None
    if wanted is None and found.proposal is not None:
        return None
    return why_not.answer(found, order=page.order, wanted=wanted, xray=xray or page.xray_done)


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
