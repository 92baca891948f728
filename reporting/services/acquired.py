"""What one step brought to the reader: its doses, pictures, count rates and X-ray, from rows that are prefetched."""

from dataclasses import dataclass

from scheduling.engine import xrays
from scheduling.engine.pictures import NAMES, Outcome, View
from scheduling.models.querysets import rows_of


@dataclass(frozen=True, slots=True)
class Picture:
    """`counts_k` in thousands, or None; `note`: why it was skipped or taken again, or that it came later."""

    name: str
    counts_k: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Acquired:
    """Of one step. `xray`: the ChestXray or None, `xray_views` the names of its views."""

    doses: list
    pictures: list[Picture]
    rates: list
    xray: object
    xray_views: str


def of(step):
    xray = next(iter(rows_of(step, "chest_xrays")), None)
    return Acquired(
        doses=[dose for dose in rows_of(step, "administrations") if dose.given_at],
        pictures=[_picture(row) for row in rows_of(step, "pictures") if row.outcome != Outcome.REPEATED],
        rates=list(rows_of(step, "count_rates")),
        xray=xray,
        xray_views=", ".join(xrays.NAMES[xrays.XrayView(view)] for view in xray.views) if xray else "",
    )


def _picture(row):
    notes = [
        "not taken" if row.outcome == Outcome.SKIPPED else "",
        row.reason,
        "later" if row.is_extra else "",
    ]
    return Picture(NAMES[View(row.view)], row.counts_k, ": ".join(note for note in notes if note))
