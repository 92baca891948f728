"""Which vial or unit dose this step's dose may come from, and the sentence why not."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling import administrations
from scheduling.administrations import kbq, product_of
from scheduling.engine import administration as engine
from scheduling.engine.calendars import to_minute
from scheduling.engine.clocks import hour
from scheduling.engine.decay import decayed
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.tracers import mbq_words
from scheduling.models import Administration, DoseClaim, TracerBatch
from scheduling.services import quality
from scheduling.services.tracers import stock

UNDONE = "Recorded by mistake."
SHOWN_AFTER_EXPIRY = timedelta(hours=12)
ANOTHERS = (
    "This unit dose is another patient's. Take the one that is kept for this patient, or one that is free."
)
USED = "This unit dose has been used already. Take another."


@dataclass(frozen=True, slots=True)
class Choice:
    """A batch that a dose could come from. `is_ours`: this step's own dose is planned from it."""

    batch: TracerBatch
    name: str
    activity_kbq: int
    refusal: str | None
    is_ours: bool


def choices(appointment, step, *, now):
    """The batches of this step's tracer around now, those that can be used first. Five queries at most."""
    product = product_of(appointment, step)
    batches = list(
        TracerBatch.objects.filter(site=appointment.site, product=product)
        .within(now - SHOWN_AFTER_EXPIRY, now + SHOWN_AFTER_EXPIRY)
        .order_by("usable_from", "pk")
    )
    claimed, used = _claims(batches), _used(batches)
    checked = quality.present(appointment.site, now)
    found = []
    for batch in batches:
        batch.site = appointment.site
        refusal = _why_not(batch, product, claimed.get(batch.pk, set()), batch.pk in used, step, now)
        refusal = refusal or checked.measure(batch.pk)
        is_ours = step.pk in claimed.get(batch.pk, set())
        found.append(Choice(batch, stock.name_of(batch), activity_at(batch, now), refusal, is_ours))
    return sorted(found, key=lambda each: (each.refusal is not None, not each.is_ours, each.batch.expires_at))


def why_not(batch, appointment, step, *, now):
    """A sentence why no dose for this step is measured from this batch now, or None."""
    product = product_of(appointment, step)
    used = batch.pk in _used([batch])
    refusal = _why_not(batch, product, _claims([batch]).get(batch.pk, set()), used, step, now)
    return refusal or quality.present(appointment.site, now).measure(batch.pk)


def _why_not(batch, product, claimed, used, step, now):
    name = stock.name_of(batch)
    if batch.product != product:
        return f"{name} is not {PRODUCTS[product].tracer}, which {step.get_kind_display().lower()} needs."
    if batch.state == TracerBatch.State.FAILED:
        return f"{name} failed: {batch.failed_reason.rstrip('.')}. Take another."
    zone = ZoneInfo(batch.site.time_zone)
    if now < batch.usable_from:
        return f"{name} can be used from {hour(batch.usable_from, zone)}."
    if now > batch.expires_at:
        return f"{name} expired at {hour(batch.expires_at, zone)}. Take another."
    if batch.is_unit_dose and used:
        return USED
    return ANOTHERS if batch.is_unit_dose and claimed - {step.pk} else None


def too_little(batch, left_kbq, dose):
    """Nothing is left for this extra dose, beside what is kept for others."""
    if batch.is_unit_dose:
        return USED
    there = f"only {mbq_words(left_kbq)}" if left_kbq else "nothing"
    return (
        f"{stock.name_of(batch)} has {there} left that is not kept for other patients; this dose takes "
        f"{mbq_words(kbq(dose.measured_mbq))}. Measure less, or take another."
    )


def not_in_it(batch, measured_mbq, measured_at, *, but=None):
    """A sentence why so much cannot have come from this batch at that moment, or None. `but`: a dose that is corrected.

    Beside it lies what was drawn for others and not thrown away. A generator makes more, so it is asked alone.
    """
    held, alone, others = _held_and_drawn(batch, measured_mbq, measured_at, but)
    most = held * engine.LABEL_PERCENT // 100
    if alone + others <= most:
        return None
    if alone > most or not others:
        return f"The batch holds only {mbq_words(held)} at this time. Check the figure and the batch."
    return (
        f"The batch holds only {mbq_words(held)} at this time, and {mbq_words(others)} of that was drawn for others. "
        "Check the figure and the batch."
    )


def to_know(dose, doses, now):
    """Sentences about a dose that waits, of which nobody has to approve any; `doses`: of its step, all that stand."""
    above = _above_label(dose)
    return (*administrations.judge(dose, doses, now).warnings, *((above,) if above else ()))


def _above_label(dose):
    """A sentence where more was drawn from this dose's batch, with it, than its label says; or None. Two queries."""
    held, alone, others = _held_and_drawn(dose.batch, dose.measured_mbq, dose.measured_at, dose)
    drawn = alone + others
    if drawn * 100 <= held * (100 + engine.NOTED_PERCENT):
        return None
    more, name = drawn * 100 // held - 100, stock.name_of(dose.batch)
    return (
        f"{mbq_words(drawn)} was drawn from {name}, {more} % more than its label says. "
        "Check the calibrator and the label."
    )


def _held_and_drawn(batch, measured_mbq, measured_at, but):
    """kBq at that moment: what the batch holds by its label, this dose, and what was drawn for others."""
    others = 0 if PRODUCTS[batch.product].regrows else _drawn(batch, measured_at, but)
    return activity_at(batch, measured_at), kbq(measured_mbq), others


def _drawn(batch, moment, but):
    rows = Administration.objects.filter(batch=batch, voided_at=None).exclude(pk=but and but.pk)
    half_life = PRODUCTS[batch.product].half_life
    return sum(
        decayed(kbq(mbq), (to_minute(moment) - to_minute(at)) * 60, half_life)
        for mbq, at in rows.values_list("measured_mbq", "measured_at")
    )


def _claims(batches):
    """{batch: the steps whose planned doses come from it}; a claim of a hold counts as somebody else's."""
    found = {}
    units = [batch.pk for batch in batches]
    for batch, step in DoseClaim.objects.live().filter(batch__in=units).values_list("batch_id", "step_id"):
        found.setdefault(batch, set()).add(step)
    return found


def _used(batches):
    """The unit doses that were drawn up before, given or thrown away; what was recorded by mistake does not count."""
    rows = Administration.objects.filter(batch__in=[each.pk for each in batches], takes_all=True)
    return set(rows.exclude(void_reason=UNDONE).values_list("batch_id", flat=True))


def activity_at(batch, moment):
    """kBq that the batch held at its calibration, at this moment, whatever was drawn from it."""
    minutes = to_minute(moment) - to_minute(batch.calibrated_at)
    half_life = PRODUCTS[batch.product].half_life
    return decayed(stock.kbq(batch.activity_mbq), minutes * 60, half_life)
