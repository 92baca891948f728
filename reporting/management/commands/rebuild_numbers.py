"""Make the rows that the department's numbers are counted from anew, or check that they are right."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reporting.services.facts import keeping
from scheduling.models import Site


class Command(BaseCommand):
    help = """Make the rows that the department's numbers are counted from anew, from everything that is recorded.
    They are kept by themselves (a minute behind, and once a day the last 120 days whole); this is for older days,
    and for after a restore. With --check nothing is written: it says how many kept rows are not as they should be,
    and ends with an error if there are any."""

    def add_arguments(self, parser):
        parser.add_argument("--site", help="the code of one site; all sites without it")
        parser.add_argument("--check", action="store_true", help="only compare")

    def handle(self, *, site, check, **options):
        sites = list(Site.objects.filter(**({"code": site} if site else {})).order_by("code"))
        if not sites:
            raise CommandError(f"There is no site {site!r}.")
        if check:
            self._check(sites)
            return
        written = sum(keeping.renew(each, now=timezone.now(), everything=True) for each in sites)
        self.stdout.write(f"{len(sites)} sites made anew; {written} visits were not as they should be.")

    def _check(self, sites):
        found = {each.code: keeping.differing(each) for each in sites}
        wrong = {code: number for code, number in found.items() if number}
        if wrong:
            told = ", ".join(f"{code}: {number}" for code, number in wrong.items())
            raise CommandError(f"Kept and derived rows differ. {told}. Run rebuild_numbers.")
        self.stdout.write(f"{len(sites)} sites: every kept row is as it would be derived now.")
