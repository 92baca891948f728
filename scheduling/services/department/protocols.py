"""Protocols and the times of their steps, from a day on. What is booked keeps the times that it was booked with."""

from scheduling.models import ChangeSubject, StepKind
from scheduling.services.department import affected, changes
from vqflow import policy
from vqflow.errors import Invalid

OF_STEP = (
    "prep_bay_minutes",
    "setup_minutes",
    "acquisition_minutes",
    "clearance_minutes",
    "lag_min_minutes",
    "lag_max_minutes",
    "activity_mbq",
    "least_activity_mbq",
)
LONGEST_STEP = 8 * 60


def preview(protocol, *, starts_on, now, steps=None, **values):
    """(differences, who is booked with the protocol from then on); Invalid as change() raises it."""
    found = changes.check(protocol.site, _wanted(protocol, values, steps), starts_on=starts_on, now=now)
    return found, affected.of_protocol(protocol, starts_on=starts_on, now=now)


def change(protocol, *, starts_on, by, now, steps=None, **values):
    """From `starts_on` on, what is booked is booked with these values: name, is_active, and `steps`.

    `steps`: {kind: {field: value}}. Steps that are booked already stay as they are.
    """
    policy.permit(by, changes.ACTION)
    about = (protocol.site, ChangeSubject.PROTOCOL, protocol.pk)
    return changes.plan(*about, _wanted(protocol, values, steps), starts_on=starts_on, by=by, now=now)


def _wanted(protocol, values, steps):
    of_steps = {step.kind: step for step in protocol.steps.all()}
    for kind, fields in (steps or {}).items():
        if kind not in of_steps:
            sentence = f"This protocol has no {StepKind(kind).label.lower()}."
            raise Invalid(sentence, fields={"steps": [sentence]})
        _check(of_steps[kind], fields)
    if not values.get("name", "x").strip():
        raise Invalid("Give the protocol a name.", fields={"name": ["Give the protocol a name."]})
    return [(protocol, values), *((of_steps[kind], fields) for kind, fields in (steps or {}).items())]


def _check(step, fields):
    value = {name: fields.get(name, getattr(step, name)) for name in OF_STEP}
    if not value["acquisition_minutes"]:
        _refuse(step, "acquisition_minutes", "The pictures take at least 1 minute.")
    for name in OF_STEP[:4]:
        if value[name] > LONGEST_STEP:
            _refuse(step, name, "This is longer than 8 hours. Check the minutes.")
    if value["lag_max_minutes"] is not None and value["lag_max_minutes"] < value["lag_min_minutes"]:
        _refuse(
            step, "lag_max_minutes", "The longest wait is shorter than the shortest. Enter at least as much."
        )
    if step.tracer and not value["activity_mbq"]:
        _refuse(step, "activity_mbq", "Enter the activity in MBq: this step needs a dose.")
    if not step.tracer and value["activity_mbq"]:
        _refuse(step, "activity_mbq", "This step needs no dose. Enter 0.")
    least = value["least_activity_mbq"]
    if least is not None and not 0 < least <= value["activity_mbq"]:
        _refuse(step, "least_activity_mbq", "Enter more than 0 and at most the usual activity, or nothing.")


def _refuse(step, field, sentence):
    raise Invalid(sentence, fields={f"{step.kind}_{field}": [sentence]})
