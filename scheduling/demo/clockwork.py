"""When the small steps of an invented examination happened, told from the times of its arrivals and acquisitions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.engine.phases import Part, Role

NOT_WANTED = "Not asked for."


@dataclass(frozen=True, slots=True)
class Went:
    """One phase: `ended_at` is empty while it runs, `skipped` says why there are no times."""

    key: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    skipped: str = ""


def phases(planned, lungs, *, prepared_from, now):
    """What has happened by `now` of the `planned` ProtocolPhase rows, in their order.

    `lungs`: {part: (started_at, ended_at)} of the acquisitions that have begun. `prepared_from`: when preparation
    began, or None.
    """
    told = []
    for part in Part:
        rows = [row for row in planned if row.part == part]
        told += _of_part(part, rows, lungs, prepared_from)
    return [each for each in (_by(now, row) for row in told) if each]


def _of_part(part, rows, lungs, prepared_from):
    first = min((span[0] for span in lungs.values()), default=None)
    if part in lungs:
        return _acquired(rows, *lungs[part])
    if part == Part.PREPARATION and prepared_from:
        return _one_after_the_other(rows, prepared_from, until=first)
    if part == Part.CHANGEOVER and len(lungs) > 1:
        return _backwards(rows, max(span[0] for span in lungs.values()) - timedelta(minutes=2))
    ended = [span[1] for span in lungs.values()]
    if part == Part.AFTER and ended and all(ended):
        return _one_after_the_other(rows, max(ended) + timedelta(minutes=1))
    return []


def _acquired(rows, started_at, ended_at):
    """Up to the inhalation or injection backwards, from there on forwards; the last pictures end the acquisition."""
    at = next((n for n, row in enumerate(rows) if row.role in (Role.BEGINS, Role.BOTH)), 0)
    last = next((n for n, row in enumerate(rows) if row.role in (Role.PICTURES, Role.BOTH)), len(rows) - 1)
    moment, told = started_at, _backwards(rows[:at], started_at)
    for row in rows[at:last]:
        ends = moment + typical(row)
        told.append(Went(row.key, moment, min(ends, ended_at) if ended_at else ends))
        moment = told[-1].ended_at
    told.append(Went(rows[last].key, moment, ended_at))
    moment = ended_at
    for row in rows[last + 1 :] if ended_at else ():
        if row.views:
            told.append(Went(row.key, skipped=NOT_WANTED))
        else:
            told.append(Went(row.key, moment, moment + typical(row)))
            moment = told[-1].ended_at
    return told


def _one_after_the_other(rows, moment, until=None):
    """In their typical times, shortened where they must be over `until` then."""
    whole = sum((typical(row) for row in rows), timedelta())
    share = min(1, (until - moment) / whole) if until and whole else 1
    told = []
    for row in rows:
        told.append(Went(row.key, moment, moment + share * typical(row)))
        moment = told[-1].ended_at
    return told


def _backwards(rows, moment):
    begins = moment - sum((typical(row) for row in rows), timedelta())
    return _one_after_the_other(rows, begins)


def typical(row):
    return timedelta(seconds=row.typical_seconds)


def _by(now, went):
    """What of it is known now, or None."""
    if went.skipped or went.ended_at is None:
        return went
    if went.started_at > now:
        return None
    return went if went.ended_at <= now else Went(went.key, went.started_at)
