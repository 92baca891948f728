"""One local day as the engine's projection takes it: visits with their steps, and what is out of order. One query."""

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import local_day_bounds, to_datetime, to_minute
from scheduling.engine.intervals import Intervals, normal
from scheduling.engine.projection import Step, Taken, Visit
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.examinations import STAYS
from scheduling.models import StepKind
from scheduling.models.appointments import ON_DAYS_LIST, of_days_list
from scheduling.services import durations
from vqflow.statements import selected

OVER = (StepState.DISCONTINUED, StepState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Read:
    """`names`: of rooms and people. `kinds`: of steps, by id. `gone`: rooms and people that broke, minutes UTC."""

    zone: ZoneInfo
    now: int
    high: int
    visits: tuple[Visit, ...]
    names: dict[int, str]
    kinds: dict[int, str]
    gone: dict[int, Intervals]


def read(site, day, *, now):
    """The visits of a local day, as they stand at `now`; of today also those of the evening before that go on."""
    zone, minute = ZoneInfo(site.time_zone), to_minute(now)
    low, high = local_day_bounds(day, zone)
    names, kinds, gone, visits = {}, {}, defaultdict(list), []
    usual = durations.measured(site, now=now)
    starts, ends = to_datetime(low), to_datetime(high)
    known = of_days_list(site, starts, ends, now) | {"now": minute, "here_since": now - STAYS}
    for row in selected(_DAY, known):
        if row[0] is None:
            names = {int(pk): name for pk, name in _parsed(row[-2] or "{}").items()}
            for resource, begins, ends in row[-1] or ():
                gone[resource].append((begins, ends))
        else:
            visits.append(_visit(site, row, usual, kinds, minute, zone))
    everybody = gone.pop(None, [])
    broken = {each: normal([*gone[each], *everybody]) for each in {*names, *gone} if gone[each] or everybody}
    return Read(zone, minute, high, tuple(visits), names, kinds, broken)


@lru_cache(maxsize=512)
def _parsed(text):
    """What stands in the JSON; of most visits it is the same as for the list before. Nobody changes it."""
    return json.loads(text)


def _visit(site, row, usual, kinds, now, zone):
    pk, state, arrived_at, cleared, protocol, patient_class, waived, xray_late, overruns, steps, _ = row
    is_live = state in LIVE_APPOINTMENT
    made, before = [], None
    for values in _parsed(steps):
        kind = values["kind"]
        kinds[values["id"]] = kind
        # After the dose nobody waits for an X-ray any more: a physician has let it go.
        let_go = kind == StepKind.XRAY and cleared and values["state"] == StepState.SCHEDULED
        is_over = values["state"] in OVER or not is_live or let_go
        lag = _lag(site, values, before, set(waived or ()))
        reported = xray_late if kind == StepKind.XRAY else overruns if _runs(values) else None
        length = durations.usual(usual, protocol, kind, patient_class)
        made.append(_step(values, is_over, lag, length, reported))
        if not is_over or values["ended"] is not None:
            before = values
    return Visit(pk, tuple(made), is_here=_is_here(state, arrived_at, now, zone))


def _runs(values):
    return values["state"] == StepState.IN_PROGRESS


def _is_here(state, arrived, now, zone):
    if state != AppointmentState.ARRIVED:
        return state != AppointmentState.BOOKED
    came, today = (to_datetime(minute).astimezone(zone).date() for minute in (arrived, now))
    return came == today or to_datetime(now) - to_datetime(arrived) < STAYS


def _lag(site, step, before, waived):
    """(least, most, whether it is the X-ray's window): as far as the plan itself keeps to it."""
    if before is None:
        return 0, None, False
    is_first_lungs = before["kind"] == StepKind.XRAY
    if is_first_lungs:
        unbound = "CXR-1" in waived
        least = 0 if unbound or "CXR-3" in waived else -(-site.xray_shortest.total_seconds() // 60)
        most = None if unbound or "CXR-2" in waived else site.xray_longest.total_seconds() // 60
    else:
        least, most = step["lag"] or 0, step["most_lag"]
    ended = before["end"] if before["end"] is not None else before["ended"]
    planned = None if step["start"] is None or ended is None else step["start"] - ended
    if planned is not None:
        # A physician or the desk may have planned outside of it.
        least, most = min(least, max(planned, 0)), None if most is None else max(most, planned)
    return int(least), None if most is None else int(most), is_first_lungs


def _step(values, is_over, lag, measured, reported):
    start, end = values["start"], values["end"]
    own_length = values["own"] or values["together"] or measured is None
    return Step(
        id=values["id"],
        start=start,
        end=end,
        takes=tuple(_taken(each, start, end) for each in values["takes"] or () if start is not None),
        begun=values["begun"],
        ended=values["ended"],
        is_over=is_over,
        minutes=None if own_length else measured.median_minutes,
        most_minutes=None if own_length else measured.most_minutes,
        lag=lag[0],
        most_lag=lag[1],
        is_first_lungs=lag[2],
        with_before=values["together"],
        usable=values["usable"],
        expires=values["expires"],
        reported_end=reported,
        progress=values["progress"],
    )


def _taken(row, start, end):
    resource, begins, ends = row
    is_bay = ends <= start
    return Taken(resource, start - begins, ends - (start if is_bay else end), until_start=is_bay)


_MINUTE = "floor(extract(epoch FROM {}) / 60)::bigint"


def _minute(column):
    return _MINUTE.format(column)


# Of the small steps from the inhalation or injection on, weighed by their typical times. Who presses none beside the
# first, which the start presses, leaves nothing to reckon with.
_PROGRESS = """(SELECT CASE WHEN count(r.id) > 1 THEN (sum(CASE
            WHEN r.id IS NULL THEN 0 WHEN r.started_at IS NULL OR r.ended_at IS NOT NULL THEN f.typical_seconds
            ELSE least(f.typical_seconds, greatest(0, %(now)s * 60 - extract(epoch FROM r.started_at))) END)
        / nullif(sum(f.typical_seconds), 0))::float END
    FROM scheduling_protocolphase f LEFT JOIN LATERAL (
        SELECT x.id, x.started_at, x.ended_at FROM scheduling_phaserecord x
        WHERE x.appointment_id = a.id AND x.key = f.key AND x.voided_at IS NULL ORDER BY x.take DESC LIMIT 1) r ON true
    WHERE f.protocol_id = q.protocol_id AND f.part = s.kind AND f.ordinal >= (
        SELECT min(b.ordinal) FROM scheduling_protocolphase b
        WHERE b.protocol_id = q.protocol_id AND b.part = s.kind AND b.role IN ('begins', 'both')))"""
# Of the days before only who has been seen these hours keeps a room: a visit that nobody has closed keeps none.
# Closures that belong to a report of what broke come as a row of their own: who is booked in others stays so.
_DAY = f"""\
SELECT a.id, a.state, {_minute("a.arrived_at")}, a.dose_cleared_at IS NOT NULL, q.protocol_id, o.patient_class,
    (SELECT array_agg(d.rule) FROM scheduling_decision d
        WHERE d.order_id = o.id AND d.kind = 'override' AND d.rule LIKE 'CXR-%%' AND d.lapsed_at IS NULL),
    (SELECT {_minute("max(d.ends_at)")} FROM scheduling_disruption d
        WHERE d.appointment_id = a.id AND d.kind = 'xray_late' AND d.closed_at IS NULL),
    (SELECT {_minute("max(d.ends_at)")} FROM scheduling_disruption d
        WHERE d.appointment_id = a.id AND d.kind = 'scan_overruns' AND d.closed_at IS NULL),
    (SELECT json_agg(json_build_object('id', s.id, 'kind', s.kind, 'state', s.state,
            'start', {_minute("s.planned_start_at")}, 'end', {_minute("s.planned_end_at")},
            'begun', {_minute("s.performed_start_at")}, 'ended', {_minute("s.performed_end_at")},
            'together', s.simultaneous, 'own', s.acquisition_minutes,
            'progress', CASE WHEN s.state = 'in_progress' THEN {_PROGRESS} END,
            'lag', t.lag_min_minutes, 'most_lag', t.lag_max_minutes,
            'usable', {_minute("b.usable_from")}, 'expires', {_minute("b.expires_at")},
            'takes', (SELECT json_agg(json_build_array(r.resource_id, r.start_minute, r.end_minute))
                FROM scheduling_reservation r WHERE r.step_id = s.id AND r.status IN ('booked', 'overbooked')
                    AND r.resource_id IS DISTINCT FROM p.resource_id))
            ORDER BY s.ordinal)::text
        FROM scheduling_scheduledprocedurestep s LEFT JOIN scheduling_protocolstep t
            ON t.protocol_id = q.protocol_id AND t.kind = s.kind
            LEFT JOIN scheduling_doseclaim c ON c.step_id = s.id AND c.status = 'live' AND c.extra_id IS NULL
            LEFT JOIN scheduling_tracerbatch b ON b.id = c.batch_id WHERE s.appointment_id = a.id), NULL
FROM {ON_DAYS_LIST} JOIN scheduling_requestedprocedure q ON q.id = a.procedure_id
JOIN scheduling_order o ON o.id = q.order_id JOIN scheduling_patient p ON p.id = o.patient_id
WHERE a.ends_at > (SELECT %(starts)s::timestamptz) OR a.arrived_at > (SELECT %(here_since)s::timestamptz) OR EXISTS (
    SELECT FROM scheduling_scheduledprocedurestep s WHERE s.appointment_id = a.id AND (s.state = 'in_progress'
        OR greatest(s.performed_start_at, s.performed_end_at) > (SELECT %(here_since)s::timestamptz)))
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    (SELECT json_object_agg(w.id, w.name)::text FROM scheduling_resource w
        WHERE w.site_id = (SELECT %(site)s::bigint) AND w.kind <> 'patient'),
    json_agg(json_build_array(c.resource_id,
    {_minute("lower(c.span)")}, ceil(extract(epoch FROM upper(c.span)) / 60)::bigint))
FROM scheduling_closure c WHERE c.site_id = (SELECT %(site)s::bigint)
    AND c.span && (SELECT tstzrange(%(starts)s, %(ends)s + interval '1 day'))
    AND EXISTS (SELECT 1 FROM scheduling_disruption_closures x WHERE x.closure_id = c.id)
"""  # noqa: S608  (columns of our own)
