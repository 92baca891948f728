"""The rooms and people of some days, with what takes their time, and the tracers of these days."""

from collections import defaultdict

from django.db.models import F

from scheduling.boards.values import Batch, Block, Closed, Row
from scheduling.engine import reserved
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.intervals import clip, normal, subtract
from scheduling.engine.states import StepState
from scheduling.models import CalendarVersion, Closure, Reservation, Resource, ResourceKind, TracerBatch
from scheduling.models.appointments import LONGEST_MINUTES, EpochMinute
from scheduling.services import calendars
from scheduling.services.tracers import stock

FIELDS = (
    *("resource_id", "resource__name", "resource__kind", "pk", "start_minute", "end_minute"),
    *("status", "step_id", "token"),
)
SHORTEST_GAP_MINUTES = 15  # a free stretch that is shorter is nobody's


def reserved_rows(site, low, high, now):
    """What takes time: (resource, its name and kind, id, from, to, status, step, token), by resource and time."""
    found = (
        Reservation.objects.occupying()
        .filter(resource__site=site, end_minute__gt=low, start_minute__lt=high)
        # So the scan of the index ends soon after the last day.
        .filter(end_minute__lte=high + LONGEST_MINUTES)
        .exclude(resource__kind=ResourceKind.PATIENT)
        .exclude(status=Reservation.Status.HELD, expires_at__lte=to_datetime(now))
        .order_by("resource", "start_minute", "pk")
    )
    return list(found.values_list(*FIELDS))


def rows_of(appointments, low, expected):
    """The same of steps that were planned before the minute `low` and run or wait: what they are likely to take now."""
    found = Reservation.objects.occupying().filter(step__appointment__in=appointments)
    found = found.exclude(resource__kind=ResourceKind.PATIENT).order_by("resource", "start_minute", "pk")
    planned = found.values_list(*FIELDS, "step__planned_start_at", "step__planned_end_at")
    return [moved for *row, start, end in planned if (moved := _moved(row, start, end, low, expected))]


def _moved(row, planned_start, planned_end, low, expected):
    resource, name, kind, pk, start, end, status, step, token = row
    likely = expected.get(step)
    if likely is None or likely.start is None or planned_start is None or end <= to_minute(planned_start):
        return None
    start = max(low, start + likely.start - to_minute(planned_start))
    end += likely.end - to_minute(planned_end)
    return (resource, name, kind, pk, start, end, status, step, token) if start < end else None


def rows(site, calendar, reserved_rows, steps, held, span, now):
    """The active rooms and people, rooms first, and any other that is taken on these days."""
    taken = defaultdict(list)
    known = {each.id: (at, each) for at, each in enumerate(calendar.bookables)}
    there, on_call = calendar.open_in(*span), calendar.open_in(*span, on_call=True)
    closures = _closures(site, *span)
    for row in reserved_rows:
        taken[row[0]].append(row)
    for pk, name, kind, _, able in _resources(site, taken):
        at, bookable = known.get(pk, (None, None))
        open_for_all = clip(there[at], *span) if bookable else ()
        closed = (*closures[pk], *closures[None])
        blocks = tuple(_block(row, steps, held, closed) for row in taken[pk])
        kept = clip(reserved.kept(bookable.reserved, calendar.zone, *span, now), *span) if bookable else ()
        yield Row(
            id=pk,
            name=name,
            is_room=kind == ResourceKind.ROOM,
            is_camera=any(each.startswith("gamma_camera") for each in able),
            there=open_for_all,
            on_call=subtract(clip(on_call[at], *span), open_for_all) if bookable else (),
            kept=kept,
            closures=closed,
            blocks=blocks,
            gaps=_gaps(open_for_all, blocks, now) if kind == ResourceKind.ROOM else (),
        )


def _resources(site, taken):
    found = Resource.objects.filter(site=site).exclude(kind=ResourceKind.PATIENT)
    found = found.values_list("pk", "name", "kind", "is_active", "capabilities")
    shown = [row for row in found if row[3] or row[0] in taken]
    return sorted(shown, key=lambda row: (row[2] != ResourceKind.ROOM, _place(row), row[1]))


PATIENTS_WAY = ("xray", "prep_bay", "ventilation")


def _place(row):
    """Rooms in the order in which a patient comes to them, cameras last; people by name."""
    return next((at for at, able in enumerate(PATIENTS_WAY) if able in row[4]), len(PATIENTS_WAY))


def calendar(site, low):
    """The calendar of now: what this process keeps may be older."""
    found = calendars.at_hand(site.pk, low)
    version = CalendarVersion.objects.filter(pk=site.pk).values_list("version", flat=True).first()
    return found if found.version == version else calendars.read(site.pk, low)


def _closures(site, low, high):
    """{resource, None for all: its closures}"""
    found = defaultdict(list)
    closures = (
        Closure.objects.filter(site=site, span__overlap=(to_datetime(low), to_datetime(high)))
        .annotate(
            starts=EpochMinute("lower", "floor"), ends=EpochMinute("upper", "ceil"), broken=F("disruptions")
        )
        .order_by("starts", "pk")
    )
    for resource, start, end, reason, broken in closures.values_list(
        "resource_id", "starts", "ends", "reason", "broken"
    ):
        found[resource].append(Closed(max(start, low), min(end, high), reason, broken))
    return found


def _block(row, steps, held, closed):
    _, _, _, pk, start, end, status, step_id, token = row
    visit, step = steps.get(step_id, (None, None))
    return Block(
        id=pk,
        start=start,
        end=end,
        scan=_scan(step, start, end),
        status=str(status),
        visit=visit,
        step=step,
        held=held.get(token) if status == Reservation.Status.HELD else None,
        is_closed=_waits(step) and any(each.start < end and each.end > start for each in closed),
    )


def _waits(step):
    return step is not None and step.state == StepState.SCHEDULED


def _scan(step, start, end):
    """The part of what is taken in which pictures are made; a bay is left before they begin."""
    if step is None or step.start is None:
        return None
    begins, ends = step.start, step.end
    if ends <= start and step.expected:
        # Planned for the day before: it is made when it is expected.
        begins, ends = step.expected
    low, high = max(start, begins), min(end, ends)
    return (low, high) if low < high else None


def _gaps(there, blocks, now):
    free = subtract(there, normal([(block.start, block.end) for block in blocks]))
    ahead = ((max(start, now + 1), end) for start, end in free)
    return tuple((start, end) for start, end in ahead if end - start >= SHORTEST_GAP_MINUTES)


def batches(site, low, high):
    found = TracerBatch.objects.filter(site=site).within(to_datetime(low), to_datetime(high))
    for row in found.order_by("product", "usable_from", "pk"):
        row.site = site
        yield Batch(
            row.pk, stock.name_of(row), row.state, to_minute(row.usable_from), to_minute(row.expires_at)
        )
