"""Doses: from which minutes on, and until when, a batch can give what a step needs.

Everything is reckoned at the batch's calibration: a dose of `a` at minute t costs a * 2^((t - calibration) / T)
there, and a batch has what is not claimed yet. Particles are spread evenly, so their share is the share of the
activity. Cost, share and expiry only grow with t: each batch serves one interval of starts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from scheduling.engine import adjustments
from scheduling.engine.catalogue import StepTemplate
from scheduling.engine.decay import ALWAYS, NEVER, after_decay, before_decay, last_minute
from scheduling.engine.doses import PRODUCTS, Batch, DoseNeed
from scheduling.engine.intervals import Intervals, normal, subtract, union
from scheduling.engine.request import Step

IMAGE_PARTICLES = 60_000
"""Fewer particles than these give an uneven picture (VCU technologist course); a smaller lower end of the
patient's range counts instead. The lower ends of the labels' ranges are advice, so they close no time."""
ADULT_YEARS = 18
PAEDIATRIC_LEAST_KBQ = 14_800
"""The least MAA activity for a child (North American consensus on paediatric activities)."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A dose as planned: what the patient gets at the minute, and what that takes at the calibration."""

    batch: Batch
    activity_kbq: int
    reference_kbq: int


def need_of(
    template: StepTemplate, found: frozenset[adjustments.Circumstance], age_years: int | None
) -> DoseNeed | None:
    """What the step needs for this patient, or None without a tracer. `found`: the patient's circumstances."""
    if not template.tracer:
        return None
    activity = template.activity_kbq
    if template.tracer != "maa":
        return DoseNeed(template.tracer, activity, activity)
    fewest, most = adjustments.particles(found, age_years)
    least = template.least_activity_kbq or activity
    if age_years is not None and age_years < ADULT_YEARS:
        least = min(least, PAEDIATRIC_LEAST_KBQ)
    return DoseNeed("maa", activity, least, min(fewest, IMAGE_PARTICLES), most)


def with_doses(
    steps: Iterable[Step],
    needs: Mapping[str, DoseNeed],
    batches: Iterable[Batch],
    kept: Mapping[str, Intervals],
    horizon: tuple[int, int],
) -> tuple[Step, ...]:
    """The steps, each with what it needs (`needs`, by key of the step) and with the starts at which it is left.

    `kept`, by product: the minutes of the days on which the department keeps this tracer here; at other minutes
    of the half-open `horizon` it limits nothing.
    """
    batches = tuple(batches)
    return tuple(_with_dose(step, needs.get(step.key), batches, kept, horizon) for step in steps)


def _with_dose(
    step: Step,
    need: DoseNeed | None,
    batches: tuple[Batch, ...],
    kept: Mapping[str, Intervals],
    horizon: tuple[int, int],
) -> Step:
    if need is None:
        return step
    return replace(step, dose=need, allowed=allowed(batches, need, kept.get(need.product, ()), horizon))


def allowed(
    batches: Iterable[Batch], need: DoseNeed, kept: Intervals, horizon: tuple[int, int]
) -> Intervals | None:
    """The starts at which a dose is left; None limits nothing. `kept` and `horizon` as in `with_doses`."""
    if not kept:
        return None
    served = normal([span for span in (starts(batch, need) for batch in batches) if span])
    return union(served, subtract((horizon,), kept))


def starts(batch: Batch, need: DoseNeed) -> tuple[int, int] | None:
    """The half-open interval of the starts that this batch can serve, or None."""
    if batch.product != need.product or batch.failed:
        return None
    first, last = _offsets(batch.activity_kbq, batch.left_kbq, batch.particles or 0, batch.is_unit_dose, need)
    low = max(batch.usable_from, batch.calibrated_at + first)
    high = min(batch.expires_at, batch.calibrated_at + last)
    return (low, high + 1) if low <= high else None


@lru_cache(maxsize=4096)
def _offsets(
    activity_kbq: int, left_kbq: int, particles: int, is_unit_dose: bool, need: DoseNeed
) -> tuple[int, int]:
    """First and last minute after calibration with a dose: untouched batches of one weekly plan are all alike."""
    product = PRODUCTS[need.product]
    if product.regrows:
        return NEVER, last_minute(need.activity_kbq, activity_kbq, product.half_life)
    if is_unit_dose and left_kbq < activity_kbq:
        return ALWAYS, NEVER
    cap = _cap(activity_kbq, particles, need)
    enough = min(
        ALWAYS if cap is not None and cap <= left_kbq else _last(need.activity_kbq, left_kbq, need),
        ALWAYS if cap is None else _last(need.least_kbq, cap, need),
    )
    fewest = -(-need.least_particles * activity_kbq // particles) if particles else 0
    if cap is not None and cap < fewest:
        return ALWAYS, NEVER
    return _last(need.activity_kbq, fewest - 1, need) + 1, enough


def _last(activity_kbq: int, limit_kbq: int, need: DoseNeed) -> int:
    return last_minute(activity_kbq, limit_kbq, PRODUCTS[need.product].half_life)


def _cap(activity_kbq: int, particles: int, need: DoseNeed) -> int | None:
    """The most that may be drawn at the calibration without too many particles, or None."""
    if not particles or need.most_particles is None:
        return None
    return need.most_particles * activity_kbq // particles


def choose(batches: Iterable[Batch], need: DoseNeed, minute: int) -> Draw | None:
    """The dose from the batch that expires first among those that can serve this start, or None."""
    serving = [batch for batch in batches if _serves(batch, need, minute)]
    if not serving:
        return None
    return draw(min(serving, key=lambda batch: (batch.expires_at, batch.id)), need, minute)


def _serves(batch: Batch, need: DoseNeed, minute: int) -> bool:
    span = starts(batch, need)
    return span is not None and span[0] <= minute < span[1]


def draw(batch: Batch, need: DoseNeed, minute: int) -> Draw:
    """The dose that a batch which serves this start gives. A unit dose is used up by it, a generator not at all."""
    half_life, after = PRODUCTS[batch.product].half_life, minute - batch.calibrated_at
    cost, given = before_decay(need.activity_kbq, after, half_life), need.activity_kbq
    cap = _cap(batch.activity_kbq, batch.particles or 0, need)
    if cap is not None and cap < cost:
        cost, given = cap, max(need.least_kbq, after_decay(cap, after, half_life))
    if PRODUCTS[batch.product].regrows:
        cost = 0
    return Draw(batch, given, batch.activity_kbq if batch.is_unit_dose else cost)


def without(draw: Draw) -> Batch:
    """The batch after this dose is claimed."""
    return replace(draw.batch, left_kbq=draw.batch.left_kbq - draw.reference_kbq)


def left_at(batch: Batch, minute: int) -> int:
    """kBq that can still be planned, as they are at this minute; 0 outside the batch's time."""
    if batch.failed or not batch.usable_from <= minute <= batch.expires_at:
        return 0
    product = PRODUCTS[batch.product]
    taken = batch.is_unit_dose and batch.left_kbq < batch.activity_kbq
    at_calibration = 0 if taken else batch.activity_kbq if product.regrows else batch.left_kbq
    return after_decay(at_calibration, minute - batch.calibrated_at, product.half_life)


Clock = Callable[[int], str]


class Lack(StrEnum):
    ACTIVITY = "activity"
    TOO_MANY_PARTICLES = "too many particles"
    TOO_FEW_PARTICLES = "too few particles"


def lack(batch: Batch, need: DoseNeed, minute: int) -> Lack | None:
    """What a batch that is usable at this minute lacks for the dose, or None: `starts`, minute by minute."""
    half_life, after = PRODUCTS[batch.product].half_life, minute - batch.calibrated_at
    cost = before_decay(need.activity_kbq, after, half_life)
    if PRODUCTS[batch.product].regrows:
        return Lack.ACTIVITY if cost > batch.activity_kbq else None
    cap = _cap(batch.activity_kbq, batch.particles or 0, need)
    if cap is not None and before_decay(need.least_kbq, after, half_life) > cap:
        return Lack.TOO_MANY_PARTICLES
    cost = cost if cap is None else min(cost, cap)
    if cost > batch.left_kbq or (batch.is_unit_dose and batch.left_kbq < batch.activity_kbq):
        return Lack.ACTIVITY
    few = batch.particles is not None and cost * batch.particles < need.least_particles * batch.activity_kbq
    return Lack.TOO_FEW_PARTICLES if few else None


def why_none(
    batches: Iterable[Batch], need: DoseNeed, minute: int, *, clock: Clock, day_of: Callable[[int], int]
) -> str:
    """Why no batch serves this start, in one sentence. `clock` writes a minute as local time.

    Meant for a start that is not in `allowed`; `batches` are all those of the period.
    """
    tracer, day = PRODUCTS[need.product].tracer, day_of(minute)
    ours = [b for b in batches if b.product == need.product and _on(b, day, day_of)]
    if not ours:
        return f"No {tracer} is planned for this day."
    sound = [batch for batch in ours if not batch.failed]
    if not sound:
        return f"The {ours[0].name} of {clock(ours[0].usable_from)} is not available."
    return _why_none_sound(sound, need, minute, clock)


def _why_none_sound(ours: list[Batch], need: DoseNeed, minute: int, clock: Clock) -> str:
    tracer = PRODUCTS[need.product].tracer
    here = [batch for batch in ours if batch.usable_from <= minute <= batch.expires_at]
    if not here:
        return _out_of_time(ours, minute, clock)
    best = max(here, key=lambda batch: (left_at(batch, minute), -batch.id))
    what, at = lack(best, need, minute), clock(minute)
    of = f"A dose of the {best.name} of {clock(best.usable_from)} would hold"
    if what is Lack.TOO_MANY_PARTICLES:
        return f"{of} more than {need.most_particles:,} particles at {at}."
    if what is Lack.TOO_FEW_PARTICLES:
        return f"{of} fewer than {need.least_particles:,} particles at {at}."
    left = left_at(best, minute)
    wanted = f"No {tracer} dose of {mbq_words(need.activity_kbq)} is left at {at}"
    return f"{wanted}; {mbq_words(left)} are." if left else f"{wanted}."


def _on(batch: Batch, day: int, day_of: Callable[[int], int]) -> bool:
    return day_of(batch.usable_from) <= day <= day_of(batch.expires_at)


def _out_of_time(ours: list[Batch], minute: int, clock: Clock) -> str:
    gone = [batch for batch in ours if batch.expires_at < minute]
    later = [batch for batch in ours if batch.usable_from > minute]
    coming = min(later, key=lambda batch: batch.usable_from, default=None)
    if not gone:
        first = min(ours, key=lambda batch: batch.usable_from)
        return f"The {first.name} can be used from {clock(first.usable_from)}."
    last = max(gone, key=lambda batch: batch.expires_at)
    sentence = f"The {last.name} of {clock(last.usable_from)} expires at {clock(last.expires_at)}"
    return f"{sentence}; the next can be used from {clock(coming.usable_from)}." if coming else f"{sentence}."


def mbq_words(kbq: int) -> str:
    """ "150 MBq", "37.5 MBq": whole numbers where they are whole."""
    return f"{kbq / 1000:,.1f}".removesuffix(".0") + " MBq"
