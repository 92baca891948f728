"""Rows as they were drawn, kept while everything that they show is the same: a press draws one row, not the list.

What a line is worded from is compared, not dated: the examination as it was read (kept_examinations.py), what is judged
of it now (worklist.Row) and what the clock says of it now (line_moments.py). It has no clock and reads nothing itself.
"""

from collections import OrderedDict
from dataclasses import replace
from threading import Lock

from django.template import engines

from scheduling.views import line_moments
from scheduling.views.lines import Line

MOST, MOST_AROUND = 600, 2  # in one process; some 10 kB each
_kept, _lock = OrderedDict(), Lock()


def line(row, user, now, day):
    """The Line of a worklist.Row for this person, an earlier one where it is the same."""
    if row.verdict is not None:  # how long ago the X-ray was changes all the time, and is not shown
        row = replace(row, verdict=replace(row.verdict, gap=None))
    moment = line_moments.of(row, now)
    key = (row.appointment.pk, day, standing(user), _holder(row) == user.pk)
    with _lock:
        held = _kept.get(key)
    if held is None or not _is_same(held, row, moment):
        held = Line(row, user, moment, day)
    with _lock:
        _kept[key] = held
        _kept.move_to_end(key)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return held


def _is_same(held, row, moment):
    # Instances are equal by their keys alone; that it is the very same examination says that all its rows are.
    return held.row.appointment is row.appointment and held.row == row and held.moment == moment


def html(lines, context, around):
    """The HTML of each of these lines. `around`: what in the context differs for people of the same standing."""
    draw = None
    for each in lines:
        found = each.drawn.get(around)
        if found is None:
            draw = draw or _module(context).row
            if len(each.drawn) >= MOST_AROUND:
                each.drawn.clear()
            found = each.drawn[around] = draw(each)
        yield found


def _module(context):
    return engines["jinja2"].get_template("scheduling/worklist_row.html").template.make_module(context)


def standing(user):
    """What the policy looks at."""
    return user.site_code, user.role, user.grade, user.is_authorised_user


def _holder(row):
    held = getattr(row.appointment, "worked_on", None)
    return held.user_id if held is not None else None


def forget():
    """Draw everything anew from now on."""
    with _lock:
        _kept.clear()
