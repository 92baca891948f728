"""How long a room is left empty after radioactive gas has escaped into it, from its air and its exhaust.

The formula and the old limit are those of state rules for gases and aerosols (Minn. R. 4731.4430; VA HVAC
design manual): t = (V / Q) ln(A / (C V)). Which limit holds is for the radiation safety officer to say.
"""

from datetime import date, timedelta
from math import ceil, log

XENON_LIMIT_BQ_PER_M3 = 370_000
"""1e-5 uCi/mL, the cautious of the two limits in use (VA manual); the other is 1e-4, 3.7e6 Bq/m3."""
LARGEST_VIAL_MBQ = 740
"""20 mCi, the usual unit vial of Xe-133."""
MEASURED_WITHIN = timedelta(days=183)
"""The exhaust is measured at least every six months (Minn. R. 4731.4430; N.M. 20.3.7.707)."""


def spill_minutes(
    *,
    volume_m3: float,
    exhaust_m3_per_h: float,
    activity_mbq: float = LARGEST_VIAL_MBQ,
    limit_bq_per_m3: float = XENON_LIMIT_BQ_PER_M3,
) -> int:
    """Whole minutes, rounded up, until the air of the room is below the limit; decay is left out.

    0 where even all of the activity stays below it. Raises ValueError unless volume and exhaust are positive.
    """
    if volume_m3 <= 0 or exhaust_m3_per_h <= 0:
        raise ValueError("A room needs a volume and an exhaust above zero.")
    allowed_bq = limit_bq_per_m3 * volume_m3
    released_bq = activity_mbq * 1e6
    if released_bq <= allowed_bq:
        return 0
    return ceil(60 * volume_m3 / exhaust_m3_per_h * log(released_bq / allowed_bq))


def last_gas_day(
    volume_m3: float | None, exhaust_m3_per_h: float | None, measured_on: date | None
) -> date | None:
    """The last day on which gas may be planned in a room; None where its air or exhaust is not recorded."""
    if not volume_m3 or not exhaust_m3_per_h or measured_on is None:
        return None
    return measured_on + MEASURED_WITHIN
