"""The checks of a site with the newest of each that stands, in one query; and gas that is still in a room."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from scheduling.engine import quality as engine
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.doses import PRODUCTS
from scheduling.models import Spill
from vqflow.statements import selected

CALIBRATOR = "The dose calibrator"

# Values that the planner does not see let PostgreSQL keep its plan: with them it makes a new one for each list.
# A unit dose comes tested by whoever made it; of a batch that has failed only the check is shown that failed it.
_STATEMENT = """
SELECT p.id, p.kind, p.room_id, r.name, p.product, p.every_days, p.due_time, p.lowest, p.highest, p.unit,
    b.id, b.usable_from, b.lot,
    ARRAY(SELECT d.step_id FROM scheduling_doseclaim d
        WHERE d.batch_id = b.id AND d.status = 'live' AND d.step_id IS NOT NULL),
    c.id, c.done_at, c.passed, c.value, c.note, trim(u.first_name || ' ' || u.last_name)
FROM scheduling_checkplan p
LEFT JOIN scheduling_resource r ON r.id = p.room_id
LEFT JOIN scheduling_tracerbatch b ON b.site_id = p.site_id AND b.product = p.product AND NOT b.is_unit_dose
    AND b.expires_at >= (SELECT %(starts_at)s::timestamptz) AND b.usable_from < (SELECT %(ends_at)s::timestamptz)
LEFT JOIN LATERAL (
    SELECT * FROM scheduling_qualitycheck q
    WHERE q.plan_id = p.id AND q.voided_at IS NULL AND (p.product = '' OR q.batch_id = b.id)
    ORDER BY q.done_at DESC, q.id DESC LIMIT 1
) c ON true
LEFT JOIN vqflow_user u ON u.id = c.recorded_by_id
WHERE p.site_id = (SELECT %(site)s::bigint) AND p.is_active
    AND (p.product = '' OR (b.id IS NOT NULL AND (b.state <> 'failed' OR NOT c.passed)))
    AND (r.id IS NULL OR r.is_active)
"""
_IN_ORDER = f"{_STATEMENT} ORDER BY p.kind, r.name, b.usable_from, p.id"
# Gas that is still in a room comes as rows without a check.
_WITH_SPILLS = f"""SELECT * FROM ({_STATEMENT}
UNION ALL
SELECT NULL, NULL, s.room_id, r.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.clears_at, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scheduling_spill s JOIN scheduling_resource r ON r.id = s.room_id
WHERE s.site_id = (SELECT %(site)s::bigint) AND s.ended_at IS NULL AND s.clears_at > %(now)s
) found ORDER BY 2, 4, 12, 1"""  # noqa: S608  (made of constants)


@dataclass(frozen=True, slots=True)
class Due:
    """One check that a site asks for: of a room, of a batch, or of the dose calibrator; and the newest that stands."""

    plan_id: int
    kind: engine.Kind
    room_id: int | None
    room: str | None
    product: str
    every_days: int
    due_time: time | None
    lowest: Decimal | None
    highest: Decimal | None
    unit: str
    batch_id: int | None
    usable_from: datetime | None
    lot: str | None
    step_ids: tuple[int, ...]
    check_id: int | None
    done_at: datetime | None
    passed: bool | None
    value: Decimal | None
    note: str | None
    done_by: str | None
    zone: ZoneInfo

    @property
    def subject(self):
        """Camera 1; MAA kit 06:30; The dose calibrator."""
        if self.batch_id:
            return f"{PRODUCTS[self.product].name} {self.usable_from.astimezone(self.zone):%H:%M}"
        return self.room or CALIBRATOR

    @property
    def plan(self):
        return engine.Plan(self.kind, self.subject, self.every_days, self.due_time)

    @property
    def last(self):
        return engine.Check(self.done_at, self.passed) if self.check_id else None

    @property
    def standard(self):
        return engine.STANDARDS[self.kind]

    @property
    def limits(self):
        return engine.limits_in_words(self.lowest, self.highest, self.unit)


@dataclass(frozen=True, slots=True)
class Evacuated:
    """A room with gas in it until `clears_at`."""

    room_id: int
    room: str
    clears_at: datetime


def checks(site, day):
    """Every check that the site asks for, with the batches that are used on one day. One query.

    By the calendar and by the working day: of a kit that is made after midnight neither list may know nothing.
    """
    zone = ZoneInfo(site.time_zone)
    return [_due(row, zone) for row in selected(_IN_ORDER, _of(site, day, zone))]


def checks_and_spills(site, day, now):
    """(what `checks` gives, the rooms that are Evacuated). One query for both."""
    zone, found, spills = ZoneInfo(site.time_zone), [], []
    for row in selected(_WITH_SPILLS, _of(site, day, zone) | {"now": now}):
        if row[0] is None:
            spills.append(Evacuated(room_id=row[2], room=row[3], clears_at=row[11]))
        else:
            found.append(_due(row, zone))
    return found, spills


def _of(site, day, zone):
    starts_at, _ = (to_datetime(minute) for minute in local_day_bounds(day, zone))
    ends_at = datetime.combine(day + timedelta(days=1), engine.DAY_BEGINS, zone)
    return {"site": site.pk, "starts_at": starts_at, "ends_at": ends_at}


def _due(row, zone):
    plan_id, kind, *others = row
    values = [plan_id, engine.Kind(kind), *others]
    values[13] = tuple(values[13])
    return Due(*values, zone)


def open_spills(site, now):
    """Gas that is still in a room: nobody goes in. One query."""
    return list(
        Spill.objects.filter(site=site, ended_at=None, clears_at__gt=now)
        .select_related("room")
        .order_by("clears_at")
    )


def working_day(site, now) -> date:
    return engine.working_day(now, ZoneInfo(site.time_zone))
