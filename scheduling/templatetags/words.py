"""What patients read: in the patient's language, whatever the clerk's is. `{% load i18n words %}`

| in the template                             | in English                | in Arabic                  |
| ------------------------------------------- | ------------------------- | -------------------------- |
| `{{ value|long_day:site.time_zone }}`       | Monday 15 March 2027      | الاثنين، 15 مارس 2027        |
| `{{ value|time_of_day:site.time_zone }}`    | 10:40; 01:30 EDT if twice | 10:40                      |
| `{{ site.name|isolate }}`                   | Riverside Clinic          | the same, set apart        |
| `{{ site.phone|ltr }}`                      | +1 212 555 0100           | the same, left to right    |
| `{{ born_on|plain_day }}`                   | 15 March 2027             | 15 مارس 2027                |
| `{{ value|when:site.time_zone }}`           | Monday 15 March 2027, 10:40 | as one says it there      |

The filters use the language that is active (`in_language`); Python code may name another. Sentences go through
Django's gettext: see docs/languages.md.
"""

from contextlib import AbstractContextManager
from functools import cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from django import template
from django.utils import translation
from django.utils.translation import gettext

from scheduling.models import Language
from scheduling.templatetags import clock

register = template.Library()

# The house's order of day and month; the others as Unicode's CLDR has them.
LONG = {"en": "EEEE d MMMM y"}
PLAIN = {"en": "d MMMM y"}
# Unicode 6.3: what stands between is laid out by itself and does not pull its neighbours along.
FIRST_STRONG, LEFT_TO_RIGHT, END = "\u2068", "\u2066", "\u2069"


def in_language(language: str) -> AbstractContextManager:
    """`with in_language(patient.language):` sentences, dates and Django's own form errors are in this language.

    What a language lacks, and a language that is not there, is said in English.
    """
    return translation.override(language or Language.EN.value)


def languages() -> list[tuple[str, str]]:
    """(code, name in the language itself), such as ("de", "Deutsch")."""
    return [(each.value, own_name(each.value)) for each in Language]


@cache
def own_name(language: str) -> str:
    name = translation.get_language_info(language.lower())["name_local"]
    return name[0].upper() + name[1:]


def direction(language: str | None = None) -> str:
    """rtl or ltr, for the `dir` of a page."""
    return "rtl" if translation.get_language_info(_code(language))["bidi"] else "ltr"


def said(sentence: str) -> str:
    """A sentence that a service raised, in the active language where the catalogue has it."""
    return gettext(sentence) if sentence else ""


@register.filter
def long_day(moment, zone, language=None):
    """Monday 15 March 2027, on the clock of an IANA zone."""
    return "" if moment is None else _date(clock.local(moment, zone).date(), LONG, "full", language)


@register.filter
def plain_day(day, language=None):
    """15 March 2027, of a plain date."""
    return "" if day is None else _date(day, PLAIN, "long", language)


@register.filter
def short_day(day):
    """Mon 15 Mar, of a plain date; for a list of days to choose from."""
    return _without_year(day, "EEE d MMM", "MMMEd")


@register.filter
def weekday_and_day(day):
    """Monday 15 March, of a plain date."""
    return _without_year(day, "EEEE d MMMM", "MMMMEEEEd")


def _without_year(day, english, skeleton):
    if day is None:
        return ""
    code = _code(None)
    if code == "en":
        return format_date(day, english, locale=locale(code))
    return format_skeleton(skeleton, day, locale=locale(code))


@register.filter
def time_of_day(moment, zone, language=None):
    """10:40 in every language: it cannot be misread; with its abbreviation in the hour that comes twice."""
    return "" if moment is None else clock.clock_time(clock.local(moment, zone), named=False)


def time(moment, zone, language=None):
    """The same, for Python."""
    return time_of_day(moment, zone, language)


@register.filter
def when(moment, zone):
    """Monday 15 March 2027, 10:40, as one says it in the active language."""
    return gettext("%(day)s, %(time)s") % {"day": long_day(moment, zone), "time": time_of_day(moment, zone)}


@register.filter
def isolate(text):
    """A name in its own script: in a text from right to left it keeps its place and its full stop."""
    return f"{FIRST_STRONG}{text}{END}" if text and direction() == "rtl" else text


@register.filter
def ltr(text):
    """Figures such as a phone number, whose parts a text from right to left would turn round."""
    return f"{LEFT_TO_RIGHT}{text}{END}" if text and direction() == "rtl" else text


def _date(day, patterns, usual, language):
    code = _code(language)
    return format_date(day, patterns.get(code, usual), locale=locale(code))


@cache
def locale(code: str) -> Locale:
    """Unicode's data of a language, English where it has none."""
    return Locale.negotiate([code], [each.value.lower() for each in Language], sep="-") or Locale("en")


def _code(language):
    code = (language or translation.get_language() or "en").lower()
    return code if code in {each.value.lower() for each in Language} else "en"
