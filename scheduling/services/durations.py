"""The department's own durations: how long its steps really took. Reads; their adoption is services/department."""

from dataclasses import dataclass
from datetime import timedelta

from scheduling.engine import durations as engine
from scheduling.engine.calendars import to_minute
from scheduling.models import PatientClass, Protocol, ProtocolStep
from vqflow.statements import selected

LOOKS_BACK = timedelta(days=90)
SITES_KEPT = 32
MINUTES_A_DAY = 24 * 60

_kept = {}


def measured(site, *, now):
    """{(protocol id, kind of step, patient class or None for all): engine.durations.Measured} of the last 90 days.

    One query, on the first call of a UTC day in a process; then none.
    """
    day = to_minute(now) // MINUTES_A_DAY
    known = _kept.get(site.pk)
    if known is None or known[0] != day:
        if len(_kept) >= SITES_KEPT:
            _kept.clear()
        known = _kept[site.pk] = (day, read(site, now=now))
    return known[1]


def read(site, *, now):
    """As measured(), from the database. One query."""
    times = selected(_TIMES, {"site": site.pk, "first": now - LOOKS_BACK, "now": now})
    return engine.measure(
        ((protocol, kind, who), minutes) for protocol, kind, of, minutes in times for who in (of, None)
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A step of a protocol with what is planned for its pictures and what was measured, None where nothing was.

    `by_class`: (label, Measured or None) for each patient class.
    """

    step: ProtocolStep
    measured: engine.Measured | None
    by_class: tuple[tuple[str, engine.Measured | None], ...]

    @property
    def may_adopt(self):
        return self.measured is not None and self.measured.is_enough


def table(site, *, now):
    """[(protocol, its Lines)] of the protocols in use, the ones with most examinations first. Three queries."""
    found = read(site, now=now)
    rows = Protocol.objects.filter(site=site, is_active=True).prefetch_related("steps").order_by("pk")
    lines = [(protocol, [_line(step, found) for step in protocol.steps.all()]) for protocol in rows]
    return sorted(
        lines, key=lambda row: -max([each.measured.count for each in row[1] if each.measured], default=0)
    )


def _line(step, found):
    of = (step.protocol_id, step.kind)
    by_class = tuple((each.label, found.get((*of, each.value))) for each in PatientClass)
    return Line(step, found.get((*of, None)), by_class)


def usual(found, protocol, kind, patient_class):
    """What is measured of a step: of patients of this class, or where they are too few of all; else None."""
    for key in ((protocol, kind, patient_class), (protocol, kind, None)):
        each = found.get(key)
        if each is not None and each.is_enough:
            return each
    return None


# Steps that were acquired with another, done elsewhere or longer for this one patient say nothing of the next.
_TIMES = """SELECT q.protocol_id, s.kind, o.patient_class,
    extract(epoch FROM s.performed_end_at - s.performed_start_at)::float / 60
FROM scheduling_appointment a JOIN scheduling_scheduledprocedurestep s ON s.appointment_id = a.id
JOIN scheduling_requestedprocedure q ON q.id = a.procedure_id JOIN scheduling_order o ON o.id = q.order_id
WHERE a.site_id = %(site)s AND a.starts_at >= %(first)s AND a.starts_at < %(now)s AND s.state = 'completed'
    AND s.performed_start_at IS NOT NULL AND NOT s.simultaneous AND s.elsewhere = ''
    AND s.acquisition_minutes IS NULL
"""
