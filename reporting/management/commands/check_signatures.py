"""Check that every signed report still is what was signed."""

from django.core.management.base import BaseCommand, CommandError

from reporting.services import chains


class Command(BaseCommand):
    help = """Check every signed version of every report: its content against its hash, the chain of hashes from
    version to version, the hashes that the audit trail kept, and that none is missing. Nothing is written. Breaks
    are named by the number of the report, never by its patient, and end the command with an error."""

    def handle(self, **options):
        reports = versions = broken = 0
        for checked in chains.all_reports():
            reports, versions = reports + checked.reports, versions + checked.versions
            for each in checked.breaks:
                broken += 1
                which = f"version {each.number} " if each.number else ""
                self.stderr.write(f"report {each.report_id}: {which}{each.sentence}")
        self.stdout.write(f"{versions} signed versions of {reports} reports checked.")
        if broken:
            raise CommandError(f"{broken} breaks. Keep the database as it is, and see docs/operations.md.")
        self.stdout.write("Every one is what was signed.")
