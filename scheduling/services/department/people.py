"""Technologists and those who help: a new one, and what somebody is qualified for, from a day on."""

from django.db import transaction

from scheduling.models import ChangeSubject, Resource, ResourceKind
from scheduling.services.department import changes, rooms
from vqflow import audit, policy
from vqflow.models import Role, User

CAN = rooms.OF_PEOPLE
NO_ACCOUNT = "There is no such account at your site. Choose another."
ACCOUNT_TAKEN = "This account belongs to somebody else on the list. Choose another."


def accounts(site, person=None):
    """Accounts of technologists that nobody on the list has, besides the person's own."""
    free = User.objects.filter(site_code=site.code, role=Role.TECHNOLOGIST, is_active=True)
    taken = Resource.objects.filter(user__isnull=False).exclude(pk=person.pk if person else None)
    return free.exclude(pk__in=taken.values("user")).order_by("last_name", "first_name", "username")


@transaction.atomic
def add(site, *, name, capabilities, by, now, user=None):
    """Somebody new. Nobody is booked with them before they have shifts."""
    policy.permit(by, changes.ACTION)
    _check(site, {"name": name, "capabilities": capabilities, "user": user})
    person = rooms.new_resource(site, ResourceKind.TECHNOLOGIST, name, capabilities)
    if user is not None:
        person.user = user
        person.save(update_fields=["user"])
    audit.record("person.added", person, by=by, resource=person.name, capabilities=person.capabilities)
    return person


def preview(person, *, starts_on, now, **values):
    """(differences, who is affected) of new values; Invalid as change() raises it."""
    _check(person.site, values, person)
    wanted = _wanted(person, values)
    found = changes.check(person.site, wanted, starts_on=starts_on, now=now)
    return found, rooms.who(person, values, starts_on=starts_on, now=now)


def change(person, *, starts_on, by, now, **values):
    """From `starts_on` on the person has these values. What is booked with them stays booked."""
    policy.permit(by, changes.ACTION)
    _check(person.site, values, person)
    about = (person.site, ChangeSubject.PERSON, person.pk)
    return changes.plan(*about, _wanted(person, values), starts_on=starts_on, by=by, now=now)


def _wanted(person, values):
    [(_, fields)] = rooms.wanted_of(person, values)
    if "user" in values:
        fields["user_id"] = values["user"].pk if values["user"] else None
    return [(person, fields)]


def _check(site, values, person=None):
    if not values.get("name", "x").strip():
        rooms.refuse("name", "Enter the name.")
    rooms.check_name(site, values, person)
    if "capabilities" in values and not values["capabilities"]:
        rooms.refuse("capabilities", "Choose at least one qualification.")
    if not set(values.get("capabilities", ())) <= set(CAN):
        rooms.refuse("capabilities", "Choose from the list: rooms have their own page.")
    user = values.get("user")
    if user is not None and not accounts(site, person).filter(pk=user.pk).exists():
        rooms.refuse("user", ACCOUNT_TAKEN)
