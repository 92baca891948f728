"""`{% load once %}{% once %}`: the hidden field that lets a form be sent twice and done once.

Every rendering has a key of its own, so a form that comes back with an error is a new request.
"""

import uuid

from django import template

register = template.Library()


@register.inclusion_tag("scheduling/_once.html")
def once():
    return {"request_id": uuid.uuid4()}
