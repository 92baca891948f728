"""What one version of a report says otherwise than another one, word by word."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a report that is said otherwise: its pieces in reading order, what was removed before what was
    put in its place."""

    label: str
    pieces: tuple[Piece, ...]


def words(before: str, after: str) -> tuple[Piece, ...]:
    """The pieces from which both texts can be put together again: `before` is what is the same or removed, `after`
    what is the same or added."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    found: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece(Kind.SAME, "".join(old[i:j])))
            continue
        found += [Piece(Kind.REMOVED, "".join(old[i:j]))] if j > i else []
        found += [Piece(Kind.ADDED, "".join(new[k:m]))] if m > k else []
    return tuple(_joined(found))


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Changes with nothing but space between them read as one: "two small" to "three large", not word for word."""
    removed, added = "", ""
    found: list[Piece] = []

    def flush() -> None:
        nonlocal removed, added
        found.extend(
            piece for piece in (Piece(Kind.REMOVED, removed), Piece(Kind.ADDED, added)) if piece.text
        )
        removed, added = "", ""

    for at, piece in enumerate(pieces):
        if piece.kind == Kind.REMOVED:
            removed += piece.text
        elif piece.kind == Kind.ADDED:
            added += piece.text
        elif piece.text.isspace() and "\n" not in piece.text and (removed or added) and at + 1 < len(pieces):
            removed, added = removed + piece.text, added + piece.text
        else:
            flush()
            found.append(piece)
    flush()
    return found


def between(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Difference, ...]:
    """The parts (by their labels) that differ, in the order of `after`, then those that are gone."""
    labels = [*after, *(label for label in before if label not in after)]
    return tuple(
        Difference(label, words(before.get(label, ""), after.get(label, "")))
        for label in labels
        if before.get(label, "") != after.get(label, "")
    )
