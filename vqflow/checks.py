"""What `manage.py check` says beside Django's own: catalogues that are not compiled."""

from django.core import checks

from vqflow import catalogues


def compiled_catalogues(app_configs, **kwargs):
    """An error where a language would silently be missing, a warning where it would be an older one."""
    hint = "Run: python -m vqflow.catalogues compile"
    return [
        *(
            checks.Error(
                f"No compiled translations for {catalogues.language_of(path)}.", hint=hint, id="vqflow.E001"
            )
            for path in catalogues.missing()
        ),
        *(
            checks.Warning(
                f"The translations for {catalogues.language_of(path)} have changed since they were compiled.",
                hint=hint,
                id="vqflow.W001",
            )
            for path in catalogues.old()
        ),
    ]
