"""What to report for a conflict, so that the existing re-plan of a broken day repairs it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduling.engine.calendars import to_datetime
from scheduling.engine.projection import Causes
from scheduling.models import DisruptionKind, StepKind

SOONEST_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Repair:
    """A disruption to report: of which appointment, and when what is late is expected to end."""

    kind: DisruptionKind
    appointment: UUID
    ends_at: datetime


class Repairs:
    """The Repair behind each conflict of a projected day."""

    def __init__(self, read, found):
        self._read, self._found = read, found
        self._causes = Causes(read.visits, found.steps)
        self._steps = {step.id: (visit.id, step) for visit in read.visits for step in visit.steps}

    def of(self, conflict):
        """For a scan that takes longer, or a chest X-ray that is late. None where neither is behind it."""
        root = self._causes.root(conflict.step)
        appointment, step = self._steps[root]
        ends = self._found.steps[root].end
        if step.end is None or ends is None or ends <= step.end:
            return None
        is_xray = self._read.kinds[root] == StepKind.XRAY
        if not is_xray and not step.is_running:
            return None
        kind = DisruptionKind.XRAY_LATE if is_xray else DisruptionKind.SCAN_OVERRUNS
        # What should have ended by now ends some time: a report is of what is still to come.
        return Repair(kind, appointment, to_datetime(max(ends, self._read.now + SOONEST_MINUTES)))
