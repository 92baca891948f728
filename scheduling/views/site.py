"""The site that a person works at."""

from scheduling.models import Site
from scheduling.services import access
from vqflow.errors import NotFound


def site_of(user):
    site = Site.objects.for_user(user).first()
    if site is None:
        raise NotFound(access.NO_SITE)
    return site
