"""Expected times of one local day, from real progress and the department's own durations. Reads; nothing is written.

One query for the day, and one more each morning for the durations (scheduling/services/durations.py).
"""

from scheduling.services.projections.expectations import Ahead, Expectation, ahead, expected, of_day
from scheduling.services.projections.repairs import Repair
from scheduling.services.projections.waiting import Waiting, waiting

__all__ = ["Ahead", "Expectation", "Repair", "Waiting", "ahead", "expected", "of_day", "waiting"]
