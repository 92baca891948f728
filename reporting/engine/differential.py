"""Quantitative differential function: each region's share of perfusion or ventilation, from counts or percent.

Counts of an anterior and a posterior view become one figure as their geometric mean, which hardly depends on the
depth of the activity; with one view its counts stand alone. Used before lung surgery and after transplant.
"""

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType

from reporting.engine.findings.values import Measured, Region

REGIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "lung": {"right": "Right lung", "left": "Left lung"},
        "zone": {
            "right_upper": "Right upper zone",
            "right_middle": "Right middle zone",
            "right_lower": "Right lower zone",
            "left_upper": "Left upper zone",
            "left_middle": "Left middle zone",
            "left_lower": "Left lower zone",
        },
        "lobe": {
            "RUL": "Right upper lobe",
            "RML": "Middle lobe",
            "RLL": "Right lower lobe",
            "LUL": "Left upper lobe with lingula",
            "LLL": "Left lower lobe",
        },
    }
)
ROUNDING_PERCENT = 1.5  # what six rounded shares may be away from 100


def shares(measured: Measured) -> dict[str, float]:
    """Each region's percent of both lungs. Percent as given; counts by their geometric mean, together 100."""
    if all(region.percent is not None for region in measured.regions):
        return {region.key: region.percent or 0.0 for region in measured.regions}
    figures = {region.key: _counts(region) for region in measured.regions}
    total = sum(figures.values())
    return {key: 100 * figure / total for key, figure in figures.items()} if total else {}


def by_lung(measured: Measured) -> dict[str, float]:
    """{"right": percent, "left": percent} whatever the regions are."""
    sides = {"right": 0.0, "left": 0.0}
    for key, percent in shares(measured).items():
        sides["right" if key[0] in "rR" else "left"] += percent
    return sides


def left_after(measured: Measured, removed: tuple[str, ...], before: float) -> float:
    """A lung function value (FEV1 or DLCO, any unit) expected after the `removed` regions are resected: the value
    before, times the share of perfusion that stays. Raises KeyError for a region that was not measured."""
    known = shares(measured)
    return before * (1 - sum(known[key] for key in removed) / 100)


def why_not(measured: Measured) -> str | None:
    """A sentence why these figures cannot be right, or None."""
    wanted = REGIONS[measured.by]
    if missing := [
        name for key, name in wanted.items() if key not in {each.key for each in measured.regions}
    ]:
        return f"{missing[0]} has no figure. Give one for each region."
    percents = [region.percent for region in measured.regions]
    if None not in percents:
        total = sum(percent or 0.0 for percent in percents)
        if abs(total - 100) > ROUNDING_PERCENT:
            return f"The percentages add up to {total:g}. They should make 100."
        return None
    if any(percent is not None for percent in percents):
        return "Some regions have percent and some counts. Give all of them in one way."
    if len({(each.anterior is None, each.posterior is None) for each in measured.regions}) > 1:
        return "Some regions have one view and some two. Give the same views for each region."
    if not sum(_counts(region) for region in measured.regions):
        return "There are no counts in any region. Check the figures."
    return None


def _counts(region: Region) -> float:
    if region.anterior is None or region.posterior is None:
        return float(region.anterior or region.posterior or 0)
    return sqrt(region.anterior * region.posterior)
