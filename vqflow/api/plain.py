"""Answers without DRF's cost per field: what a serializer declares, put together from a plan made once per class.

A proposal has sixty fields, and a search answers ten. The declared serializer stays the schema's source, and
tests/vqflow/test_plain.py holds both to the same answer.
"""

from functools import cache
from operator import attrgetter

from django.utils import timezone
from rest_framework import serializers
from rest_framework.fields import SkipField, is_simple_callable

ZULU = "+00:00"


def plain(serializer_class, found):
    """What `serializer_class(found).data` is, as dicts and lists; times in the current zone.

    For serializers that only read: no context, no defaults on missing attributes.
    """
    return _plan(serializer_class)(found, timezone.get_current_timezone())


@cache
def _plan(serializer_class):
    """A function (object, zone) -> dict of one serializer class."""
    return _of_serializer(serializer_class())


def _of_serializer(serializer):
    parts = [(field.field_name, _getter(field), _writer(field)) for field in serializer._readable_fields]

    def write(found, zone):
        answer = {}
        for name, get, to_answer in parts:
            try:
                value = get(found)
            except SkipField:
                continue
            answer[name] = None if value is None else to_answer(value, zone)
        return answer

    return write


def _getter(field):
    """What DRF reads for a field; a plain attribute is read at once, and DRF asked where that fails."""
    attributes = field.source_attrs
    if not attributes:
        return lambda found: found
    read, key = attrgetter(".".join(attributes)), attributes[0]

    def get(found):
        try:
            value = found[key] if isinstance(found, dict) and len(attributes) == 1 else read(found)
        except (AttributeError, KeyError, TypeError):
            return field.get_attribute(found)
        return value() if callable(value) and is_simple_callable(value) else value

    return get


def _writer(field):
    if isinstance(field, serializers.ListSerializer):
        each = _writer(field.child)
        return lambda values, zone: [each(value, zone) for value in _rows(values)]
    if type(field).to_representation is serializers.Serializer.to_representation:
        return _of_serializer(field)
    if type(field) is serializers.CharField:
        return lambda value, zone: str(value)
    if type(field) is serializers.DateTimeField and not field._kwargs.keys() & {"format", "default_timezone"}:
        return _moment
    return lambda value, zone: field.to_representation(value)


def _rows(values):
    return values.all() if hasattr(values, "all") else values


def _moment(value, zone):
    text = value.astimezone(zone).isoformat()
    return text[: -len(ZULU)] + "Z" if text.endswith(ZULU) else text
