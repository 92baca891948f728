"""All sites of the demonstration in one transaction; of a large one, the rows are made by a process per core."""

import multiprocessing
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import django
from django.db import connection, transaction

from reporting.demo import critical
from reporting.demo import under_way as later
from reporting.demo.reports import Reports, empty_tables
from reporting.models import Report
from scheduling.demo import bulk, checks, clinic, department, earlier, load, records, rota, tables, tracers
from scheduling.demo.department import Department
from scheduling.demo.dice import Dice
from scheduling.models import (
    Decision,
    Order,
    Patient,
    RequestedProcedure,
    Resource,
    ScheduledProcedureStep,
    Shift,
)
from vqflow import audit

PER_SITE = 7500
# More numbers than the orders of a site need, so many for each of them.
_NUMBERS = {
    Resource._meta.db_table: 1,
    Patient._meta.db_table: 1,
    Order._meta.db_table: 1,
    RequestedProcedure._meta.db_table: 1,
    Decision._meta.db_table: 3,
    ScheduledProcedureStep._meta.db_table: 5,
    Report._meta.db_table: 1,
    tables.NUMBER: 8,
}


@dataclass(slots=True)
class Job:
    """One site to be filled, by this process or another one."""

    made: Department
    examinations: int
    first_day: date
    today: date
    now: int
    weeks_ahead: int
    seed: int
    on_call: tuple | None

    @property
    def lively(self):
        return self.made.spec.code == clinic.RIVERSIDE.code


def load_all(*, examinations, weeks_ahead, seed, now, per_site=PER_SITE, zone=clinic.RIVERSIDE.time_zone):
    """Load every site in one transaction; returns how many examinations found no room (none, normally).

    `zone`: the time zone of the first department, whose list of today is lively.
    """
    count = -(-examinations // per_site)
    first = replace(clinic.RIVERSIDE, time_zone=zone)
    specs = [first, *(clinic.further_site(number) for number in range(2, count + 1))]
    shares = [examinations // count + (number < examinations % count) for number in range(count)]
    plan = [(spec, share, weeks_ahead) for spec, share in zip(specs, shares, strict=True)]
    plan.append((clinic.HILLSIDE, min(40, examinations), min(weeks_ahead, 1)))
    password = department.password_hash()
    jobs = (_job(*each, password=password, seed=seed, now=now) for each in plan)
    filled = _table_names()
    with _unlimited() as cursor:
        # Foreign keys are checked after each COPY: a queue of millions until the commit would not fit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # No seal (vqflow/audit.py) while this can still add audit events below it.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('vqflow.audit.seal'))")
        with ExitStack() as stack:
            if bulk.is_possible(filled):
                stack.enter_context(bulk.bare(filled))
            done = _in_processes(jobs) if count > 1 else [(job, _fill(job)) for job in jobs]
        critical.write(now=now)
        for job, _ in done:
            if job.lively:
                tracers.plan(job.made, now=now, on_call=job.on_call)
                records.write(job.made, now=now)
                checks.write(job.made, now=now)
                earlier.write(job.made, now=now, seed=job.seed)
                later.begin(job.made, now=now)
        left = sum(left for job, left in done if job.made.spec.code != clinic.HILLSIDE.code)
        audit.record("demo.loaded", by=None, seed=seed, examinations=examinations - left, now=now.isoformat())
    with _unlimited() as cursor:
        cursor.execute("ANALYZE")
    return left


@contextmanager
def _unlimited():
    """A transaction without the limits of a request (settings), for millions of rows and the wait for their makers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield cursor


def _job(spec, examinations, weeks_ahead, *, password, seed, now):
    """Write the site itself; returns what is left to be done."""
    local = now.astimezone(ZoneInfo(spec.time_zone))
    today = local.date()
    first = today - timedelta(days=load.days_of_history(examinations))
    days = rota.days_between(first - timedelta(days=1), today + timedelta(weeks=weeks_ahead, days=1))
    lively = spec.code == clinic.RIVERSIDE.code
    on_call = rota.on_call(now) if lively and not _inside_hours(spec, local) else None
    made = department.make(spec, password=password, days=days, now=now, on_call=on_call)
    seconds = int(now.astimezone(UTC).timestamp())
    return Job(made, examinations, first, today, seconds, weeks_ahead, seed, on_call)


def _inside_hours(spec, local):
    """Whether the ordinary shifts cover all of today's cast: some hours before now and after it."""
    return local.weekday() < 5 and 11 <= local.hour < 15


class _Filling:
    """The load of one site with its reports. `send` gets a list of what tables.copy takes, now and then."""

    def __init__(self, job, numbers, send):
        self.job, self.send = job, send
        written = tables.Tables()
        self.load = load.Load(
            job.made, written, numbers=numbers, seed=job.seed, now=job.now, on_batch=self.batch
        )
        dice = Dice(f"{job.seed} {job.made.spec.code} reports")
        self.reports = Reports(job.made, dice, job.now, self.load.writer.mail, numbers)
        # Mail after the reports that it tells of; both after everything of the schedule.
        self.tables = [*written, *self.reports.tables]

    def batch(self, performed):
        for each in performed:
            self.reports.add(each)
        self.send([table.take() for table in self.tables])

    def run(self):
        job = self.job
        return self.load.run(
            examinations=job.examinations,
            first_day=job.first_day,
            today_local=job.today,
            weeks_ahead=job.weeks_ahead,
            lively=job.lively,
        )


def _fill(job):
    """Fill one site from here; returns how many examinations found no room."""
    return _Filling(job, _Sequences(), _copy_all).run()


class _Sequences(dict):
    """{table or NUMBER: a function that gives the next number}, straight from the database."""

    def __missing__(self, name):
        self[name] = tables.Sequence(tables.sequence_of(name)).take
        return self[name]


def _copy_all(parts):
    for part in parts:
        tables.copy(*part)


def _in_processes(jobs):
    """Fill the sites of `jobs` in turn: other processes make the rows, this one alone writes them.

    Returns [(job, how many examinations found no room)].
    """
    workers = min(os.cpu_count() or 1, 8)
    # Not forked: a child would share this process's connection to the database.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=django.setup)
    with pool:
        done, under_way = [], deque()
        for job in jobs:
            under_way.append((job, pool.submit(_rows, job, _numbers_for(job))))
            if len(under_way) > workers + 1:
                done.append(_written(*under_way.popleft()))
        done += [_written(*each) for each in under_way]
    return done


def _written(job, making):
    left, parts = making.result()
    _copy_all(parts)
    return job, left


def _table_names():
    """The tables that are filled by COPY."""
    return [*(table.name for table in (*tables.Tables(), *empty_tables())), Shift._meta.db_table]


def _numbers_for(job):
    """{table or NUMBER: a range of numbers}, more than enough for one site."""
    days_ahead = 7 * job.weeks_ahead + 1
    orders = job.examinations * 6 // 5 + 60 * days_ahead + 100
    return {
        name: tables.set_aside(tables.sequence_of(name), orders * each) for name, each in _NUMBERS.items()
    }


def _rows(job, numbers):
    """In a process without database: (how many examinations found no room, what tables.copy takes)."""
    found = {}

    def keep(parts):
        for name, columns, rows in parts:
            found.setdefault((name, columns), []).append(rows)

    left = _Filling(job, {name: tables.Block(each).take for name, each in numbers.items()}, keep).run()
    return left, [(*table, b"".join(rows)) for table, rows in found.items()]
