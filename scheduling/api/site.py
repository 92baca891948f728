"""An operation at the caller's site: its clock, its lists."""

from zoneinfo import ZoneInfo

from django.utils import timezone

from scheduling.models import Site
from scheduling.services import access
from vqflow.api.operations import Operation
from vqflow.api.pages import Pages
from vqflow.errors import NotFound
from vqflow.statements import Compiled

_SITE = Compiled(lambda code: Site.objects.filter(code=code), code="a site")


class SiteOperation(Operation):
    """Times go out in the zone of the caller's site, and days are that site's days."""

    def dispatch(self, request, *args, **kwargs):
        with timezone.override(None):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        site = _SITE.first(code=request.user.site_code)
        if site is None:
            raise NotFound(access.NO_SITE)
        self.site = site
        timezone.activate(ZoneInfo(site.time_zone))


class Listing(SiteOperation):
    """A list in pages."""

    pagination_class = Pages

    def paged(self, request, queryset, serializer, *, patients=None, ordering="pk"):
        """One page. `patients(row)` is the id to audit, or None, for a list that shows patients."""
        pages = self.pagination_class()
        pages.ordering = ordering
        rows = pages.paginate_queryset(queryset, request, view=self)
        if patients:
            action = self.action_of(request.method)
            seen = [patient for patient in map(patients, rows) if patient is not None]
            access.listed(f"{action}.api", seen, by=request.user, action=action)
        return pages.get_paginated_response(serializer(rows, many=True).data)
