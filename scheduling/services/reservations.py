"""The rows that keep others out: reserve, release, and give a step to another technologist."""

from collections import defaultdict
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.db.models import Q

from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.intervals import covering, normal, subtract, union
from scheduling.engine.states import StepState
from scheduling.models import Appointment, Hold, Reservation, ResourceKind
from scheduling.services import calendars, locks, tracers, waitlist
from vqflow import audit, policy, writes
from vqflow.errors import Conflict, Invalid

TAKEN = "This time has just been taken. Choose another."
DATABASE_REFUSALS = {"23P01", "55P03", "40P01"}  # exclusion, lock time-out, deadlock


def locked(appointment):
    """The appointment as it is now, locked to the end of the transaction, with order, patient and site loaded.

    Two queries: rows joined to a locked one are those of before the wait.
    """
    Appointment.objects.select_for_update(no_key=True).get(pk=appointment.pk)
    return Appointment.objects.select_related(
        "site", "procedure__protocol", "procedure__order__patient", "procedure__order__site"
    ).get(pk=appointment.pk)


def reserve(appointment, steps, found, question, *, double=frozenset()):
    """One row per resource and step. `double`: (resource id, first minute) of those that are taken twice.

    With what else is written `together`, or at once.
    """
    by_kind = {step.kind: step for step in steps}
    rows = [
        (
            who,
            by_kind[kind].pk,
            appointment.revision,
            (Reservation.Status.OVERBOOKED if (who, start) in double else Reservation.Status.BOOKED).value,
            to_datetime(start),
            to_datetime(end),
        )
        for kind, who, start, end in _spans(found, question, appointment.site_id)
    ]
    with together():
        writes.write(_RESERVE, [list(column) for column in zip(*rows, strict=True)])
        tracers.claim(by_kind, found, question)


_RESERVE = """INSERT INTO scheduling_reservation (resource_id, step_id, revision, status, span)
    SELECT who, step, revision, status, tstzrange(begins, ends)
    FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[])
        AS t(who, step, revision, status, begins, ends)"""


@contextmanager
def together():
    """As writes.together, for writes among which time or doses are taken: what is gone since is a Conflict."""
    with refused(TAKEN), tracers.refused(), writes.together():
        yield


def keep(hold, found, question, *, own=None):
    """Keep the time of a hold; what the appointment `own` occupies is kept by its own rows already."""
    ours = _occupied_by(own)
    rows = [
        Reservation(
            resource_id=who,
            token=hold.pk,
            expires_at=hold.expires_at,
            status=Reservation.Status.HELD,
            span=(to_datetime(part[0]), to_datetime(part[1])),
        )
        for _, who, start, end in _spans(found, question, hold.order.site_id)
        for part in subtract(((start, end),), ours.get(who, ()))
    ]
    _insert(rows, refusal=TAKEN)
    tracers.keep(hold, found, question, own=own)


def _spans(found, question, site_id):
    """(kind, resource, from, to), by resource; a room's own clearance follows the last step of the visit in it."""
    last_end = {who: end for step in found.steps for who, _, end in step.resources}
    # The calendar that the question came from: the engine saw free time shortened by the same minutes.
    calendar = calendars.at_hand(site_id, question.earliest)
    extra = defaultdict(int, {each.id: each.clearance_minutes for each in calendar.bookables})
    rows = [
        (step.step_key, who, start, end + (extra[who] if end == last_end[who] else 0))
        for step in found.steps
        for who, start, end in step.resources
    ]
    return sorted(rows, key=lambda row: row[1])


def _occupied_by(appointment):
    if appointment is None:
        return {}
    spans = defaultdict(list)
    rows = Reservation.objects.occupying().filter(step__appointment=appointment)
    for who, start, end in rows.values_list("resource_id", "start_minute", "end_minute"):
        spans[who].append((start, end))
    return {who: normal(each) for who, each in spans.items()}


def resource_ids(appointment):
    """Ids of the rooms and people that the appointment occupies."""
    rows = Reservation.objects.occupying().filter(step__appointment=appointment)
    rows = rows.exclude(resource__kind=ResourceKind.PATIENT)
    return sorted(set(rows.values_list("resource_id", flat=True)))


def _insert(rows, *, refusal):
    """Insert reservations; the exclusion constraint is the last line."""
    with refused(refusal):
        Reservation.objects.bulk_create(rows)


@contextmanager
def refused(sentence):
    """What the constraint or a lock refuses is a Conflict. It ends the transaction: let it go through."""
    try:
        yield
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) not in DATABASE_REFUSALS:
            raise
        raise Conflict(sentence) from error


def release_step(step):
    """Free the time of one step that will not be done."""
    with tracers.giving_back(steps=[step.pk]):
        _release(_of_steps([step.pk]))
    waitlist.time_freed()


def take_back(appointment, step, *, now):
    """Reserve again what was given up with a step, as it was; Conflict where somebody has taken it since."""
    rows = step.reservations.filter(revision=appointment.revision, status=Reservation.Status.RELEASED)
    # Of two technologists for one time the later one was in charge.
    latest = {(row.resource.kind, row.span): row for row in rows.select_related("resource").order_by("pk")}
    if not latest:
        return
    spans = [row.span for row in latest.values()]
    begins, ends = min(span.lower for span in spans), max(span.upper for span in spans)
    resources = sorted(row.resource_id for row in latest.values())
    locks.take(resources, _days(begins, ends, appointment.site))
    free(now=now, resources=resources, around=[(to_minute(begins), to_minute(ends) + 1)])
    again = {"step": step, "revision": appointment.revision, "status": Reservation.Status.BOOKED}
    _insert(
        [Reservation(resource_id=row.resource_id, span=row.span, **again) for row in latest.values()],
        refusal=f"The time of {step.get_kind_display().lower()} has been taken since. Book it anew.",
    )


def release(appointment):
    """Free all the time of an appointment, and what is held for its move; the rows stay as its history."""
    steps = list(appointment.steps.values_list("pk", flat=True))
    tokens = list(appointment.holds.live().values_list("pk", flat=True))
    with tracers.giving_back(steps=steps, tokens=tokens):
        _release(_of_steps(steps) | _of_holds(tokens))
        end_holds(tokens, Hold.Outcome.RELEASED)
    waitlist.time_freed()


def release_hold(hold):
    """Free what a hold keeps."""
    with tracers.giving_back(tokens=[hold.pk]):
        _release(_of_holds([hold.pk]))
        end_holds([hold.pk], Hold.Outcome.RELEASED)
    waitlist.time_freed()


def free(*, now, resources, around, tokens=(), steps=()):
    """Free what has expired on these resources within `around` (pairs of minutes), and all of these holds and steps."""
    windows = Q()
    for begins, ends in around:
        windows |= Q(start_minute__lt=ends, end_minute__gt=begins)
    which = _over(now) & Q(resource__in=resources) & windows
    if tokens:
        which |= _of_holds(tokens)
    if steps:
        which |= _of_steps(steps)
        waitlist.time_freed()
    _end_expired(_release(which), now)


def extend(hold, *, expires_at, now):
    """Whether all the time of this hold was still kept, and now is until `expires_at`."""
    rows = Reservation.objects.filter(token=hold.pk, status=Reservation.Status.HELD)
    kept = list(rows.order_by("pk").select_for_update(no_key=True).values_list("expires_at", flat=True))
    # Rows first, then their hold: the order in which everybody takes them.
    still = Hold.objects.live().filter(pk=hold.pk, expires_at__gt=now)
    if any(moment <= now for moment in kept) or not still.update(expires_at=expires_at):
        return False
    rows.update(expires_at=expires_at)
    tracers.extend(hold, expires_at=expires_at)
    return True


def end_holds(tokens, outcome):
    """Give live holds their end; their rows are released before."""
    if tokens:
        rows = Hold.objects.live().filter(pk__in=tokens).order_by("pk").select_for_update(no_key=True)
        Hold.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(outcome=outcome)


def _over(now):
    return Q(status=Reservation.Status.HELD, expires_at__lte=now)


def _of_holds(tokens):
    return Q(status=Reservation.Status.HELD, token__in=tokens)


def _of_steps(steps):
    return Q(status__in=Reservation.OCCUPYING, step__in=steps)


def _release(which, **options):
    """Release these rows and answer their tokens. Locked in one order: two releases never wait in a circle."""
    rows = Reservation.objects.filter(which).order_by("pk").select_for_update(no_key=True, **options)
    found = list(rows.values_list("pk", "token"))
    if found:
        released = Reservation.objects.filter(pk__in=[pk for pk, _ in found])
        released.update(status=Reservation.Status.RELEASED)
    return [token for _, token in found]


def _end_expired(tokens, now):
    if any(tokens):
        over = Hold.objects.filter(pk__in=set(tokens) - {None}, expires_at__lte=now)
        end_holds(list(over.values_list("pk", flat=True)), Hold.Outcome.EXPIRED)


@transaction.atomic
def release_expired(*, now):
    """Release the holds whose time is over; returns how many rows. What a booking is releasing is left to it."""
    tokens = _release(_over(now), skip_locked=True)
    _end_expired(tokens, now)
    if tokens:
        waitlist.time_freed()
    return len(tokens)


@transaction.atomic
def assign_technologist(step, *, technologist, by, now):
    """Give one step to another technologist, without a new revision of the plan."""
    policy.permit(by, "technologist.assign")
    appointment = Appointment.objects.select_for_update(no_key=True).get(pk=step.appointment_id)
    step = appointment.steps.get(pk=step.pk)
    held = step.reservations.occupying().filter(resource__kind=ResourceKind.TECHNOLOGIST).first()
    needed = appointment.procedure.protocol.steps.get(kind=step.kind).qualification
    if held is None or step.state not in (StepState.SCHEDULED, StepState.IN_PROGRESS):
        raise Conflict("This step has no technologist to replace.")
    if technologist.site_id != appointment.site_id or needed not in technologist.capabilities:
        raise Invalid(
            "This person is not qualified for this step.", fields={"technologist": ["Choose another."]}
        )
    locks.take([held.resource_id, technologist.pk], _days(held.span.lower, held.span.upper, appointment.site))
    _check_works(technologist, held, step, now)
    Reservation.objects.filter(pk=held.pk).update(status=Reservation.Status.RELEASED)
    _insert(
        [
            Reservation(
                resource=technologist,
                step=step,
                revision=appointment.revision,
                status=Reservation.Status.BOOKED,
                span=held.span,
            )
        ],
        refusal=f"{technologist.name} is busy at this time.",
    )
    audit.record(
        "technologist.assigned",
        step,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        technologist=technologist.name,
    )


def _check_works(technologist, held, step, now):
    """Raise Conflict unless the person is there for an acquisition still to come; end what is held and over."""
    begins, ends = to_minute(held.span.lower), to_minute(held.span.upper)
    free(now=now, resources=[technologist.pk], around=[(begins, ends)])
    if step.state == StepState.SCHEDULED and not covering(_there(technologist, begins, ends), begins, ends):
        raise Conflict(f"{technologist.name} does not work at this time. Choose another.")


def _there(technologist, begins, ends):
    """When this person works or is on call, closures taken off."""
    calendar = calendars.read(technologist.site_id, begins)
    if technologist.pk not in calendar.resource_ids:
        return ()
    at = calendar.resource_ids.index(technologist.pk)
    return union(calendar.open_in(begins, ends)[at], calendar.open_in(begins, ends, on_call=True)[at])


def _days(starts_at, ends_at, site):
    zone = ZoneInfo(site.time_zone)
    return range(starts_at.astimezone(zone).toordinal(), ends_at.astimezone(zone).toordinal() + 1)
