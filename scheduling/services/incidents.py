"""What went wrong: a reaction, an extravasation, a contamination. Recorded where it happened, reviewed by the lead."""

from datetime import timedelta

from django.db import transaction

from scheduling.models import Incident
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

OLDEST = timedelta(days=31)
WHAT = "Say what happened."


@transaction.atomic
def record(
    site, *, kind, severity, what, by, now, done="", happened_at=None, appointment=None, step=None, room=None
):
    """Write down what happened; returns the Incident. It belongs to the appointment of its step, if it has one.

    Possible at any time of an examination, and afterwards. Raises Invalid.
    """
    policy.permit(by, "spill.report" if kind == Incident.Kind.SPILL else "incident.record")
    happened_at, appointment = happened_at or now, step.appointment if step else appointment
    _check(site, what, happened_at, appointment, room, now)
    incident = Incident.objects.create(
        site=site,
        kind=kind,
        severity=severity,
        what=what.strip()[:500],
        done=done.strip()[:500],
        happened_at=happened_at,
        appointment=appointment,
        step=step,
        room=room,
        recorded_at=now,
        recorded_by=by,
    )
    _record("incident.recorded", incident, by)
    return incident


def _check(site, what, happened_at, appointment, room, now):
    faults = {}
    if not what.strip():
        faults["what"] = [WHAT]
    if not now - OLDEST <= happened_at <= now:
        faults["happened_at"] = ["Enter a time that has passed, of the last month."]
    if any(each is not None and each.site_id != site.pk for each in (appointment, room)):
        faults["room"] = ["Choose a room of your site."]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], fields=faults)


@transaction.atomic
def review(incident, *, note, by, now):
    """The lead has looked at it, and says what follows. Raises Invalid, or Conflict where somebody has already."""
    policy.permit(by, "incident.review")
    if not note.strip():
        raise Invalid("Say what follows from it.", fields={"note": ["Say what follows from it."]})
    incident = _locked(incident)
    if incident.reviewed_at:
        raise Conflict(f"{incident.reviewed_by.name} has reviewed this already.")
    incident.reviewed_at, incident.reviewed_by, incident.review_note = now, by, note.strip()[:500]
    incident.save(update_fields=["reviewed_at", "reviewed_by", "review_note"])
    _record("incident.reviewed", incident, by)
    return incident


@transaction.atomic
def take_back(incident, *, by, now, reason):
    """It was written down by mistake. What was reviewed stays. Raises Conflict, and Invalid without a reason."""
    policy.permit(by, "incident.record")
    if not reason.strip():
        raise Invalid("Say why it is taken back.", fields={"reason": ["Say why it is taken back."]})
    incident = _locked(incident)
    if incident.reviewed_at:
        raise Conflict("This was reviewed already. Tell the lead, who decides.")
    if incident.kind == Incident.Kind.SPILL:
        raise Conflict("This belongs to an evacuated room. End that on the Morning page.")
    incident.voided_at, incident.voided_by, incident.void_reason = now, by, reason.strip()[:200]
    incident.save(update_fields=["voided_at", "voided_by", "void_reason"])
    _record("incident.taken_back", incident, by)
    return incident


def _locked(incident):
    row = Incident.objects.select_for_update(of=("self",), no_key=True).select_related(
        "reviewed_by", "appointment"
    )
    row = row.get(pk=incident.pk)
    if row.voided_at:
        raise Conflict("This was taken back already.")
    return row


def _record(action, incident, by):
    of = incident.appointment
    patients = [of.procedure.order.patient_id] if of is not None else []
    audit.record(action, incident, by=by, patients=patients, kind=incident.kind, severity=incident.severity)
