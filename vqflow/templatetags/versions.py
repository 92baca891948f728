"""`{% versions as found %}`: what is running, for the system page."""

import platform
from importlib.metadata import PackageNotFoundError, version

from django import template
from django.db import connection

register = template.Library()
PACKAGES = {"VQFlow": "vqflow", "Django": "django", "Celery": "celery", "psycopg": "psycopg"}


@register.simple_tag
def versions():
    """{name: version}; a package that was not installed as one is left out."""
    found = {name: _installed(package) for name, package in PACKAGES.items()}
    major, minor = divmod(connection.pg_version, 10_000)
    found |= {"Python": platform.python_version(), "PostgreSQL": f"{major}.{minor}"}
    return {name: text for name, text in found.items() if text}


def _installed(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None
