"""Sentences of the engine, written in one language."""

from dataclasses import dataclass

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import override

from reporting.engine import next_steps, prose
from reporting.engine.findings import Reading, Study
from reporting.engine.sentences import Line, Listed, Own, Sentence
from reporting.services.prose.sentences import SENTENCES
from reporting.services.prose.words import WORDS
from scheduling.models import Language

PHRASES = {**SENTENCES, **WORDS}
COMMAS = {Language.AR: "، ", Language.ZH: "、"}


@dataclass(frozen=True, slots=True)
class Prose:
    """The three texts of a report; one generated sentence is one line."""

    findings: str
    impression: str
    next_step: str


def languages():
    """[(code, name)] of the languages that reports are written in."""
    return [(language.value, language.label) for language in Language]


def generated(reading: Reading, study: Study, *, scheme, category, language="en", prior_on=None) -> Prose:
    """What the structure says, and nothing else. `prior_on`: the local day of the examination compared with."""
    day = _day(prior_on, language) if prior_on else ""
    lines = (
        prose.findings(reading, study, day, scheme=scheme),
        prose.impression(scheme, category, reading, study, day),
        next_steps.suggested(scheme, category, reading.prior, cteph=reading.cteph is True),
    )
    return Prose(*(in_language(each, language) for each in lines))


def word(key, language, english) -> str:
    """A word or term of the prose in this language; in English, and for one that is not known, as it is given."""
    if language == Language.EN or key not in WORDS:
        return english
    with override(language):
        text = str(WORDS[key])
    return text[:1].upper() + text[1:]


def in_language(lines: tuple[Line, ...], language) -> str:
    """The lines as text, one to a line. Raises KeyError for a sentence without words."""
    with override(language):
        return "\n".join(each.text if isinstance(each, Own) else _said(each, language) for each in lines)


def renewed(texts: Prose, before: Prose, after: Prose) -> Prose:
    """The reader's texts with what was generated `before` made anew: own lines stay, and so do deletions."""
    return Prose(
        *(
            prose.renewed(getattr(texts, name), getattr(before, name), getattr(after, name))
            for name in ("findings", "impression", "next_step")
        )
    )


def _said(sentence: Sentence, language):
    values = {name: _value(value, language) for name, value in sentence.values}
    text = str(PHRASES[sentence.key]) % values
    return text[:1].upper() + text[1:] if sentence.key in SENTENCES else text


def _value(value, language):
    if isinstance(value, Sentence):
        return _said(value, language)
    if isinstance(value, Listed):
        return COMMAS.get(language, ", ").join(_value(each, language) for each in value.items)
    if isinstance(value, str):
        return value
    return format_decimal(value, locale=_locale(language))


def _day(day, language):
    return format_date(day, "d MMM y" if language == "en" else "long", locale=_locale(language))


def _locale(language):
    return Locale.parse(language, sep="-")
