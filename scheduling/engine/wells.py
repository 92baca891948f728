"""The Wells score for pulmonary embolism: criteria, points and what their sum says.

Wells PS et al., Thromb Haemost 2000;83:416-20: seven criteria; more than 4 points: PE likely, else unlikely.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

SOURCE = "Wells 2000: more than 4 points, PE likely; 4 or fewer, unlikely"
LIKELY_ABOVE = Decimal(4)


@dataclass(frozen=True, slots=True)
class Criterion:
    key: str
    text: str
    points: Decimal

    @property
    def label(self) -> str:
        return f"{self.text} ({self.points.normalize():f})"


CRITERIA = (
    Criterion("dvt_signs", "Signs of deep vein thrombosis", Decimal("3.0")),
    Criterion("pe_most_likely", "PE is the most likely diagnosis", Decimal("3.0")),
    Criterion("heart_rate", "Heart rate over 100 per minute", Decimal("1.5")),
    Criterion("immobile", "Immobile for 3 days, or surgery, in the last 4 weeks", Decimal("1.5")),
    Criterion("earlier_vte", "Earlier PE or deep vein thrombosis", Decimal("1.5")),
    Criterion("haemoptysis", "Coughing up blood", Decimal("1.0")),
    Criterion("cancer", "Cancer, treated in the last 6 months or palliative", Decimal("1.0")),
)
POINTS = {each.key: each.points for each in CRITERIA}
HIGHEST = sum(POINTS.values())


def score(keys: Iterable[str]) -> Decimal:
    """The points of these criteria. KeyError for one that there is not."""
    return sum((POINTS[key] for key in set(keys)), Decimal("0.0"))


def verdict(points: Decimal) -> str:
    return "PE likely" if points > LIKELY_ABOVE else "PE unlikely"
