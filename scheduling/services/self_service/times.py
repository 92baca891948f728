"""Another time, chosen by the patient: the department's real proposals, one kept while choosing, then moved to.

Only whole local days from the site's notice on, as many as it opens, for the same examination; one coming to the
clinic on each day where that can be had. What is offered is signed, so only what was offered can be chosen.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from scheduling.models import Hold, StepKind
from scheduling.services import booking, heat, holds, reservations, search, site_accounts
from scheduling.services.self_service import standing
from scheduling.services.wishes import Wishes
from vqflow.errors import Conflict, Invalid
from vqflow.models import Role

KEPT_FOR = timedelta(minutes=10)
APART = timedelta(minutes=30)
# A day has 288 starts at most on a grid of five minutes; three days where the X-ray is on another one.
LOOKED_AT = 900
SALT = "scheduling.self_service.times"
OFFERED_FOR = timedelta(hours=1)
ONE_TRIP = Wishes(same_day_only=True)

TAKEN = _("This time is not free any more. Please choose another.")
OLD = _("This list of times is out of date. Please choose again.")
NOT_KEPT = _("This time is not kept for you any more. Please choose again.")
RAN_OUT = _("We could not keep this time for you any longer, and it is taken. Please choose another.")


@dataclass(frozen=True, slots=True)
class Choice:
    """One time to choose. `visits`: (comes at, leaves at) of each coming; `key` is what `hold` takes.

    `xray_at` is None where the X-ray is done already.
    """

    key: str
    starts_at: datetime
    ends_at: datetime
    visits: tuple[tuple[datetime, datetime], ...]
    xray_at: datetime | None
    scan_at: datetime


def days(link, *, now):
    """The local days that have a time for this patient, in order; empty where there is none. Writes nothing."""
    return [each.day for each in _free_days(_open_appointment(link, now), now)]


def proposals(link, day, *, now):
    """The Choices of one of the `days`, in order, half an hour apart or more. Writes nothing."""
    appointment = _open_appointment(link, now)
    if day not in _opened(appointment.site, now):
        return []
    for wished in (ONE_TRIP, search.NO_WISHES):
        if found := _other_times(appointment, day, wished, now):
            return [_choice(each, appointment) for each in _apart(found)]
    return []


def _other_times(appointment, day, wished, now):
    zone = ZoneInfo(appointment.site.time_zone)
    return [
        each
        for each in _moves(appointment, day, wished, now)
        if each.lungs_start_at.astimezone(zone).date() == day and _is_another(each, appointment)
    ]


def _open_appointment(link, now):
    """The appointment whose other times are shown; Conflict where the patient may not move it here."""
    appointment = link.appointment
    standing.refuse(standing.why_not_speak(link, appointment, now) or standing.why_not_move(appointment, now))
    return appointment


def _opened(site, now):
    """The local days that the site opens to patients: whole ones, none before its notice is over."""
    today = now.astimezone(ZoneInfo(site.time_zone)).date()
    first = standing.earliest(site, now).astimezone(ZoneInfo(site.time_zone)).date() + timedelta(days=1)
    last = today + timedelta(days=site.patients_days_ahead)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _free_days(appointment, now):
    """The Days with a time, whether in one trip or two."""
    opened, account = _opened(appointment.site, now), site_accounts.PATIENTS.known(appointment.site)
    if not opened:
        return []
    asked = {"first_day": opened[0], "days": len(opened), "by": account, "now": now}
    return [each for each in heat.of_appointment(appointment, **asked) if each.starts]


def _moves(appointment, day, wished, now):
    """Proposals around a day; without the wish for one trip the X-ray may be on the day before."""
    opened = _opened(appointment.site, now)
    first = day if wished is ONE_TRIP else max(opened[0], day - timedelta(days=1))
    found, _why = search.moves(
        appointment,
        first_day=first,
        days=(day - first).days + (1 if wished is ONE_TRIP else 2),
        by=site_accounts.PATIENTS.known(appointment.site),
        now=now,
        wished=wished,
        hold=holds.token_of(appointment.procedure.order),
        limit=LOOKED_AT,
    )
    return sorted(found, key=lambda each: each.starts_at)


def _is_another(proposal, appointment):
    planned = {step.kind: step.planned_start_at for step in appointment.steps.all()}
    return not planned.items() >= proposal.starts.items()


def _apart(found):
    """Of times in order so many as a person can choose from."""
    chosen = []
    for each in found:
        if not chosen or each.starts_at - chosen[-1].starts_at >= APART:
            chosen.append(each)
    return chosen


def _choice(proposal, appointment):
    starts = {kind: at.astimezone(UTC).isoformat() for kind, at in proposal.starts.items()}
    resources = sorted({each for step in proposal.steps for each in step.resource_ids})
    key = signing.dumps([str(appointment.pk), appointment.revision, starts, resources], salt=SALT)
    return _as_choice(key, proposal)


def _as_choice(key, proposal):
    return Choice(
        key=key,
        starts_at=proposal.starts_at,
        ends_at=proposal.ends_at,
        visits=proposal.visits,
        xray_at=proposal.starts.get(StepKind.XRAY),
        scan_at=proposal.lungs_start_at,
    )


@transaction.atomic
def hold(link, key, *, now):
    """Keep the chosen time for KEPT_FOR; returns the Hold. What the patient kept before is given back.

    Conflict with a sentence for patients: it is taken, the list is old, or we keep a time for them ourselves.
    """
    appointment, account = standing.locked(link, now=now)
    standing.refuse(standing.why_not_move(appointment, now))
    starts, resource_ids = _read(key, appointment, now)
    if standing.kept_by_us(appointment, account, now):
        raise Conflict(standing.KEPT_BY_US)
    with _in_words_of_patients(TAKEN):
        return holds.hold(
            appointment.procedure.order,
            starts=starts,
            resource_ids=resource_ids,
            appointment=appointment,
            by=account,
            now=now,
            lasts=KEPT_FOR,
        )


def _read(key, appointment, now):
    """(starts, resource ids) of a key that was offered for this plan of the appointment, not long ago."""
    try:
        pk, revision, starts, resource_ids = signing.loads(key, salt=SALT, max_age=OFFERED_FOR)
    except (signing.BadSignature, ValueError) as error:
        raise Conflict(OLD) from error
    starts = {kind: datetime.fromisoformat(at) for kind, at in starts.items()}
    is_same = (pk, revision) == (str(appointment.pk), appointment.revision)
    if not is_same or not _are_open(starts, appointment.site, now):
        raise Conflict(OLD)
    return starts, resource_ids


def _are_open(starts, site, now):
    """Whether all of it is on days that the site still opens to patients."""
    opened, zone = _opened(site, now), ZoneInfo(site.time_zone)
    return all(at.astimezone(zone).date() in opened for at in starts.values())


def held(link, *, now):
    """(Hold, Choice) of what is kept for this patient now, or None. Writes nothing."""
    live = Hold.objects.live().with_people().filter(_of_patient(link.appointment), expires_at__gt=now)
    kept = live.first()
    if kept is None:
        return None
    proposal, refusal = holds.proposal(kept, now=now)
    return None if refusal else (kept, _as_choice("", proposal))


@transaction.atomic
def take(link, hold_id, *, now):
    """Move the appointment to the time that is kept as `hold_id`, every rule checked again; returns it, confirmed.

    Pressed again, it answers the same. One that has run out is taken if nobody was faster.
    """
    kept = _kept(link, hold_id)
    appointment = reservations.locked(link.appointment)
    kept.refresh_from_db(fields=["outcome"])
    if kept.outcome == Hold.Outcome.CONFIRMED and _is_planned(appointment, kept):
        return appointment
    appointment, account = standing.locked(link, now=now)
    standing.refuse(standing.why_not_move(appointment, now))
    if kept.outcome == Hold.Outcome.RELEASED:
        raise Conflict(NOT_KEPT)
    if holds.is_over(kept, now) and not _are_open(holds.starts_of(kept), appointment.site, now):
        raise Conflict(OLD)
    if standing.kept_by_us(appointment, account, now):
        raise Conflict(standing.KEPT_BY_US)
    chosen = {"starts": holds.starts_of(kept), "resource_ids": kept.resource_ids, "hold": kept}
    with _in_words_of_patients(RAN_OUT if holds.is_over(kept, now) else TAKEN):
        moved = booking.move(appointment, **chosen, by=account, now=now)
    return standing.come_to(moved, account, now)


def _kept(link, hold_id):
    try:
        return Hold.objects.get(_of_patient(link.appointment), pk=hold_id)
    except (Hold.DoesNotExist, ValidationError) as error:
        raise Conflict(NOT_KEPT) from error


def _of_patient(appointment):
    """What is kept by a patient, not by the desk, for this appointment."""
    return Q(appointment=appointment, held_by__role=Role.PATIENT, is_offer=False)


def _is_planned(appointment, kept):
    planned = {step.kind: step.planned_start_at for step in appointment.steps.all()}
    return planned.items() >= holds.starts_of(kept).items()


@transaction.atomic
def give_back(link, *, now):
    """The patient wants none of it: what was kept is free again. Nothing happens where nothing is."""
    appointment, account = standing.locked(link, now=now)
    for kept in Hold.objects.live().filter(_of_patient(appointment)):
        holds.release(kept, by=account, now=now)


@contextmanager
def _in_words_of_patients(sentence):
    """A refusal of the desk names rooms, people and other patients: the patient reads this instead."""
    try:
        yield
    except (Conflict, Invalid) as refusal:
        raise Conflict(sentence) from refusal
