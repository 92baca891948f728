"""Doses and count rates on the page of one examination: what may be given, what was, and what can be done now."""

from dataclasses import dataclass, field

from django.urls import reverse

from scheduling import administrations
from scheduling.engine import administration as engine
from scheduling.engine import countrates, gates
from scheduling.engine.countrates import Grade
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.states import StepState
from scheduling.engine.tracers import mbq_words
from scheduling.examinations import examination
from scheduling.models import StepKind
from scheduling.services.doses import choosing, prescribing
from vqflow import policy

MEASURE = "visit.perform"


@dataclass(frozen=True, slots=True)
class DoseShown:
    """One dose that stands. `refusal`: why it is not given now; `is_off`: because an authorised user has to approve."""

    row: object
    now_words: str
    refusal: str | None = None
    warnings: tuple[str, ...] = ()
    is_off: bool = False
    may_check: bool = False
    lacks_check: bool = False
    is_last: bool = True

    @property
    def is_given(self):
        return self.row.given_at is not None

    @property
    def chip(self):
        if self.is_given:
            return "completed", "Given"
        if self.is_off:
            return "failed", "Not to be given"
        return ("pending", "Waits") if self.refusal else ("accepted", "Measured")

    @property
    def needs_site(self):
        return self.is_given and self.row.step.kind == StepKind.PERFUSION and not self.row.injection_site


@dataclass(frozen=True, slots=True)
class StepShown:
    """The doses of one acquisition. `prescribed`: what may be given, in sentences."""

    step: object
    tracer: str
    prescribed: tuple[str, ...] = ()
    lacking: str | None = None
    measure: str | None = None
    why_not_measure: str | None = None
    doses: list = field(default_factory=list)
    is_optional: bool = False

    @property
    def given_words(self):
        """All that was given, where it was more than one dose."""
        given = [each.row for each in self.doses if each.is_given]
        if len(given) < 2:
            return ""
        particles = sum(row.particles or 0 for row in given)
        total = mbq_words(sum(administrations.kbq(row.administered_mbq) for row in given))
        return f"In all {total}" + (f" and {particles:,} particles." if particles else ".")


def doses_panel(appointment, user, now):
    """The context of scheduling/_exam_doses.html; empty where the department records no doses."""
    steps = [step for step in appointment.steps.all() if administrations.product_of(appointment, step)]
    if not appointment.site.records_doses:
        steps = []
    facts = examination(appointment, now) if steps else None
    patient = prescribing.who(appointment, now) if steps else None
    return {
        "exam_doses": [_step(appointment, step, facts, patient, user, now) for step in steps],
        "doses_zone": appointment.site.time_zone,
        "may_measure": policy.allows(user, MEASURE),
        "may_approve": policy.allows(user, "override.authorised_user"),
        "may_approve_by_phone": policy.allows(user, "override.clinical_by_phone"),
        "may_print_labels": policy.allows(user, "label.print"),
    }


def _step(appointment, step, facts, patient, user, now):
    product, rows = administrations.product_of(appointment, step), administrations.standing(step)
    lacking = prescribing.lacks(appointment, step, patient)
    found = None if lacking else prescribing.prescription(appointment, step, patient)
    over = step.state == StepState.CANCELLED or (
        step.state in (StepState.COMPLETED, StepState.DISCONTINUED) and not rows
    )
    return StepShown(
        step=step,
        tracer=PRODUCTS[product].tracer,
        prescribed=words(found) if found and not over else (),
        lacking=lacking if not rows else None,
        measure=_measure(step, rows),
        why_not_measure=gates.why_not_measure(facts, step.kind),
        doses=[_dose(row, rows, appointment.site, user, now) for row in rows],
        is_optional=not engine.must_be_measured(product),
    )


def words(found):
    """What may be given, in sentences: the activity with its range, particles, and why it is not as usual."""
    low, high = found.accepted_kbq
    activity = (
        f"Prescribed {mbq_words(found.prescribed_kbq)}; {engine.range_words(low, high)} may be given."
        if low <= high
        else f"Prescribed {mbq_words(found.prescribed_kbq)}."
    )
    if found.most_particles:
        activity += f" Particles: {found.fewest_particles:,} to {found.most_particles:,}."
    return (activity, *found.why, *((found.unpublished,) if found.unpublished else ()))


def _measure(step, rows):
    """What the button says that measures a dose; None while one waits and once the step is over."""
    if any(row.given_at is None for row in rows) or step.state == StepState.CANCELLED:
        return None
    if step.state in (StepState.COMPLETED, StepState.DISCONTINUED):
        return None
    if not rows:
        return "Measure the dose…"
    return "Extra injection…" if step.kind == StepKind.PERFUSION else "Another dose…"


def _dose(row, rows, site, user, now):
    if row.given_at:
        return DoseShown(row, "", is_last=row == rows[-1])
    judged = administrations.judge(row, rows, now)
    lacks_check = site.two_person_check and row.checked_by_id is None
    return DoseShown(
        row,
        mbq_words(administrations.activity_at(row, now)),
        refusal=administrations.why_not_give(row, rows, site, now),
        warnings=choosing.to_know(row, rows, now),
        is_off=bool(judged.refusals) and row.override_id is None,
        may_check=lacks_check and row.recorded_by_id != user.pk and policy.allows(user, "dose.check"),
        lacks_check=lacks_check,
    )


@dataclass(frozen=True, slots=True)
class CountShown:
    """One part whose counts are compared, with its newest count rate or None."""

    step: object
    rate: object
    is_second: bool
    can_count: bool


GRADES = {
    Grade.GOOD: ("success", "The ratio is good"),
    Grade.LOW: ("warning", "The ratio is low"),
    Grade.TOO_LOW: ("danger", "The ratio is too low"),
}


def counts_panel(appointment, user, now):
    """The context of scheduling/_exam_counts.html; empty where the rule is not for this examination."""
    steps = list(appointment.steps.all())
    if not administrations.compares_counts(appointment, steps):
        return {"exam_counts": []}
    parts = [step for step in administrations.lungs(steps) if step.state != StepState.CANCELLED]
    found = administrations.comparison(appointment, steps)
    late = administrations.count_rate(parts[1])
    kind, title = GRADES[found.grade] if found else ("", "")
    is_open = found is not None and found.grade is Grade.TOO_LOW and late is not None and not late.settled
    return {
        "exam_counts": [
            CountShown(step, administrations.count_rate(step), at == 1, step.state != StepState.SCHEDULED)
            for at, step in enumerate(parts)
        ],
        "counts_found": found,
        "counts_kind": kind,
        "counts_title": title,
        "counts_settled": late if late and late.settled else None,
        "counts_open": is_open,
        "counts_late": late,
        "counts_ways": _ways(appointment, parts, found) if is_open else (),
        "counts_add": _can_add(parts[1]) if is_open else None,
        "counts_zone": appointment.site.time_zone,
        "may_count": policy.allows(user, MEASURE),
    }


def _can_add(step):
    if step.state != StepState.IN_PROGRESS or not step.appointment.site.records_doses:
        return None
    return reverse("scheduling:dose-measure", args=[step.pk])


def _ways(appointment, parts, found):
    """What can be done about a ratio that is too low, in sentences."""
    return [
        each
        for each in (
            _add_words(parts[1], found),
            "Wait, and count again: the aerosol leaves the lungs (half in about 80 min, in smokers 24 min)."
            if countrates.waiting_helps(appointment.procedure.protocol.agent, found.first)
            else None,
            "Count again: same view, same energy window, for both parts.",
            "Decide: the first part is subtracted, or the examination is completed as limited.",
        )
        if each
    ]


def _add_words(step, found):
    """How much more would lift the ratio to the least, and how much is left of the prescribed range."""
    given = administrations.given(step)
    if not given:
        return None
    had = sum(administrations.kbq(row.administered_mbq) for row in given)
    more = countrates.more_needed_kbq(found, had)
    room = max(0, administrations.kbq(given[0].highest_mbq) - had)
    if more is None:
        return None
    limit = f"at most {mbq_words(room)} may be added" if room else "no more may be added"
    return f"Add tracer and count again: about {mbq_words(more)} more would do; {limit}."
