"""How tests ask for a report's pages, and read what comes back."""

import re
from urllib.parse import urlencode

from django.urls import reverse


def address(name, order):
    return reverse(f"reporting:{name}", args=[order.pk])


def html(response):
    return re.sub(r"\s+", " ", response.content.decode())


def put(page, name, order, data, **headers):
    """As a browser sends a form."""
    encoded = "application/x-www-form-urlencoded"
    return page.post(address(name, order), urlencode(data), content_type=encoded, headers=headers)
