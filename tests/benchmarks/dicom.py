"""The worklist of cameras: what a query takes with ten and a hundred thousand items, and other servers beside it."""

import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from pynetdicom.dsutils import encode

from scheduling import worklist_items
from scheduling.engine.worklistkeys import Keys, Starts
from tests.benchmarks import clinic, devices
from tests.benchmarks.figures import Figure, measures, percentile, timed
from tests.scheduling.dicom.rawclient import association

FEW, MANY = 10_000, 100_000
RUNS, RUNS_OF_OTHERS = 60, 5
AT_ONCE, SECONDS = 8, 3.0


@measures("dicom")
def cameras():
    site = clinic.site()
    rooms = devices.rooms(site)
    devices.fill(site, rooms, first=1, last=FEW)
    day = devices.first_day(site)
    with _folder() as folder, devices.ours(folder) as port:
        few = _of_one(port, day)
        yield from _figures("dicom", few)
        yield Figure("dicom.new_association", _new_association(port, day), "ms", goal=25)
        at_once, p95 = _at_once(port, day)
        yield Figure("dicom.8_at_once", at_once, "queries/s", goal=90, at_least=True)
        yield Figure("dicom.8_at_once.p95", p95, "ms")
        yield from _others(site, folder, day, few)
    devices.fill(site, rooms, first=FEW + 1, last=MANY)
    # By new connections: PostgreSQL weighs the plans of a kept one by what they cost with ten thousand, and would plan
    # each query anew (3 ms) until the pool renews it, which it does every hour.
    with _folder() as folder, devices.ours(folder) as port:
        many = _of_one(port, day)
    yield from _figures("dicom.100000", many, goals=False)
    growth = max(percentile(many[name], 25) / percentile(few[name], 25) for name in few)
    yield Figure("dicom.100000.growth", growth, "ratio", goal=1.2)


GOALS = {"20_hits": 12, "200_hits": 35, "one_patient": 8}


def _figures(prefix, times, *, goals=True):
    for name, found in times.items():
        goal = GOALS.get(name) if goals else None
        yield Figure(f"{prefix}.{name}.p50", percentile(found, 50), "ms", goal=goal)


def queries(day):
    """(data set, matches) by name: a camera's own day, ten days of it, one patient, a day without anybody."""
    tenth = day + timedelta(days=9)
    of_patient = devices.asked()
    of_patient.PatientID = "BENCH58"  # planned in room 7
    return {
        "20_hits": (_of(day), 20),
        "200_hits": (_of(day, tenth), 200),
        "one_patient": (of_patient, 1),
        "nobody": (_of(day + timedelta(days=3000)), 0),
    }


def _of(first, last=None, station=7):
    text = first.strftime("%Y%m%d") + (last.strftime("-%Y%m%d") if last else "")
    return devices.asked(
        Modality="NM",
        ScheduledStationAETitle=devices.title(station),
        ScheduledProcedureStepStartDate=text,
    )


def _of_one(port, day, runs=RUNS, only=None):
    """Sorted milliseconds by query, on one open association. Every answer is counted."""
    found = {}
    with association(port, calling=devices.title(7)) as client:
        for name, (identifier, matches) in queries(day).items():
            if only in (None, name):
                data = encode(identifier, True, True)
                found[name] = timed(lambda _, d=data, m=matches: _counted(client, d, m), range(runs))
    return found


def _counted(client, identifier, matches):
    found, status, comment = client.find(identifier)
    assert (len(found), status) == (matches, 0), (len(found), hex(status), comment)


def _new_association(port, day):
    nobody, _ = queries(day)["nobody"]
    data = encode(nobody, True, True)

    def once(_):
        with association(port, calling=devices.title(7)) as client:
            _counted(client, data, 0)

    return percentile(timed(once, range(RUNS)), 50)


def _at_once(port, day):
    """Queries a second, and the 95th percentile of their milliseconds, of eight cameras that ask without pause."""
    times, ends = [], time.perf_counter() + SECONDS
    threads = [threading.Thread(target=_ask_until, args=(port, day, n, ends, times)) for n in range(AT_ONCE)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - begun), percentile(sorted(times), 95)


def _ask_until(port, day, station, ends, times):
    data = encode(_of(day, station=station), True, True)
    with association(port, calling=devices.title(station)) as client:
        while time.perf_counter() < ends:
            begun = time.perf_counter()
            _counted(client, data, 20)
            times.append((time.perf_counter() - begun) * 1000)


def _others(site, folder, day, few):
    """How many times as long other servers take over the same items, where they are installed."""
    keys = Keys(starts=Starts(first_day=day))
    items = worklist_items.matching(site, keys, now=timezone.now(), most=FEW)
    devices.write_files(items, folder / "files" / "VQFLOW")
    for name, server in (("wlmscpfs", devices.wlmscpfs), ("orthanc", devices.orthanc)):
        with server(folder / "files") as port:
            if port is not None:
                times = _of_one(port, day, RUNS_OF_OTHERS, only="20_hits")["20_hits"]
                theirs, mine = percentile(times, 50), percentile(few["20_hits"], 50)
                yield Figure(f"dicom.{name}.20_hits.p50", theirs, "ms")
                yield Figure(f"dicom.{name}.ratio", theirs / mine, "times", goal=70, at_least=True)


@contextmanager
def _folder():
    folder = Path(tempfile.mkdtemp(prefix="vqflow-bench-dicom-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
