"""The doses of a day that is planned anew: which step has which, and what batches hold when all are given back."""

from collections import Counter
from dataclasses import replace

from scheduling.engine import tracers as engine
from scheduling.models import DoseClaim
from scheduling.services.tracers import stock


def claims_of(appointments):
    """{id of a step: (batch id, kBq at its calibration)}. One query."""
    steps = [step.pk for each in appointments for step in each.steps.all()]
    rows = DoseClaim.objects.live().filter(step__in=steps, extra=None)
    return {row.step_id: (row.batch_id, stock.kbq(row.reference_mbq)) for row in rows}


class Batches:
    """The batches that the questions of a day's visits know; each counts its own visit's doses as given back."""

    def __init__(self):
        self._without = {}

    def note(self, batches, claims):
        """`claims`: the doses of the visit whose question has these batches."""
        own = Counter()
        for number, kbq in claims.values():
            own[number] += kbq
        for batch in batches:
            self._without.setdefault(batch.id, replace(batch, left_kbq=batch.left_kbq - own[batch.id]))

    def given_back(self, visits):
        """All of them, with the doses of all these visits given back."""
        taken = Counter()
        for visit in visits:
            for number, kbq in visit.claims.values():
                taken[number] += kbq
        return tuple(
            replace(batch, left_kbq=batch.left_kbq + taken[batch.id])
            for _, batch in sorted(self._without.items())
        )


def names(batches, zone):
    """{id: "MAA kit 07:30"}: as people call them, in the site's time."""
    return {batch.id: stock.name_in(batch, zone) for batch in batches}


def as_planned(question, after, minutes):
    """The question with the batches alone that a plan draws from, so that each gets the dose that is meant for them.

    `after`: the steps of a ReplanChange. Where one of the doses is not there any more, all batches count.
    """
    planned = {row["kind"]: row["batch"] for row in after if "batch" in row}
    batches = {batch.id: batch for batch in question.batches if batch.id in planned.values()}
    needs = {step.key: step.dose for step in question.steps if step.key in planned}
    for kind, number in planned.items():
        batch, need = batches.get(number), needs.get(kind)
        draw = engine.choose([batch], need, minutes[kind]) if batch and need else None
        if draw is None:
            return question
        batches[number] = engine.without(draw)
    return (
        replace(question, batches=tuple(b for b in question.batches if b.id in batches))
        if planned
        else question
    )
