"""Dates of birth as people write them, in a text that may hold a name too."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date

# The first letters tell the month in English, German, Spanish, French and Italian; no two months share them.
MONTHS = {
    1: ("jan", "jän", "ene", "gen"),
    2: ("feb", "fév", "fev"),
    3: ("mar", "mär", "mrz", "maer"),
    4: ("apr", "abr", "avr"),
    5: ("may", "mai", "mag"),
    6: ("jun", "juin", "giu"),
    7: ("jul", "juil", "lug"),
    8: ("aug", "ago", "aoû", "aou"),
    9: ("sep", "set"),
    10: ("oct", "okt", "ott"),
    11: ("nov",),
    12: ("dec", "dez", "dic", "déc"),
}
EARLIEST_YEAR, LATEST_YEAR = 1850, 2150
CENTURIES = (1900, 2000)

_SEPARATOR = r"\s*[./\-\s年月]\s*"
_NUMBERS = re.compile(rf"(?<!\d)(\d{{1,4}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{1,4}})\s*日?(?!\d)")
_WORD = r"([^\W\d_]{3,12})"
_YEAR = r"(\d{4}|\d{2})(?!\d)"
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?[\s/-]*(?:de\s+)?{_WORD}\.?,?[\s/-]*(?:de\s+)?{_YEAR}"
)
_MONTH_DAY = re.compile(rf"{_WORD}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}")
_IN_ONE = re.compile(r"(?<!\d)(\d{8}|\d{6})(?!\d)")


def read(text: str) -> tuple[frozenset[date], str]:
    """(the days that the text can mean, what stands beside the date).

    "17 May 1960", "17.5.60", "05/17/1960", "1960-05-17", "17. Mai 1960", "1960年5月17日", "17051960".
    A date that can be read in several ways is all of them: 05/06/1960 is the 5th of June and the 6th of May.
    Without a date the set is empty and the text comes back as it is.
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(str(unicodedata.digit(each)) if each.isdecimal() else each for each in plain)
    for pattern, days_of in _READINGS:
        for found in pattern.finditer(plain):
            if days := frozenset(days_of(*found.groups())):
                return days, f"{plain[: found.start()]} {plain[found.end() :]}".strip(" ,;")
    return frozenset(), text


def _three_numbers(first: str, second: str, third: str) -> set[date]:
    if len(first) > 2:
        return _days([(first, second, third)]) if len(third) <= 2 else set()
    return _days([(third, second, first), (third, first, second)]) if len(third) in (2, 4) else set()


def _named(day: str, word: str, year: str) -> set[date]:
    month = _month(word)
    return _days([(year, str(month), day)]) if month else set()


def _named_month_first(word: str, day: str, year: str) -> set[date]:
    return _named(day, word, year)


def _in_one(digits: str) -> set[date]:
    if len(digits) == 6:
        return _days([(digits[4:], digits[2:4], digits[:2]), (digits[:2], digits[2:4], digits[4:])])
    return _days(
        [
            (digits[:4], digits[4:6], digits[6:]),
            (digits[4:], digits[2:4], digits[:2]),
            (digits[4:], digits[:2], digits[2:4]),
        ]
    )


def _month(word: str) -> int | None:
    begins = word.casefold()
    long = [
        (len(each), month) for month, names in MONTHS.items() for each in names if begins.startswith(each)
    ]
    return max(long)[1] if long else None


def _days(readings: Iterable[tuple[str, str, str]]) -> set[date]:
    """Those of (year, month, day) that exist; a year of two figures is one of both centuries."""
    found: set[date] = set()
    for year, month, day in readings:
        number = int(year)
        for full in [century + number for century in CENTURIES] if len(str(year)) == 2 else [number]:
            if EARLIEST_YEAR <= full <= LATEST_YEAR:
                found |= _day(full, int(month), int(day))
    return found


def _day(year: int, month: int, day: int) -> set[date]:
    try:
        return {date(year, month, day)}
    except ValueError:
        return set()


_READINGS: tuple[tuple[re.Pattern[str], Callable[..., set[date]]], ...] = (
    (_NUMBERS, _three_numbers),
    (_DAY_MONTH, _named),
    (_MONTH_DAY, _named_month_first),
    (_IN_ONE, _in_one),
)
