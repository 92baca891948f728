"""The words of the letters on paper, in every language of the catalogues (docs/languages.md).

A department's own first and last paragraph (scheduling/letter_texts.py) stand in place of `opening` and `closing`.
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from scheduling.templatetags import words

LETTER = {
    "title": _("Your appointment"),
    "greeting": _("Dear %(name)s,"),
    "greeting_unknown": _("Dear patient,"),
    "opening": _("Please come to %(clinic)s at the time below."),
    "opening_more": _("Please come to %(clinic)s at the times below. You need all of these visits."),
    "visit": _("Your visit"),
    "visits": (_("First visit"), _("Second visit"), _("Third visit")),
    "leave": _("You can expect to leave at about %(time)s."),
    "leave_later": _("You can expect to leave on %(day)s at about %(time)s."),
    "where": _("Where"),
    "phone": _("Phone"),
    "number": _("Your number"),
    "steps": _("What happens"),
    "xray": _("Chest X-ray"),
    "lungs": _("Lung scan"),
    "span": _("%(day)s, %(begins)s to %(ends)s"),
    "span_later": _("%(begins)s to %(ends)s"),
    "prepare": _("Please bring this letter, your identity card, and a list of your medicines."),
    "call": _("Phone us if you cannot come, or if you feel worse before the appointment."),
    "call_detailed": _(
        "Phone us if you cannot come, or if you feel worse before the appointment. "
        "Phone us too if you are or could be pregnant, or if you breastfeed."
    ),
    "closing": _("With kind regards"),
    "cancelled": _("This appointment is cancelled. Please do not come."),
    "ended": _("This appointment is over. Please do not come."),
    "printed": _("Printed %(time)s"),
}

AFTERCARE = {
    "title": _("After your scan"),
    "greeting": _("Dear %(name)s,"),
    "greeting_unknown": _("Dear patient,"),
    "go_on_title": _("What you can do"),
    "go_on": _("You can eat, drink, drive and work as you did before. Take your medicines as usual."),
    "drink_title": _("Drink"),
    "drink": _("Drink some more than usual today, and go to the toilet often."),
    "leaves": _(
        "You were given a small amount of a weak radioactive tracer. It fades by itself and leaves your "
        "body within a day or two. You do not feel it."
    ),
    "leaves_gas": _(
        "You breathed a small amount of a weak radioactive gas. You have breathed nearly all of it "
        "out again. You do not feel it."
    ),
    "milk_title": _("If you breastfeed"),
    "milk_if": _("Did nobody ask you if you breastfeed? Then read this."),
    "milk_until": _("Do not breastfeed for %(hours)s hours: until %(until)s."),
    "milk_pump": _("Pump your milk until then, so that it keeps coming. Do not give this milk now."),
    "milk_kept": _("If you kept it in a freezer, your baby can have it from %(kept)s on."),
    "milk_goes_on": _("You can go on breastfeeding: you were given nothing that stops you."),
    "result_title": _("Your result"),
    "result": _("The doctor who sent you tells you the result, most often within one day."),
    "emergency_title": _("Get help at once"),
    "emergency": _("Phone the emergency number, or go to the nearest emergency department, if you have:"),
    "signs": (
        _("sudden or worse shortness of breath"),
        _("pain in the chest, or worse pain when you breathe in"),
        _("blood when you cough"),
        _("a fast heartbeat, or you feel faint"),
        _("blue lips"),
    ),
    "call": _(
        "Phone %(clinic)s the same day if one leg swells or hurts, if the place of the needle swells or turns "
        "red, or if you get a rash. Phone too if you have a question."
    ),
    "phone": _("Phone"),
    "number": _("Your number"),
    "printed": _("Printed %(time)s"),
}


def of(language: str) -> dict:
    """All words of the letter in a language, what it lacks in English."""
    return _translated(LETTER, language)


def aftercare(language: str) -> dict:
    """All words of the aftercare sheet in a language, what it lacks in English."""
    return _translated(AFTERCARE, language)


def _translated(sentences, language):
    with words.in_language(language):
        return {
            key: tuple(map(gettext, each)) if isinstance(each, tuple) else gettext(each)
            for key, each in sentences.items()
        }
