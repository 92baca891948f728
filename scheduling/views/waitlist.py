"""Pages of the waitlist: who waits for what, what is offered to whom, and what the patient said on the phone."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.contrib.messages import success
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling import letters, order_list
from scheduling.forms.waitlist import WEEKDAYS, WishesForm, notice_words
from scheduling.models import Offer, WaitlistEntry
from scheduling.services import access
from scheduling.services.waitlist import entries, filling, offers
from scheduling.templatetags import clock
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

PER_PAGE = 50
BOTH = ("GET", "POST")
USUAL_WAIT = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Row:
    """One who waits, in words. `visits`: when the patient would come for the open offer."""

    entry: WaitlistEntry
    days: str
    hours: str
    notice: str
    offer: Offer | None
    visits: list


@page("waitlist.view")
def waitlist(request):
    return _render_list(request)


def _render_list(request, *, status=200, refusal=None):
    """The list; `refusal` is what held the last deed back."""
    user, now = request.user, timezone.now()
    asked = Paginator(order_list.on_waitlist(user), PER_PAGE).get_page(request.GET.get("page"))
    patients = [entry.order.patient_id for entry in asked]
    access.listed("waitlist", patients, by=user, action="waitlist.view")
    context = {
        "page": asked,
        "rows": [_row(entry) for entry in asked],
        "may_manage": policy.allows(user, "waitlist.manage"),
        "refusal": refusal,
        "now": now,
    }
    return render(request, "scheduling/waitlist.html", context, status=status)


def _row(entry):
    offer = next(iter(entry.open_offers), None)
    return Row(
        entry,
        f"{clock.day(entry.first_day)} to {clock.day(entry.last_day)}",
        hours_words(entry),
        notice_words(entry.notice_minutes),
        offer,
        letters.offered_visits(offer) if offer else [],
    )


def hours_words(entry):
    """ "Mon, Tue; 09:00 to 12:00", or nothing where any time suits."""
    parts = [", ".join(dict(WEEKDAYS)[day][:3] for day in entry.weekdays)]
    if entry.comes_from is not None:
        parts.append(f"{entry.comes_from:%H:%M} to {entry.comes_until:%H:%M}")
    return "; ".join(filter(None, parts))


@page("waitlist.manage", methods=BOTH)
def join(request, pk):
    """Put an order on the waitlist: GET asks what would suit the patient."""
    order = access.order(pk, by=request.user, action="waitlist.manage")
    appointment, now = entries.live_appointment(order), timezone.now()
    if live := order.waitlist_entries.live().first():
        return redirect("scheduling:waitlist-entry", live.pk)
    form = WishesForm(request.POST or None, wishes=_usual_wishes(order, appointment, now))
    refusal = entries.why_not_join(order, appointment)
    shown = {"order": order, "appointment": appointment, "form": form}
    if request.method != "POST" or not form.is_valid():
        return _render_form(request, **shown, refusal=refusal and Conflict(refusal))
    try:
        entries.join(order, wishes=form.wishes(), by=request.user, now=now)
    except Invalid as invalid:
        form.refuse(invalid)
        return _render_form(request, **shown)
    except Conflict as conflict:
        return _render_form(request, **shown, refusal=conflict)
    success(request, f"On the waitlist. The desk is told as soon as a time is free. {filling.OFFERS_GO_OUT}")
    return redirect("scheduling:waitlist")


def _usual_wishes(order, appointment, now):
    """From today to the day of the appointment, or four weeks on."""
    zone = ZoneInfo(order.site.time_zone)
    today = now.astimezone(zone).date()
    last = appointment.lungs_start_at.astimezone(zone).date() if appointment else today + USUAL_WAIT
    return entries.Wishes(first_day=today, last_day=max(today, last))


@page("waitlist.manage", methods=BOTH)
def entry(request, pk):
    """What suits a patient who waits; POST changes it."""
    found = access.waitlist_entry(pk, by=request.user)
    form = WishesForm(request.POST or None, wishes=entries.wishes_of(found))
    shown = {"order": found.order, "appointment": found.appointment, "form": form, "entry": found}
    ended = None if found.is_live else Conflict(entries.NOT_WAITING)
    if request.method != "POST" or not form.is_valid():
        return _render_form(request, **shown, refusal=ended)
    try:
        entries.change(found, wishes=form.wishes(), by=request.user, now=timezone.now())
    except Invalid as invalid:
        form.refuse(invalid)
        return _render_form(request, **shown)
    except Conflict as conflict:
        return _render_form(request, **shown, refusal=conflict)
    success(request, "Changed.")
    return redirect("scheduling:waitlist")


def _render_form(request, *, order, appointment, form, entry=None, refusal=None):
    zone, now = order.site.time_zone, timezone.now()
    context = {
        "order": order,
        "patient": order.patient,
        "appointment": appointment,
        "entry": entry,
        "form": form,
        "refusal": refusal,
        "offers_go_out": filling.OFFERS_GO_OUT,
        "zone": zone,
        "age": order.patient.age_on(clock.local(now, zone).date()),
        "now": now,
    }
    status = 200
    if request.method == "POST":
        status = 409 if refusal else 422
    return render(request, "scheduling/waitlist_entry.html", context, status=status)


@page("waitlist.manage", methods=BOTH)
def leave(request, pk):
    """The patient does not wait any more."""
    found = access.waitlist_entry(pk, by=request.user)
    if request.method != "POST":
        return redirect("scheduling:waitlist-entry", pk)
    try:
        entries.leave(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _render_list(request, status=409, refusal=refusal)
    success(request, "Taken off the waitlist.")
    return redirect("scheduling:waitlist")


@page("offer.answer", methods=BOTH)
def accept(request, pk):
    """The patient takes the offered time."""
    offer = access.offer(pk, by=request.user)
    if request.method != "POST":
        return redirect("scheduling:waitlist")
    try:
        appointment = offers.accept(offer, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        return _render_list(request, status=409, refusal=refusal)
    success(request, "Moved." if offer.entry.appointment_id else "Booked.")
    return redirect("scheduling:appointment", appointment.pk)


@page("offer.answer", methods=BOTH)
def decline(request, pk):
    """The patient does not want the offered time, and waits on."""
    offer = access.offer(pk, by=request.user)
    if request.method != "POST":
        return redirect("scheduling:waitlist")
    try:
        offers.decline(offer, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _render_list(request, status=409, refusal=refusal)
    success(request, "Declined. The time goes to the next patient.")
    return redirect("scheduling:waitlist")
