"""Widgets of fields that a page shows by the dozen: written in one go; Django's own take a template per option."""

from django import forms
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

OPTION = '<option value="{}"{}>{}</option>'
BOX = '<div><label for="{0}_{1}"><input type="checkbox" name="{2}" value="{3}" id="{0}_{1}"{4}>{5}</label></div>'
SELECTED, CHECKED, NOT = SafeString(" selected"), SafeString(" checked"), SafeString("")


def _joined(pattern, rows):
    """As format_html_join, for rows of which most values are short texts."""
    return SafeString("".join([pattern.format(*map(conditional_escape, row)) for row in rows]))


class Text(forms.TextInput):
    def render(self, name, value, attrs=None, renderer=None):
        shown = self.format_value(value)
        own = {"type": self.input_type, "name": name, **({} if shown is None else {"value": shown})}
        return format_html("<input{}>", flatatt(own | self.build_attrs(self.attrs, attrs)))


class Select(forms.Select):
    def render(self, name, value, attrs=None, renderer=None):
        chosen = str(value) if value is not None else ""
        options = _joined(
            OPTION, ((key, SELECTED if str(key) == chosen else NOT, label) for key, label in self.choices)
        )
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(attrs or {}, {"name": name})), options
        )


class Boxes(forms.CheckboxSelectMultiple):
    def render(self, name, value, attrs=None, renderer=None):
        under, chosen = (attrs or {}).get("id", f"id_{name}"), value or ()
        boxes = _joined(
            BOX,
            (
                (under, at, name, key, CHECKED if key in chosen else NOT, label)
                for at, (key, label) in enumerate(self.choices)
            ),
        )
        return format_html('<div id="{}">{}</div>', under, boxes)
