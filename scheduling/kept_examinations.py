"""Examinations as they were read for a day's list, kept until one of their rows changes: a press reads one, not all.

Nothing is kept of what is judged or shown: that is worked out anew for each list, at its time.
"""

from collections import OrderedDict
from threading import Lock

MOST = 300  # in one process; some 40 kB each
_kept, _lock = OrderedDict(), Lock()


def of(stamps, read):
    """The appointments of `stamps` (list_version.Seen), in no order; `read(keys)` gives those that are not kept.

    The stamps were read before the rows: what changes in between stands under an older stamp, and is read again.
    """
    with _lock:
        known = {pk: _kept[pk][1] for pk, stamp in stamps.items() if pk in _kept and _kept[pk][0] == stamp}
    changed = [pk for pk in stamps if pk not in known]
    known |= {each.pk: each for each in (read(changed) if changed else ())}
    with _lock:
        for pk, appointment in known.items():
            _kept[pk] = stamps[pk], appointment
            _kept.move_to_end(pk)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return list(known.values())


def forget():
    """Read everything anew from now on."""
    with _lock:
        _kept.clear()
