"""The site that a person works at."""

from scheduling.models import Site
from vqflow.errors import NotFound


def site_of(user):
    site = Site.objects.for_user(user).first()
    if site is None:
        raise NotFound("Your account belongs to no site. Ask the system administrator.")
    return site
