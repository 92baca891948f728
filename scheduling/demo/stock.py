"""The doses of today's examinations, drawn from the first department's batches."""

from datetime import timedelta
from decimal import Decimal

from scheduling.engine import adjustments
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.states import StepState
from scheduling.examinations import circumstances
from scheduling.models import TracerBatch

_SYRINGE_MBQ = Decimal("4.100")
_DRAWN = Decimal("0.97")
_FEWER = Decimal("0.8")
_MORE = Decimal("1.2")
_BEFORE = timedelta(minutes=2)


class Stock:
    """What is usable by now, the newest first; a unit dose is drawn once."""

    def __init__(self, department, now):
        self.now, self.used = now, set()
        rows = TracerBatch.objects.filter(site=department.site, usable_from__lte=now)
        self.batches = list(rows.order_by("-usable_from"))

    def drawn(self, appointment, step, *, given_at):
        """The fields of an Administration without its people, or None where nothing was there to draw from.

        Measured two minutes before it is given, or before now while it is not.
        """
        template = next(row for row in appointment.procedure.protocol.steps.all() if row.kind == step.kind)
        measured_at = (given_at or self.now) - _BEFORE
        batch = self._batch(template.tracer, measured_at)
        if batch is None:
            return None
        if batch.is_unit_dose:
            self.used.add(batch.pk)
        measured, particles, most = (template.activity_mbq * _DRAWN).quantize(Decimal("0.1")), None, None
        if template.tracer == "maa":
            measured, particles, most = _particles(appointment, batch, measured, measured_at)
        return {
            "batch": batch,
            "takes_all": batch.is_unit_dose,
            "measured_mbq": measured,
            "measured_at": measured_at,
            "usable_until": batch.expires_at,
            "particles": particles,
            "most_particles": most,
            **_prescribed(template, measured),
            **(_given(template, step, measured, given_at) if given_at else {}),
        }

    def _batch(self, product, at):
        found = (
            row
            for row in self.batches
            if row.product == product and row.usable_from <= at <= row.expires_at and row.pk not in self.used
        )
        return next(found, None)

    def make_ready(self):
        """What is usable by now has been measured, and has a lot."""
        for batch in self.batches:
            batch.state = TracerBatch.State.READY
            batch.lot = f"{batch.product[:3].upper()}-{batch.usable_from:%m%d}-{batch.pk % 1000:03d}"
        TracerBatch.objects.bulk_update(self.batches, ["state", "lot"])


def _prescribed(template, measured):
    prescribed, is_maa = template.activity_mbq, template.tracer == "maa"
    return {
        "product": template.tracer,
        "prescribed_mbq": prescribed,
        "lowest_mbq": min(template.least_activity_mbq or prescribed * _FEWER, measured),
        "highest_mbq": prescribed if is_maa else prescribed * _MORE,
        "volume_ml": Decimal("1.2") if is_maa else None,
    }


def _given(template, step, measured, given_at):
    """The residual of an injection is measured when its pictures are taken."""
    is_maa = template.tracer == "maa"
    residual = _SYRINGE_MBQ if is_maa and step.state == StepState.COMPLETED else None
    return {
        "given_at": given_at,
        "injection_site": "Left antecubital vein" if is_maa else "",
        "residual_mbq": residual,
        "residual_measured_at": step.performed_end_at + timedelta(minutes=1) if residual else None,
        "administered_mbq": _decayed(measured, _BEFORE, template.tracer) - (residual or 0),
    }


def _particles(appointment, batch, measured, at):
    """(activity, particles in it, most particles), less activity where it would hold too many."""
    order = appointment.procedure.order
    _, most = adjustments.particles(circumstances(order, at), order.patient.age_on(at.date()))
    vial = _decayed(batch.activity_mbq, at - batch.calibrated_at, "maa")
    measured = min(measured, (vial * most / batch.particles).quantize(Decimal("0.1")) - 1)
    return measured, int(batch.particles * measured / vial), most


def _decayed(activity, passed, product):
    if PRODUCTS[product].regrows:
        return activity
    half_life = PRODUCTS[product].half_life
    left = activity * Decimal(2) ** Decimal(-passed.total_seconds() / 60 / half_life)
    return left.quantize(Decimal("0.001"))
