"""Filters of a list, from the query string: what is unknown or cannot be right is refused, never ignored."""

from rest_framework.exceptions import ValidationError

PAGING = {"cursor", "page_size"}


def filtered(filterset_class, queryset, request):
    """The rows that the request asks for. Raises ValidationError at the parameter (422)."""
    unknown = request.query_params.keys() - filterset_class.base_filters.keys() - PAGING
    if unknown:
        raise ValidationError({name[:60]: ["There is no such parameter."] for name in sorted(unknown)[:20]})
    filters = filterset_class(request.query_params, queryset=queryset, request=request)
    if not filters.is_valid():
        raise ValidationError(dict(filters.errors.items()))
    return filters.qs
