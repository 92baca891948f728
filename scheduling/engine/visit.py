"""A whole visit, placed in time and on its resources."""

from typing import NamedTuple


class Placed(NamedTuple):
    """One acquisition [start, end) and, per need in order, (resource id, occupied from, occupied to).

    A need of several resources has so many entries, one after the other.
    """

    step_key: str
    start: int
    end: int
    resources: tuple[tuple[int, int, int], ...]


class Itinerary(NamedTuple):
    """`steps` in the protocol's order; a smaller `cost` is better. Its first number is the sum of `Ranking`."""

    steps: tuple[Placed, ...]
    cost: tuple[int, ...]
