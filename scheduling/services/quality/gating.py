"""What the checks and open spills of a site forbid: one answer for a whole worklist."""

from zoneinfo import ZoneInfo

from scheduling.engine import quality as engine
from scheduling.engine.clocks import hour
from scheduling.engine.states import StepState
from scheduling.models.querysets import rows_of
from scheduling.services.quality import reading

EVACUATED = "is evacuated: gas escaped"


def refusals(site, day, now, *, strict=False):
    """engine.quality.Refusals of a site on a local day, as it is `now`. One query, however many rooms and kits.

    For the worklist: ask once, then per step `found.start(step.pk, room_ids=[...], is_gas=...)`, where is_gas is a
    ventilation by Xe-133. For a gate: `found.start(...)` before a step starts, `found.measure(batch_id)` before a
    dose is measured. Sentences say what is wrong and what to do. A past day has none; for a later day only what
    failed or is overdue by days counts. Nothing is forbidden where the site has no CheckPlan and no open spill.
    A kit that is made later today is not complained of before its time, nor an evacuated room for a step that is
    planned after it clears, unless `strict`.
    """
    if day < reading.working_day(site, now):
        return engine.NONE_REFUSED
    zone, found = ZoneInfo(site.time_zone), engine.Refusals(rooms={}, gas={}, batches={}, steps={})
    calibrator = None
    today = reading.working_day(site, now)
    checks, spills = reading.checks_and_spills(site, day, now)
    for due in checks:
        # What is made already is checked before its use, whichever day that use is counted to.
        of_day = today if due.batch_id and due.usable_from <= now else day
        sentence = engine.why_not_use(due.plan, due.last, of_day, now, zone)
        if sentence is None or (not strict and _is_to_be_made(due, now)):
            continue
        if due.kind == engine.Kind.CALIBRATOR:
            calibrator = sentence
        elif due.batch_id:
            found.batches.setdefault(due.batch_id, sentence)
            found.steps.update(dict.fromkeys(due.step_ids, sentence))
        else:
            (found.gas if due.kind in engine.OF_GAS else found.rooms).setdefault(due.room_id, sentence)
    evacuated = {spill.room_id: _evacuated(spill, zone) for spill in spills}
    clears = {} if strict else {spill.room_id: spill.clears_at for spill in spills}
    return engine.Refusals(found.rooms, found.gas, found.batches, found.steps, calibrator, evacuated, clears)


def _is_to_be_made(due, now):
    return due.batch_id is not None and due.last is None and due.usable_from > now


def _evacuated(spill, zone):
    """Camera 1 is evacuated: gas escaped. It clears at 10:52."""
    return f"{spill.room} {EVACUATED}. It clears at {hour(spill.clears_at, zone)}."


def present(site, now):
    """`refusals` of the working day that it is now, strict: for the gate of one step or dose."""
    return refusals(site, reading.working_day(site, now), now, strict=True)


def of_visit(appointment, now):
    """What an examination's page says of its rooms: as a press is judged now; before its day, as the list of that day.

    `appointment` with its steps; one query.
    """
    site = appointment.site
    waits = [
        step.planned_start_at for step in rows_of(appointment, "steps") if step.state == StepState.SCHEDULED
    ]
    next_at = min((at for at in waits if at), default=now)
    day = engine.working_day(next_at, ZoneInfo(site.time_zone))
    return present(site, now) if day <= reading.working_day(site, now) else refusals(site, day, now)
