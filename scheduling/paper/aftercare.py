"""The aftercare sheet as plain data: the same facts for the page, the print, the PDF and the mail."""

from dataclasses import replace

from scheduling import readers
from scheduling.administrations import product_of
from scheduling.engine import aftercare
from scheduling.engine.aftercare import Given
from scheduling.engine.questions import could_be_pregnant
from scheduling.examinations import facts
from scheduling.models import StepKind
from scheduling.paper import texts
from scheduling.templatetags import clock, words

AFTERCARE = "aftercare"


def data(appointment, *, now, language=None, in_person=False):
    """The sheet of an appointment, in the patient's language or another; times on the site's clock.

    `in_person`: it is handed to the patient. Where others may read what goes by mail and link, that sheet tells
    about milk with "if", whatever the patient has answered in private.
    """
    order, site = appointment.procedure.order, appointment.site
    patient, zone = order.patient, site.time_zone
    language = language or patient.language
    said, tracers = texts.aftercare(language), given(appointment)
    name = " ".join(each for each in (patient.given_name, patient.family_name) if each)
    with words.in_language(language):
        return {
            "language": language,
            "direction": words.direction(),
            "clinic": site.name,
            "place": site.place,
            "phone": site.phone,
            "name": name,
            "number": patient.mrn,
            "date": words.plain_day(clock.local(now, zone).date()),
            "title": said["title"],
            "greeting": said["greeting"] % {"name": name} if name else said["greeting_unknown"],
            "sections": _sections(appointment, tracers, said, now, in_person),
            "emergency": {
                "title": said["emergency_title"],
                "text": said["emergency"],
                "signs": list(said["signs"]),
            },
            "call": said["call"] % {"clinic": site.name},
            "labels": {key: said[key] for key in ("phone", "number")},
            "printed": said["printed"] % {"time": words.when(now, zone)},
        }


def given(appointment):
    """The tracers that the patient really got: as recorded, else what the performed acquisitions are done with."""
    found = []
    for step in appointment.steps.all():
        doses = [row for row in step.administrations.all() if row.given_at and row.voided_at is None]
        found += [Given(row.product, row.given_at) for row in doses]
        if not doses and step.kind != StepKind.XRAY and step.performed_start_at:
            # An aerosol that is not named is taken for one with Tc-99m, which is the cautious way.
            product = product_of(appointment, step) or "dtpa"
            found.append(Given(product, step.performed_start_at))
    return found


def _sections(appointment, tracers, said, now, in_person):
    leaving = said["leaves_gas"] if aftercare.only_gas(tracers) else said["leaves"]
    sections = [
        {"title": said["go_on_title"], "lines": [said["go_on"]]},
        {"title": said["drink_title"], "lines": [said["drink"], leaving] if tracers else [said["drink"]]},
    ]
    about_milk = _breastfeeding(appointment, tracers, said, now, in_person)
    if about_milk:
        sections.append({"title": said["milk_title"], "lines": about_milk, "strong": True})
    sections.append({"title": said["result_title"], "lines": [said["result"]]})
    return sections


def _breastfeeding(appointment, tracers, said, now, in_person):
    """Nothing for who does not breastfeed; who was not asked is told with "if"."""
    answer = breastfeeding(appointment, now, in_person=in_person)
    if answer == "no" or not tracers:
        return []
    if_so = [] if answer == "yes" else [said["milk_if"]]
    found = aftercare.interruption(appointment.site.breastfeeding_policy, tracers)
    if found is None:
        return [*if_so, said["milk_goes_on"]]
    zone = appointment.site.time_zone
    until, kept = words.when(found.until, zone), words.when(found.kept_until, zone)
    first = said["milk_until"] % {"hours": found.hours, "until": until}
    return [*if_so, first, said["milk_pump"], said["milk_kept"] % {"kept": kept}]


def breastfeeding(appointment, now, *, in_person):
    """ "yes", "no", or "unknown" where nobody asked somebody who might, or others may read the answer."""
    order = appointment.procedure.order
    answer = next((row.answer for row in order.answers.all() if row.question == "breastfeeding"), "")
    if answer in ("yes", "no") and (in_person or readers.reads_alone(order, now)):
        return answer
    age = order.patient.age_on(clock.local(now, appointment.site.time_zone).date())
    # Whose answer is not known is told too, as far as the pregnancy rule asks.
    return "unknown" if could_be_pregnant(replace(facts(order, now), age_years=age)) else "no"
