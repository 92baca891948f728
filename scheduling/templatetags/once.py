"""`{% load once %}{% once %}`: the hidden field that lets a form be sent twice and done once.

Every rendering has a key of its own, so a form that comes back with an error is a new request.
"""

from django import template
from django.utils.html import format_html

from vqflow.once import key

register = template.Library()


@register.simple_tag
def once():
    return format_html('<input type="hidden" name="request_id" value="{}">', key())
