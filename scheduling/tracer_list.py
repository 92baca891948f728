"""Tracers of one day as they are shown: what each batch holds, who takes a dose when, and who has none."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.tracers import mbq_words
from scheduling.models import DoseClaim, TracerBatch, TracerSupply
from scheduling.services.tracers import stock


@dataclass(frozen=True, slots=True)
class Line:
    """A batch on one day. `left_mbq` can still be planned: as it is `now` (or when it becomes usable, if that is
    later), and as it will be at `ends_at`, when it expires or the day ends. `state`: of the batch, or expired."""

    batch: TracerBatch
    name: str
    state: str
    now_at: object
    left_mbq: float
    ends_at: object
    left_at_end_mbq: float
    claims: tuple[DoseClaim, ...]
    stranded: tuple[DoseClaim, ...]

    @property
    def state_words(self):
        return "Expired" if self.state == EXPIRED else self.batch.get_state_display()

    @property
    def chip(self):
        """The name of its colour and icon."""
        return CHIPS[self.state]

    @property
    def is_generator(self):
        return stock.regrows(self.batch.product)


EXPIRED = "expired"
CHIPS = {"planned": "planned", "ready": "completed", "failed": "failed", EXPIRED: "expired"}


def day(site, day, *, now):
    """The lines of one local day of a site, as they become usable. Two queries."""
    zone = ZoneInfo(site.time_zone)
    starts_at, ends_at = (to_datetime(minute) for minute in local_day_bounds(day, zone))
    batches = list(
        TracerBatch.objects.filter(site=site).within(starts_at, ends_at).order_by("usable_from", "pk")
    )
    claims = DoseClaim.objects.filter(
        batch__in=batches, needed_at__gte=starts_at, needed_at__lt=ends_at
    ).exclude(status=DoseClaim.Status.RELEASED)
    found = list(claims.select_related("step").order_by("needed_at", "pk"))
    for batch in batches:
        batch.site = site
    return [_line(batch, found, now, ends_at) for batch in batches]


def _line(batch, claims, now, day_ends_at):
    ours = [claim for claim in claims if claim.batch_id == batch.pk]
    now_at = max(now, batch.usable_from)
    ends_at = min(batch.expires_at, day_ends_at - timedelta(minutes=1))
    failed = batch.state == TracerBatch.State.FAILED
    return Line(
        batch=batch,
        name=stock.name_of(batch),
        state=EXPIRED if batch.expires_at < now and not failed else str(batch.state),
        now_at=now_at,
        left_mbq=stock.left_mbq(batch, now_at),
        ends_at=ends_at,
        left_at_end_mbq=stock.left_mbq(batch, ends_at),
        claims=tuple(claim for claim in ours if claim.status == DoseClaim.Status.LIVE),
        stranded=tuple(claim for claim in ours if _waits(claim)),
    )


def _waits(claim):
    return claim.status == DoseClaim.Status.STRANDED and claim.step and claim.step.state == "scheduled"


def doses_of(appointment):
    """{id of the step: (the batch and activity of its dose in words, whether it has lost it)}. One query."""
    claims = (
        DoseClaim.objects.filter(step__appointment=appointment)
        .exclude(status=DoseClaim.Status.RELEASED)
        .select_related("batch__site")
        .order_by("status", "pk")
    )
    found = {}
    for claim in claims:  # a live one before a stranded one
        lost = claim.status == DoseClaim.Status.STRANDED
        words = f"{stock.name_of(claim.batch)}, {mbq_words(stock.kbq(claim.activity_mbq))}"
        found.setdefault(
            claim.step_id, (f"No dose: {stock.name_of(claim.batch)} is gone" if lost else words, lost)
        )
    return found


def supplies(site, today):
    """The weekly plans of a site that are not over, the products in order."""
    rows = TracerSupply.objects.filter(site=site).exclude(ends_on__lt=today)
    return list(rows.order_by("product", "usable_time", "pk"))
