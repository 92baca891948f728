"""An examination that ends otherwise than planned. After an injection nobody is trapped: one way out is always open."""

from django.db import transaction

from scheduling.engine.problems import INTERRUPTED, OUTCOMES
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, OrderState, StepState
from scheduling.examinations import is_here
from scheduling.models import HandOver, StepKind
from scheduling.services import booking, problems, reservations, transitions, visits
from scheduling.services.examination import deviations, tracks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

LIMITED_REASONS = (
    "The count rate is too low.",
    "The patient could not go on.",
    "The patient moved.",
    "The equipment failed.",
)
VENTILATION_REASONS = (
    "The patient cannot breathe the tracer.",
    "The patient does not tolerate the mask.",
    "The generator failed.",
    "Too little tracer reached the lungs.",
)
INTERRUPT_REASONS = ("The patient needs a break.", "The patient is unwell.", "The camera stopped.")
ABORT_REASONS = ("The patient refuses to go on.", "The patient is unwell.", "The equipment failed.")
LEFT_REASONS = ("The patient went home.", "The patient was called back to the ward.")
ABOUT = "complete as limited"
LEFT = "The patient left: "
SAY = "Say why."


def why_not_limited(appointment):
    """A sentence why there is nothing to be completed, or None: always, once a tracer has been given."""
    if HandOver.objects.filter(appointment=appointment).exclude(limited="").exists():
        return "This examination is complete as limited already."
    if not _begun(appointment):
        return "Nothing has been given yet. Cancel the appointment instead."
    if appointment.procedure.order.state == OrderState.REPORTED:
        return "The report is signed already."
    return None


@transaction.atomic
def complete_as_limited(appointment, *, reason, by, now):
    """The examination is over as it is: the reader is told, with the reason. Returns the HandOver.

    What runs ends as complete, what is still to come is left out. No count rate, check or problem refuses it.
    """
    appointment, reason = _opened(appointment, reason, by)
    _refuse(why_not_limited(appointment))
    for step in _in(appointment, StepState.IN_PROGRESS):
        transitions.move(step, StepState.COMPLETED, performed_end_at=now, by_ending=True)
    return _finish(appointment, reason, by=by, now=now)


@transaction.atomic
def abort(appointment, *, reason, by, now):
    """Everything stops. With nothing given yet the appointment is cancelled and the order is to be booked again."""
    appointment, reason = _opened(appointment, reason, by)
    return _stop_all(appointment, reason, by=by, now=now)


@transaction.atomic
def patient_left(appointment, *, reason, by, now):
    """As `abort`, and nobody waits here for a reader's word."""
    appointment, reason = _opened(appointment, reason, by)
    if appointment.state == AppointmentState.FULFILLED and not appointment.awaits_release:
        raise Conflict("This examination is over, and the patient may go.")
    waited = appointment.awaits_release
    done = _stop_all(appointment, f"{LEFT}{reason}"[:200], by=by, now=now)
    appointment.refresh_from_db()
    if appointment.awaits_release:
        _set_waiting(appointment, False)
    if waited:
        done.ended_wait = True
        done.save(update_fields=["ended_wait"])
    return done


def has_left(appointment):
    """The examination ended because the patient went away."""
    given = getattr(appointment, "hand_over", None)
    return given is not None and given.limited.startswith(LEFT)


def _set_waiting(appointment, waits):
    appointment.awaits_release = waits
    appointment.save(update_fields=["awaits_release"])


def _stop_all(appointment, reason, *, by, now):
    if not _begun(appointment):
        if not is_here(appointment, now):
            raise Conflict("The patient is not here. Cancel the appointment instead.")
        visits_stopped = list(_in(appointment, StepState.IN_PROGRESS))
        if visits_stopped:
            visits.stop(appointment, visits_stopped, reason=reason, by=by, now=now)
        return booking.call_off(appointment, reason=reason, by=by, now=now)
    _refuse(why_not_limited(appointment))
    running = list(_in(appointment, StepState.IN_PROGRESS))
    if running:
        tracks.close(tracks.running(appointment), now=now, ended_with=tracks.ENDING)
        visits.stop(appointment, running, reason=reason, by=by, now=now, by_ending=True)
    return _finish(appointment, reason, by=by, now=now)


def _finish(appointment, reason, *, by, now):
    """Close what is open, leave out what is to come, and tell the reader."""
    tracks.close(tracks.running(appointment), now=now, ended_with=tracks.ENDING)
    for step in _in(appointment, StepState.SCHEDULED).exclude(kind=StepKind.XRAY):
        transitions.move(step, StepState.CANCELLED, discontinued_reason=reason, by_ending=True)
        reservations.release_step(step)
    if appointment.state == AppointmentState.IN_PROGRESS:
        visits.fulfil_when_over(appointment, by)
    given, made = HandOver.objects.get_or_create(
        appointment=appointment, defaults={"limited": reason, "handed_at": now, "handed_by": by}
    )
    if not made:
        given.limited = reason
        given.save(update_fields=["limited"])
    deviations.tell_reader(appointment, ABOUT, f"Complete as limited: {reason} Read what there is.", now)
    _record("visit.limited", appointment, by, reason=reason)
    return given


@transaction.atomic
def undo(appointment, *, by, now):
    """The examination goes on where it was when it was ended as limited, or interrupted; the newest of them first.

    Conflict once its report is signed, and where something has begun since an interruption.
    """
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(appointment)
    given = HandOver.objects.filter(appointment=appointment).exclude(limited="").first()
    if given is not None:
        return _undo_limited(appointment, given, by=by, now=now)
    problem = appointment.problems.open().filter(reason=INTERRUPTED).first()
    if problem is not None:
        return _undo_interruption(appointment, problem, by=by, now=now)
    raise Conflict("There is no ending to take back.")


def _undo_limited(appointment, given, *, by, now):
    steps = list(appointment.steps.filter(by_ending=True))
    if steps:
        visits.reopen(appointment)
    elif given.ended_wait:
        _set_waiting(appointment, True)
    tracks.reopen(tracks.standing(appointment).filter(ended_with=tracks.ENDING))
    for step in steps:
        _bring_back(appointment, step, now)
    told = appointment.procedure.order.tasks.filter(about=ABOUT).order_by("pk").last()
    _take_hand_over_back(given, told.opened_at if told else None)
    deviations.close_task(appointment, ABOUT, by=by, now=now)
    _record("visit.limited_undone", appointment, by)
    return appointment


def _bring_back(appointment, step, now):
    facts = {"discontinued_reason": "", "by_ending": False}
    if step.state == StepState.CANCELLED:
        reservations.take_back(appointment, step, now=now)
        transitions.move(step, StepState.SCHEDULED, **facts)
    else:
        transitions.move(step, StepState.IN_PROGRESS, performed_end_at=None, **facts)


def _take_hand_over_back(given, ended_at):
    """A hand-over that was there before stays, without its limit."""
    if given.handed_at == ended_at:
        given.delete()
        return
    given.limited, given.ended_wait = "", False
    given.save(update_fields=["limited", "ended_wait"])


@transaction.atomic
def ventilation_failed(appointment, *, reason, by, now):
    """Go on with perfusion only. The protocol as planned, what is done instead and why are kept (Correction)."""
    appointment, reason = _opened(appointment, reason, by)
    ventilation, perfusion = _pair(appointment)
    if appointment.state not in LIVE_APPOINTMENT or not is_here(appointment, now):
        raise Conflict("Check the patient in first.")
    if ventilation.simultaneous or perfusion.simultaneous:
        raise Conflict("Both are acquired together. Stop the acquisition instead.")
    if perfusion.state != StepState.SCHEDULED or perfusion.ordinal < ventilation.ordinal:
        raise Conflict("Perfusion has begun already. Leave ventilation out, or stop it, instead.")
    if deviations.is_perfusion_only(appointment):
        raise Conflict("Perfusion goes on alone already.")
    if ventilation.state == StepState.IN_PROGRESS:
        visits.stop(appointment, [ventilation], reason=reason, by=by, now=now)
    elif ventilation.state == StepState.SCHEDULED:
        visits.give_up(appointment, ventilation, reason=reason, by=by)
    deviations.note_perfusion_only(appointment, ventilation, reason=reason, by=by, now=now)
    return perfusion


def _pair(appointment):
    steps = {step.kind: step for step in appointment.steps.all()}
    if StepKind.VENTILATION not in steps or StepKind.PERFUSION not in steps:
        raise Conflict("This examination has not both ventilation and perfusion.")
    return steps[StepKind.VENTILATION], steps[StepKind.PERFUSION]


@transaction.atomic
def interrupt(appointment, *, reason, by, now):
    """A break: the timers stop and the examination is pending; the acquisition stays open and can be gone on with."""
    appointment, reason = _opened(appointment, reason, by)
    running = list(tracks.running(appointment))
    if not running and not _in(appointment, StepState.IN_PROGRESS).exists():
        raise Conflict("Nothing is running.")
    tracks.standing(appointment).filter(ended_with=tracks.BREAK).update(ended_with="")  # gone on since
    tracks.close(running, now=now, ended_with=tracks.BREAK)
    problems.settle(appointment, [INTERRUPTED], by=by, now=now, outcome=OUTCOMES[INTERRUPTED][0])
    problems.report(appointment, reason=INTERRUPTED, note=reason[:200], by=by, now=now)
    _record("visit.interrupted", appointment, by, reason=reason)
    return appointment


def _undo_interruption(appointment, problem, *, by, now):
    stopped = tracks.standing(appointment).filter(ended_with=tracks.BREAK)
    newest = stopped.last()
    later = tracks.standing(appointment).filter(pk__gt=newest.pk).last() if newest else None
    if later:
        raise Conflict(f"{tracks.name_of(appointment, later)}: this came after it. Take that back first.")
    over = appointment.steps.filter(performed_end_at__gte=problem.opened_at).last()
    if over:
        raise Conflict(f"{over.get_kind_display()} has ended since. Undo its end first.")
    tracks.reopen(stopped)
    problems.withdraw(problem, by=by, now=now)
    _record("visit.interruption_undone", appointment, by)
    return appointment


def _opened(appointment, reason, by):
    policy.permit(by, "visit.perform")
    if not reason.strip():
        raise Invalid(SAY, fields={"reason": [SAY]})
    return reservations.locked(appointment), reason.strip()


def _begun(appointment):
    """An inhalation or injection has taken place."""
    return appointment.steps.exclude(kind=StepKind.XRAY).filter(performed_start_at__isnull=False).exists()


def _in(appointment, state):
    return appointment.steps.filter(state=state)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def _record(action, appointment, by, **data):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id], **data)
