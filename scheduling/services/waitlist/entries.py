"""Who waits: patients join the waitlist with what would suit them, change their wishes, and leave it."""

from dataclasses import asdict, dataclass, fields
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q

from scheduling.engine.states import AppointmentState, EntryState, OrderState
from scheduling.models import Appointment, Order, WaitlistEntry
from scheduling.services import search, transitions, waitlist
from scheduling.services.waitlist import offers
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

FARTHEST = timedelta(days=366)
LONGEST_NOTICE_MINUTES = 7 * 24 * 60
# Nobody is phoned for less.
LEAST_GAIN = timedelta(hours=1)
NOT_WAITING = "This patient is not on the waitlist any more."
CAN_WAIT = (OrderState.REQUESTED, OrderState.VETTED)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What suits a patient, on the site's clock: days from `first_day` to `last_day`, and when to arrive.

    `weekdays`: Monday is 0, none named is any day. `notice_minutes`: from the call to the door.
    """

    first_day: date
    last_day: date
    weekdays: tuple[int, ...] = ()
    comes_from: time | None = None
    comes_until: time | None = None
    notice_minutes: int = 120


def why_not_join(order, appointment):
    """A sentence why this order cannot be put on the waitlist now, or None. `appointment`: its live one, if any."""
    if order.waitlist_entries.live().exists():
        return "This patient is on the waitlist already."
    if appointment is None:
        return search.why_not_book(order)
    if appointment.state != AppointmentState.BOOKED:
        return f"This appointment is {transitions.words(appointment.state)}; it cannot be earlier any more."
    return search.why_not_move(appointment)


def live_appointment(order):
    """The appointment that an earlier time would replace, or None."""
    live = [AppointmentState.BOOKED, AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS]
    return (
        Appointment.objects.filter(procedure__order=order, state__in=live)
        .select_related("site")
        .prefetch_related("steps")
        .first()
    )


@transaction.atomic
def join(order, *, wishes, by, now):
    """Put an order on the waitlist: for any time, or for an earlier one than its appointment's."""
    policy.permit(by, "waitlist.manage")
    Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    order = Order.objects.with_people().get(pk=order.pk)
    appointment = live_appointment(order)
    if refusal := why_not_join(order, appointment):
        raise Conflict(refusal)
    _check(wishes, order.site, appointment, now)
    entry = WaitlistEntry.objects.create(
        order=order,
        appointment=appointment,
        earlier_than=appointment.lungs_start_at if appointment else None,
        joined_at=now,
        joined_by=by,
        wishes_at=now,
        **_columns(wishes),
    )
    audit.record("waitlist.joined", entry, by=by, patients=[order.patient_id], **_told(wishes))
    waitlist.time_freed()
    return entry


@transaction.atomic
def change(entry, *, wishes, by, now):
    """Other wishes. What was declined before counts no longer; an open offer stays open."""
    policy.permit(by, "waitlist.manage")
    entry = offers.locked_entry(entry)
    _refuse_ended(entry)
    _check(wishes, entry.order.site, entry.appointment, now)
    for name, value in _columns(wishes).items():
        setattr(entry, name, value)
    entry.wishes_at = now
    entry.save(update_fields=[*_columns(wishes), "wishes_at"])
    audit.record("waitlist.changed", entry, by=by, patients=[entry.order.patient_id], **_told(wishes))
    waitlist.time_freed()
    return entry


@transaction.atomic
def leave(entry, *, by, now):
    """The patient does not wait any more. An open offer is withdrawn and its time is free again."""
    policy.permit(by, "waitlist.manage")
    entry = offers.locked_entry(entry)
    _refuse_ended(entry)
    offers.end(entry, EntryState.LEFT, by=by, now=now)
    return entry


def end_over(*, now):
    """End the waiting that has no sense any more: booked, moved or cancelled by the desk, or the last day is over.

    Returns how many have ended. Entries that somebody is working on are left to the next time.
    """
    ended = 0
    for pk in list(_over(now).values_list("pk", flat=True)):
        with transaction.atomic():
            entry = offers.claimed_entry(pk)
            if entry is None or not _over(now).filter(pk=pk).exists():
                continue
            offers.end(entry, _outcome(entry), by=None, now=now)
            ended += 1
    return ended


def _over(now):
    days = WaitlistEntry.objects.live().values_list("order__site__time_zone", flat=True).distinct()
    last_day_over = Q()
    for zone in days:
        today = now.astimezone(ZoneInfo(zone)).date()
        last_day_over |= Q(order__site__time_zone=zone, last_day__lt=today, state=EntryState.WAITING)
    cannot_wait = Q(appointment=None) & ~Q(order__state__in=CAN_WAIT)
    has_changed = ~Q(appointment=None) & ~Q(appointment__state=AppointmentState.BOOKED)
    is_earlier = Q(appointment__lungs_start_at__lte=F("earlier_than") - LEAST_GAIN)
    return WaitlistEntry.objects.live().filter(cannot_wait | has_changed | is_earlier | last_day_over)


def _outcome(entry):
    """How the waiting of an entry of `_over` ended."""
    order, appointment = entry.order, entry.appointment
    if appointment is None:
        return EntryState.TAKEN if order.state == OrderState.SCHEDULED else _lapsed(entry)
    if appointment.state != AppointmentState.BOOKED:
        return EntryState.LEFT
    if appointment.lungs_start_at <= entry.earlier_than - LEAST_GAIN:
        return EntryState.TAKEN
    return EntryState.EXPIRED


def _lapsed(entry):
    return EntryState.EXPIRED if entry.order.state in CAN_WAIT else EntryState.LEFT


def wishes_of(entry):
    """The wishes of an entry, as `change` takes them."""
    values = {each.name: getattr(entry, each.name) for each in fields(Wishes)}
    return Wishes(**{**values, "weekdays": tuple(entry.weekdays)})


def _refuse_ended(entry):
    if not entry.is_live:
        raise Conflict(NOT_WAITING)


def _columns(wishes):
    return {**asdict(wishes), "weekdays": sorted(set(wishes.weekdays))}


def _told(wishes):
    """The wishes for the audit trail."""
    return {
        name: value.isoformat() if isinstance(value, date | time) else value
        for name, value in _columns(wishes).items()
    }


def _check(wishes, site, appointment, now):
    """Raise Invalid where no time could ever suit these wishes."""
    zone = ZoneInfo(site.time_zone)
    faults = {
        "first_day": _first_day_fault(wishes, appointment, zone),
        "last_day": _last_day_fault(wishes, now.astimezone(zone).date()),
        "weekdays": None
        if set(wishes.weekdays) <= set(range(7))
        else "Weekdays are 0, Monday, to 6, Sunday.",
        "comes_until": _hours_fault(wishes),
        "notice_minutes": None
        if 0 <= wishes.notice_minutes <= LONGEST_NOTICE_MINUTES
        else "Give a time of at most seven days.",
    }
    found = {name: [sentence] for name, sentence in faults.items() if sentence}
    if found:
        raise Invalid(next(iter(found.values()))[0], fields=found)


def _first_day_fault(wishes, appointment, zone):
    if appointment and wishes.first_day > appointment.lungs_start_at.astimezone(zone).date():
        return "The appointment is before this day. Choose a day before the appointment."
    return None


def _last_day_fault(wishes, today):
    if wishes.last_day < today:
        return "This day is over. Choose today or later."
    if wishes.last_day < wishes.first_day:
        return "The last day lies before the first. Choose a later one."
    if wishes.last_day > today + FARTHEST:
        return "This is more than a year ahead. Choose an earlier day."
    return None


def _hours_fault(wishes):
    if (wishes.comes_from is None) != (wishes.comes_until is None):
        return "Give both times of day, or none."
    if wishes.comes_from is not None and wishes.comes_until <= wishes.comes_from:
        return "This is not later than the first time of day. Choose a later one."
    return None
