"""One thing of the department at the person's own site, or NotFound. None of them names a patient."""

from scheduling.models import ApplicationEntity, PlannedChange, Protocol, Resource, ResourceKind
from scheduling.services.access import NONE_SUCH
from vqflow import policy
from vqflow.errors import NotFound

VIEW = "department.view"


def room(pk, *, by, action=VIEW):
    """A room with its site and what it has beyond being bookable."""
    return _one(_resources(by, ResourceKind.ROOM).select_related("room"), pk, by, action)


def person(pk, *, by, action=VIEW):
    return _one(_resources(by, ResourceKind.TECHNOLOGIST).select_related("user"), pk, by, action)


def protocol(pk, *, by, action=VIEW):
    """A protocol with its site and steps."""
    rows = Protocol.objects.for_user(by).select_related("site").prefetch_related("steps")
    return _one(rows, pk, by, action)


def device(pk, *, by, action="department.manage"):
    """A device on the network with its site and room."""
    return _one(ApplicationEntity.objects.for_user(by).select_related("site", "room"), pk, by, action)


def change(pk, *, by, action="department.manage"):
    return _one(PlannedChange.objects.for_user(by).select_related("site"), pk, by, action)


def _resources(by, kind):
    return Resource.objects.for_user(by).filter(kind=kind).select_related("site")


def _one(rows, pk, by, action):
    policy.permit(by, action)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(NONE_SUCH)
    return found
