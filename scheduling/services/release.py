"""After the last picture: what a reader says the patient does, and the hand-over of the examination to the reader.

A reader decides; by phone a technologist writes down what a named physician said. "More views" is a problem of the
list until they are taken. Nothing missing ever stops a hand-over: who hands over says why.
"""

from datetime import timedelta

from django.db import transaction

from scheduling import completeness
from scheduling.engine.pictures import View, names_of
from scheduling.engine.problems import MORE_VIEWS
from scheduling.engine.states import AppointmentState
from scheduling.models import Appointment, HandOver, Release
from scheduling.services import problems, reservations
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid
from vqflow.models import Role, User

LEAVES = (Release.Outcome.HOME, Release.Outcome.EMERGENCY)
UNDO_WITHIN = timedelta(minutes=10)


def why_not_decide(appointment):
    """A sentence why there is nothing to decide, or None."""
    if appointment.awaits_release:
        return None
    if appointment.state != AppointmentState.FULFILLED:
        return "The examination has not ended. Release the patient afterwards."
    return "This patient has been released already, or was not kept waiting."


def physicians(site):
    """Who can have decided by phone: the readers of the site."""
    found = User.objects.filter(site_code=site.code, role=Role.READER, is_active=True)
    return found.order_by("last_name", "first_name", "username")


@transaction.atomic
def decide(appointment, *, outcome, by, now, physician=None, views=(), note=""):
    """What the patient does: one of Release.Outcome; returns the Release.

    `physician`: who said so by phone, where `by` is not a reader. More views need their names, or a note;
    an emergency needs a note. Raises Invalid, or Conflict where nobody waits.
    """
    policy.permit(by, "release.decide")
    appointment = reservations.locked(appointment)
    if refusal := why_not_decide(appointment):
        raise Conflict(refusal)
    note, views = note.strip(), list(dict.fromkeys(views))
    _check(outcome, views, note)
    physician = _physician(physician or by, appointment)
    made = Release.objects.create(
        appointment=appointment,
        outcome=outcome,
        views=views if outcome == Release.Outcome.MORE_VIEWS else [],
        note=note,
        decided_at=now,
        physician=physician,
        recorded_by=by,
    )
    _follow(appointment, made, by, now)
    _record("release.decided", appointment, by, decision=outcome, by_phone=made.physician_id != by.pk)
    return made


def _follow(appointment, made, by, now):
    """The problem that stands for views still to be taken, and whether the patient still waits."""
    taken = "No longer needed." if made.outcome in LEAVES else "Asked for anew."
    problems.settle(appointment, [MORE_VIEWS], by=by, now=now, outcome=taken)
    if made.outcome == Release.Outcome.MORE_VIEWS:
        text = ": ".join(each for each in (names_of(made.views), made.note) if each)
        problems.report(
            appointment, reason=MORE_VIEWS, note=text[:200], by=by, now=now, owner=_technologist(appointment)
        )
    elif made.outcome in LEAVES:
        _wait(appointment, waits=False)


def _technologist(appointment):
    """Who was at the camera last, while they still work here; None: whoever reports it."""
    last = appointment.steps.exclude(performed_by=None).order_by("-performed_start_at").first()
    who = last and last.performed_by
    return who if who and who.is_active and policy.allows(who, "problem.close") else None


def _wait(appointment, *, waits):
    Appointment.objects.filter(pk=appointment.pk).update(awaits_release=waits)
    appointment.awaits_release = waits


def _check(outcome, views, note):
    if outcome not in Release.Outcome.values:
        _refuse("outcome", "Choose what the patient does.")
    if not set(views) <= {str(view) for view in View}:
        _refuse("views", "Choose views from the list.")
    if outcome == Release.Outcome.MORE_VIEWS and not views and not note:
        _refuse("views", "Choose the views, or write in the note what is wanted.")
    if outcome == Release.Outcome.EMERGENCY and not note:
        _refuse("note", "Say why, for the emergency department.")


def _physician(user, appointment):
    if user.role != Role.READER or user.site_code != appointment.site.code:
        _refuse("physician", "A physician of this site decides. Say who it was on the phone.")
    return user


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})


@transaction.atomic
def undo(appointment, *, by, now):
    """Take the newest decision back, within ten minutes and by whoever wrote it down: the patient waits again."""
    policy.permit(by, "release.decide")
    appointment = reservations.locked(appointment)
    newest = appointment.releases.order_by("-decided_at", "-pk").first()
    if newest is None or newest.recorded_by_id != by.pk or now - newest.decided_at > UNDO_WITHIN:
        raise Conflict("This decision stands. Decide anew while the patient is here.")
    if newest.outcome == Release.Outcome.MORE_VIEWS:
        problems.settle(appointment, [MORE_VIEWS], by=by, now=now, outcome=problems.BY_MISTAKE)
    _record("release.undone", appointment, by, decision=newest.outcome)
    newest.delete()
    is_over = appointment.state == AppointmentState.FULFILLED
    if is_over and not appointment.awaits_release and appointment.site.releases_patients:
        _wait(appointment, waits=True)
    return appointment


def hands_over(site):
    """Whether examinations of this site are handed over: where patients wait for the reader, who needs to know."""
    return site.releases_patients


def why_not_hand_over(appointment):
    """A sentence why it cannot be handed to the reader now, or None. What is missing is no reason."""
    if appointment.state != AppointmentState.FULFILLED:
        return "The examination has not ended. Hand it over afterwards."
    if HandOver.objects.filter(appointment=appointment).exists():
        return "This examination has been handed over already."
    return None


@transaction.atomic
def hand_over(appointment, *, by, now, note=""):
    """Give the examination to the reader; returns the HandOver. While something is missing a note says why."""
    policy.permit(by, "visit.hand_over")
    appointment = reservations.locked(appointment)
    if refusal := why_not_hand_over(appointment):
        raise Conflict(refusal)
    missing, note = completeness.missing(appointment, now), note.strip()
    if missing and not note:
        _refuse("note", f"Write for the reader why this is missing: {' '.join(missing)}")
    made = HandOver.objects.create(appointment=appointment, note=note, handed_at=now, handed_by=by)
    _record("examination.handed_over", appointment, by, missing=len(missing))
    return made


@transaction.atomic
def take_back(appointment, *, by, now):
    """Undo of a hand-over, within ten minutes and by whoever handed over."""
    policy.permit(by, "visit.hand_over")
    appointment = reservations.locked(appointment)
    made = HandOver.objects.filter(appointment=appointment, limited="").first()
    if made is None or made.handed_by_id != by.pk or now - made.handed_at > UNDO_WITHIN:
        raise Conflict("This hand-over stands. Tell the reader by phone what has changed.")
    made.delete()
    _record("examination.taken_back", appointment, by)
    return appointment


def _record(action, appointment, by, **data):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id], **data)
