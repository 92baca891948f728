from django.apps import AppConfig
from django.core import checks

from scheduling.checks import neutral_addresses


class Scheduling(AppConfig):
    name = "scheduling"

    def ready(self):
        checks.register(neutral_addresses, checks.Tags.security)
