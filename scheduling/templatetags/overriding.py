"""`{% override_form %}`: the form of the list to override a problem, on a page of Django's templates."""

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from scheduling.templatetags.once import once

register = template.Library()


@register.simple_tag(takes_context=True)
def override_form(context):
    """With `problem`, `order`, `key`, `forid`, `here_url` and what list_drawing.override_context gives."""
    csrf = format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', context["csrf_token"])
    known = {"tokens": csrf + once(), "address": _address}
    drawn = render_to_string("scheduling/override.html", context.flatten() | known, using="jinja2")
    return mark_safe(drawn)  # noqa: S308  (drawn by a template)


def _address(name, pk):
    return reverse(f"scheduling:{name}", args=[pk])
