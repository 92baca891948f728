"""Give a site the protocols of the catalogue."""

from django.core.management.base import BaseCommand, CommandError

from scheduling.models import Site
from scheduling.services import protocols


class Command(BaseCommand):
    help = (
        "Give a site, or every site, the examination protocols of the catalogue that it has not got yet. "
        "Protocols that are there keep their times. Safe to repeat."
    )

    def add_arguments(self, parser):
        parser.add_argument("site", nargs="?", help="the site's code; without it, every site")

    def handle(self, *, site, **options):
        sites = Site.objects.filter(code=site) if site else Site.objects.order_by("code")
        if not sites:
            raise CommandError(f"There is no site {site}." if site else "There is no site yet.")
        for each in sites:
            count = protocols.install(each)
            self.stdout.write(
                f"{each.code}: {count} protocols installed." if count else f"{each.code}: nothing new."
            )
