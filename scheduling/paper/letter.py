"""The appointment letter as plain data: the same facts for the page, the print and the PDF."""

from scheduling import letter_texts, readers
from scheduling.engine.questions import could_be_pregnant
from scheduling.engine.states import AppointmentState
from scheduling.examinations import facts
from scheduling.letter_texts import Own
from scheduling.models import LetterKind, StepKind
from scheduling.paper import texts
from scheduling.templatetags import clock, words

LETTER = "letter"


def data(appointment, visits, *, now, ended="", detailed=True):
    """The letter of an appointment and its letters.Visits. `ended`: its state in words, where nobody is to come.

    `detailed`: says what is examined, as paper in an envelope may; without it anyone may see the letter. Everything
    is text in the patient's language, times on the clock of the site. One query for the department's own words.
    """
    patient = appointment.procedure.order.patient
    said, own = texts.of(patient.language), _own(appointment, patient, detailed)
    with words.in_language(patient.language):
        return {
            **_head(appointment, said, own, now, detailed),
            **(_ended(appointment, said) if ended else _coming(appointment, visits, said, own, detailed)),
            "call": _call(appointment.procedure.order, said, detailed, now),
            "closing": own.closing or said["closing"],
            "labels": {key: said[key] for key in ("where", "phone", "number", "steps")},
            "printed": said["printed"] % {"time": words.when(now, appointment.site.time_zone)},
        }


def _call(order, said, detailed, now):
    """Minors are asked about pregnancy in person and in private: no letter to a guardian speaks of it."""
    tells = detailed and readers.reads_alone(order, now) and could_be_pregnant(facts(order, now))
    return said["call_detailed"] if tells else said["call"]


def _head(appointment, said, own, now, detailed):
    patient, site = appointment.procedure.order.patient, appointment.site
    # Anyone who opens the mail may see the neutral letter: a first name, and no number, as in the mail itself.
    names = (patient.given_name, patient.family_name if detailed else "")
    name = " ".join(each for each in names if each)
    return {
        "language": patient.language,
        "direction": words.direction(),
        "clinic": site.name,
        "place": site.place,
        "phone": site.phone,
        "name": name,
        "number": patient.mrn if detailed else "",
        "date": words.plain_day(clock.local(now, site.time_zone).date()),
        "title": own.subject or said["title"],
        "greeting": said["greeting"] % {"name": name} if name else said["greeting_unknown"],
    }


def _ended(appointment, said):
    is_cancelled = appointment.state == AppointmentState.CANCELLED
    sentence = said["cancelled"] if is_cancelled else said["ended"]
    return {"opening": "", "ended": sentence, "visits": [], "steps": [], "prepare": ""}


def _coming(appointment, visits, said, own, detailed):
    site = appointment.site
    usual = said["opening"] if len(visits) == 1 else said["opening_more"]
    return {
        "opening": own.opening or usual % {"clinic": site.name},
        "ended": "",
        "visits": [_visit(each, at, len(visits), said, site.time_zone) for at, each in enumerate(visits)],
        "steps": _steps(appointment, said, site.time_zone) if detailed else [],
        "prepare": said["prepare"],
    }


def _own(appointment, patient, detailed):
    """The department's own words for paper in the patient's language.

    They may say what is examined, so a neutral letter goes without.
    """
    if not detailed:
        return Own()
    own = letter_texts.own(appointment.site, LetterKind.LETTER, patient.language)
    return letter_texts.filled(own, site=appointment.site, first_name=patient.given_name)


def _visit(visit, at, count, said, zone):
    names = said["visits"]
    return {
        "name": said["visit"] if count == 1 else names[min(at, len(names) - 1)],
        "day": words.long_day(visit.starts_at, zone),
        "time": clock.time_at_named(visit.starts_at, zone),
        "when": words.when(visit.starts_at, zone),
        "leave": _leave(visit, said, zone),
    }


def _leave(visit, said, zone):
    time, day = words.time(visit.ends_at, zone), words.long_day(visit.ends_at, zone)
    if _is_one_day(visit.starts_at, visit.ends_at, zone):
        return said["leave"] % {"time": time}
    return said["leave_later"] % {"day": day, "time": time}


def _steps(appointment, said, zone):
    """[name, when] of what is still to come, the lung scans as one."""
    steps = [each for each in appointment.steps.all() if each.planned_start_at]
    xray = [each for each in steps if each.kind == StepKind.XRAY and each.state == "scheduled"]
    lungs = [each for each in steps if each.kind != StepKind.XRAY]
    found = (
        [[said["xray"], _span(xray[0].planned_start_at, xray[0].planned_end_at, said, zone)]] if xray else []
    )
    if lungs:
        begins = min(each.planned_start_at for each in lungs)
        found.append([said["lungs"], _span(begins, max(each.planned_end_at for each in lungs), said, zone)])
    return found


def _span(starts_at, ends_at, said, zone):
    if not _is_one_day(starts_at, ends_at, zone):
        return said["span_later"] % {"begins": words.when(starts_at, zone), "ends": words.when(ends_at, zone)}
    return said["span"] % {
        "day": words.long_day(starts_at, zone),
        "begins": words.time(starts_at, zone),
        "ends": words.time(ends_at, zone),
    }


def _is_one_day(one, other, zone):
    return clock.local(one, zone).date() == clock.local(other, zone).date()
