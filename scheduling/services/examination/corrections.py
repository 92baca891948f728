"""Late corrections: a value that was recorded wrongly is put right with a reason, and both values are kept.

Undo is for the last press; this is for later. What can be corrected stands in SUBJECTS, with its words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q

from scheduling.examinations import judge_window, resolved_rules
from scheduling.models import (
    Administration,
    Arrival,
    CountRate,
    PhaseRecord,
    PictureRecord,
    ScheduledProcedureStep,
    StepKind,
)
from scheduling.services import reservations
from scheduling.services.doses import corrected
from scheduling.services.examination import deviations, kept, tracks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotFound

ARRIVED = {Arrival.At.XRAY: "X-ray", Arrival.At.SCAN: "scan"}
SAY = "Say why it is corrected."
WINDOW = "chest X-ray window"
FUTURE = "This time lies in the future. Enter when it happened."
ORDER = "The end lies before the start. Check both times."


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of row that can be corrected. `of`: the path from the row to its appointment; `loads`: for its name."""

    model: Any
    of: str
    name: Callable[[Any], str]
    fields: dict[str, str]
    loads: tuple[str, ...] = ()

    def rows(self, appointment):
        rows = self.model.objects.filter(**{self.of: appointment.pk}).prefetch_related(*self.loads)
        return rows.order_by("pk")


def _phase_name(record):
    phases = record.appointment.procedure.protocol.phases.all()
    name = next((phase.name for phase in phases if phase.key == record.key), record.key)
    return f"{name} ({record.take})" if record.take > 1 else name


SUBJECTS = {
    "step": Subject(
        ScheduledProcedureStep,
        "appointment",
        lambda step: step.get_kind_display(),
        {"performed_start_at": "started", "performed_end_at": "ended"},
    ),
    "phase": Subject(
        PhaseRecord,
        "appointment",
        _phase_name,
        {"started_at": "began", "ended_at": "ended"},
        ("appointment__procedure__protocol__phases",),
    ),
    "arrival": Subject(
        Arrival, "appointment", lambda row: f"Arrival at the {ARRIVED[row.at]}", {"arrived_at": "time"}
    ),
    "picture": Subject(
        PictureRecord,
        "step__appointment",
        lambda row: f"{row.step.get_kind_display()}, {row.view} ({row.take})",
        {"counts_k": "counts in thousands", "seconds": "seconds", "acquired_at": "time"},
        ("step",),
    ),
    "dose": Subject(Administration, "step__appointment", corrected.name, corrected.FIELDS, ("step",)),
    "counts": Subject(
        CountRate,
        "step__appointment",
        lambda row: f"{row.step.get_kind_display()}, count rate",
        {"counts_per_second": "counts per second", "measured_at": "counted"},
        ("step",),
    ),
}
"""What can be corrected. Who records something else of an examination adds it here."""

CHECKS: dict[str, Callable[[Any, dict[str, Any], datetime], None]] = {}
"""By subject: called with (row, changes, now) before anything is written; raises Invalid."""


def find(appointment, subject):
    """The row that a subject ("step:12") names, of this appointment and not taken back; NotFound otherwise."""
    kind, _, key = subject.partition(":")
    known = SUBJECTS.get(kind)
    rows = known.rows(appointment).filter(pk=key) if known and re.fullmatch(r"[0-9]{1,18}", key) else ()
    row = next(iter(rows), None)
    if row is None or getattr(row, "voided_at", None):
        raise NotFound("There is no such value in this examination.")
    return row


@dataclass(frozen=True, slots=True)
class Value:
    """A recorded value that can be corrected: an instant or a number, `value` in words."""

    subject: str
    field: str
    label: str
    value: str
    raw: Any

    @property
    def is_time(self):
        return isinstance(self.raw, datetime)


def values(appointment):
    """Everything of this examination that has been recorded and can be corrected, in the order of SUBJECTS."""
    zone = ZoneInfo(appointment.site.time_zone)
    return [
        _value(row, field, zone)
        for known in SUBJECTS.values()
        for row in known.rows(appointment)
        if not getattr(row, "voided_at", None)
        for field in known.fields
        if getattr(row, field) is not None
    ]


def _value(row, field, zone):
    value = getattr(row, field)
    return Value(subject_of(row), field, label_of(row, field), kept.words(value, zone), value)


def subject_of(row):
    kind = next(name for name, known in SUBJECTS.items() if isinstance(row, known.model))
    return f"{kind}:{row.pk}"


def label_of(row, field):
    known = SUBJECTS[subject_of(row).partition(":")[0]]
    return f"{known.name(row)}: {known.fields[field]}"


@transaction.atomic
def correct(appointment, row, changes, *, reason, by, now):
    """Put recorded values right ({field: value}); returns the Corrections. The old values stay readable.

    Raises Invalid for what cannot be corrected, a time of the future, an end before its start, no reason, or
    nothing changed; Conflict where the value has not been recorded yet.
    """
    policy.permit(by, "visit.correct")
    if not reason.strip():
        raise Invalid(SAY, fields={"reason": [SAY]})
    appointment = reservations.locked(appointment)
    row = find(appointment, subject_of(row))
    changes = _changed(row, changes)
    _check(row, changes, now)
    made = [_keep(appointment, row, field, value, reason, by, now) for field, value in changes.items()]
    was_late, was_wrong = _window(appointment), _dose_faults(row)
    _link(appointment, row, changes)
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(update_fields=list(changes))
    if isinstance(row, PhaseRecord):
        tracks.follow_gas(appointment)
    if isinstance(row, Administration):
        corrected.tell_lead(row, was_wrong, by=by, now=now)
    if not was_late and (sentence := _window(appointment)):
        deviations.tell_reader(appointment, WINDOW, f"By the corrected times: {sentence}", now)
    order = appointment.procedure.order
    about = {"corrected": subject_of(row), "fields": sorted(changes), "reason": reason.strip()}
    audit.record("examination.corrected", appointment, by=by, patients=[order.patient_id], **about)
    return made


def _dose_faults(row):
    return corrected.faults(row) if isinstance(row, Administration) else ()


def _window(appointment):
    """By the recorded times, why the first lung acquisition was outside the X-ray window; None where it was not."""
    steps = list(appointment.steps.order_by("ordinal"))
    begun = [
        step.performed_start_at for step in steps if step.kind != StepKind.XRAY and step.performed_start_at
    ]
    if not begun or not any(step.kind == StepKind.XRAY for step in steps):
        return None
    verdict = judge_window(appointment, steps, min(begun))
    resolved = resolved_rules(appointment.procedure.order)
    return None if verdict.ok or resolved & {"CXR-1", verdict.rule} else verdict.sentence


def _changed(row, changes):
    fields = SUBJECTS[subject_of(row).partition(":")[0]].fields
    unknown = [field for field in changes if field not in fields]
    if unknown:
        raise Invalid("This cannot be corrected.", fields={unknown[0]: ["This cannot be corrected."]})
    clean = {field: _clean(row, field, value) for field, value in changes.items()}
    changed = {field: value for field, value in clean.items() if not _same(getattr(row, field), value)}
    if not changed:
        raise Invalid("This is the value that is recorded already. Enter the right one.", fields={})
    empty = [field for field in changed if getattr(row, field) is None]
    if empty:
        raise Conflict("This has not been recorded yet. Record it first.")
    return changed


def _same(recorded, value):
    """Nobody types a part of a second."""
    if isinstance(recorded, datetime):
        return recorded.replace(microsecond=0) == value.replace(microsecond=0)
    return recorded == value


def _clean(row, field, value):
    """The value as the field holds it; a time is no number, and a part of a count is none."""
    column, sentence = row._meta.get_field(field), "Enter the right value."
    is_time = isinstance(value, datetime)
    if is_time != isinstance(column, models.DateTimeField):
        raise Invalid(sentence, fields={field: [sentence]})
    try:
        kept = column.clean(value, row)
    except ValidationError as fault:
        raise Invalid(sentence, fields={field: [str(each) for each in fault.messages]}) from fault
    if not is_time and kept != value:
        raise Invalid(sentence, fields={field: ["Enter a whole number."]})
    return kept


def _check(row, changes, now):
    for field, value in changes.items():
        if isinstance(value, datetime) and value > now:
            raise Invalid(FUTURE, fields={field: [FUTURE]})
    _check_order(row, changes)
    check = CHECKS.get(subject_of(row).partition(":")[0])
    if check:
        check(row, changes, now)


def _check_order(row, changes):
    """An end is not before its start."""
    for start, end in (("performed_start_at", "performed_end_at"), ("started_at", "ended_at")):
        begins = changes.get(start, getattr(row, start, None))
        ends = changes.get(end, getattr(row, end, None))
        if begins and ends and ends < begins:
            field = start if start in changes else end
            raise Invalid(ORDER, fields={field: [ORDER]})


def _keep(appointment, row, field, value, reason, by, now):
    about = {"subject": subject_of(row), "field": field, "label": label_of(row, field)}
    values = {"before": getattr(row, field), "after": value}
    return kept.keep(appointment, **about, **values, reason=reason, by=by, now=now)


def _link(appointment, row, changes):
    """An acquisition and the small step that begins or ends it are one moment: both are put right."""
    if isinstance(row, Arrival) and "arrived_at" in changes and appointment.arrived_at == row.arrived_at:
        appointment.arrived_at = changes["arrived_at"]
        appointment.save(update_fields=["arrived_at"])
    if isinstance(row, Administration):
        corrected.follow(row, changes)
        _move_start(appointment, row, changes)
        return
    if isinstance(row, CountRate):
        # What was decided was about another ratio.
        row.settled = row.settled_note = ""
        row.save(update_fields=["settled", "settled_note"])
    if isinstance(row, ScheduledProcedureStep):
        pairs = {"performed_start_at": "started_at", "performed_end_at": "ended_at"}
    elif isinstance(row, PhaseRecord):
        pairs = {"started_at": "performed_start_at", "ended_at": "performed_end_at"}
    else:
        return
    for field, value in changes.items():
        if field in pairs:
            _follow(appointment, row, field, pairs[field], value)


def _follow(appointment, row, field, theirs, value):
    moment = getattr(row, field)
    if isinstance(row, ScheduledProcedureStep):
        keys = appointment.procedure.protocol.phases.filter(part=row.kind).values("key")
        _move(appointment.phases.standing().filter(key__in=keys, **{theirs: moment}), theirs, value)
        together = list(appointment.steps.exclude(pk=row.pk).filter(simultaneous=True, **{field: moment}))
        _move(together, field, value)
        for each in (row, *together) if field == "performed_start_at" else ():
            corrected.moved(each, moment, value)
    else:
        part = appointment.procedure.protocol.phases.filter(key=row.key).values("part")
        ours = Q(kind__in=part) | Q(simultaneous=True)
        steps = list(appointment.steps.filter(ours, **{theirs: moment}))
        _move(steps, theirs, value)
        for each in steps if theirs == "performed_start_at" else ():
            corrected.moved(each, moment, value)


def _move_start(appointment, dose, changes):
    """The first dose is the start of its acquisition, and of what is acquired together with it."""
    moment, value = dose.given_at, changes.get("given_at")
    if value is None or dose.number > 1:
        return
    ours = Q(pk=dose.step_id) | Q(simultaneous=True)
    steps = list(appointment.steps.filter(ours, performed_start_at=moment))
    _move(steps, "performed_start_at", value)
    keys = appointment.procedure.protocol.phases.filter(part__in=[each.kind for each in steps]).values("key")
    _move(appointment.phases.standing().filter(key__in=keys, started_at=moment), "started_at", value)
    for each in steps:
        corrected.moved(each, moment, value, beside=dose)


def _move(rows, field, value):
    for each in rows:
        _check_order(each, {field: value})
        setattr(each, field, value)
        each.save(update_fields=[field])


def _check_arrival(row, changes, now):
    cleared_at = row.appointment.dose_cleared_at
    if "arrived_at" in changes and cleared_at and row.arrived_at <= cleared_at < changes["arrived_at"]:
        sentence = "The dose was cleared before that. Enter an earlier time."
        raise Invalid(sentence, fields={"arrived_at": [sentence]})


def _check_counts(row, changes, now):
    if changes.get("counts_per_second", 1) < 1:
        sentence = "Enter more than 0 counts per second."
        raise Invalid(sentence, fields={"counts_per_second": [sentence]})


CHECKS["arrival"] = _check_arrival
CHECKS["counts"] = _check_counts
CHECKS["dose"] = corrected.check
