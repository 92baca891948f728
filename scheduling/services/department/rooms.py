"""Rooms: a new one, and what an old one can do and needs, from a day on."""

from django.db import IntegrityError, transaction

from scheduling.models import Capability, ChangeSubject, Resource, ResourceKind, Room
from scheduling.services.department import affected, changes, days
from vqflow import audit, policy
from vqflow.errors import Invalid

OF_PEOPLE = (
    Capability.TECHNOLOGIST_XRAY,
    Capability.TECHNOLOGIST_NM,
    Capability.ESCORT,
    Capability.INTERPRETER,
)
CAN = [each for each in Capability if each not in (*OF_PEOPLE, Capability.PATIENT)]
OF_RESOURCE = ("name", "capabilities", "is_active")
OF_ROOM = ("clearance_minutes", "ae_title", "volume_m3", "exhaust_m3_per_h", "exhaust_measured_on")
NAME_TAKEN = "Something at your site has this name already. Choose another."


@transaction.atomic
def add(site, *, by, now, name, capabilities, **of_room):
    """A new room. Nothing is booked in it before it has opening hours."""
    policy.permit(by, changes.ACTION)
    _check(site, {"name": name, "capabilities": capabilities, **of_room}, now)
    room = new_resource(site, ResourceKind.ROOM, name, capabilities)
    Room.objects.create(resource=room, **of_room)
    audit.record("room.added", room, by=by, resource=room.name, capabilities=room.capabilities)
    return room


def new_resource(site, kind, name, capabilities):
    try:
        with transaction.atomic():
            return Resource.objects.create(
                site=site, kind=kind, name=name.strip(), capabilities=sorted(capabilities)
            )
    except IntegrityError as error:
        raise Invalid(NAME_TAKEN, fields={"name": [NAME_TAKEN]}) from error


def preview(resource, *, starts_on, now, **values):
    """(differences, who is affected) of new values; Invalid as change() raises it."""
    _check(resource.site, values, now, resource=resource)
    wanted = wanted_of(resource, values)
    found = changes.check(resource.site, wanted, starts_on=starts_on, now=now)
    return found, who(resource, values, starts_on=starts_on, now=now)


def change(resource, *, starts_on, by, now, **values):
    """From `starts_on` on the room has these values. What is booked in it stays booked."""
    policy.permit(by, changes.ACTION)
    _check(resource.site, values, now, resource=resource)
    wanted = wanted_of(resource, values)
    about = (resource.site, ChangeSubject.ROOM, resource.pk)
    return changes.plan(*about, wanted, starts_on=starts_on, by=by, now=now)


def wanted_of(resource, values):
    of_resource = {name: values[name] for name in OF_RESOURCE if name in values}
    if "capabilities" in of_resource:
        of_resource["capabilities"] = in_order(resource.capabilities, of_resource["capabilities"])
    of_room = {name: values[name] for name in OF_ROOM if name in values}
    return [(resource, of_resource), *([(resource.room, of_room)] if of_room else [])]


def in_order(present, wanted):
    """The wanted capabilities in their present order, so that the same ones are no change."""
    return [*(each for each in present if each in wanted), *sorted(set(wanted) - set(present))]


def who(resource, values, *, starts_on, now):
    """Who is booked with a room or person for what it cannot do with these values, or is not there for."""
    if not values.get("is_active", True):
        return affected.all_of(resource, starts_on=starts_on, now=now)
    if "capabilities" in values:
        return affected.without_capability(resource, values["capabilities"], starts_on=starts_on, now=now)
    return []


def _check(site, values, now, resource=None):
    if not values.get("name", "x").strip():
        refuse("name", "Give the room a name.")
    check_name(site, values, resource)
    if "capabilities" in values and not values["capabilities"]:
        refuse("capabilities", "Choose at least one thing that the room is used for.")
    if not set(values.get("capabilities", ())) <= set(CAN):
        refuse("capabilities", "Choose from the list: people have their own page.")
    measured = values.get("exhaust_measured_on")
    if measured is not None and measured > days.today(site, now):
        refuse("exhaust_measured_on", "This day is to come. Enter the day of the measurement.")
    for name in ("volume_m3", "exhaust_m3_per_h"):
        if values.get(name) is not None and values[name] <= 0:
            refuse(name, "Enter a number above 0, or leave it empty.")
    has_exhaust = values.get("exhaust_m3_per_h") is not None
    if "exhaust_measured_on" in values and has_exhaust != (measured is not None):
        refuse("exhaust_measured_on", "Enter the exhaust and the day of its measurement, or neither.")


def check_name(site, values, resource=None):
    """Raise Invalid where another thing of the site has this name."""
    others = Resource.objects.filter(site=site, name=values.get("name", "").strip())
    others = others.exclude(kind=ResourceKind.PATIENT).exclude(pk=resource.pk if resource else None)
    if "name" in values and others.exists():
        refuse("name", NAME_TAKEN)


def refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
