"""Which cases the figures are of: whose, of which days, and which examinations."""

from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Case, IntegerField, Value, When

from reporting.models import ExaminationFact, ResourceDay, TracerDay
from scheduling.models import Site


@dataclass(frozen=True, slots=True)
class Choice:
    """`site` is the reader's own, whose targets and clock count; `all_sites`: the figures are of all together.

    Days are the sites' local days, both ends included. Empty: not limited by it.
    """

    site: Site
    first: date
    last: date
    all_sites: bool = False
    protocol: str = ""
    agent: str = ""
    patient_class: str = ""

    def _days(self, rows):
        own = {} if self.all_sites else {"site": self.site}
        return rows.filter(day__range=(self.first, self.last), **own)

    def visits(self):
        """All visits that have ended, of these days."""
        rows = self._days(ExaminationFact.objects.all())
        limits = {"protocol": self.protocol, "agent": self.agent, "patient_class": self.patient_class}
        return rows.filter(**{name: value for name, value in limits.items() if value})

    def examinations(self):
        """Those of them that were performed."""
        return self.visits().filter(state="fulfilled")

    def resource_days(self):
        return self._days(ResourceDay.objects.all())

    def tracer_days(self):
        return self._days(TracerDay.objects.all())

    @property
    def months(self):
        """The first days of the months that it touches, in order."""
        found = [self.first.replace(day=1)]
        while (following := _next_month(found[-1])) <= self.last:
            found.append(following)
        return found

    def month(self):
        """Which of `months` a row is of, as an expression: comparing days costs a tenth of cutting them off."""
        until = enumerate(self.months[1:])
        whens = (When(day__lt=first, then=Value(number)) for number, first in until)
        return Case(*whens, default=Value(len(self.months) - 1), output_field=IntegerField())

    @property
    def is_limited(self):
        """Whether protocol, agent or class limit it."""
        return bool(self.protocol or self.agent or self.patient_class)


def _next_month(first):
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def in_one_go():
    """For the rest of the transaction: nothing is compiled first, which takes longer than the counting itself."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
