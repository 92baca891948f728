"""Sixteen clients book, hold, confirm, move, swap, cancel, re-plan and fill from the waitlist, all at once.

Nothing is booked twice, no dose is given twice, and nobody waits in a circle. The short round is a few hundred
attempts; VQFLOW_SOAK=1 makes 100,000 of them, VQFLOW_ATTEMPTS=n another number. The negative control has the locks
and the constraint off, and must double-book.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.db import connection

from scheduling.engine.states import LIVE_APPOINTMENT
from scheduling.models import Reservation
from tests import department, doses
from tests.faults.senders import own_environment
from tests.scheduling.services.test_race import DOUBLE_BOOKED
from vqflow.models import Role, User
from vqflow.processes import PROJECT

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
ATTEMPTS = int(os.environ.get("VQFLOW_ATTEMPTS", 100_000 if SOAK else 480))
PROCESSES, CLIENTS = 4, 4
ORDERS, SCHEDULERS = 40, 6
LONGEST_SECONDS = 3 * 3600 if SOAK else 240
pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(LONGEST_SECONDS, func_only=True),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def crowded():
    """One site with forty orders and a handful of schedulers."""
    site = department.site()
    schedulers = [
        department.scheduler(site, first_name="Scheduler", last_name=str(n)) for n in range(SCHEDULERS)
    ]
    department.lead(site)
    for _ in range(ORDERS):
        department.order(site, by=schedulers[0])
    return site


@pytest.fixture
def sharing(crowded):
    """The same with two kits and two eluates that all visits draw on."""
    doses.needed(crowded, ventilation=500)
    lead = User.objects.get(role=Role.LEAD)
    for product, activity in [("maa", 1850), ("pertechnetate", 5000)] * 2:
        fields = {"product": product, "activity_mbq": activity, "by": lead}
        doses.batch(crowded, **fields, **({} if product == "maa" else {"particles": None}))
    return crowded


def press(*, attempts=ATTEMPTS, guarded=True):
    """All clients at once, in processes of their own; (how often what happened, errors that are no refusals)."""
    each = attempts // (PROCESSES * CLIENTS)
    began = time.time()
    command = [sys.executable, "-m", "tests.faults.racing"]
    options = [str(CLIENTS), str(each), str(began), *([] if guarded else ["unguarded"])]
    running = [
        subprocess.Popen(
            [*command, str(seed), *options],
            env=own_environment(),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    ended = [(process.communicate(), process.returncode) for process in running]
    assert not any(code for _, code in ended), "\n".join(log[-2000:] for (_, log), _ in ended)
    answers = [json.loads(out.splitlines()[-1]) for (out, _), _ in ended]
    counts = sum((Counter(each["counts"]) for each in answers), Counter())
    return counts, [error for each in answers for error in each["errors"]]


def asked(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def deadlocks():
    return asked("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def half_released():
    """Rows that still keep others out for an appointment that is over."""
    rows = Reservation.objects.occupying().exclude(step=None)
    return rows.exclude(step__appointment__state__in=LIVE_APPOINTMENT).count()


def test_without_locks_and_constraint_the_same_storm_double_books(crowded):
    constraint = next(c for c in Reservation._meta.constraints if c.name == "reservation_no_double_booking")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Reservation, constraint)
    try:
        counts, errors = press(attempts=160, guarded=False)
        assert asked(DOUBLE_BOOKED) > 0, (counts, errors[:3])
    finally:
        connection.cursor().execute("TRUNCATE scheduling_reservation CASCADE")
        with connection.schema_editor() as editor:
            editor.add_constraint(Reservation, constraint)


def test_nothing_is_booked_twice_and_nobody_waits_in_a_circle(sharing, capsys):
    before, began = deadlocks(), time.monotonic()
    counts, errors = press()
    seconds = time.monotonic() - began
    rate = counts.total() / seconds
    figures = f"\n{counts.total()} attempts in {seconds:.0f} s ({rate:.0f} a second): {dict(sorted(counts.items()))}\n"
    with capsys.disabled():
        sys.stdout.write(figures)
    assert errors == [], f"{len(errors)} errors, such as:\n" + "\n".join(errors[:3])
    assert asked(DOUBLE_BOOKED) == 0
    assert deadlocks() == before
    assert half_released() == 0
    assert doses.balanced()
    for name in ("book", "hold", "confirm", "move", "cancel"):
        assert counts[f"{name}: done"] > 0, counts
