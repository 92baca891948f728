"""Late corrections of a dose: what may be corrected, what must still hold, and what is computed anew.

Part of scheduling/services/examination/corrections.py, which keeps both values and the reason.
"""

from decimal import Decimal

from scheduling import administrations
from scheduling.engine import administration as engine
from scheduling.models import Administration, Incident
from scheduling.services import incidents, tracers
from scheduling.services.doses import choosing
from scheduling.services.examination import kept
from vqflow.errors import Invalid

FIELDS = {
    "measured_mbq": "activity measured (MBq)",
    "measured_at": "measured",
    "given_at": "given",
    "residual_mbq": "left in the syringe (MBq)",
    "residual_measured_at": "residual measured",
}
ORDER = "A dose is measured, then given, then its residual is measured. Check the times."
MOST_MBQ = Decimal(10_000)
TOO_HIGH = f"The activity is more than 0 and at most {MOST_MBQ:,} MBq."
TOO_MUCH = "More cannot be left than was there. Check the figure, and its unit (MBq)."


RESIDUAL = ("residual_mbq", "residual_measured_at")


def name(dose):
    """Perfusion: dose (2)"""
    return f"{dose.step.get_kind_display()}, dose{f' ({dose.number})' if dose.number > 1 else ''}"


def check(dose, changes, now):
    """Raise Invalid unless the dose still makes sense with these changes."""
    field = next(iter(changes))
    facts = {each: changes.get(each, getattr(dose, each)) for each in FIELDS}
    if facts["measured_mbq"] <= 0 or (facts["residual_mbq"] or 0) < 0:
        raise Invalid("An activity is more than 0.", fields={field: ["An activity is more than 0."]})
    if facts["measured_mbq"] > MOST_MBQ:
        raise Invalid(TOO_HIGH, fields={field: [TOO_HIGH]})
    if changes.keys() & {"measured_mbq", "measured_at"}:
        batch = tracers.lock({dose.batch_id})[dose.batch_id]
        sentence = choosing.not_in_it(batch, facts["measured_mbq"], facts["measured_at"], but=dose)
        if sentence:
            raise Invalid(sentence, fields={field: [sentence]})
    times = [facts[each] for each in ("measured_at", "given_at", "residual_measured_at") if facts[each]]
    if times != sorted(times):
        raise Invalid(ORDER, fields={field: [ORDER]})
    if dose.given_at and administrations.administered_kbq(dose, **facts) < 0:
        raise Invalid(TOO_MUCH, fields={field: [TOO_MUCH]})


def follow(dose, changes):
    """What the patient got, and its particles, are computed from the corrected figures."""
    facts = {}
    if dose.given_at:
        facts["administered_mbq"] = Decimal(administrations.administered_kbq(dose, **changes)) / 1000
    if dose.particles is not None and changes.keys() & {"measured_mbq", "measured_at"}:
        facts["particles"] = particles(
            dose.batch,
            changes.get("measured_mbq", dose.measured_mbq),
            changes.get("measured_at", dose.measured_at),
        )
    if facts:
        Administration.objects.filter(pk=dose.pk).update(**facts)


def particles(batch, measured_mbq, measured_at):
    """The dose's share of the particles of its vial; None where that has none."""
    if not batch.particles:
        return None
    held = choosing.activity_at(batch, measured_at)
    return engine.particles_in(administrations.kbq(measured_mbq), held, batch.particles)


def faults(dose):
    """Why a dose that was given was not as prescribed and nobody had approved that; () otherwise."""
    if dose.given_at is None or dose.override_id:
        return ()
    return administrations.judge(dose, administrations.standing(dose.step), dose.given_at).refusals


def tell_lead(dose, before, *, by, now):
    """By the corrected figures it was not as prescribed, by those `before` it was: an incident for the lead."""
    dose.refresh_from_db()
    found = faults(dose)
    if not found or before:
        return
    incidents.record(
        dose.step.appointment.site,
        kind=Incident.Kind.WRONG_DOSE,
        severity=Incident.Severity.MILD,
        what=f"By its corrected figures the dose was not as prescribed. {found[0]}",
        step=dose.step,
        by=by,
        now=now,
    )


def drop_residual(dose, *, reason, by, now):
    """What was left in the syringe no longer counts; what was measured stays readable. Saves nothing of the dose."""
    for field in RESIDUAL:
        about = {"subject": f"dose:{dose.pk}", "field": field, "label": f"{name(dose)}: {FIELDS[field]}"}
        values = {"before": getattr(dose, field), "after": None}
        kept.keep(dose.step.appointment, **about, **values, reason=reason, by=by, now=now)
        setattr(dose, field, None)


def moved(step, was, moment, *, beside=None):
    """The start of an acquisition was corrected from `was`: the dose that began it was given at that moment.

    `beside`: the dose that is being corrected itself.
    """
    rows = Administration.objects.standing().filter(step=step, given_at=was)
    for dose in rows.exclude(pk=beside.pk) if beside else rows:
        changes = {"given_at": moment}
        check(dose, changes, moment)
        follow(dose, changes)
        dose.given_at = moment
        dose.save(update_fields=["given_at"])
