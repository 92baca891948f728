"""Presets: what a physician starts a report from again and again. They hold no patient's data by intent; whoever
saves one is told so, and nobody else ever sees it."""

from django.db import IntegrityError, transaction

from reporting.models import Preset
from reporting.services import drafting
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotFound

ACTION = "report.write"
MOST = 50
LONGEST_NAME = 60
# What belongs to one patient only is no part of a preset.
CONTENT = ("scheme", "category", "reading", "findings", "impression", "next_step", "language")
NONE = "There is no such preset of yours."
OWN_TO_ONE_PATIENT = ("comparison", "differential", "prior", "technique")


def of(user):
    """The user's presets, by name."""
    return Preset.objects.filter(owner=user).order_by("name")


def one(pk, *, by):
    """A preset of one's own; NotFound for anybody else's."""
    policy.permit(by, ACTION)
    found = of(by).filter(pk=pk).first()
    if found is None:
        raise NotFound(NONE)
    return found


@transaction.atomic
def keep(report, *, name, by):
    """Save the draft's content under a name; an older preset of that name is replaced. Returns the Preset."""
    policy.permit(by, ACTION)
    name = _name(name)
    reading = {key: value for key, value in report.reading.items() if key not in OWN_TO_ONE_PATIENT}
    content = {field: getattr(report, field) for field in CONTENT} | {"reading": reading}
    if not of(by).filter(name=name).exists() and of(by).count() >= MOST:
        raise Conflict(f"You have {MOST} presets. Delete one that you do not use.")
    made, _ = Preset.objects.update_or_create(owner=by, name=name, defaults=content)
    audit.record("preset.saved", made, by=by)
    return made


@transaction.atomic
def apply(preset, report, *, draft_version, by, now):
    """The draft with the preset's content; errors are those of `drafting.save`. What belongs to this patient only
    (comparison, figures, clinical probability, technique) stays; a reason that was given for another category does
    not."""
    own = {key: report.reading[key] for key in OWN_TO_ONE_PATIENT if key in report.reading}
    content = {field: getattr(preset, field) for field in CONTENT} | {"reading": {**preset.reading, **own}}
    if preset.category != report.category:
        content["override_reason"] = ""
    return drafting.save(report, draft_version=draft_version, **content, by=by, now=now)


@transaction.atomic
def rename(preset, *, name, by):
    """Give a preset of one's own another name. Raises Invalid for no name, Conflict for one that is taken."""
    preset, name = one(preset.pk, by=by), _name(name)
    try:
        with transaction.atomic():
            renamed = of(by).filter(pk=preset.pk).update(name=name)
    except IntegrityError as error:  # the database refuses a second one, also of two that come at once
        raise Conflict(f"You have a preset named {name} already. Choose another name.") from error
    if not renamed:
        raise NotFound(NONE)
    preset.name = name
    audit.record("preset.renamed", preset, by=by)
    return preset


@transaction.atomic
def delete(preset, *, by):
    """Delete a preset of one's own."""
    preset = one(preset.pk, by=by)
    audit.record("preset.deleted", preset, by=by)
    preset.delete()


def _name(text):
    name = " ".join(text.split())
    if not name:
        raise Invalid("Some values cannot be right.", fields={"name": ["Give the preset a name."]})
    if len(name) > LONGEST_NAME:
        raise Invalid(
            "Some values cannot be right.", fields={"name": [f"At most {LONGEST_NAME} characters."]}
        )
    return name
