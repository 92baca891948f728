"""`{% load plain %}{% plain_field field %}`: a field of the reading, where empty means not assessed.

A report has two dozen of them; as an included template each would take as long as all of them do so.
"""

from django import template
from django.utils.html import format_html

register = template.Library()
GROUP = '<div class="{}"><fieldset><legend class="fieldset__legend">{}</legend>{}{}</fieldset></div>'
ONE = '<div class="{}"><label class="field__label" for="{}">{}</label>{}{}</div>'


@register.simple_tag
def plain_field(field):
    """The field with its label and what is wrong with it."""
    errors = field.errors or ""  # none are an empty text, and drawing that would take a template
    classes = ["field"]
    if errors:
        classes.append("field--error")
    if field.use_fieldset:
        return format_html(GROUP, " ".join([*classes, "field--group"]), field.label, errors, field)
    if field.widget_type == "checkbox":
        classes.append("field--check")
    return format_html(ONE, " ".join(classes), field.id_for_label, field.label, errors, field)
