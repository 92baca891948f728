"""Who has to be phoned because mail cannot or did not reach them: rows on the desk's list."""

from scheduling.models import Message, MessageKind, Task

NO_ADDRESS = {
    MessageKind.CONFIRMATION: "Phone the patient: no e-mail address to confirm the appointment.",
    MessageKind.MOVED: "Phone the patient: no e-mail address to tell the new time of the appointment.",
    MessageKind.CANCELLED: "Phone the patient: no e-mail address to tell that the appointment is cancelled.",
    MessageKind.RESULT_READY: "Phone the referrer: no e-mail address to tell that a result is ready.",
}
NOT_DELIVERED = {
    MessageKind.CONFIRMATION: "Phone the patient: the confirmation of the appointment was not delivered.",
    MessageKind.REMINDER: "Phone the patient: the reminder of the appointment was not delivered.",
    MessageKind.XRAY_REMINDER: "Phone the patient: the reminder of the first appointment was not delivered.",
    MessageKind.MOVED: "Phone the patient: the mail about the new time was not delivered.",
    MessageKind.CANCELLED: "Phone the patient: the mail about the cancellation was not delivered.",
    MessageKind.RESULT_READY: "Phone the referrer: the mail about the result was not delivered.",
}


# A reminder that came too late needs no call: the visit has begun. These still leave somebody with a wrong time.
UNTOLD = {
    kind: sentence
    for kind, sentence in NOT_DELIVERED.items()
    if kind not in (MessageKind.REMINDER, MessageKind.XRAY_REMINDER)
}
APPOINTMENT = "appointment:"


def instead_of(message, *, sentences, now):
    """Ask the desk to phone instead of this mail, once. Kinds without a sentence need no call."""
    sentence = sentences.get(message.kind)
    if sentence is None:
        return
    call = Task(
        order=message.order,
        kind=Task.Kind.PHONE,
        about=_about(message),
        sentence=sentence,
        opened_at=now,
        due_at=message.not_after if message.recipient == Message.Recipient.PATIENT else now,
    )
    # An open call about the same thing says the same: the desk reads the current times.
    Task.objects.bulk_create([call], ignore_conflicts=True)


def no_longer_needed(order, *, now):
    """Close the open calls about an appointment that has ended; True when one was to confirm it.

    Then the patient has never heard of the appointment. A call about an earlier cancellation stays open.
    """
    still_open = order.tasks.filter(kind=Task.Kind.PHONE, about__startswith=APPOINTMENT, closed_at=None)
    ended = still_open.exclude(about=f"{APPOINTMENT}{MessageKind.CANCELLED}")
    unconfirmed = ended.filter(about=f"{APPOINTMENT}{MessageKind.CONFIRMATION}").exists()
    ended.update(closed_at=now)
    return unconfirmed


def _about(message):
    if message.appointment_id is None:
        return f"report:{message.revision}:{message.kind}"
    return f"{APPOINTMENT}{message.kind}"
