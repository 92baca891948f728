"""Which mail a change brings, as rows in the caller's transaction. Nothing is sent from here."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from scheduling import letters
from scheduling.models import Message, MessageKind, MessageState, PatientClass
from scheduling.services.messages import calls
from vqflow import nudge
from vqflow.errors import Conflict
from vqflow.statements import insert

# Two reminders are missed less often than one (4.4 % against 5.3 and 5.8 %, n = 54,066).
LEADS_HOURS = (72, 24)
TASK = "scheduling.send_due_messages"
RESULT_USEFUL = timedelta(days=7)


def plan(appointment, *, now, times=None):
    """After a booking: a confirmation now and the reminders that are not too late already.

    Call it when the appointment's steps and reservations are written. `times` are the patient's own, as
    letters.visits takes them; without them they are read. Inpatients get no mail; for a patient
    without an e-mail address or consent the desk gets a call to make.
    """
    _tell(appointment, MessageKind.CONFIRMATION, letters.visits(appointment, times), now=now)


def moved(appointment, *, now):
    """After a move, with the raised revision: the old plan's mail is dropped, the new times are told."""
    _pending(appointment).filter(revision__lt=appointment.revision).update(state=MessageState.CANCELLED)
    _tell(appointment, MessageKind.MOVED, letters.visits(appointment), now=now)


def unchanged(appointment):
    """After a raised revision that changes nothing for the patient: what waits to be sent goes on under it."""
    _pending(appointment).update(revision=appointment.revision)


def cancelled(appointment, *, now):
    """After a cancellation or a missed visit: what waits is dropped; who expects a visit still to come is told."""
    order = appointment.procedure.order
    # First drop, then look who was told: a mail that a worker has just taken is seen as told.
    _pending(appointment).update(state=MessageState.CANCELLED)
    was_mailed = _was_mailed(appointment)
    was_called = calls.was_called(appointment)
    calls.no_longer_needed(appointment, now=now)
    last_start = letters.visits(appointment)[-1].starts_at
    if _gets_no_mail(order) or last_start <= now:
        return
    message = _row(appointment, MessageKind.CANCELLED, due_at=now, not_after=last_start)
    if order.patient.mail_address and was_mailed:
        _write([message])
    elif not order.patient.mail_address and (was_mailed or was_called):
        calls.instead_of(message, sentences=calls.NO_ADDRESS, now=now)


def why_no_mail(order):
    """A sentence why this patient gets no mail, or None."""
    if _gets_no_mail(order):
        return "Inpatients get no mail. Print the letter for the ward."
    if not order.patient.mail_address:
        return "The patient has no e-mail address, or has not agreed to e-mail. Print the letter."
    return None


def letter(appointment, *, now):
    """The appointment letter goes out again by mail; returns the row. Conflict while one is on its way."""
    sent = Message.objects.filter(appointment=appointment, kind=MessageKind.LETTER_COPY)
    if sent.filter(state__in=(MessageState.PENDING, MessageState.SENDING)).exists():
        raise Conflict("The letter is on its way already.")
    visits = letters.visits(appointment)
    if visits[-1].starts_at <= now:
        raise Conflict("The appointment has begun; a letter would come too late.")
    row = _row(
        appointment,
        MessageKind.LETTER_COPY,
        due_at=now,
        not_after=visits[-1].starts_at,
        rule=f"-{sent.count() + 1}",
    )
    _write([row])
    return row


def offered(offer, *, now):
    """A time is offered from the waitlist: a mail that says until when to answer. The desk has its call beside it."""
    order = offer.entry.order
    if _gets_no_mail(order) or not order.patient.mail_address:
        return
    _write(
        [
            Message(
                order=order,
                offer=offer,
                kind=MessageKind.OFFER,
                recipient=Message.Recipient.PATIENT,
                dedupe_key=f"offer-{offer.pk}:1:offer:patient",
                due_at=now,
                not_after=offer.answer_by,
            )
        ]
    )


def result_ready(order, *, version, now):
    """A report version is signed: tell the referrer, without content and without a name."""
    message = Message(
        order=order,
        revision=version,
        kind=MessageKind.RESULT_READY,
        recipient=Message.Recipient.REFERRER,
        dedupe_key=f"order-{order.pk}:{version}:result_ready:referrer",
        due_at=now,
        not_after=now + RESULT_USEFUL,
    )
    if order.referrer.email:
        _write([message])
    else:
        calls.instead_of(message, sentences=calls.NO_ADDRESS, now=now)


def _tell(appointment, kind, visits, *, now):
    order = appointment.procedure.order
    last_start = visits[-1].starts_at
    if _gets_no_mail(order) or last_start <= now:
        return
    message = _row(appointment, kind, due_at=now, not_after=last_start)
    if order.patient.mail_address:
        _write([message, *_reminders(appointment, visits, now)])
    else:
        calls.instead_of(message, sentences=calls.NO_ADDRESS, now=now)


def _reminders(appointment, visits, now):
    """72 h and 24 h before the patient first comes; of several visits each has its own mail the day before."""
    early, day_before = LEADS_HOURS
    wanted = [(early, MessageKind.REMINDER, visits[0])]
    wanted += [(day_before, _kind_of_reminder(visit), visit) for visit in visits]
    rows = [
        _row(
            appointment,
            kind,
            due_at=before(visit.starts_at, hours, appointment.site.time_zone),
            not_after=visit.starts_at,
            rule=f"-{hours}h{_which(visit)}",
        )
        for hours, kind, visit in wanted
    ]
    return [row for row in rows if row.due_at > now]


def _kind_of_reminder(visit):
    return MessageKind.XRAY_REMINDER if visit.is_xray_only and visit.is_first_of_two else MessageKind.REMINDER


def _which(visit):
    """Tells the reminders of one kind apart where perfusion and ventilation are on two days."""
    return f"-{visit.number}" if visit.is_first_of_two and not visit.is_xray_only else ""


def before(value, hours, zone):
    """The instant so many hours earlier on the clinic's wall clock: a day before 09:00 is 09:00."""
    # Arithmetic within one zone keeps the wall clock, also where a day has 23 or 25 hours.
    return (value.astimezone(ZoneInfo(zone)) - timedelta(hours=hours)).astimezone(UTC)


def _row(appointment, kind, *, due_at, not_after, rule=""):
    key = f"appointment-{appointment.pk}:{appointment.revision}:{kind}{rule}:patient"
    return Message(
        order=appointment.procedure.order,
        appointment=appointment,
        revision=appointment.revision,
        kind=kind,
        recipient=Message.Recipient.PATIENT,
        dedupe_key=key,
        due_at=due_at,
        not_after=not_after,
    )


def _write(rows):
    insert(rows, ignore_conflicts=True)
    nudge.nudge(TASK)


def _pending(appointment):
    return Message.objects.filter(appointment=appointment, state=MessageState.PENDING)


def _was_mailed(appointment):
    """Whether a mail with a time has left, or may have: an attempt that failed can have arrived all the same."""
    return Message.objects.filter(
        appointment=appointment, kind__in=[MessageKind.CONFIRMATION, MessageKind.MOVED], attempts__gt=0
    ).exists()


def _gets_no_mail(order):
    return order.patient_class == PatientClass.INPATIENT
