"""Figures of a department, worked out from counts: percentiles, shares with their intervals, agreement of readers.

Plain arithmetic on what was counted; nothing is smoothed or guessed. Too few cases give None, never a figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

FEW = 5
"""Below so many cases a share or a median says little: it is shown as the bare counts."""

_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True)
class Spread:
    """How values are spread. `shares` are (limit, how many values do not exceed it)."""

    count: int
    median: int | None = None
    tenth: int | None = None
    ninetieth: int | None = None
    quarter: int | None = None
    three_quarters: int | None = None
    least: int | None = None
    most: int | None = None


def spread(counted: Mapping[int, int]) -> Spread:
    """The percentiles of {value: how often}: the smallest value that so many per cent do not exceed."""
    total = sum(counted.values())
    if not total:
        return Spread(0)
    ranked = sorted(counted.items())
    wanted = {percent: -(-total * percent // 100) for percent in (10, 25, 50, 75, 90)}
    found: dict[int, int] = {}
    seen = 0
    for value, count in ranked:
        seen += count
        for percent, rank in wanted.items():
            if percent not in found and seen >= rank:
                found[percent] = value
    return Spread(
        total,
        median=found[50],
        tenth=found[10],
        ninetieth=found[90],
        quarter=found[25],
        three_quarters=found[75],
        least=ranked[0][0],
        most=ranked[-1][0],
    )


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, in per cent with its 95 % interval (Wilson); all None where there are too few."""

    part: int
    whole: int
    percent: float | None = None
    low: float | None = None
    high: float | None = None


def share(part: int, whole: int) -> Share:
    """Raises ValueError where the part is more than the whole."""
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if whole < FEW:
        return Share(part, whole)
    p, z2 = part / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Share(part, whole, 100 * p, 100 * min(low, p), 100 * max(high, p))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readers on the same cases. `kappa` (Cohen) is None where there are too few cases, or where both readers
    only ever used one and the same term, so that agreement by chance is certain."""

    count: int
    agreed: int
    kappa: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def percent(self) -> float | None:
        return 100 * self.agreed / self.count if self.count >= FEW else None


def agreement(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """Cohen's kappa of (first, second) with its 95 % interval.

    The interval uses the large-sample standard error of Fleiss, Cohen and Everitt (Psychol Bull 1969;72:323).
    """
    read = list(pairs)
    count, agreed = len(read), sum(first == second for first, second in read)
    if count < FEW:
        return Agreement(count, agreed)
    terms = sorted({term for pair in read for term in pair})
    cells = {(a, b): sum(pair == (a, b) for pair in read) / count for a in terms for b in terms}
    rows = {a: sum(cells[a, b] for b in terms) for a in terms}
    columns = {b: sum(cells[a, b] for a in terms) for b in terms}
    observed, chance = agreed / count, sum(rows[each] * columns[each] for each in terms)
    if 1 - chance < 1e-12:
        return Agreement(count, agreed)
    kappa = (observed - chance) / (1 - chance)
    error = _kappa_error(terms, cells, rows, columns, observed, chance, count)
    return Agreement(count, agreed, kappa, max(-1.0, kappa - _Z * error), min(1.0, kappa + _Z * error))


def _kappa_error(
    terms: Sequence[str],
    cells: Mapping[tuple[str, str], float],
    rows: Mapping[str, float],
    columns: Mapping[str, float],
    observed: float,
    chance: float,
    count: int,
) -> float:
    on = sum(cells[a, a] * ((1 - chance) - (rows[a] + columns[a]) * (1 - observed)) ** 2 for a in terms)
    off = (1 - observed) ** 2 * sum(
        cells[a, b] * (columns[a] + rows[b]) ** 2 for a in terms for b in terms if a != b
    )
    rest = (observed * chance - 2 * chance + observed) ** 2
    return sqrt(max(0.0, on + off - rest) / count) / (1 - chance) ** 2


def landis(kappa: float) -> str:
    """What Landis and Koch call an agreement (Biometrics 1977;33:159), judged by two decimals as it is shown."""
    shown = round(kappa, 2)
    if shown < 0:
        return "poor"
    for limit, word in (
        (0.2, "slight"),
        (0.4, "fair"),
        (0.6, "moderate"),
        (0.8, "substantial"),
    ):
        if shown <= limit:
            return word
    return "almost perfect"
