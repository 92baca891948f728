"""Any refusal as RFC 9457 problem details, in the words that a page shows."""

from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler

from vqflow.errors import DomainError

PROBLEM_TYPE = "application/problem+json"
# What a refusal may say beside its sentence, as extension members (RFC 9457, section 3.2).
EXTENSIONS = ("alternatives", "candidates")


class Problem(serializers.Serializer):
    """RFC 9457 problem details. `detail` is the sentence that a page would show."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Sentences by field; a nested field is written with dots.",
    )


def problem(error, context):
    """Answer any refusal as RFC 9457 problem details, in the words that a page shows."""
    if isinstance(error, DomainError):
        errors = getattr(error, "fields", None) or None
        further = {name: error.extra[name] for name in EXTENSIONS if name in error.extra}
        return _details(error.status, error.title, error.sentence, errors, **further)
    if isinstance(error, exceptions.ValidationError):
        errors = _by_field(error.detail)
        return _details(422, "Check your input", "Some values cannot be right.", errors)
    if isinstance(error, Http404):
        return _details(404, "Not found", "There is no such thing at your site.")
    answer = exception_handler(error, context)
    if answer is None:
        return None
    details = _details(
        answer.status_code, error.default_code.replace("_", " ").capitalize(), str(error.detail)
    )
    for name, value in answer.headers.items():
        details.headers.setdefault(name, value)
    return details


def _details(code, title, sentence, errors=None, **further):
    body = {"type": "about:blank", "title": title, "status": code, "detail": sentence, **further}
    if errors:
        body["errors"] = errors
    return Response(body, status=code, content_type=PROBLEM_TYPE)


def _by_field(detail, prefix=""):
    """Flatten DRF's nested error detail to {"field.0.name": [sentences]}."""
    if isinstance(detail, dict):
        items = detail.items()
    elif any(isinstance(entry, dict | list) for entry in detail):
        items = enumerate(detail)
    else:
        return {prefix or "non_field_errors": [str(entry) for entry in detail]}
    flat = {}
    for name, inner in items:
        if inner:
            flat |= _by_field(inner, f"{prefix}.{name}" if prefix else str(name))
    return flat
