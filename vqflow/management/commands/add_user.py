import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from vqflow import audit
from vqflow.models import Grade, User
from vqflow.policy import EVERYONE


class Command(BaseCommand):
    help = "Add a person (or an integration) who may sign in, and print the first password."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument(
            "--name", default="", help="Given and family name, as reports and the board show it."
        )
        parser.add_argument("--role", required=True, choices=sorted(EVERYONE))
        parser.add_argument("--site", default="", help="The code of the site.")
        parser.add_argument("--grade", default="", choices=Grade.values, help="For physicians.")
        parser.add_argument("--authorised-user", action="store_true", help="For attending physicians.")
        parser.add_argument("--password", help="Chosen at random when left out.")

    def handle(self, **options):
        password = options["password"] or secrets.token_urlsafe(15)
        given, _, family = options["name"].rpartition(" ")
        user = User(
            username=options["username"],
            first_name=given,
            last_name=family,
            role=options["role"],
            grade=options["grade"],
            site_code=options["site"],
            is_authorised_user=options["authorised_user"],
        )
        self._save(user, password)
        self.stdout.write(f"{user.username} can sign in with the password {password}")

    def _save(self, user, password):
        try:
            validate_password(password, user)
            user.set_password(password)
            user.full_clean()
            with transaction.atomic():
                user.save(force_insert=True)
                audit.record("user.added", user, by=None, role=user.role, site=user.site_code)
        except (ValidationError, IntegrityError) as error:
            raise CommandError("; ".join(getattr(error, "messages", [str(error)]))) from error
