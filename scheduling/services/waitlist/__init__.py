"""The waitlist: who waits (entries), what is offered to whom (filling), and what patients answer (offers).

Only `time_freed` is here, because reservations call it, and the other modules call them.
"""

from vqflow import nudge

TASK = "scheduling.fill_from_waitlist"


def time_freed(site=None, *, now=None):
    """Time may have become free: once this transaction has committed, a worker looks at every site.

    A hint and no more: where and when is derived from the rows (filling.py), after this or by the next beat.
    """
    nudge.nudge(TASK)
