"""Pages of results: a cursor stays right while new rows arrive."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 200
