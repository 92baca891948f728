"""Querysets that keep everyone inside the own site, and rows that may have been read before."""

from django.db import models


def of_site(path):
    """A queryset class whose `for_user` keeps to the user's site; `path` leads to the site's code."""

    class SiteQuerySet(models.QuerySet):
        def for_user(self, user):
            return self.filter(**{path: user.site_code})

    return SiteQuerySet


def rows_of(parent, accessor):
    """The rows of `parent.<accessor>.all()`; where they have been read, without making a manager and a queryset."""
    found = parent.__dict__.get("_prefetched_objects_cache", {}).get(accessor)
    return getattr(parent, accessor).all() if found is None else found
