"""Who has to be phoned because mail cannot or did not reach them: rows on the desk's list."""

from django.db import transaction

from scheduling.models import Message, MessageKind, Task
from vqflow import audit, policy
from vqflow.errors import Conflict

NO_ADDRESS = {
    MessageKind.CONFIRMATION: "Phone the patient: no e-mail address to confirm the appointment.",
    MessageKind.MOVED: "Phone the patient: no e-mail address to tell the new time of the appointment.",
    MessageKind.CANCELLED: "Phone the patient: no e-mail address to tell that the appointment is cancelled.",
    MessageKind.RESULT_READY: "Phone the referrer: no e-mail address to tell that a result is ready.",
    MessageKind.CRITICAL_RESULT: "Phone the referrer now: a result that cannot wait, and no e-mail address.",
    MessageKind.RESULT_CHANGED: "Phone the referrer: no e-mail address to tell that a result was changed.",
    MessageKind.RESULT_WITHDRAWN: "Phone the referrer now: a result was withdrawn, and no e-mail address.",
    MessageKind.NOT_DONE: "Phone the referrer: no e-mail address to tell that the appointment did not take place.",
    MessageKind.CALL_US: "Phone the patient: no e-mail address to ask for a call.",
}
NOT_DELIVERED = {
    MessageKind.CONFIRMATION: "Phone the patient: the confirmation of the appointment was not delivered.",
    MessageKind.REMINDER: "Phone the patient: the reminder of the appointment was not delivered.",
    MessageKind.XRAY_REMINDER: "Phone the patient: the reminder of the first appointment was not delivered.",
    MessageKind.MOVED: "Phone the patient: the mail about the new time was not delivered.",
    MessageKind.CANCELLED: "Phone the patient: the mail about the cancellation was not delivered.",
    MessageKind.RESULT_READY: "Phone the referrer: the mail about the result was not delivered.",
    MessageKind.LETTER_COPY: "Phone the patient: the appointment letter was not delivered.",
    MessageKind.AFTERCARE: "Phone the patient: the sheet for afterwards was not delivered.",
    MessageKind.CALL_US: "Phone the patient: the mail that asked to call us was not delivered.",
    MessageKind.CRITICAL_RESULT: "Phone the referrer now: the mail about a result that cannot wait did not arrive.",
    MessageKind.NOT_DONE: "Phone the referrer: the mail that the appointment did not take place did not arrive.",
    MessageKind.RESULT_CHANGED: "Phone the referrer: the mail that a result was changed was not delivered.",
    MessageKind.RESULT_WITHDRAWN: "Phone the referrer now: the mail that a result was withdrawn was not delivered.",
}


# A reminder that came too late needs no call: the visit has begun. These still leave somebody with a wrong time.
UNTOLD = {
    kind: sentence
    for kind, sentence in NOT_DELIVERED.items()
    if kind not in (MessageKind.REMINDER, MessageKind.XRAY_REMINDER)
}
# A call about one of these tells the patient when to come.
TELLS_THE_TIME = (MessageKind.CONFIRMATION, MessageKind.MOVED)


def instead_of(message, *, sentences, now):
    """Ask the desk to phone instead of this mail, once. Kinds without a sentence need no call.

    Open calls about earlier times of the same appointment are closed: the new one stands for them.
    """
    sentence = sentences.get(message.kind)
    if sentence is None:
        return
    if message.appointment_id and message.recipient == Message.Recipient.PATIENT:
        _close_earlier(message, now=now)
    call = Task(
        order=message.order,
        kind=Task.Kind.PHONE,
        about=_about(message),
        sentence=sentence,
        opened_at=now,
        due_at=message.not_after if message.recipient == Message.Recipient.PATIENT else now,
    )
    # An open call about the same revision says the same.
    Task.objects.bulk_create([call], ignore_conflicts=True)


def no_longer_needed(appointment, *, now):
    """Close the open calls about an appointment that has ended."""
    _calls_about(appointment.pk).filter(closed_at=None).update(closed_at=now)


def close_about(message, *, by, now):
    """Close the open call that stands for this message: it is tried anew."""
    Task.objects.filter(
        order=message.order, kind=Task.Kind.PHONE, about=_about(message), closed_at=None
    ).update(closed_at=now, closed_by=by)


def was_called(appointment):
    """Whether somebody has phoned the patient to tell a time of this appointment."""
    called = _calls_about(appointment.pk).filter(closed_by__isnull=False)
    return any(_kind_of(about) in TELLS_THE_TIME for about in called.values_list("about", flat=True))


def tells_of_cancellation(appointment):
    """Whether an open call tells the patient that this appointment is cancelled."""
    still_open = _calls_about(appointment.pk).filter(closed_at=None)
    return still_open.filter(about__endswith=f":{MessageKind.CANCELLED}").exists()


@transaction.atomic
def done(task, *, by, now):
    """The desk has phoned: close the call. Conflict for a task of another kind, or one that is closed."""
    policy.permit(by, "task.close")
    if task.kind != Task.Kind.PHONE:
        raise Conflict("Only calls are closed by hand. Answer or decide this on the page of its order.")
    if not Task.objects.filter(pk=task.pk, closed_at=None).update(closed_at=now, closed_by=by):
        raise Conflict("This call is done already.")
    task.closed_at, task.closed_by = now, by
    audit.record("task.closed", task, by=by, patients=[task.order.patient_id], about=task.about)


def _close_earlier(message, *, now):
    still_open = _calls_about(message.appointment_id).filter(closed_at=None)
    earlier = [call.pk for call in still_open if _revision_of(call.about) < message.revision]
    Task.objects.filter(pk__in=earlier, closed_at=None).update(closed_at=now)


def _calls_about(appointment_id):
    return Task.objects.filter(kind=Task.Kind.PHONE, about__startswith=f"appointment:{appointment_id}:")


def _about(message):
    """The appointment or report with its revision, and the kind of mail that the call replaces.

    Who was asked to call is phoned whatever becomes of the appointment: such a call is about none.
    """
    if message.kind == MessageKind.CALL_US:
        return str(message.kind)
    if message.appointment_id is None or message.recipient == Message.Recipient.REFERRER:
        return f"report:{message.revision}:{message.kind}"
    return f"appointment:{message.appointment_id}:{message.revision}:{message.kind}"


def _revision_of(about):
    return int(about.split(":")[-2])


def _kind_of(about):
    return about.rpartition(":")[2]
