"""Load departments of several sizes into empty databases: python -m tests.benchmarks.demo 6000 60000 1000000.

Prints the seconds, and beside them those of the processors: on a busy machine only these can be compared.
"""

import os
import resource
import subprocess
import sys
import time

import psycopg

from tests.benchmarks.__main__ import say, servers
from tests.benchmarks.loading import load_demo

_SIZE = "SELECT sum(n_live_tup), pg_database_size(current_database()) / 1e9 FROM pg_stat_user_tables"


def main():
    say(
        f"{'examinations':>12}{'s':>9}{'CPU s':>9}{'server CPU s':>14}{'ms of CPU each':>16}{'rows':>14}{'GB':>7}"
    )
    for examinations in map(int, sys.argv[1:]):
        with servers():
            measure(examinations)


def measure(examinations):
    owner = os.environ["OWNER_DATABASE_URL"]
    begun, used, server = time.perf_counter(), _of_children(), _of_servers(owner)
    load_demo(examinations)
    seconds, used, server = time.perf_counter() - begun, _of_children() - used, _of_servers(owner) - server
    with psycopg.connect(owner) as connection:
        rows, size = connection.execute(_SIZE).fetchone()
    each = (used + server) / examinations * 1000
    say(
        f"{examinations:>12,}{seconds:>9.1f}{used:>9.1f}{server:>14.1f}{each:>16.3f}{rows:>14,.0f}{size:>7.2f}"
    )


def _of_children():
    """Processor seconds of the children that have ended, and of theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _of_servers(owner):
    """Processor seconds of PostgreSQL with all its processes that have ended (/proc, Linux only)."""
    with psycopg.connect(owner) as connection:
        data = connection.execute("SELECT current_setting('data_directory')").fetchone()[0]
    with open(f"{data}/postmaster.pid") as file:
        postmaster = int(file.readline())
    time.sleep(0.3)  # so that the sessions above have ended
    children = subprocess.run(["pgrep", "-P", str(postmaster)], check=True, capture_output=True, text=True)
    running = [_ticks(pid, slice(11, 13)) for pid in [postmaster, *map(int, children.stdout.split())]]
    return (_ticks(postmaster, slice(13, 15)) + sum(running)) / os.sysconf("SC_CLK_TCK")


def _ticks(pid, fields):
    with open(f"/proc/{pid}/stat") as file:
        return sum(map(int, file.read().rpartition(") ")[2].split()[fields]))


if __name__ == "__main__":
    main()
