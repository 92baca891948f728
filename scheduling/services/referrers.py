"""The directory of those who order examinations."""

from django.db import transaction

from scheduling.models import Referrer
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

FIELDS = ("name", "place", "email", "phone", "pager", "covering_name", "covering_phone")
UNREACHABLE = "Enter a phone, a pager or an e-mail address: a critical result must reach somebody."


@transaction.atomic
def add(*, site, by, **fields):
    """A new entry; `fields` are FIELDS. Raises Invalid where nobody could be reached, Conflict for one there is."""
    policy.permit(by, "referrer.manage")
    values = _checked(fields)
    if Referrer.objects.filter(site=site, name=values["name"], place=values.get("place", ""), is_active=True):
        raise Conflict("This referrer is in the directory already, with the same practice or department.")
    made = Referrer.objects.create(site=site, **values)
    audit.record("referrer.added", made, by=by)
    return made


@transaction.atomic
def note(*, site, name, phone, by):
    """Whoever orders at once and is in no directory yet: the caller has permitted the order."""
    made = Referrer.objects.create(site=site, **_checked({"name": name, "phone": phone}))
    audit.record("referrer.added", made, by=by, stat=True)
    return made


@transaction.atomic
def change(referrer, *, by, **fields):
    """Other values for an entry; orders that name it show the new ones."""
    policy.permit(by, "referrer.manage")
    values = _checked({name: getattr(referrer, name) for name in FIELDS} | fields)
    changed = sorted(name for name, value in values.items() if getattr(referrer, name) != value)
    for name in changed:
        setattr(referrer, name, values[name])
    if changed:
        referrer.save(update_fields=changed)
        audit.record("referrer.changed", referrer, by=by, fields=changed)
    return referrer


@transaction.atomic
def set_active(referrer, *, is_active, by):
    """Take somebody off the list of those who can be chosen, or put them back; their orders stay as they are."""
    policy.permit(by, "referrer.manage")
    if Referrer.objects.filter(pk=referrer.pk, is_active=not is_active).update(is_active=is_active):
        audit.record("referrer.activated" if is_active else "referrer.deactivated", referrer, by=by)
    referrer.is_active = is_active
    return referrer


def _checked(fields):
    values = {name: value.strip() for name, value in fields.items()}
    if not values.get("name"):
        raise Invalid("A referrer has a name.", fields={"name": ["Enter the name."]})
    if not any(values.get(name) for name in ("email", "phone", "pager")):
        raise Invalid(UNREACHABLE, fields={"phone": [UNREACHABLE]})
    return values
