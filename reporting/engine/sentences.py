"""A sentence of a report before it has a language: a key into services/prose/words.py, and what fills its places."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """`key` names a sentence, or a word or phrase inside one; `values` fill its places."""

    key: str
    values: tuple[tuple[str, "Value"], ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """Several things, joined as the language joins them."""

    items: tuple[Sentence | str, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """The reader's own words, in no language of the catalogue."""

    text: str


Value = str | int | float | Sentence | Listed
Line = Sentence | Own


def say(key: str, **values: Value) -> Sentence:
    return Sentence(key, tuple(values.items()))
