"""The lists of today and of the next working day as a file on disk, for the hours in which the network fails."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from scheduling import day_sheets, paper, worklist
from scheduling.models import Site
from scheduling.templatetags import clock
from vqflow import audit, housekeeping
from vqflow.models import Heartbeat

JOB = "downtime-list"
EVERY = timedelta(hours=1)
# A little less than an hour: whoever looks every ten minutes is never seventy minutes late.
DUE_AFTER = EVERY - timedelta(minutes=6)
KEPT = timedelta(hours=48)


def write_due(*, now):
    """Write the lists of every site if the last are an hour old; returns how many files. Safe to ask often."""
    last = Heartbeat.objects.filter(name=JOB).values_list("beat_at", flat=True).first()
    return 0 if last is not None and last > now - DUE_AFTER else write(now=now)


def write(*, now, folder=None):
    """Write the lists of every site, throw away files older than 48 h; returns how many files are new.

    One file per site and hour, in a folder of the site's code, for the owner of the process only. A file is whole
    or not there. The heartbeat is noted when every site has its file.
    """
    folder = Path(folder or settings.DOWNTIME_FOLDER)
    sites = list(Site.objects.order_by("code"))
    for site in sites:
        _write_site(site, folder / site.code, now)
    housekeeping.beat(JOB, now=now)
    return len(sites)


def _write_site(site, folder, now):
    today = worklist.today(site, now)
    days = [today, day_sheets.next_working_day(site, today)]
    sheets = day_sheets.sheets(site, days, now=now)
    patients = frozenset().union(*(sheet.patients for sheet in sheets))
    made = paper.lists(day_sheets.pages(sheets))
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True, mode=0o700)
    # Only what is ours: the folder that somebody named on the command line may be another's, such as /tmp.
    folder.mkdir(exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    name = f"{clock.local(now, site.time_zone):%Y-%m-%d-%H%M}.pdf"
    _replace(folder / name, made, now)
    _forget_old(folder, now)
    audit.record("downtime.written", site, by=None, site=site.code, patients=patients, file=name)


def _replace(path, content, now):
    """Write beside and rename: a file that is there is whole, and the newest never disappears."""
    # mkstemp makes it for the owner only.
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # The file is as old as what stands in it.
        os.utime(beside, (now.timestamp(), now.timestamp()))
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _forget_old(folder, now):
    limit = (now - KEPT).timestamp()
    for path in folder.iterdir():
        if path.suffix in (".pdf", ".part") and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
