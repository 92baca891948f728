"""The appointment letter as plain data: the same facts for the page, the print and the PDF."""

from scheduling import letter_texts
from scheduling.letter_texts import Own
from scheduling.models import LetterKind, StepKind
from scheduling.paper import texts
from scheduling.templatetags import clock

LETTER = "letter"


def data(appointment, visits, *, now, ended="", detailed=True):
    """The letter of an appointment and its letters.Visits. `ended`: its state in words, where nobody is to come.

    `detailed`: says what is examined, as paper in an envelope may; without it anyone may see the letter. Everything
    is text, times on the clock of the site. One query for the department's own words.
    """
    order, site = appointment.procedure.order, appointment.site
    patient, zone = order.patient, site.time_zone
    language = patient.language if patient.language in texts.LETTER else texts.USUAL
    words, own = texts.of(language), _own(appointment, patient, detailed)
    # Anyone who opens the mail may see the neutral letter: a first name, and no number, as in the mail itself.
    names = (patient.given_name, patient.family_name if detailed else "")
    name = " ".join(each for each in names if each)
    usual = words["opening"] if len(visits) == 1 else words["opening_more"]
    return {
        "language": language,
        "clinic": site.name,
        "place": site.place,
        "phone": site.phone,
        "name": name,
        "number": patient.mrn if detailed else "",
        "date": clock.date_at(now, zone),
        "title": own.subject or words["title"],
        "greeting": (words["greeting"] if name else words["greeting_unknown"]).format(name=name),
        "opening": "" if ended else own.opening or usual.format(clinic=site.name),
        "ended": words["ended"].format(state=ended) if ended else "",
        "visits": []
        if ended
        else [_visit(each, at, len(visits), words, zone) for at, each in enumerate(visits)],
        "steps": _steps(appointment, words, zone) if detailed and not ended else [],
        "prepare": "" if ended else words["prepare"],
        "call": words["call_detailed"] if detailed else words["call"],
        "closing": own.closing or words["closing"],
        "labels": {key: words[key] for key in ("where", "phone", "number", "steps")},
        "printed": words["printed"].format(time=clock.at(now, zone)),
    }


def _own(appointment, patient, detailed):
    """The department's own words for paper; they may say what is examined, so a neutral letter goes without."""
    if not detailed:
        return Own()
    site = appointment.site
    for language in dict.fromkeys((patient.language, texts.USUAL)):
        own = letter_texts.own(site, LetterKind.LETTER, language)
        if own != Own():
            return letter_texts.filled(own, site=site, first_name=patient.given_name)
    return Own()


def _visit(visit, at, count, words, zone):
    names = words["visits"]
    return {
        "name": words["visit"] if count == 1 else names[min(at, len(names) - 1)],
        "day": clock.long_day_at(visit.starts_at, zone),
        "time": clock.time_at_named(visit.starts_at, zone),
        "leave": words["leave"].format(time=_until(visit, zone)),
    }


def _until(visit, zone):
    is_same_day = clock.date_at(visit.starts_at, zone) == clock.date_at(visit.ends_at, zone)
    time = clock.time_at(visit.ends_at, zone)
    return time if is_same_day else f"{time}, {clock.long_day_at(visit.ends_at, zone)}"


def _steps(appointment, words, zone):
    """[name, when] of what is still to come, the lung scans as one."""
    steps = [each for each in appointment.steps.all() if each.planned_start_at]
    xray = [each for each in steps if each.kind == StepKind.XRAY and each.state == "scheduled"]
    lungs = [each for each in steps if each.kind != StepKind.XRAY]
    found = [[words["xray"], _span(xray[0].planned_start_at, xray[0].planned_end_at, zone)]] if xray else []
    if lungs:
        begins = min(each.planned_start_at for each in lungs)
        found.append([words["lungs"], _span(begins, max(each.planned_end_at for each in lungs), zone)])
    return found


def _span(starts_at, ends_at, zone):
    begins = f"{clock.day_at(starts_at, zone)}, {clock.time_at(starts_at, zone)}"
    if clock.date_at(starts_at, zone) == clock.date_at(ends_at, zone):
        return f"{begins} to {clock.time_at(ends_at, zone)}"
    return f"{begins} to {clock.day_at(ends_at, zone)}, {clock.time_at(ends_at, zone)}"
