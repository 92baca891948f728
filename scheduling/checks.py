"""What `manage.py check` says of mail: addresses that give away what appointments are for."""

from django.conf import settings
from django.core import checks

from scheduling.telling import telling_anywhere


def neutral_addresses(app_configs, **kwargs):
    """A warning for each word of the sender's address, or of the address of links, that anyone may see in a mail."""
    named = {"DEFAULT_FROM_EMAIL": settings.DEFAULT_FROM_EMAIL, "PUBLIC_URL": settings.PUBLIC_URL}
    return [
        checks.Warning(
            f"“{word}” in {name} gives away what appointments are for: it stands in every mail.",
            hint="Use a neutral one, such as appointments@clinic.example.",
            id="scheduling.W001",
        )
        for name, value in named.items()
        for word in telling_anywhere(value)
    ]
