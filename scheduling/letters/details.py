"""What a mail tells beyond time and place, to patients who have agreed to mail that names what is examined."""

from dataclasses import dataclass

from django.utils.translation import gettext

from scheduling import interruptions, readers
from scheduling.engine.questions import could_be_pregnant
from scheduling.examinations import facts
from scheduling.models import MessageKind, StepKind
from scheduling.templatetags import words

KINDS = (
    MessageKind.CONFIRMATION,
    MessageKind.MOVED,
    MessageKind.REMINDER,
    MessageKind.XRAY_REMINDER,
    MessageKind.LETTER_COPY,
)
"""The mails that prepare for a visit."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    lines: tuple[str, ...]


def sections(appointment, *, now):
    """The Sections of an appointment in the active language. Its steps and answers are read."""
    steps = [each for each in appointment.steps.all() if each.planned_start_at]
    kinds = {each.kind for each in steps}
    found = [
        Section(gettext("What happens"), (*_times(steps, appointment.site.time_zone), *_explained(kinds))),
        Section(gettext("Get ready"), _preparation(appointment.site, kinds)),
        Section(gettext("You breastfeed: plan ahead"), tuple(_pause(appointment, now))),
        Section(gettext("Please call us if one of these is true:"), tuple(_tell_us(appointment, now))),
        Section(gettext("Is it safe?"), (_safe(),)),
        Section(gettext("Your result"), (_result(),)),
        Section(gettext("If you get worse"), (_worse(appointment.site),)),
    ]
    return [each for each in found if each.lines]


def _times(steps, zone):
    xray = [each for each in steps if each.kind == StepKind.XRAY and each.state == "scheduled"]
    lungs = [each for each in steps if each.kind != StepKind.XRAY and each.state != "cancelled"]
    if xray:
        yield gettext("Chest X-ray: %(when)s") % {"when": words.when(xray[0].planned_start_at, zone)}
    if lungs:
        begins = min(each.planned_start_at for each in lungs)
        yield gettext("Lung scan: %(when)s") % {"when": words.when(begins, zone)}


def _explained(kinds):
    """In plain words; the two parts of the scan last about 15 minutes each (owner's source)."""
    if StepKind.XRAY in kinds:
        yield gettext("The chest X-ray helps the doctor to understand the scan. It takes a few minutes.")
    if StepKind.VENTILATION in kinds:
        yield gettext(
            "To see the air in your lungs: you breathe in a little of a weak radioactive gas or mist through a mask "
            "or a mouthpiece. A camera takes pictures. This takes about 15 minutes."
        )
    if StepKind.PERFUSION in kinds:
        yield gettext(
            "To see the blood in your lungs: you get a small injection of a weak radioactive liquid into a vein. "
            "A camera takes pictures. This takes about 15 minutes."
        )
    yield gettext("You lie on a table or sit in a chair, and keep still while the pictures are taken.")
    yield gettext("In all the scan takes 30 to 60 minutes, and longer if more pictures are needed.")


def _preparation(site, kinds):
    lines = [
        gettext("Eat, drink and take your medicines as usual."),
        gettext("Wear comfortable clothes. You may be asked to change into a gown."),
    ]
    if StepKind.XRAY not in kinds:
        lines.append(
            gettext("If you had an X-ray somewhere else, bring its date, its place and the pictures.")
        )
    return (*lines, site.own_advice) if site.own_advice else tuple(lines)


def _tell_us(appointment, now):
    order = appointment.procedure.order
    # Minors are asked in person and in private; a guardian's mail does not speak of it.
    if readers.reads_alone(order, now) and could_be_pregnant(facts(order, now)):
        yield gettext("You are pregnant, or might be.")
        yield gettext("You breastfeed.")
    yield gettext("You have an allergy.")
    yield gettext("You use oxygen.")
    yield gettext("You cannot lie or sit still for 15 minutes, or cannot raise your arms.")
    yield gettext("Narrow spaces frighten you.")


def _pause(appointment, now):
    found = interruptions.told_ahead(appointment, now=now)
    if found is not None:
        yield gettext(
            "You have told us that you breastfeed. After the scan you should not breastfeed for %(hours)s hours. "
            "Express milk before you come, so that your baby has enough."
        ) % {"hours": found.hours}


def _safe():
    return gettext(
        "The amount of radiation is small, usually less than with a CT. An allergic reaction is rare and most often "
        "mild. The needle can leave a bruise."
    )


def _result():
    return gettext(
        "The doctor who sent you tells you the result, most often within one day. If you hear nothing, call that "
        "doctor."
    )


def _worse(site):
    return gettext(
        "Do not wait for your appointment. If you are suddenly short of breath, have chest pain, cough up blood or "
        "feel faint, call %(number)s."
    ) % {"number": words.ltr(site.emergency_number)}
