"""What the staff of the first department recorded of today's examinations: arrivals, phases, doses, pictures,
count rates, hand-overs, releases, and what somebody waits for. Few patients, so plain ORM in bulk."""

from datetime import timedelta
from heapq import nlargest

from scheduling.demo import clockwork
from scheduling.demo.stock import Stock
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.phases import Part, Role
from scheduling.engine.pictures import Outcome
from scheduling.engine.states import AppointmentState, OrderState
from scheduling.models import (
    Administration,
    Appointment,
    Arrival,
    ChestXray,
    CountRate,
    HandOver,
    PhaseRecord,
    PictureRecord,
    Problem,
    Release,
    ScheduledProcedureStep,
)

KEPT = 2  # for a release: whoever shows it on one has another
_BOTH_ASKED = ["name", "birth_date"]


def write(department, *, now):
    """Add the records of everybody whose examination is planned for today, up to `now`."""
    today = _todays(department, now)
    writing = _Writing(department, now, today)
    for appointment in today:
        writing.add(appointment)
    writing.save()
    _hand_over_earlier(department, now)


def _todays(department, now):
    first, last = (
        to_datetime(each)
        for each in local_day_bounds(now.astimezone(department.zone).date(), department.zone)
    )
    rows = Appointment.objects.filter(site=department.site, arrived_at__isnull=False).on(first, last)
    return list(
        rows.select_related("procedure__protocol", "procedure__order__patient")
        .prefetch_related(
            "steps", "procedure__protocol__phases", "procedure__protocol__steps", "procedure__order__answers"
        )
        .order_by("lungs_start_at", "pk")
    )


class _Writing:
    """The rows of one day, collected and written at once."""

    def __init__(self, department, now, today):
        self.department, self.now = department, now
        self.physician = department.accounts["physician"]
        self.rows = {
            model: []
            for model in (
                Arrival,
                ChestXray,
                PhaseRecord,
                Administration,
                PictureRecord,
                CountRate,
                HandOver,
                Release,
            )
        }
        self.stock = Stock(department, now)
        self.waiting = _last_ended(today)

    def save(self):
        for model, rows in self.rows.items():
            model.objects.bulk_create(rows)
        Appointment.objects.filter(pk__in=[row.pk for row in self.waiting]).update(awaits_release=True)
        self.stock.make_ready()
        _late(self.department, self.now)

    def add(self, appointment):
        steps = {step.kind: step for step in appointment.steps.all()}
        lungs = {kind: step for kind, step in steps.items() if kind != "xray" and step.performed_start_at}
        self._arrivals(appointment, steps.get("xray"))
        self._seen(
            steps.get("xray"), first=min((row.performed_start_at for row in lungs.values()), default=None)
        )
        self._phases(appointment, lungs)
        for at, step in enumerate(lungs.values()):
            self._dose(appointment, step, given_at=step.performed_start_at)
            self._pictures(appointment, step)
            self._count_rate(step, first=at == 0, both=len(lungs) > 1)
        if appointment.dose_cleared_at and not lungs and "ventilation" not in steps:
            self._dose(appointment, steps["perfusion"])
        if appointment.state == AppointmentState.FULFILLED:
            self._after(appointment, max(step.performed_end_at for step in lungs.values()))

    def _record(self, model, recorded_at, by, /, **fields):
        self.rows[model].append(model(recorded_at=recorded_at, recorded_by=by, **fields))

    def _arrivals(self, appointment, film):
        here = film is not None and not film.elsewhere
        asked = any(row.question == "pregnancy" for row in appointment.procedure.order.answers.all())
        moments = [("xray", appointment.arrived_at)] if here else []
        at_scan = self._at_scan(appointment, film)
        if at_scan:
            moments.append(("scan", at_scan))
        for at, moment in moments:
            self._record(
                Arrival, moment, appointment.arrived_by, appointment=appointment, at=at, arrived_at=moment,
                identifiers=_BOTH_ASKED, pregnancy_asked=asked,
            )  # fmt: skip

    def _seen(self, film, first):
        """A physician has looked at the X-ray of everybody whose scan has begun."""
        if film is None or film.performed_end_at is None:
            return
        seen_at = max(film.performed_end_at, first - timedelta(minutes=20)) if first else None
        self._record(
            ChestXray, film.performed_end_at, film.performed_by or self.physician, step=film,
            views=[] if film.elsewhere else ["pa", "lateral"], seen_at=seen_at,
            seen_by=self.physician if first else None, finding=ChestXray.Finding.NORMAL if first else "",
        )  # fmt: skip

    def _at_scan(self, appointment, film):
        """When they came to the camera: at once, or some minutes after an X-ray here; None if not yet."""
        if film is None or film.elsewhere:
            return appointment.arrived_at
        if appointment.dose_cleared_at:
            return max(appointment.arrived_at, appointment.dose_cleared_at - timedelta(minutes=6))
        done = film.performed_end_at
        return min(done + timedelta(minutes=5), self.now) if done else None

    def _phases(self, appointment, lungs):
        begun = {Part(kind): (step.performed_start_at, step.performed_end_at) for kind, step in lungs.items()}
        cleared = appointment.dose_cleared_at
        told = clockwork.phases(
            list(appointment.procedure.protocol.phases.all()),
            begun,
            prepared_from=cleared and cleared - timedelta(minutes=4),
            now=self.now,
        )
        by = next((step.performed_by for step in lungs.values()), appointment.dose_cleared_by)
        for went in told:
            at = went.ended_at or went.started_at or max(end or start for start, end in begun.values())
            self._record(
                PhaseRecord, at, by, appointment=appointment, key=went.key, started_at=went.started_at,
                ended_at=went.ended_at, skipped_reason=went.skipped,
            )  # fmt: skip

    def _dose(self, appointment, step, given_at=None):
        drawn = self.stock.drawn(appointment, step, given_at=given_at)
        if drawn:
            by = step.performed_by or appointment.dose_cleared_by
            given_by = by if given_at else None
            self._record(Administration, drawn["measured_at"], by, step=step, given_by=given_by, **drawn)

    def _pictures(self, appointment, step):
        """Those that are taken by now; one patient moved once."""
        rows = [
            row for row in appointment.procedure.protocol.phases.all() if row.part == step.kind and row.views
        ]
        rows = [row for row in rows if row.key != "ct"]
        wanted = [(row, view) for row in rows for view in row.views]
        begins, ends = step.performed_start_at, step.performed_end_at
        length = (ends or begins + timedelta(minutes=24)) - begins
        for number, (phase, view) in enumerate(wanted, start=1):
            at = begins + length * number / (len(wanted) + (0 if ends else 1))
            if at > self.now:
                return
            moved = view == "rpo" and step.pk % 2
            for take in range(1, 3 if moved else 2):
                outcome = Outcome.REPEATED if moved and take == 1 else Outcome.ACCEPTED
                self._record(
                    PictureRecord, at, step.performed_by, step=step, view=view, take=take, outcome=outcome,
                    reason="The patient moved." if outcome == Outcome.REPEATED else "",
                    counts_k=phase.counts_k, acquired_at=at,
                )  # fmt: skip

    def _count_rate(self, step, *, first, both):
        protocol = step.appointment.procedure.protocol
        compared = any(row.role == Role.COUNTS for row in protocol.phases.all())
        if not (both and compared and step.performed_end_at):
            return
        rate = 1_750 + 10 * (step.pk % 30)
        self._record(
            CountRate, step.performed_end_at, step.performed_by, step=step,
            of=CountRate.Of.FIRST if first else CountRate.Of.TOTAL,
            counts_per_second=rate if first else 5 * rate, measured_at=step.performed_end_at,
        )  # fmt: skip

    def _after(self, appointment, ended_at):
        if appointment in self.waiting:
            return
        by = next(step.performed_by for step in appointment.steps.all() if step.kind != "xray")
        self.rows[HandOver].append(
            HandOver(
                appointment=appointment,
                handed_at=min(ended_at + timedelta(minutes=6), self.now),
                handed_by=by,
            )
        )
        self.rows[Release].append(
            Release(
                appointment=appointment, outcome=Release.Outcome.HOME, physician=self.physician,
                recorded_by=self.physician, decided_at=min(ended_at + timedelta(minutes=9), self.now),
            )
        )  # fmt: skip


def _last_ended(today):
    """Whose examinations ended last: still waiting for what a reader says."""
    over = [
        row
        for row in today
        if row.state == AppointmentState.FULFILLED and row.procedure.order.state == OrderState.PERFORMED
    ]
    return nlargest(KEPT, over, key=lambda row: max(step.performed_end_at for step in row.steps.all()))


def _late(department, now):
    """Somebody is late, and a technologist is asking where the patient is."""
    late = (
        Appointment.objects.filter(site=department.site, state=AppointmentState.BOOKED, starts_at__lt=now)
        .order_by("-starts_at")
        .first()
    )
    if late is None:
        return
    step = ScheduledProcedureStep.objects.filter(appointment=late).order_by("ordinal").first()
    owner = department.technologists[0]
    Problem.objects.create(
        appointment=late, step=step, reason=Problem.Reason.LATE, note="Called the ward; transport is on its way.",
        owner=owner, due_at=now + timedelta(minutes=12), opened_at=now - timedelta(minutes=6), opened_by=owner,
    )  # fmt: skip


def _hand_over_earlier(department, now):
    """Examinations of the days before that no report is signed for yet have been handed over, too."""
    rows = Appointment.objects.filter(
        site=department.site, state=AppointmentState.FULFILLED, hand_over=None, awaits_release=False,
        procedure__order__state=OrderState.PERFORMED,
    ).prefetch_related("steps")  # fmt: skip
    HandOver.objects.bulk_create(
        HandOver(
            appointment=row,
            handed_at=min(now, row.ends_at + timedelta(minutes=6)),
            handed_by=next(step.performed_by for step in row.steps.all() if step.kind != "xray"),
        )
        for row in rows
    )
