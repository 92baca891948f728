"""`{% icon name %}`, `{% chip state label %}`: what _icon.html and _chip.html show, made once for many rows."""

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name):
    svg = '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>'
    return format_html(svg, static("icons.svg"), name)


@register.simple_tag
@lru_cache(maxsize=256)
def chip(state, label):
    """State in words, icon and colour."""
    return format_html('<span class="chip" data-state="{}">{}{}</span>', state, icon(state), label)
