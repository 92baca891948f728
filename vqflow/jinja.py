"""The templates that are drawn for many rows at once (templates/jinja2): compiled to Python, escaping as Django's."""

from jinja2 import Environment, StrictUndefined

from vqflow.templatetags import pieces


def environment(**options):
    """What Django's backend asks for, whatever `options` say of escaping.

    A name that nobody has given is a mistake, not an empty cell.
    """
    made = Environment(**options)  # noqa: S701  (the next line)
    made.autoescape, made.undefined = True, StrictUndefined
    made.globals |= {"icon": pieces.icon, "chip": pieces.chip}
    return made
