"""Devices on the network: who may ask for the worklist, from where, and what for. A change holds at once."""

import re
from ipaddress import ip_address, ip_network

from django.db import IntegrityError, transaction

from scheduling.models import ApplicationEntity
from scheduling.services.department import changes
from vqflow import audit, policy
from vqflow.errors import Invalid

FIELDS = (
    "title",
    "name",
    "room",
    "addresses",
    "host",
    "port",
    "character_set",
    "own_room_only",
    "reports_performed",
    "certificate_sha256",
    "is_active",
)
# DICOM PS3.5 6.2, VR AE: printable, no backslash, at most 16.
TITLE = re.compile(r"[ -\[\]-~]{1,16}")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
WIDEST = {4: 16, 6: 48}
BAD_TITLE = "An AE title has 1 to 16 letters, digits or signs, and no backslash."
TITLE_TAKEN = "A device has this AE title already, here or at another site. Titles are unique on the network."
NO_ADDRESS = "Enter at least one IP address the device calls from."
BAD_ADDRESS = "“{given}” is no IP address or network. Write 10.1.2.3 or 10.1.2.0/24."
TOO_WIDE = "“{given}” lets in too many. Name the device's own address, or its small network."
HALF_ECHO = "Enter both, host and port, or neither."
BAD_FINGERPRINT = "A SHA-256 fingerprint has 64 digits from 0 to 9 and a to f."


@transaction.atomic
def add(site, *, by, **values):
    """A new device. Raises Invalid with sentences at the fields."""
    policy.permit(by, changes.ACTION)
    return _saved(ApplicationEntity(site=site), _checked(site, values), "device.added", by)


@transaction.atomic
def change(device, *, by, **values):
    """Other values of a device; it is let in by them within seconds."""
    policy.permit(by, changes.ACTION)
    device = ApplicationEntity.objects.select_for_update().get(pk=device.pk)
    return _saved(device, _checked(device.site, values), "device.changed", by)


def _saved(device, values, action, by):
    for name, value in values.items():
        setattr(device, name, value)
    _check_echo(device)
    try:
        with transaction.atomic():
            device.save()
    except IntegrityError as error:
        raise _at("title", TITLE_TAKEN) from error
    audit.record(action, device, by=by, title=device.title, is_active=device.is_active)
    return device


def _checked(site, values):
    found = {name: value for name, value in values.items() if name in FIELDS}
    if "title" in found:
        found["title"] = _title(found["title"])
    if "addresses" in found:
        found["addresses"] = _addresses(found["addresses"])
    if found.get("certificate_sha256"):
        found["certificate_sha256"] = _fingerprint(found["certificate_sha256"])
    if found.get("room") is not None and found["room"].site_id != site.pk:
        raise _at("room", "Choose a room of your site.")
    return found


def _title(given):
    title = given.strip()
    if not TITLE.fullmatch(title):
        raise _at("title", BAD_TITLE)
    return title


def _addresses(given):
    found = [str(_network(each)) for each in given if each.strip()]
    if not found:
        raise _at("addresses", NO_ADDRESS)
    return list(dict.fromkeys(found))


def _network(given):
    """An address without its /32, or a small network."""
    text = given.strip()
    try:
        network = ip_network(text, strict=False)
        address = None if "/" in text else ip_address(text)
    except ValueError:
        raise _at("addresses", BAD_ADDRESS.format(given=text[:60])) from None
    if network.prefixlen < WIDEST[network.version]:
        raise _at("addresses", TOO_WIDE.format(given=text[:60]))
    return address or network


def _fingerprint(given):
    digits = given.replace(":", "").strip().lower()
    if not FINGERPRINT.fullmatch(digits):
        raise _at("certificate_sha256", BAD_FINGERPRINT)
    return digits


def _check_echo(device):
    if bool(device.host) != bool(device.port):
        raise _at("port" if device.host else "host", HALF_ECHO)


def _at(field, sentence):
    return Invalid(sentence, fields={field: [sentence]})
