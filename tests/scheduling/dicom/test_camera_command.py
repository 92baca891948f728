"""`manage.py camera`, as the demonstration starts it: it moves who is ready, and tells each step once."""

from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from scheduling.dicom import simulated
from scheduling.engine.states import StepState
from scheduling.management.commands.camera import Command
from scheduling.models import PerformedMessage, StepKind
from scheduling.services import visits
from tests import cameras, department
from tests.scheduling.dicom.listening import TITLE, listening

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def site():
    return department.site()


def ready(site, monkeypatch):
    """An examination that is ready now, by the clock that everybody reads."""
    appointment, at = department.ready(department.booked(site))
    monkeypatch.setattr(timezone, "now", lambda: at)
    return appointment


def test_one_look_examines_one_who_is_ready(site, monkeypatch):
    cameras.camera(site)
    appointment = ready(site, monkeypatch)
    with listening() as (host, port):
        call_command("camera", "CAMERA1", f"--at={host}:{port}", "--minutes=0", "--once", stdout=StringIO())
    assert appointment.steps.get(kind=StepKind.VENTILATION).state == StepState.COMPLETED
    assert appointment.steps.get(kind=StepKind.PERFUSION).state == StepState.SCHEDULED


def test_who_lies_under_it_already_is_examined_first(site, monkeypatch):
    cameras.camera(site)
    appointment = ready(site, monkeypatch)
    ventilation, perfusion = appointment.steps.exclude(kind=StepKind.XRAY).order_by("ordinal")
    visits.start(ventilation, by=department.technologist(site), now=timezone.now())
    with listening() as (host, port):
        for state in (StepState.SCHEDULED, StepState.COMPLETED):
            call_command(
                "camera", "CAMERA1", f"--at={host}:{port}", "--minutes=0", "--once", stdout=StringIO()
            )
            ventilation.refresh_from_db()
            perfusion.refresh_from_db()
            assert (ventilation.state, perfusion.state) == (StepState.COMPLETED, state)


def test_who_is_not_there_is_left_alone(site, monkeypatch):
    cameras.camera(site)
    appointment = department.booked(site)
    monkeypatch.setattr(timezone, "now", lambda: appointment.starts_at)
    with listening() as (host, port):
        call_command("camera", "CAMERA1", f"--at={host}:{port}", "--minutes=0", "--once", stdout=StringIO())
    assert not PerformedMessage.objects.exists()


def test_what_is_held_back_is_told_once(site, monkeypatch):
    cameras.camera(site, reports_performed=False)
    ready(site, monkeypatch)
    command, begun, zone = Command(stdout=StringIO()), set(), ZoneInfo(site.time_zone)
    with listening() as (host, port):
        camera = simulated.Camera("CAMERA1", called=TITLE, host=host, port=port)
        with pytest.raises(simulated.CannotReach, match="0110"):
            command._look(camera, zone, 0, begun)
        command._look(camera, zone, 0, begun)
    assert PerformedMessage.objects.count() == 1
