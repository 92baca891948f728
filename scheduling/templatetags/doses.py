"""Template filters for activities and particles."""

from django import template

register = template.Library()


@register.filter
def mbq(value):
    """1,850 MBq; 92.5 MBq; one decimal at most."""
    return f"{float(value):,.1f}".removesuffix(".0") + " MBq"


@register.filter
def thousands(value):
    """10,150"""
    return f"{value:,}"


@register.filter
def millions(particles):
    """4 million, 3.6 million; below a million as it is: 350,000"""
    if particles < 1_000_000:
        return f"{particles:,}"
    return f"{particles / 1_000_000:.2f}".rstrip("0").removesuffix(".") + " million"
