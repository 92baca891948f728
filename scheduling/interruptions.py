"""How long breastfeeding will pause, told before the visit so that milk can be expressed; nothing is written here."""

from scheduling import administrations, readers
from scheduling.engine import aftercare
from scheduling.engine.aftercare import Given
from scheduling.models import StepKind


def ahead(appointment):
    """The engine's Interruption by the tracers and times that are planned, or None where none is called for.

    Whether the patient breastfeeds is for the caller to know. Afterwards the real injection counts
    (paper/aftercare.py).
    """
    planned = [
        # An aerosol that is not named is taken for one with Tc-99m, which is the cautious way.
        Given(administrations.product_of(appointment, step) or "dtpa", step.planned_start_at)
        for step in appointment.steps.all()
        if step.kind != StepKind.XRAY and step.planned_start_at
    ]
    return aftercare.interruption(appointment.site.breastfeeding_policy, planned)


def told_ahead(appointment, *, now):
    """The same for mails and links: for a patient who has said that she breastfeeds and reads them alone, else None."""
    order = appointment.procedure.order
    asked = any(row.question == "breastfeeding" and row.answer == "yes" for row in order.answers.all())
    return ahead(appointment) if asked and readers.reads_alone(order, now) else None
