"""Which resource serves which need, once the times are known: exact, best fit first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """A span [begins, ends) that one of `candidates` (resource ids, best first) has to serve."""

    begins: int
    ends: int
    candidates: tuple[int, ...]


Pairs = Sequence[tuple[int, int]]


def choose(slots: Sequence[Slot], same: Pairs = ()) -> tuple[int, ...] | None:
    """One resource id per slot, none used twice at one moment; None if there is no such choice.

    `same` names pairs of slots, by position, that must get one and the same resource.
    """
    apart = _rivals(slots)
    if not apart and not same:
        return tuple([slot.candidates[0] for slot in slots]) if all(s.candidates for s in slots) else None
    chosen: dict[int, int] = {}
    for group in _groups(len(slots), (*apart, *same)):
        # Groups cannot disturb each other, so a dead end in one never repeats the work of another.
        order = sorted(group, key=lambda at: len(slots[at].candidates))
        if not _fill(order, 0, slots, _partners(order, apart), _partners(order, same), chosen):
            return None
    return tuple(chosen[at] for at in range(len(slots)))


def _rivals(slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """The pairs that overlap in time and could ask for the same resource."""
    by_time = sorted(range(len(slots)), key=lambda at: slots[at].begins)
    rivals = []
    for position, one in enumerate(by_time):
        ends, candidates = slots[one].ends, slots[one].candidates
        for other in by_time[position + 1 :]:
            if slots[other].begins >= ends:
                break
            if any(each in candidates for each in slots[other].candidates):
                rivals.append((one, other))
    return rivals


def _groups(count: int, links: Pairs) -> Iterator[list[int]]:
    label = list(range(count))
    for one, other in links:
        old, new = label[other], label[one]
        if old != new:
            label = [new if each == old else each for each in label]
    for name in dict.fromkeys(label):
        yield [at for at in range(count) if label[at] == name]


def _partners(order: Sequence[int], pairs: Pairs) -> dict[int, list[int]]:
    return {at: [b if a == at else a for a, b in pairs if at in (a, b)] for at in order}


def _fill(
    order: Sequence[int],
    depth: int,
    slots: Sequence[Slot],
    apart: dict[int, list[int]],
    same: dict[int, list[int]],
    chosen: dict[int, int],
) -> bool:
    if depth == len(order):
        return True
    at = order[depth]
    for resource in slots[at].candidates:
        taken = any(chosen.get(other) == resource for other in apart[at])
        if taken or any(chosen.get(other, resource) != resource for other in same[at]):
            continue
        chosen[at] = resource
        if _fill(order, depth + 1, slots, apart, same, chosen):
            return True
        del chosen[at]
    return False
