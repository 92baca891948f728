"""Messages that go out after all: tried anew by hand, or because what stood against them is gone."""

from datetime import timedelta

from django.db import transaction

from scheduling import message_words
from scheduling.engine.states import LIVE_APPOINTMENT
from scheduling.models import Message, MessageState
from scheduling.services.messages import calls, plans
from scheduling.services.messages.planning import TASK
from vqflow import audit, nudge, policy
from vqflow.errors import Conflict

ENDED_WITHOUT = (MessageState.FAILED, MessageState.SUPPRESSED)
MOMENT = timedelta(seconds=1)


def why_not_retry(message, *, now):
    """A sentence why this message cannot be tried anew, or None. Its order and people are loaded."""
    if message.state not in ENDED_WITHOUT:
        return "Only what failed, or was not sent for a reason, can be tried anew."
    if now + MOMENT >= message.not_after:
        return "It would come too late. Phone instead."
    if not _is_about_the_present(message):
        return "It is about a time that has changed. A newer message tells the present one."
    code = plans.why_suppressed(message)
    return message_words.SUPPRESSED[code] if code else None


@transaction.atomic
def retry(message, *, by, now):
    """Try this message anew, with as many attempts as a new one; returns it. Conflict with the sentence why not."""
    policy.permit(by, "message.retry")
    message = _locked().get(pk=message.pk)
    if refusal := why_not_retry(message, now=now):
        raise Conflict(refusal)
    message.retries += 1
    _wake(message, due_at=now)
    calls.close_about(message, by=by, now=now)
    audit.record("message.retried", message, by=by, patients=[message.order.patient_id], kind=message.kind)
    return message


def resume(patient, *, now):
    """What waits for its time and could not go out to this patient goes out now; returns how many.

    Part of the caller's transaction, after an address, a number or a consent has changed. News whose time has
    passed stays as it is: the desk has phoned about it.
    """
    found = _locked().filter(
        order__patient=patient,
        recipient=Message.Recipient.PATIENT,
        state=MessageState.SUPPRESSED,
        kind__in=plans.REMINDERS,
        due_at__gt=now,
    )
    found = [row for row in found if row.last_error != "booked_late" and _is_about_the_present(row)]
    woken = [row for row in found if plans.why_suppressed(row) is None]
    for row in woken:
        _wake(row)
    return len(woken)


def hold_back(patient, *, now):
    """What waits to go to this patient and may not any more is suppressed with its reason; returns how many.

    Part of the caller's transaction. Who waits for news that is not sent is phoned.
    """
    waiting = _locked().filter(
        order__patient=patient, recipient=Message.Recipient.PATIENT, state=MessageState.PENDING
    )
    held = [(row, code) for row in waiting if (code := plans.why_suppressed(row))]
    for row, code in held:
        row.state, row.last_error = MessageState.SUPPRESSED, code
        row.save(update_fields=["state", "last_error"])
        sentences = calls.NO_ADDRESS if code in plans.ABOUT_THE_ADDRESS else {}
        calls.instead_of(row, sentences=sentences, now=now)
    return len(held)


def _loaded():
    return Message.objects.select_related(
        "order__patient", "order__referrer", "order__site", "appointment", "offer"
    )


def _locked():
    """The same, locked in the one order of locking.py until the caller's transaction ends."""
    return _loaded().select_for_update(of=("self",), no_key=True).order_by("pk")


def _is_about_the_present(message):
    appointment = message.appointment
    if appointment is None or message.kind in ("cancelled", "not_done", "aftercare", "call_us"):
        return True
    return appointment.state in LIVE_APPOINTMENT and appointment.revision == message.revision


def _wake(message, *, due_at=None):
    message.state, message.last_error = MessageState.PENDING, ""
    message.due_at = due_at or message.due_at
    message.save(update_fields=["state", "last_error", "due_at", "retries"])
    nudge.nudge(TASK)
