"""`manage.py downtime_list`: write the lists for the day the network fails, now."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from scheduling.services import downtime


class Command(BaseCommand):
    help = "Write day, room and transport list of today and the next working day of every site as PDF."

    def add_arguments(self, parser):
        parser.add_argument("--folder", help="Where to; by default the setting DOWNTIME_FOLDER.")

    def handle(self, *, folder, **options):
        try:
            count = downtime.write(now=timezone.now(), folder=folder)
        except OSError as error:
            raise CommandError(
                f"The folder cannot be written: {error.strerror}. Check its owner and space."
            ) from error
        self.stdout.write(f"{count} {'file' if count == 1 else 'files'} written.")
