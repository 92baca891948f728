from django.apps import AppConfig
from django.core import checks

from vqflow.checks import compiled_catalogues


class VQFlow(AppConfig):
    name = "vqflow"

    def ready(self):
        checks.register(compiled_catalogues, checks.Tags.translation)
