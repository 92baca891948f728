"""The lists on disk for the day the network fails."""

import os
import stat
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from scheduling.services import downtime
from tests import department
from tests.department import NOW
from vqflow.models import AuditEvent, Heartbeat
from vqflow.views import quiet_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    settings.DOWNTIME_FOLDER = tmp_path / "downtime"
    return settings.DOWNTIME_FOLDER


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_every_site_has_its_file_and_nobody_else_may_read_it(site, folder):
    department.site("hillside", zone="Europe/Berlin")
    booked = department.booked(site)
    assert downtime.write(now=NOW) == 2
    assert files(folder) == ["hillside/2027-03-08-1300.pdf", "riverside/2027-03-08-0700.pdf"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "riverside")}
    assert modes == {0o700}
    path = folder / "riverside" / "2027-03-08-0700.pdf"
    assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes()[:5]) == (0o600, b"%PDF-")
    event = AuditEvent.objects.get(action="downtime.written", site_code="riverside")
    assert event.patient_ids == [booked.procedure.order.patient_id]


def test_it_is_written_once_an_hour(site, folder):
    assert downtime.write_due(now=NOW) == 1
    assert downtime.write_due(now=NOW + timedelta(minutes=40)) == 0
    assert downtime.write_due(now=NOW + timedelta(minutes=60)) == 1
    assert len(files(folder)) == 2


def test_files_older_than_two_days_go(site, folder):
    now = timezone.now()
    downtime.write(now=now - timedelta(hours=50))
    [old] = (folder / "riverside").iterdir()
    downtime.write(now=now)
    assert not old.exists()
    assert len(files(folder)) == 1


def test_a_sign_without_a_font_does_not_keep_the_list_from_being_written(site, folder):
    department.booked(site, of=department.patient(site, family_name="\U00012000", mrn="M77"))
    assert downtime.write(now=NOW) == 1
    assert len(files(folder)) == 1


def test_nothing_half_written_is_left_where_the_disk_fails(site, folder, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("downtime_list")
    assert files(folder) == []
    assert not Heartbeat.objects.filter(name=downtime.JOB).exists()


def test_the_command_writes_now_and_where_it_is_told_to(site, tmp_path, capsys):
    call_command("downtime_list", folder=str(tmp_path / "stick"))
    assert len(files(tmp_path / "stick")) == 1
    assert capsys.readouterr().out == "1 file written.\n"


def test_the_command_leaves_the_folder_that_it_is_told_to_use_as_open_as_it_was(site, tmp_path):
    tmp_path.chmod(0o755)
    call_command("downtime_list", folder=str(tmp_path))
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, tmp_path / "riverside")]
    assert modes == [0o755, 0o700]


def test_a_list_older_than_two_hours_is_said_by_the_health_check(site, folder):
    downtime.write(now=NOW)
    assert quiet_jobs(NOW + timedelta(minutes=100)) == []
    assert quiet_jobs(NOW + timedelta(minutes=121)) == ["downtime-list"]
