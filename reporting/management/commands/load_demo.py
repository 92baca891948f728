"""Load the demonstration department: invented people only."""

from argparse import ArgumentTypeError
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reporting.demo.loading import PER_SITE, load_all
from scheduling.demo import clinic, department
from scheduling.models import Site

SEED = 2026
SMALL = 120


class Command(BaseCommand):
    help = f"""Load "Riverside Clinic", a department that looks real, and the small "Hillside Clinic" beside it.
    All people are invented. Deterministic: the same --seed and --today give the same department.

    Rooms are open from 07:00 to 18:00, at week-ends some of them from 08:00 to 16:00, and not on public
    holidays. Today's list is lively at any hour: inside opening hours the rest of the day is around it; outside
    them, today's patients around "now" are an on-call night, and the ordinary day has ended or is still to come.
    One department's rooms hold about {PER_SITE} examinations in 18 months; more are spread over further clinics,
    made by a process per core. As the owner of an empty database (DATABASE_URL as for `prepare`) this takes a
    third of the time: indexes are built, and constraints checked, when all rows are there.
    Nothing is done where the department is there already."""

    def add_arguments(self, parser):
        parser.add_argument(
            "--examinations", type=int, default=6000, help="finished ones in the history (6000)"
        )
        parser.add_argument("--small", action="store_true", help=f"{SMALL} examinations and one week ahead")
        parser.add_argument("--seed", type=int, default=SEED, help="of the random choices")
        parser.add_argument(
            "--today",
            type=_moment,
            help='"now" for the demonstration: 2026-11-22 (10:30) or 2026-11-22T14:05',
        )
        parser.add_argument(
            "--zone",
            type=_zone,
            default=clinic.RIVERSIDE.time_zone,
            help=f"time zone of Riverside Clinic ({clinic.RIVERSIDE.time_zone})",
        )
        parser.add_argument("--logins", action="store_true", help="only print who can sign in")
        parser.add_argument(
            "--yes-this-is-a-demonstration",
            action="store_true",
            help="needed where HTTPS is on, as in production",
        )

    def handle(self, *, examinations, small, seed, today, zone, logins, **options):
        if logins:
            self.stdout.write(table_of_logins())
            return
        if settings.HTTPS and not options["yes_this_is_a_demonstration"]:
            raise CommandError(
                "HTTPS is on, so this looks like production: no invented patients were loaded. "
                "Add --yes-this-is-a-demonstration if it is not."
            )
        if Site.objects.filter(code=clinic.RIVERSIDE.code).exists():
            self.stdout.write("The demonstration department is already loaded.")
            return
        now = _aware(today or timezone.now(), zone).replace(microsecond=0)
        count, weeks = (SMALL, 1) if small else (examinations, 4)
        left = load_all(examinations=count, weeks_ahead=weeks, seed=seed, now=now, zone=zone)
        self.stdout.write(
            f"Loaded {count - left} examinations. Sign in with one of these:\n{table_of_logins()}"
        )


def _moment(text):
    """A moment, without a time at 10:30; in Riverside's zone where it has none of its own."""
    return datetime.fromisoformat(text if "T" in text or " " in text else f"{text}T10:30")


def _zone(name):
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        raise ArgumentTypeError(f"{name!r} is no time zone. Name one like Europe/Berlin.") from None


def _aware(moment, zone):
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def table_of_logins():
    """Who can sign in, as text for a terminal."""
    lines = [f"All of them with the password {clinic.PASSWORD}", ""]
    for spec in (clinic.RIVERSIDE, clinic.HILLSIDE):
        lines.append(spec.name)
        for account in spec.accounts:
            lines.append(
                f"  {spec.prefix + account.username:<24}{account.given} {account.family}: {account.about}"
            )
        for index, (given, family, _) in enumerate(spec.technologists):
            username = spec.prefix + department.technologist_username(index)
            lines.append(f"  {username:<24}{given} {family}: technologist")
    return "\n".join([*lines, "", f"API token of the integration account: {department.TOKEN}"])
