"""What the log tells of an exception: enough to find the fault, and none of the values that were being saved."""

import logging
import re
import sys
from traceback import walk_tb

import psycopg
import structlog
from django import db

# Their messages quote the failing row and the literals of the statement: names, dates of birth, findings.
DATABASE = (db.Error, psycopg.Error)
WITHHELD = "(withheld)"
SHORTEST_QUOTE = 4
LINKS = "/a/"
"""Where the pages are that patients open by a mailed link. Who reads a whole address can open the page too."""
TOKEN = re.compile(r"(/a/(?:stop/)?)(?![a-z-]{1,24}(?:[/\s\"']|$))[^/\s\"']+")
LONGEST_MESSAGE = 200


def without_links(text):
    """The text with every token of a mailed link left out; names of pages stay."""
    return TOKEN.sub(r"\1…", text) if LINKS in text else text


def event_without_links(logger, method, event):
    """structlog processor: no line of the log opens a patient's page."""
    return {name: without_links(value) if isinstance(value, str) else value for name, value in event.items()}


class WithoutLinks(logging.Filter):
    """The same for a logger with a handler of its own: gunicorn's."""

    def filter(self, record):
        text = record.getMessage()
        if LINKS in text:
            record.msg, record.args = without_links(text), ()
        return True


def exception_without_values(logger, method, event):
    """structlog processor in place of `format_exc_info`: types, SQLSTATE, constraint and stack frames as text.

    Source lines are left out, and of a message all but its first line. Where the chain holds an exception of
    the database, every message is dropped, and what the event quotes of them too: Celery, for one, words its
    event with the text of the exception.
    """
    error = _error_of(event.pop("exc_info", None))
    chain = _chain(error) if error else []
    quotes = _quotes([*chain, *(value for value in event.values() if isinstance(value, BaseException))])
    event = {name: _without(quotes, value) for name, value in event.items()}
    if chain:
        event["exception"] = "\n".join(_lines(chain, with_messages=not quotes))
    return event


def _error_of(exc_info):
    """The exception of what `exc_info` can be: an exception, a triple, or true for the one being handled."""
    if isinstance(exc_info, BaseException) or not exc_info:
        return exc_info or None
    # Celery's triples hold a traceback of its own make: the exception's own is the one that is read.
    return exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1]


def _chain(error):
    """The exception, its causes and contexts, hidden ones too, and the members of groups."""
    found, ahead = [], [error]
    while ahead:
        each = ahead.pop()
        if each is None or any(each is other for other in found):
            continue
        found.append(each)
        ahead += [*getattr(each, "exceptions", ()), each.__context__, each.__cause__]
    return found


def _quotes(errors):
    """Texts in which these exceptions may be quoted, the longest first; none where no database is involved."""
    if not any(isinstance(each, DATABASE) for error in errors for each in _chain(error)):
        return []
    texts = {text for each in errors for text in (repr(each), str(each), *str(each).splitlines())}
    return sorted((text for text in texts if len(text) >= SHORTEST_QUOTE), key=len, reverse=True)


def _without(quotes, value):
    if not isinstance(value, str):
        return WITHHELD if any(quote in repr(value) for quote in quotes) else value
    for quote in quotes:
        value = value.replace(quote, WITHHELD)
    return value


def _lines(chain, *, with_messages):
    for number, error in enumerate(chain):
        yield f"{'from ' if number else ''}{_name_of(error)}{_message_of(error) if with_messages else ''}"
        for frame, line in walk_tb(error.__traceback__):
            yield f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"


def _name_of(error):
    """The type, and what PostgreSQL says of the fault without saying of whom."""
    known = {
        "SQLSTATE": getattr(error, "sqlstate", None),
        "constraint": getattr(getattr(error, "diag", None), "constraint_name", None),
    }
    told = ", ".join(f"{name} {value}" for name, value in known.items() if value)
    return f"{type(error).__module__}.{type(error).__qualname__}{f' ({told})' if told else ''}"


def _message_of(error):
    first = next(iter(str(error).splitlines()), "")
    return f": {first[:LONGEST_MESSAGE]}" if first else ""


def configure(*, level):
    """Set up structlog, and return Django's LOGGING: one JSON line per event on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    exception_without_values,
                    event_without_links,
                    structlog.processors.JSONRenderer(),
                ],
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own request log carries the message "Not Found: /path"; ours has path and status.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "django.db.backends": {"level": "WARNING"},  # at DEBUG it writes every statement with its values
        },
    }
