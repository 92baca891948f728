"""Who a mail comes from."""

from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit

from django.conf import settings


def host():
    """The name that message and calendar identifiers end with."""
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def address():
    """The one address that mail is sent from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def sender(site):
    """Riverside Clinic <appointments@clinic.example>"""
    return formataddr((site.name, address()))
