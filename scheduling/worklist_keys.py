"""The keys of a worklist query as conditions of its SQL (PS3.4 C.2.2.2: single value, list, wildcard, range).

Names are compared as the search for patients compares them: capitals and accents do not count.
"""

from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from scheduling.engine.worklistkeys import XRAY_MODALITIES
from scheduling.models.appointments import LONGEST_MINUTES

TO_DO = "s.state IN ('scheduled', 'in_progress') AND a.state IN ('booked', 'arrived', 'in_progress')"
# Who has come to the X-ray only is not there for the scan. What may start has no problem that somebody sees to, and
# comes after nothing that is still to be done; what is acquired together with the step before starts with it.
STATUS = """CASE
    WHEN s.state = 'cancelled' OR a.state IN ('cancelled', 'noshow') THEN 'CANCELED'
    WHEN s.state = 'completed' THEN 'COMPLETED'
    WHEN s.state = 'discontinued' THEN 'DISCONTINUED'
    WHEN s.state = 'in_progress' THEN 'STARTED'
    WHEN a.state = 'booked' THEN 'SCHEDULED'
    WHEN s.kind <> 'xray' AND a.state = 'arrived' AND (
        SELECT bool_and(v.at = 'xray') FROM scheduling_arrival v
        WHERE v.appointment_id = a.id AND v.voided_at IS NULL) THEN 'SCHEDULED'
    WHEN EXISTS (
        SELECT 1 FROM scheduling_problem b WHERE b.appointment_id = a.id AND b.closed_at IS NULL) THEN 'ARRIVED'
    WHEN s.kind = 'xray' THEN 'READY'
    WHEN a.dose_cleared_at IS NOT NULL AND NOT s.awaits_reading AND NOT EXISTS (
        SELECT 1 FROM scheduling_scheduledprocedurestep e
        WHERE e.appointment_id = a.id AND e.state IN ('scheduled', 'in_progress')
            AND e.ordinal < s.ordinal - s.simultaneous::int) THEN 'READY'
    ELSE 'ARRIVED' END"""
OPEN_STATUSES = {"SCHEDULED", "ARRIVED", "READY", "STARTED"}
STATUSES = OPEN_STATUSES | {"COMPLETED", "DISCONTINUED", "CANCELED"}
# Of what is over nobody needs more at a camera, and a query for all of it would read the archive.
OVER_SINCE = timedelta(days=31)
SEX = {"F": "female", "M": "male", "O": "other"}
# What LIKE takes for more than itself is escaped here, for plain letters may be a percent sign that was none before.
PLAIN_PATTERN = r"""replace(replace(replace(replace(
    scheduling_plain(%s), '\', '\\'), '%%', '\%%'), '*', '%%'), '?', '_')"""
# The reservations of these rooms by their index. With a first day they are few and are read before everything else:
# both bounds are on `end_minute`, so that the scan of the index ends soon after the last day that is asked for.
# START_OF_FEW keeps the planner, which knows no days in a plan that it keeps, from reading all steps of the days.
STEPS_OF_ROOMS = """s.id IN (
    SELECT r.step_id FROM scheduling_reservation r
    WHERE r.status IN ('booked', 'overbooked') AND r.resource_id = ANY(ARRAY({rooms})){window})"""
# Who asks for one patient has few steps: each is looked at, however many the room has.
STEP_IN_ROOMS = """(
    SELECT r.step_id FROM scheduling_reservation r
    WHERE r.step_id = s.id AND r.status IN ('booked', 'overbooked')
        AND r.resource_id = ANY(ARRAY({rooms})){window} LIMIT 1) IS NOT NULL"""
FEW_STEPS_OF_ROOMS = STEPS_OF_ROOMS.replace("IN (\n    SELECT", "= ANY(ARRAY(\n    SELECT") + ")"
START, START_OF_FEW = "s.planned_start_at", "(s.planned_start_at + '0'::interval)"
ROOMS_OF_STATIONS = """SELECT resource_id FROM scheduling_room WHERE {room}
        UNION SELECT room_id FROM scheduling_applicationentity WHERE {device} AND room_id IS NOT NULL"""


class Conditions:
    """SQL and its values, side by side."""

    def __init__(self):
        self.where, self.values = [], []

    def add(self, sql, *values):
        self.where.append(sql)
        self.values.extend(values)


def conditions(site, keys, *, now, room):
    """(conditions, values) of one query at this site."""
    found = Conditions()
    found.add("a.site_id = %s AND s.planned_start_at IS NOT NULL AND s.elsewhere = ''", site.pk)
    _state(found, keys, now)
    few = bool(keys.starts.first_day and (keys.stations or room))
    first, last = _window(found, keys.starts, ZoneInfo(site.time_zone), START_OF_FEW if few else START)
    _place(found, keys, room, first, last)
    _numbers(found, keys)
    _patient(found, keys)
    return found.where, found.values


def _state(found, keys, now):
    wanted = _of(STATUSES, keys.statuses)
    if wanted <= OPEN_STATUSES:
        found.add(TO_DO)
    elif not _is_narrow(keys):
        found.add("s.planned_start_at > %s", now - OVER_SINCE)
    if keys.statuses:
        found.add(f"{STATUS} = ANY(%s)", sorted(wanted))


def _is_narrow(keys):
    return _is_of_one(keys) or keys.starts.first_day is not None


def _is_of_one(keys):
    return any((keys.patient_id, keys.accession_number, keys.procedure_id, keys.sps_id, keys.study_uids))


def _window(found, starts, zone, column):
    """The period of the planned start; what is open is None."""
    opens, closes = (None, None) if starts.each_day else (starts.first_time, starts.last_time)
    first = _bound(found, starts.first_day, opens or time.min, zone, column, ">=")
    last = _bound(found, starts.last_day, closes or time.max, zone, column, "<=")
    if first:
        found.add("a.ends_at >= %s", first)
    if last:
        found.add("a.starts_at <= %s", last)
    if starts.each_day or not (first or last):
        _time_of_day(found, starts, zone)
    return first, last


def _bound(found, day, clock, zone, column, compares):
    """The instant from which or until which steps begin, None where it is open."""
    if day is None:
        return None
    shown = datetime.combine(day, clock)
    either = [shown.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    moment = (min if compares == ">=" else max)(either, key=datetime.timestamp)
    found.add(f"{column} {compares} %s", moment)
    if either[0].utcoffset() != either[1].utcoffset():
        # The hour that comes twice or never when clocks change: a start fits by what a device shows of it.
        found.add(f"(s.planned_start_at AT TIME ZONE %s) {compares} %s", zone.key, shown)
    return moment


def _time_of_day(found, starts, zone):
    clock = "(s.planned_start_at AT TIME ZONE %s)::time"
    if starts.first_time:
        found.add(f"{clock} >= %s", zone.key, starts.first_time)
    if starts.last_time:
        found.add(f"{clock} <= %s", zone.key, starts.last_time)


def _place(found, keys, room, first, last):
    if keys.stations:
        (room_sql, titles), (device_sql, _) = (
            _one_of("ae_title", keys.stations),
            _one_of("title", keys.stations),
        )
        rooms, values = ROOMS_OF_STATIONS.format(room=room_sql, device=device_sql), [titles, titles]
    elif room is not None:
        rooms, values = "SELECT %s::bigint", [room.pk]
    else:
        return
    window, minutes = "", []
    if first:
        window, minutes = " AND r.end_minute >= %s", [_minute(first)]
    if last:
        ends = _minute(last) + 1
        window = f"{window} AND r.start_minute <= %s AND r.end_minute <= %s"
        minutes += [ends, ends + LONGEST_MINUTES]
    many = STEP_IN_ROOMS if _is_of_one(keys) else STEPS_OF_ROOMS
    steps = FEW_STEPS_OF_ROOMS if first else many
    found.add(steps.format(rooms=rooms, window=window), *values, *minutes)


def _minute(moment):
    return int(moment.timestamp() // 60)


def _numbers(found, keys):
    _text(found, "o.accession_number", keys.accession_number)
    _text(found, "rp.requested_procedure_id", keys.procedure_id)
    _text(found, "s.sps_id", keys.sps_id)
    if keys.study_uids:
        found.add("rp.study_instance_uid = ANY(%s)", list(keys.study_uids))
    if keys.modalities:
        asked = set(keys.modalities)
        sql, modalities = _one_of("s.modality", asked | {"DX"} if asked & XRAY_MODALITIES else asked)
        found.add(sql, modalities)


def _patient(found, keys):
    _text(found, "p.mrn", keys.patient_id, "upper({})")
    _text(found, "p.mrn_issuer", keys.issuer, "upper({})")
    if keys.born.first:
        found.add("p.born_on >= %s", keys.born.first)
    if keys.born.last:
        found.add("p.born_on <= %s", keys.born.last)
    if keys.sex.strip("*"):
        found.add("p.sex = ANY(%s)", [SEX[each] for each in sorted(_of(SEX, [keys.sex.upper()]))])
    _name(found, keys.patient_name)
    # People are one name here, in the order in which it is spoken.
    for part in keys.performing_physician.split("=")[0].split("^"):
        if part.strip("* "):
            found.add(f"scheduling_plain(who.name) LIKE {PLAIN_PATTERN}", f"*{part.strip()}*")


def _of(known, values):
    """Those of the known words that one of these values, with wildcards or without, stands for."""
    patterns = [value.replace("[", "[[]") for value in values]
    return {each for each in known if any(fnmatchcase(each, pattern) for pattern in patterns)}


def _one_of(column, values):
    """(condition, its value): one of several values fits, with wildcards or without."""
    if any(set("*?") & set(value) for value in values):
        return f"{column} LIKE ANY(%s)", sorted(map(_pattern, values))
    return f"{column} = ANY(%s)", sorted(values)


def _text(found, column, value, seen="{}"):
    """Single value or wildcard matching; a value of asterisks alone matches everything. `seen`: how both sides are
    compared."""
    if not value.strip("*"):
        return
    if "*" in value or "?" in value:
        found.add(f"{seen.format(column)} LIKE {seen.format('%s')}", _pattern(value))
    else:
        found.add(f"{seen.format(column)} = {seen.format('%s')}", value)


def _pattern(value):
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _name(found, value):
    """Any of the groups of a name (alphabetic, ideographic, phonetic) may fit; components that are empty fit all."""
    groups = [group for group in value.split("=") if group.strip("*^ ")]
    if not groups:
        return
    ways, values = [], []
    for group in groups:
        sql, used = _group(group)
        ways.append(f"({sql})")
        values.extend(used)
    found.add(f"({' OR '.join(ways)})", *values)


def _group(group):
    """A value without components is one for the whole name where it has wildcards, else the family name."""
    if "^" not in group and set("*?") & set(group):
        sql = f"p.search_name LIKE {PLAIN_PATTERN} AND rtrim(p.search_name) LIKE {PLAIN_PATTERN}"
        return sql, [f"*{group.strip()}*", f" {group.strip()}"]
    columns = ("family_name", "given_name", "middle_name", "name_prefix", "name_suffix")
    sql, values = [], []
    for column, part in zip(columns, group.split("^"), strict=False):
        part = part.strip()
        if not part.strip("*"):
            continue
        sql.append(f"scheduling_plain(p.{column}) LIKE {PLAIN_PATTERN}")
        values.append(part)
        if column in columns[:3]:
            # The index of names finds those with all of these letters somewhere.
            sql.append(f"p.search_name LIKE {PLAIN_PATTERN}")
            values.append(f"*{part}*")
    return " AND ".join(sql) or "TRUE", values
