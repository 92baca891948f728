"""Which messages a change brings, as rows in the caller's transaction. Nothing is sent from here.

What was planned and may not go out is a row too, SUPPRESSED, with its reason (message_words.py): nobody has to guess
why a patient got nothing.
"""

from datetime import timedelta

from django.conf import settings

from scheduling import letters
from scheduling.engine import reminders
from scheduling.engine.states import LIVE_APPOINTMENT
from scheduling.models import Appointment, Channel, Message, MessageKind, MessageState, PatientClass
from scheduling.services import links
from scheduling.services.messages import calls, locking, plans
from vqflow import audit, nudge, policy
from vqflow.errors import Conflict
from vqflow.statements import insert

TASK = "scheduling.send_due_messages"
RESULT_USEFUL = timedelta(days=7)
AFTERCARE_USEFUL = timedelta(days=2)
CALL_USEFUL = timedelta(days=3)
NEWS_USEFUL = timedelta(days=7)
OPEN = (MessageState.PENDING, MessageState.SENDING)
TELL_THE_TIME = (
    MessageKind.CONFIRMATION,
    MessageKind.MOVED,
    MessageKind.REMINDER,
    MessageKind.XRAY_REMINDER,
    MessageKind.LETTER_COPY,
)


def plan(appointment, *, now, times=None, lines=None):
    """After a booking: a confirmation now and the reminders that are not too late already; word to the referrer.

    Call it when the appointment's steps and reservations are written. `times` are the patient's own, as
    letters.visits takes them, and `lines` the department's (plans.made_of); without them they are read. For an
    outpatient whom no mail can reach the desk gets a call to make.
    """
    _tell(appointment, MessageKind.CONFIRMATION, letters.visits(appointment, times), now=now, plan=lines)


def texts_too(patient, *, now):
    """After a number or a consent that came later than the booking: reminders by text message beside those by mail."""
    coming = Appointment.objects.filter(
        procedure__order__patient=patient, state__in=LIVE_APPOINTMENT, starts_at__gt=now
    )
    coming = coming.exclude(messages__channel=Channel.SMS)
    for appointment in coming.select_related("site", "procedure__order__site", "procedure__order__patient"):
        plan = plans.of_order(appointment.procedure.order)
        rows = _reminders(appointment, plan, letters.visits(appointment), now=now)
        _write([row for row in rows if row.channel == Channel.SMS], plan, now=now)


def moved(appointment, *, now):
    """After a move, with the raised revision: the old plan's messages are dropped, the new times are told."""
    earlier = _pending(appointment).filter(revision__lt=appointment.revision)
    _drop(earlier.exclude(kind=MessageKind.CALL_US))
    # What the patient is asked to call about stands, and its link shows the new time.
    locking.locked(earlier.filter(kind=MessageKind.CALL_US)).update(revision=appointment.revision)
    links.revoke_of(appointment, now=now)
    _tell(appointment, MessageKind.MOVED, letters.visits(appointment), now=now)


def unchanged(appointment):
    """After a raised revision that changes nothing for the patient: what waits, and its links, go on under it."""
    waiting = Message.objects.filter(appointment=appointment, state__in=[*OPEN, MessageState.SUPPRESSED])
    locking.locked(waiting).update(revision=appointment.revision)
    links.unchanged(appointment)


def cancelled(appointment, *, now):
    """After a cancellation or a missed visit: what waits is dropped; who expects a visit still to come is told."""
    # First drop, then look who was told: a mail that a worker has just taken is seen as told.
    # What the patient is asked to call about stands, whatever becomes of the time; the mail has no link then.
    _drop(_pending(appointment).exclude(kind=MessageKind.CALL_US))
    links.revoke_of(appointment, now=now)
    expects_it = calls.was_called(appointment) or _may_know(appointment)
    calls.no_longer_needed(appointment, now=now)
    last_start = letters.visits(appointment)[-1].starts_at
    rows = []
    if last_start > now and expects_it:
        rows += _rows(appointment, MessageKind.CANCELLED, due_at=now, not_after=last_start)
    if _was_told(appointment, MessageKind.BOOKED):
        rows.append(_to_referrer(appointment, MessageKind.NOT_DONE, now + NEWS_USEFUL, now=now))
    _write(rows, plans.of_order(appointment.procedure.order), now=now)


def order_cancelled(order, *, now):
    """After an order was cancelled: its referrer is told that it will not be done, unless that was said already.

    Whoever read of a time since has read of its end as well, for an order with an appointment is not cancelled.
    """
    told = Message.objects.filter(order=order, kind=MessageKind.NOT_DONE)
    if told.exclude(state=MessageState.CANCELLED).exists():
        return
    message = _about_order(order, MessageKind.NOT_DONE, 1, due_at=now, not_after=now + NEWS_USEFUL)
    _write([message], plans.of_order(order), now=now)


def why_no_mail(order, paper="letter"):
    """A sentence why this patient gets no mail, or None; `paper` is what can be printed instead."""
    if order.patient_class == PatientClass.INPATIENT:
        return f"Inpatients get no mail. Print the {paper} for the ward."
    if order.patient.has_bounced:
        return f"The patient's e-mail address does not work. Print the {paper}."
    if not order.patient.mail_address:
        return f"The patient has no e-mail address, or has not agreed to e-mail. Print the {paper}."
    return None


def letter(appointment, *, now):
    """The appointment letter goes out again by mail; returns the row. Conflict while one is on its way."""
    visits = letters.visits(appointment)
    if visits[-1].starts_at <= now and not _on_its_way(appointment, MessageKind.LETTER_COPY):
        raise Conflict("The appointment has begun; a letter would come too late.")
    until = visits[-1].starts_at
    return _again(appointment, MessageKind.LETTER_COPY, until, "The letter is on its way already.", now=now)


def aftercare(appointment, *, now):
    """The aftercare sheet goes out by mail; returns the row. Conflict while one is on its way."""
    until = now + AFTERCARE_USEFUL
    return _again(appointment, MessageKind.AFTERCARE, until, "The sheet is on its way already.", now=now)


def call_us(order, *, by, now):
    """The patient is asked by mail to call the clinic, without a reason; returns the row.

    Conflict where no mail can go, or one is on its way already.
    """
    policy.permit(by, "message.ask_to_call")
    if refusal := why_not_ask_to_call(order):
        raise Conflict(refusal)
    number = Message.objects.filter(order=order, kind=MessageKind.CALL_US).count() + 1
    message = _about_order(order, MessageKind.CALL_US, number, due_at=now, not_after=now + CALL_USEFUL)
    live = Appointment.objects.filter(procedure__order=order, state__in=LIVE_APPOINTMENT).first()
    if live is not None:  # its link shows the visit
        message.appointment, message.revision = live, live.revision
    _insert([message])
    audit.record("message.asked_to_call", message, by=by, patients=[order.patient_id])
    return message


def why_not_ask_to_call(order):
    """A sentence why this patient cannot be asked by mail to call, or None."""
    if order.patient_class == PatientClass.INPATIENT:
        return "Inpatients get no mail. Call the ward."
    if not order.patient.mail_address:
        return "There is no e-mail address that may be used and works. Phone the patient."
    if Message.objects.filter(order=order, kind=MessageKind.CALL_US, state__in=OPEN).exists():
        return "This mail is on its way already."
    return None


def offered(offer, *, now):
    """A time is offered from the waitlist: a mail that says until when to answer. The desk has its call beside it."""
    message = Message(
        order=offer.entry.order,
        offer=offer,
        kind=MessageKind.OFFER,
        recipient=Message.Recipient.PATIENT,
        dedupe_key=f"offer-{offer.pk}:1:offer:patient",
        due_at=now,
        not_after=offer.answer_by,
    )
    _write([message], (), now=now)


def result_ready(order, *, version, now):
    """A report version is signed: tell the referrer, without content and without a name."""
    _result(order, MessageKind.RESULT_READY, version, now=now)


def result_changed(order, *, version, now):
    """An addendum or an amendment of what the referrer was told of is signed: the same, in words that say so."""
    _result(order, MessageKind.RESULT_CHANGED, version, now=now)


def result_withdrawn(order, *, version, now):
    """The report that the referrer was told of is retracted."""
    _result(order, MessageKind.RESULT_WITHDRAWN, version, now=now)


def critical_result(order, *, version, now):
    """A result that cannot wait is there: the referrer is asked by mail to look at once, or else to be phoned."""
    _result(order, MessageKind.CRITICAL_RESULT, version, now=now)


def _result(order, kind, version, *, now):
    message = _about_order(order, kind, version, due_at=now, not_after=now + RESULT_USEFUL)
    _write([message], plans.of_order(order), now=now)


def _tell(appointment, kind, visits, *, now, plan=None):
    """What a booking or another time brings: its news, the reminders, and word to the referrer."""
    last_start = visits[-1].starts_at
    if last_start <= now:
        return
    plan = plan or plans.of_order(appointment.procedure.order)
    rows = _rows(appointment, kind, due_at=now, not_after=last_start)
    rows += _reminders(appointment, plan, visits, now=now)
    rows.append(_to_referrer(appointment, MessageKind.BOOKED, last_start, now=now))
    _write(rows, plan, now=now)


def _rows(appointment, kind, *, due_at, not_after):
    """The same news by every channel that this patient may be reached by."""
    return [
        _row(appointment, kind, due_at=due_at, not_after=not_after, channel=channel)
        for channel in _channels(appointment.procedure.order)
    ]


def _channels(order):
    takes_texts = settings.SMS_URL and order.site.sends_sms and order.patient.sms_number
    return [Channel.EMAIL, Channel.SMS] if takes_texts else [Channel.EMAIL]


def _reminders(appointment, plan, visits, *, now):
    zone, rows = appointment.site.time_zone, []
    for channel in _channels(appointment.procedure.order):
        for each in reminders.reminders(plan, visits, zone=zone, now=now, channel=channel):
            row = _row(
                appointment,
                each.line.kind,
                due_at=each.due_at,
                not_after=each.visit.starts_at,
                rule=f"-{each.line.hours_before}h{_which(each.visit)}",
                channel=channel,
            )
            if each.is_late:
                suppress(row, "booked_late")
            rows.append(row)
    return rows


def _which(visit):
    """Tells the reminders of one kind apart where perfusion and ventilation are on two days."""
    return f"-{visit.number}" if visit.is_first_of_two and not visit.is_xray_only else ""


def _row(appointment, kind, *, due_at, not_after, rule="", channel=Channel.EMAIL, recipient="patient"):
    way = "" if channel == Channel.EMAIL else f":{channel}"
    return Message(
        order=appointment.procedure.order,
        appointment=appointment,
        revision=appointment.revision,
        kind=kind,
        recipient=recipient,
        channel=channel,
        dedupe_key=f"appointment-{appointment.pk}:{appointment.revision}:{kind}{rule}:{recipient}{way}",
        due_at=due_at,
        not_after=not_after,
    )


def _to_referrer(appointment, kind, not_after, *, now):
    return _row(appointment, kind, due_at=now, not_after=not_after, recipient=Message.Recipient.REFERRER)


def _about_order(order, kind, number, *, due_at, not_after):
    recipient = "patient" if kind == MessageKind.CALL_US else "referrer"
    return Message(
        order=order,
        revision=number,
        kind=kind,
        recipient=recipient,
        dedupe_key=f"order-{order.pk}:{number}:{kind}:{recipient}",
        due_at=due_at,
        not_after=not_after,
    )


def _again(appointment, kind, until, refusal, *, now):
    """One more mail that somebody asked for."""
    if _on_its_way(appointment, kind):
        raise Conflict(refusal)
    number = Message.objects.filter(appointment=appointment, kind=kind).count() + 1
    row = _row(appointment, kind, due_at=now, not_after=until, rule=f"-{number}")
    _insert([row])
    return row


def _on_its_way(appointment, kind):
    return Message.objects.filter(appointment=appointment, kind=kind, state__in=OPEN).exists()


def _write(rows, plan, *, now):
    """Insert what the plan sends; what may not go out is kept with its reason, and phoned where somebody must know."""
    rows = [
        row for row in rows if row.kind in plans.REMINDERS or reminders.is_on(plan, row.kind, row.channel)
    ]
    for row in rows:
        code = None if row.state == MessageState.SUPPRESSED else plans.why_suppressed(row)
        if code:
            suppress(row, code)
    _insert(rows)
    goes_out = {row.kind for row in rows if row.state == MessageState.PENDING}
    for row in rows:
        if row.last_error in plans.ABOUT_THE_ADDRESS and row.kind not in goes_out:
            calls.instead_of(row, sentences=calls.NO_ADDRESS, now=now)


def suppress(row, code):
    row.state, row.last_error = MessageState.SUPPRESSED, code


def _insert(rows):
    insert(rows, ignore_conflicts=True)
    nudge.nudge(TASK)


def _pending(appointment):
    return Message.objects.filter(appointment=appointment, state=MessageState.PENDING)


def _drop(waiting):
    locking.locked(waiting).update(state=MessageState.CANCELLED)


def _may_know(appointment):
    """Whether the patient may know of this appointment: by any mail about it, or because it is confirmed by phone
    or on paper: the patient has said so, or the department's plan leaves that to the desk.
    """
    if appointment.confirmed_at is not None or _was_told(appointment, *TELL_THE_TIME):
        return True
    return not Message.objects.filter(appointment=appointment, kind=MessageKind.CONFIRMATION).exists()


def _was_told(appointment, *kinds):
    """Whether such a message has left, or may have: an attempt that failed can have arrived all the same."""
    return Message.objects.filter(appointment=appointment, kind__in=kinds, attempts__gt=0).exists()
