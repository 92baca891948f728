"""`manage.py camera`: a simulated camera that examines whoever lies under it or is ready; the board moves by itself."""

import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from scheduling.dicom import simulated
from scheduling.models import ApplicationEntity

MINUTES = 12.0


class Command(BaseCommand):
    help = "A simulated camera: asks for its worklist and reports (MPPS) whoever lies under it or is ready."

    def add_arguments(self, parser):
        parser.add_argument("title", help="Its AE title, as entered under Department, Devices.")
        parser.add_argument("--at", default="127.0.0.1:11112", help="HOST:PORT of `manage.py dicom`.")
        parser.add_argument("--called", default=settings.DICOM_AE_TITLE, help="The AE title it calls.")
        parser.add_argument("--every", type=float, default=10.0, help="Seconds between two looks (10).")
        parser.add_argument("--minutes", type=float, default=MINUTES, help="One acquisition (12).")
        parser.add_argument("--once", action="store_true", help="Look once, examine at most one, and end.")

    def handle(self, title, *, at, called, every, minutes, once, **options):
        host, _, port = at.rpartition(":")
        if not port.isdecimal():
            raise CommandError("Say where the worklist is: --at HOST:PORT.")
        zone, begun = ZoneInfo(_site_of(title).time_zone), set()
        camera = simulated.Camera(title, called=called, host=host, port=int(port))
        while True:
            try:
                self._look(camera, zone, minutes, begun)
            except simulated.CannotReach as error:
                if once:
                    raise CommandError(str(error)) from error
                self.stderr.write(str(error))
            if once:
                return
            time.sleep(every)

    def _look(self, camera, zone, minutes, begun):
        """`begun`: the steps that it has reported. What a rule holds back stays ready; nobody is told twice."""
        found = camera.worklist(timezone.now().astimezone(zone).date())
        self.stdout.write(f"{camera.title}: {len(found)} listed")
        for item in found:
            self.stdout.write(f"  {simulated.label(item)}")
        due = simulated.next_to_examine(found, begun)
        if due is not None:
            begun.add(simulated.step_of(due))
            self._examine(camera, due, zone, minutes)

    def _examine(self, camera, item, zone, minutes):
        uid = camera.begin(item, timezone.now().astimezone(zone))
        self.stdout.write(f"{camera.title}: begun {simulated.label(item)}")
        time.sleep(minutes * 60)
        camera.end(uid, timezone.now().astimezone(zone), description=simulated.description(item))
        self.stdout.write(f"{camera.title}: ended")


def _site_of(title):
    device = ApplicationEntity.objects.select_related("site").filter(title=title).first()
    if device is None:
        raise CommandError(f"No device has the AE title {title} here. Enter it under Department, Devices.")
    return device.site
