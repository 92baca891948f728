"""Open problems as they are shown: a row of the list and the examination's page word them alike."""

from dataclasses import dataclass

from scheduling.engine.problems import OUTCOMES
from scheduling.models import Problem
from scheduling.models.querysets import rows_of
from scheduling.templatetags import clock


@dataclass(frozen=True, slots=True)
class Pending:
    """One open problem with who sees to it and by when."""

    problem: Problem
    is_overdue: bool
    zone: str

    @property
    def pk(self):
        return self.problem.pk

    @property
    def label(self):
        return self.problem.get_reason_display()

    @property
    def owner(self):
        return self.problem.owner.name if self.problem.owner_id else "Nobody"

    @property
    def due(self):
        return clock.time_at(self.problem.due_at, self.zone)

    @property
    def sentence(self):
        """Nurse on the way. Dinh Pham sees to it by 10:40."""
        note = self.problem.note.rstrip(".")
        return f"{f'{note}. ' if note else ''}{self.owner} sees to it by {self.due}."

    @property
    def outcomes(self):
        return OUTCOMES[self.problem.reason]


def pending(appointment, now):
    """The open problems of an examination, the oldest first; no query where they are prefetched."""
    zone = appointment.site.time_zone
    standing = (each for each in rows_of(appointment, "problems") if each.closed_at is None)
    return [Pending(each, now > each.due_at, zone) for each in standing]
