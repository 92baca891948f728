"""Typed reading of a TOML file; every mistake is one sentence that names the entry and what it should be."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Span = tuple[int, int]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


class SetupError(Exception):
    """A sentence for the person who wrote the set-up."""


class Entries:
    """One table of the file. Entries are taken out one by one; `done` refuses those nobody asked for."""

    def __init__(self, table: Mapping[str, Any], path: str = "") -> None:
        self._left = dict(table)
        self._asked: list[str] = []
        self._path = path

    def where(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def done(self) -> None:
        for key in self._left:
            known = ", ".join(self._asked)
            raise SetupError(f"{self.where(key)} is not an entry of a set-up; known here are {known}.")

    def text(self, key: str) -> str:
        value = self._take(key, None)
        if not isinstance(value, str) or not value.strip():
            raise SetupError(f"{self.where(key)} must be a name in quotes.")
        return value.strip()

    def choice(self, key: str, known: Sequence[str], *, default: str | None = None) -> str:
        value = self._take(key, default)
        if value not in known:
            raise SetupError(f"{self.where(key)} must be one of {', '.join(known)}.")
        return str(value)

    def number(self, key: str, least: float, most: float, *, default: float | None = None) -> float:
        return self._number(self._take(key, default), self.where(key), least, most)

    def whole(self, key: str, least: int, most: int, *, default: int | None = None) -> int:
        return self._whole(self._take(key, default), self.where(key), least, most)

    def share(self, key: str, *, default: float | None = None) -> float:
        return self.number(key, 0, 1, default=default)

    def numbers(self, key: str, count: int, least: float, most: float) -> list[float]:
        value = self._take(key, None)
        if not isinstance(value, list) or len(value) != count:
            raise SetupError(f"{self.where(key)} must be a list of {count} numbers.")
        return [self._number(each, self.where(key), least, most) for each in value]

    def wholes(self, key: str, least: int, most: int) -> list[int]:
        value = self._take(key, None)
        if not isinstance(value, list) or not value:
            raise SetupError(f"{self.where(key)} must be a list of numbers.")
        return [self._whole(each, self.where(key), least, most) for each in value]

    def words(self, key: str) -> list[str]:
        value = self._take(key, None)
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise SetupError(f"{self.where(key)} must be a list of words in quotes.")
        return value

    def weekdays(self, key: str, *, default: Sequence[str]) -> frozenset[int]:
        value = self._take(key, list(default))
        if not isinstance(value, list) or not value or not set(value) <= set(_WEEKDAYS):
            raise SetupError(f"{self.where(key)} must be a list of {', '.join(_WEEKDAYS)}.")
        return frozenset(_WEEKDAYS.index(each) for each in value)

    def clock(self, key: str) -> int:
        return self._clock(self._take(key, None), key)

    def spans(self, key: str, *, default: tuple[Span, ...] | None = None) -> tuple[Span, ...]:
        """ "08:00-12:00 12:30-17:00" as minutes of the day, one after the other."""
        value = self._take(key, "" if default else None)
        if value == "" and default:
            return default
        spans = [self._span(part, key) for part in value.split()] if isinstance(value, str) else []
        ordered = all(one[1] <= other[0] for one, other in pairwise(spans))
        if not spans or not ordered:
            raise SetupError(f'{self.where(key)} must be hours in order, as in "08:00-12:00 12:30-17:00".')
        return tuple(spans)

    def by_hour(self, key: str) -> dict[int, float]:
        """Weights by hour of the day, from a table such as { "8" = 1, "9" = 2 }."""
        value = self._take(key, None)
        hours = {str(hour): hour for hour in range(24)}
        if not isinstance(value, dict) or not value or not set(value) <= set(hours):
            raise SetupError(f'{self.where(key)} must give a weight to hours "0" to "23".')
        return {hours[hour]: self._number(each, self.where(key), 0, 1e6) for hour, each in value.items()}

    def table(self, key: str) -> "Entries":
        value = self._take(key, None)
        if not isinstance(value, dict):
            raise SetupError(f"{self.where(key)} must be a table: write it as [{self.where(key)}].")
        return Entries(value, self.where(key))

    def tables(self, key: str, *, needed: bool = True) -> "list[Entries]":
        value = self._take(key, None if needed else [])
        wrong = not isinstance(value, list) or not all(isinstance(each, dict) for each in value)
        if wrong or (needed and not value):
            raise SetupError(f"{self.where(key)} must be tables: write each as [[{self.where(key)}]].")
        return [Entries(each, f"{self.where(key)}[{number}]") for number, each in enumerate(value, 1)]

    def _take(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        if key not in self._left and default is None:
            raise SetupError(f"{self.where(key)} is missing. Add it.")
        return self._left.pop(key, default)

    def _number(self, value: Any, where: str, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise SetupError(f"{where} must be a number from {least:g} to {most:g}.")
        return float(value)

    def _whole(self, value: Any, where: str, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SetupError(f"{where} must be a whole number from {least} to {most}.")
        return value

    def _span(self, text: str, key: str) -> Span:
        begins, _, ends = text.partition("-")
        span = self._clock(begins, key), self._clock(ends, key)
        if span[0] >= span[1]:
            raise SetupError(f"{self.where(key)} must end after it begins; {text} does not.")
        return span

    def _clock(self, value: Any, key: str) -> int:
        found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if found is None or (minute := int(found[1]) * 60 + int(found[2])) > 24 * 60:
            raise SetupError(f'{self.where(key)} must be a time of the day, as in "08:00".')
        return minute
