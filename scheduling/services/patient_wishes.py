"""Patients who ask for another time: a call for the desk, until the appointment has one or the call is made."""

from scheduling.models import Task

WISH = "another_time"
LONGEST_WISH = 200
ASKED = "Phone the patient: asks for another time by the link."


def note(appointment, wish, *, now):
    """Ask the desk to phone, once; the newest words of the patient stand. The appointment is locked by the caller."""
    words = " ".join(wish.split())[:LONGEST_WISH]
    sentence = f"{ASKED} “{words}”" if words else ASKED
    task, is_new = Task.objects.get_or_create(
        order=appointment.procedure.order,
        kind=Task.Kind.PHONE,
        about=_about(appointment),
        closed_at=None,
        defaults={"sentence": sentence, "opened_at": now, "due_at": appointment.starts_at},
    )
    if not is_new and words:
        task.sentence = sentence
        task.save(update_fields=["sentence"])
    return task


def met(appointment, *, by, now):
    """The appointment has another time, or none any more: nobody phones about it."""
    calls = Task.objects.filter(kind=Task.Kind.PHONE, about=_about(appointment), closed_at=None)
    calls.update(closed_at=now, closed_by=by)


def is_open(appointment):
    """Whether the patient has asked and nobody has phoned yet."""
    return Task.objects.filter(kind=Task.Kind.PHONE, about=_about(appointment), closed_at=None).exists()


def _about(appointment):
    # Not in the shape of services/messages/calls.py: calls about mail that did not arrive leave the wish alone.
    return f"{WISH}:{appointment.pk}"
