"""What will not work out as planned, in one sentence each; no patient's name is in it."""

from scheduling.engine.calendars import to_datetime
from scheduling.engine.projection import Kind
from scheduling.engine.window import duration_words
from scheduling.models import StepKind

_NOUNS = {StepKind.XRAY: "chest X-ray", StepKind.VENTILATION: "ventilation", StepKind.PERFUSION: "perfusion"}


def sentence(conflict, kind, names, zone):
    """What will not work out, and by how much; the button beside it is what to do."""
    noun, room = _NOUNS[kind], names.get(conflict.resource, "")
    at = _clock(conflict.at, zone) if conflict.at is not None else ""
    limit = _clock(conflict.limit, zone) if conflict.limit is not None else ""
    late = duration_words(conflict.minutes)
    waits = f": {room} is taken until then" if room else ""
    return {
        Kind.LATE: f"The {noun} will begin {late} late, at {at}{waits}.",
        Kind.TAKEN: f"{room} is not free in time: the {noun} will begin at {at}, {late} late.",
        Kind.GONE: f"The {noun} is not possible today: {room or 'a step before it'} does not come back in time.",
        Kind.XRAY_OVER: f"The chest X-ray counts until {limit}; the {noun} is expected at {at}, {late} after that.",
        Kind.WAIT_OVER: f"The {noun} should begin by {limit}; it is expected at {at}.",
        Kind.DOSE_EXPIRED: f"The dose of the {noun} expires at {limit}; it is expected to be given at {at}.",
        Kind.CLOSED: f"{room} is there until {limit}; the {noun} is expected to take {late} longer.",
    }[conflict.kind]


def _clock(minute, zone):
    return f"{to_datetime(minute).astimezone(zone):%H:%M}"
