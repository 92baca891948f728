"""The one way into the API: JSON in UTF-8, refused as a whole when it cannot be kept as it was sent."""

import json
import math

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class NotANumber(ValueError):
    """NaN, Infinity, or so large that it becomes infinite."""


class JSON(BaseParser):
    """JSON without NaN, infinite numbers, lone surrogates or a depth that no request of ours has."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            found = json.loads(stream.read().decode(), parse_constant=_no_number, parse_float=_finite)
            # An escape such as \\ud800 is half a character: no database and no answer can hold it.
            json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise ParseError(f"This is not well-formed JSON: {_where(error)}.") from error
        return found


def _finite(text):
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text):
    raise NotANumber(f"{text[:20]} is not a number that can be kept")


def _where(error):
    """What is wrong, without quoting the request: its text may hold a name."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeError):
        return "its text is not UTF-8"
    return str(error) if isinstance(error, NotANumber) else "it is too deep, or a number too long"
