"""Reads for the board: the rooms and people of some local days with all that takes their time. Nothing is written.

Plain values, whole minutes UTC (scheduling/engine/calendars.py), and a fixed number of queries whatever the days hold.
"""

from scheduling.boards.reading import DAYS_OF_WEEK, board, of_week
from scheduling.boards.values import Batch, Block, Board, Closed, Held, Row, Step, Visit
from scheduling.boards.version import version

__all__ = [
    "DAYS_OF_WEEK",
    "Batch",
    "Block",
    "Board",
    "Closed",
    "Held",
    "Row",
    "Step",
    "Visit",
    "board",
    "of_week",
    "version",
]
