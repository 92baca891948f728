"""Querysets that keep everyone inside the own site."""

from django.db import models


def of_site(path):
    """A queryset class whose `for_user` keeps to the user's site; `path` leads to the site's code."""

    class SiteQuerySet(models.QuerySet):
        def for_user(self, user):
            return self.filter(**{path: user.site_code})

    return SiteQuerySet
