"""What the staff of the first department recorded in the weeks before today: X-rays, doses from each day's tracers,
and pictures, some of them taken again. Enough for the department's numbers, and not one row more."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from scheduling.demo import clinic
from scheduling.demo.dice import Dice
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.decay import HALF_LIFE_MINUTES
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.pictures import Outcome
from scheduling.engine.states import AppointmentState
from scheduling.engine.tracers import ADULT_YEARS
from scheduling.models import Administration, Appointment, ChestXray, PictureRecord, TracerBatch

DAYS = 45
_BEFORE = timedelta(minutes=2)
_WHY_AGAIN = ("The patient moved.", "The patient moved.", "Too few counts.", "Arms in the picture.")
_THROWN_AWAY = ("The patient does not come.", "The syringe leaked or broke.", "Too old to be given.")


def write(department, *, now, seed):
    """Add the records of the examinations of the last weeks, up to yesterday."""
    today = now.astimezone(department.zone).date()
    days = [local_day_bounds(today - timedelta(days=back), department.zone) for back in (DAYS, 0)]
    done = (
        Appointment.objects.filter(
            site=department.site,
            state=AppointmentState.FULFILLED,
            lungs_start_at__gte=to_datetime(days[0][0]),
            lungs_start_at__lt=to_datetime(days[1][0]),
        )
        .select_related("procedure__protocol", "procedure__order__patient")
        .prefetch_related(
            "steps__performed_by",
            "procedure__protocol__phases",
            "procedure__protocol__steps",
            "procedure__order__answers",
        )
        .order_by("lungs_start_at", "pk")
    )
    writing = _Writing(department, Dice(f"{seed} {department.spec.code} earlier"))
    for appointment in done:
        writing.add(appointment)
    writing.save()


class _Writing:
    def __init__(self, department, rng):
        self.department, self.rng = department, rng
        self.physician = department.accounts["physician"]
        self.batches, self.claimed, self.rows = {}, defaultdict(Decimal), defaultdict(list)

    def add(self, appointment):
        templates = {row.kind: row for row in appointment.procedure.protocol.steps.all()}
        for step in appointment.steps.all():
            if step.performed_end_at is None:
                continue
            if step.kind == "xray":
                self._film(step)
            elif step.performed_start_at and step.kind in templates:
                if _has_the_usual_dose(appointment.procedure.order, step.performed_start_at):
                    self._dose(step, templates[step.kind])
                self._pictures(appointment, step)

    def save(self):
        batches = [batch for day in self.batches.values() for batch in day]
        for batch in batches:
            batch.claimed_mbq = min(batch.activity_mbq, self.claimed[id(batch)].quantize(Decimal("0.001")))
        TracerBatch.objects.bulk_create(batches)
        for model, rows in self.rows.items():
            model.objects.bulk_create(rows, batch_size=2000)

    def _record(self, model, at, by, /, **fields):
        self.rows[model].append(model(recorded_at=at, recorded_by=by, **fields))

    def _film(self, step):
        finding = ChestXray.Finding.ABNORMAL if self.rng.random() < 0.22 else ChestXray.Finding.NORMAL
        self._record(
            ChestXray, step.performed_end_at, step.performed_by or self.physician, step=step, finding=finding,
            views=[] if step.elsewhere else ["pa", "lateral"], seen_at=step.performed_end_at,
            seen_by=self.physician,
        )  # fmt: skip

    def _dose(self, step, template):
        at = step.performed_start_at - _BEFORE
        batch = self._batch(template.tracer, at)
        if batch is None:
            return
        prescribed, is_maa = template.activity_mbq, template.tracer == "maa"
        share = Decimal(f"{min(1.15, max(0.82, self.rng.gauss(0.96, 0.06))):.3f}")
        measured = (prescribed * share).quantize(Decimal("0.1"))
        residual = Decimal(self.rng.randrange(25, 70)) / 10 if is_maa else None
        about = {
            "step": step, "batch": batch, "product": template.tracer, "takes_all": batch.is_unit_dose,
            "prescribed_mbq": prescribed, "lowest_mbq": prescribed / 4 if is_maa else prescribed * Decimal("0.8"),
            "highest_mbq": prescribed * Decimal("1.25" if is_maa else "1.2"), "measured_at": at,
            "usable_until": batch.expires_at,
        }  # fmt: skip
        self.claimed[id(batch)] += (
            batch.activity_mbq if batch.is_unit_dose else _at_calibration(batch, measured, at)
        )
        if not batch.is_unit_dose and self.rng.random() < 0.02:
            voided = {
                "voided_at": at,
                "voided_by": step.performed_by,
                "void_reason": self.rng.choice(_THROWN_AWAY),
            }
            self._record(Administration, at, step.performed_by, measured_mbq=measured, **about, **voided)
        self._record(
            Administration, at, step.performed_by, measured_mbq=measured, **about,
            given_at=step.performed_start_at, given_by=step.performed_by, residual_mbq=residual,
            residual_measured_at=step.performed_end_at if residual else None,
            administered_mbq=measured - (residual or 0),
        )  # fmt: skip

    def _batch(self, product, at):
        """The newest of that local day that can be used then; a unit dose is used once."""
        if not product:
            return None
        day = at.astimezone(self.department.zone).date()
        if day not in self.batches:
            self.batches[day] = list(_of_day(self.department, day))
        there = (
            batch
            for batch in reversed(self.batches[day])
            if batch.product == product
            and batch.usable_from <= at < batch.expires_at
            and not (batch.is_unit_dose and self.claimed[id(batch)])
        )
        return next(there, None)

    def _pictures(self, appointment, step):
        phases = [
            row for row in appointment.procedure.protocol.phases.all() if row.part == step.kind and row.views
        ]
        views = [view for row in phases if row.key != "ct" for view in row.views]
        again = self.rng.choice(views) if views and self.rng.random() < 0.07 else None
        at = step.performed_end_at
        for view in views:
            for take in (1, 2) if view == again else (1,):
                is_bad = view == again and take == 1
                self._record(
                    PictureRecord, at, step.performed_by, step=step, view=view, take=take, acquired_at=at,
                    outcome=Outcome.REPEATED if is_bad else Outcome.ACCEPTED,
                    reason=self.rng.choice(_WHY_AGAIN) if is_bad else "",
                )  # fmt: skip


def _has_the_usual_dose(order, at):
    """Not a child, whose dose goes by a weight of that day, and nobody who is or may be pregnant."""
    age = order.patient.age_on(at.date())
    answers = {row.question: row.answer for row in order.answers.all()}
    return (age is None or age >= ADULT_YEARS) and answers.get("pregnancy") not in ("yes", "possible")


def _of_day(department, day):
    for spec in clinic.TRACERS:
        if day.weekday() not in spec.weekdays:
            continue
        usable = datetime.combine(day, spec.usable_time, department.zone)
        for number in range(1, max(1, spec.unit_doses) + 1):
            yield TracerBatch(
                site=department.site, product=spec.product, number=number, calibrated_at=usable,
                activity_mbq=Decimal(spec.activity_mbq), usable_from=usable,
                expires_at=usable + timedelta(hours=spec.hours), particles=spec.particles,
                is_unit_dose=bool(spec.unit_doses), state=TracerBatch.State.READY,
                lot=f"{spec.product[:3].upper()}-{day:%m%d}-{number:03d}",
            )  # fmt: skip


def _at_calibration(batch, activity, at):
    product = PRODUCTS[batch.product]
    if product.regrows:
        return Decimal(0)
    minutes = (at - batch.calibrated_at).total_seconds() / 60
    return activity * Decimal(2 ** (minutes / HALF_LIFE_MINUTES[product.nuclide]))
