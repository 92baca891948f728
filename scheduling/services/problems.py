"""What keeps a patient waiting: reported with a reason, an owner and a time by which somebody has seen to it."""

from datetime import timedelta

from django.db import IntegrityError, transaction

from scheduling.engine import problems as engine
from scheduling.engine.states import LIVE_APPOINTMENT
from scheduling.models import Problem
from scheduling.services import reservations
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid
from vqflow.models import User

FARTHEST = timedelta(days=1)
BY_MISTAKE = "Reported by mistake."
# These come of a press of their own (services/release.py, endings.interrupt); everything else people report.
OF_A_PRESS = (Problem.Reason.MORE_VIEWS, Problem.Reason.INTERRUPTED)
REPORTED = [choice for choice in Problem.Reason.choices if choice[0] not in OF_A_PRESS]


def owners(site):
    """Who can be asked to see to a problem: those of the site who work with patients."""
    roles = policy.MAY["problem.close"]
    return User.objects.filter(site_code=site.code, role__in=roles, is_active=True).order_by(
        "first_name", "last_name", "username"
    )


def why_not_report(appointment):
    """A sentence why no problem can be reported any more, or None."""
    if appointment.state in LIVE_APPOINTMENT or appointment.awaits_release:
        return None
    return "This examination is over. Write an incident or a note to the reader instead."


@transaction.atomic
def report(appointment, *, reason, by, now, note="", owner=None, due_at=None, step=None):
    """Make an examination pending; returns the Problem. The owner is who reports it unless told otherwise.

    `due_at`: by default after the reason's usual minutes (engine/problems.py). Raises Invalid, or Conflict when
    the examination is over or the same reason is open already.
    """
    policy.permit(by, "problem.report")
    appointment = reservations.locked(appointment)
    if refusal := why_not_report(appointment):
        raise Conflict(refusal)
    note, due_at = _checked(reason, note, due_at, now)
    owner = _known(owner or by, appointment)
    if open_already := appointment.problems.open().filter(reason=reason).first():
        raise Conflict(f"{open_already.get_reason_display()} is reported already; see to that one.")
    made = Problem.objects.create(
        appointment=appointment,
        step=step,
        reason=reason,
        note=note,
        owner=owner,
        due_at=due_at,
        opened_at=now,
        opened_by=by,
    )
    _record("problem.reported", made, by, reason=reason, owner=owner.pk)
    return made


@transaction.atomic
def change(problem, *, owner, due_at, by, now, note=None):
    """Give an open problem to somebody else, or another time; `note` stays as it is when it is None."""
    policy.permit(by, "problem.close")
    problem = _open(problem)
    note, due_at = _checked(problem.reason, problem.note if note is None else note, due_at, now)
    problem.owner, problem.due_at, problem.note = _known(owner, problem.appointment), due_at, note
    problem.save(update_fields=["owner", "due_at", "note"])
    _record("problem.changed", problem, by, owner=owner.pk)
    return problem


@transaction.atomic
def close(problem, *, by, now, outcome=""):
    """It is settled; `outcome`: how, in words. By default the reason's usual one."""
    policy.permit(by, "problem.close")
    problem = _open(problem)
    _close(problem, outcome.strip() or engine.OUTCOMES[problem.reason][0], by, now)
    return problem


def withdraw(problem, *, by, now):
    """Undo of a report."""
    return close(problem, outcome=BY_MISTAKE, by=by, now=now)


@transaction.atomic
def reopen(problem, *, by, now):
    """Undo of closing: it is pending again, with the same owner and time."""
    policy.permit(by, "problem.close")
    problem = _locked(problem)
    if problem.closed_at is None:
        raise Conflict("This problem is open.")
    if refusal := why_not_report(problem.appointment):
        raise Conflict(refusal)
    problem.closed_at = problem.closed_by = None
    problem.outcome = ""
    try:
        with transaction.atomic():
            problem.save(update_fields=["closed_at", "closed_by", "outcome"])
    except IntegrityError:
        raise Conflict("The same problem has been reported again since; see to that one.") from None
    _record("problem.reopened", problem, by)
    return problem


def settle(appointment, reasons, *, by, now, outcome):
    """Close what has settled itself; part of the caller's transaction, which has permitted its own deed."""
    found = appointment.problems.open().filter(reason__in=reasons).select_for_update(of=["self"])
    for problem in found.with_people():
        _close(problem, outcome, by, now)


def _close(problem, outcome, by, now):
    problem.closed_at, problem.closed_by, problem.outcome = now, by, outcome
    problem.save(update_fields=["closed_at", "closed_by", "outcome"])
    _record("problem.closed", problem, by, reason=problem.reason)


def _locked(problem):
    """As it is now, locked. Two queries: rows joined to a locked one are those of before the wait."""
    Problem.objects.select_for_update().get(pk=problem.pk)
    return Problem.objects.with_people().get(pk=problem.pk)


def _open(problem):
    found = _locked(problem)
    if found.closed_at is not None:
        raise Conflict(f"{found.closed_by.name} has closed this problem already.")
    return found


def _checked(reason, note, due_at, now):
    note = note.strip()
    if reason not in Problem.Reason.values:
        raise Invalid("Choose a reason.", fields={"reason": ["Choose a reason."]})
    if reason == engine.OTHER and not note:
        raise Invalid("Say what the problem is.", fields={"note": ["Say what the problem is."]})
    due_at = due_at or now + timedelta(minutes=engine.due_minutes(reason))
    if not now - timedelta(minutes=1) <= due_at <= now + FARTHEST:
        sentence = "Choose a time from now on, within a day."
        raise Invalid(sentence, fields={"due_at": [sentence]})
    return note, due_at


def _known(owner, appointment):
    if owner.site_code != appointment.site.code or not policy.allows(owner, "problem.close"):
        sentence = "Choose somebody of this site who works with patients."
        raise Invalid(sentence, fields={"owner": [sentence]})
    return owner


def _record(action, problem, by, **data):
    patient = problem.appointment.procedure.order.patient_id
    audit.record(action, problem, by=by, patients=[patient], appointment=str(problem.appointment_id), **data)
