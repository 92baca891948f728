"""Load the demonstration department: invented people only."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from reporting.demo.reports import Reports
from scheduling.demo import clinic, department, load, rota, tracers
from scheduling.models import Site
from vqflow import audit

SEED = 2026
PER_SITE = 9000
SMALL = 120


class Command(BaseCommand):
    help = f"""Load "Riverside Clinic", a department that looks real, and the small "Hillside Clinic" beside it.
    All people are invented. Deterministic: the same --seed and --today give the same department.

    Rooms are open from 07:00 to 18:00, at week-ends some of them from 08:00 to 16:00, and not on public
    holidays. Today's list is lively at any hour: inside opening hours the rest of the day is around it; outside
    them, today's patients around "now" are an on-call night, and the ordinary day has ended or is still to come.
    One department's rooms hold about {PER_SITE} examinations in 18 months; more are spread over further clinics.
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
        parser.add_argument("--logins", action="store_true", help="only print who can sign in")
        parser.add_argument(
            "--yes-this-is-a-demonstration",
            action="store_true",
            help="needed where HTTPS is on, as in production",
        )

    def handle(self, *, examinations, small, seed, today, logins, **options):
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
        now = (today or timezone.now()).replace(microsecond=0)
        count, weeks = (SMALL, 1) if small else (examinations, 4)
        left = load_all(examinations=count, weeks_ahead=weeks, seed=seed, now=now)
        self.stdout.write(
            f"Loaded {count - left} examinations. Sign in with one of these:\n{table_of_logins()}"
        )


def _moment(text):
    """An aware moment; without a zone in Riverside's, without a time at 10:30."""
    zone = ZoneInfo(clinic.RIVERSIDE.time_zone)
    moment = datetime.fromisoformat(text if "T" in text or " " in text else f"{text}T10:30")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def load_all(*, examinations, weeks_ahead, seed, now):
    """Load every site in one transaction; returns how many examinations found no room (none, normally)."""
    password = department.password_hash()
    count = -(-examinations // PER_SITE)
    specs = [clinic.RIVERSIDE, *(clinic.further_site(number) for number in range(2, count + 1))]
    shares = [examinations // count + (number < examinations % count) for number in range(count)]
    plan = [(spec, share, weeks_ahead) for spec, share in zip(specs, shares, strict=True)]
    plan.append((clinic.HILLSIDE, min(40, examinations), min(weeks_ahead, 1)))
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Foreign keys are checked after each COPY: a queue of millions until the commit would not fit.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        left = sum(
            _load_site(spec, share, weeks, password=password, seed=seed, now=now)
            for spec, share, weeks in plan
        )
        audit.record("demo.loaded", by=None, seed=seed, examinations=examinations - left, now=now.isoformat())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return left


def _load_site(spec, examinations, weeks_ahead, *, password, seed, now):
    zone = ZoneInfo(spec.time_zone)
    today = now.astimezone(zone).date()
    lively = spec.code == clinic.RIVERSIDE.code
    first = today - timedelta(days=load.days_of_history(examinations))
    days = rota.days_between(first - timedelta(days=1), today + timedelta(weeks=weeks_ahead, days=1))
    on_call = rota.on_call(now) if lively and not _inside_hours(spec, now.astimezone(zone)) else None
    made = department.make(spec, password=password, days=days, now=now, on_call=on_call)
    seconds = int(now.astimezone(UTC).timestamp())

    def write_reports(performed):
        for each in performed:
            reports.add(each)
        reports.flush()
        loading.writer.tables.message.flush()

    loading = load.Load(made, seed=seed, now=seconds, on_performed=write_reports)
    reports = Reports(made, random.Random(f"{seed} {spec.code} reports"), seconds, loading.writer.mail)
    left = loading.run(
        examinations=examinations, first_day=first, today_local=today, weeks_ahead=weeks_ahead, lively=lively
    )
    if lively:
        tracers.plan(made, now=now, on_call=on_call)
    return left if lively or spec.code != clinic.HILLSIDE.code else 0


def _inside_hours(spec, local):
    """Whether the ordinary shifts cover all of today's cast: some hours before now and after it."""
    return local.weekday() < 5 and 11 <= local.hour < 15


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
