"""Finding a patient by what somebody types: a number, a name in any script, or a date of birth. Reads only."""

import re
from datetime import date, datetime

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, F, Func, IntegerField, Q, TextField, Value, When
from django.db.models.functions import Concat, Lower

from scheduling.models import Patient

MOST = 50
MOST_WORDS = 6
# Below this two words are strangers: "Moreno" finds "Morena" but not "Martin".
ALIKE = 0.4
DATE_FORMATS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d.%m.%Y", "%b %d %Y", "%B %d %Y", "%Y%m%d")
# 05/06/1960 is the 5th of June in one country and the 6th of May in another: both are looked for.
EITHER_WAY = ("%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y")


class Unaccent(Func):
    function = "unaccent"
    output_field = TextField()


def newest(by, *, count=15):
    """The patients registered last at this person's site."""
    return Patient.objects.for_user(by).order_by("-pk")[:count]


def find(text, *, by):
    """At most MOST patients of this person's site, best match first; one query.

    A date finds that birthday; a number, or a word with digits, also every MRN that begins with it; names match
    without accents, in any order of words, and with small mistakes. Nothing typed finds nobody.
    """
    typed = " ".join(text.replace("\x00", "").split())
    if not typed:
        return Patient.objects.none()
    days, number = birth_dates(typed), typed.replace(" ", "")
    words = [] if days else typed.replace(",", " ").split()[:MOST_WORDS]
    likeness = {
        f"alike_{at}": TrigramWordSimilarity(_plain(word), F("full_name")) for at, word in enumerate(words)
    }
    named = Q(*[_has(word, alike) for word, alike in zip(words, likeness, strict=True)])
    return (
        Patient.objects.for_user(by)
        .alias(full_name=_full_name())
        .alias(**likeness)
        .filter((Q(born_on__in=days) if days else named) | Q(mrn__istartswith=number))
        .alias(rank=_number_first(number), score=sum(map(F, likeness), Value(0.0)))
        .order_by("rank", "-score", "family_name", "given_name", "pk")[:MOST]
    )


def birth_dates(typed):
    """The days that a text can mean, or an empty set: "17 May 1960", "17.5.1960", "05/17/1960", "1960-05-17"."""
    plain = re.sub(r"\s+", " ", typed.replace(",", " ")).strip()
    return {day for each in DATE_FORMATS + EITHER_WAY if (day := _read(plain, each))}


def _read(text, form) -> date | None:
    try:
        day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a birthday has no time zone
    except ValueError:
        return None
    return day if day.year > 1800 else None


def _full_name():
    """Every part of the name in one text, without accents and in small letters."""
    parts = [each for name in ("family_name", "given_name", "middle_name") for each in (F(name), Value(" "))]
    return Lower(Unaccent(Concat(*parts, output_field=TextField())))


def _plain(word):
    # PostgreSQL lowers letters by the database's locale, which may know Latin ones only; Python knows all.
    return Lower(Unaccent(Value(word.lower(), output_field=TextField())))


def _has(word, alike):
    """The word stands in the name, or is much like a word of it."""
    spellings = {word, word.lower(), word.upper(), word.title()}
    as_typed = [
        Q(**{f"{name}__contains": spelling})
        for name in ("family_name", "given_name", "middle_name")
        for spelling in spellings
    ]
    return Q(Q(full_name__contains=_plain(word)), Q(**{f"{alike}__gte": ALIKE}), *as_typed, _connector=Q.OR)


def _number_first(number):
    return Case(
        When(mrn__iexact=number, then=Value(0)),
        When(mrn__istartswith=number, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
