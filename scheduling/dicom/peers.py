"""Who may call: the devices that the department has named, by title, address and certificate."""

import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import structlog
from django.db import Error, close_old_connections

from scheduling.dicom import proof
from scheduling.models import ApplicationEntity

log = structlog.get_logger(__name__)
FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not let in: a sentence for people, and what the A-ASSOCIATE-RJ says (PS3.8 Table 9-21)."""

    sentence: str
    result: int
    source: int
    diagnostic: int


UNKNOWN_CALLED = Refusal("It calls us by another AE title.", 1, 1, 7)
UNKNOWN_CALLING = Refusal("No device has this AE title here.", 1, 1, 3)
RETIRED = Refusal("This device is switched off here.", 1, 1, 3)
WRONG_ADDRESS = Refusal("The device calls from an address that is not listed for it.", 1, 1, 3)
WRONG_CERTIFICATE = Refusal("The device shows another certificate than the one listed for it.", 1, 1, 3)
TOO_MANY = Refusal("Too many connections at once.", 2, 3, 2)


def canonical(address):
    """An IPv4 address as itself, also where a socket for both families has mapped it."""
    found = ip_address(address.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


class Peers:
    """The named devices, read again every few seconds; while the database is away, those read last.

    `own`: networks from which our own pages call.
    """

    def __init__(self, title, *, own=(), fresh_seconds=FRESH_SECONDS):
        self.title, self._own = title, tuple(ip_network(each, strict=False) for each in own)
        self._fresh_seconds = fresh_seconds
        self._lock, self._read_at = threading.Lock(), float("-inf")
        self._by_title, self._networks = {}, ()

    def entity(self, title):
        """The device of this title, or None."""
        self._refresh()
        return self._by_title.get(title)

    def knows_address(self, address):
        """Whether any device is listed at this address, or our pages run there: others are hung up on unread."""
        self._refresh()
        found = canonical(address)
        return any(found in network for network in (*self._networks, *self._own))

    def why_not(self, *, calling, called, address, certificate=None, identity=None):
        """A Refusal, or None. `certificate`: with TLS the SHA-256 of what the device has shown, in hex.

        `identity`: the user identity item, by which our own pages ask as a device (proof.py).
        """
        if called != self.title:
            return UNKNOWN_CALLED
        entity = self.entity(calling)
        if entity is None:
            return UNKNOWN_CALLING
        if not entity.is_active:
            return RETIRED
        if proof.holds(identity, calling):
            return None
        if not self.lists(entity, address):
            return WRONG_ADDRESS
        if entity.certificate_sha256 and entity.certificate_sha256 != certificate:
            return WRONG_CERTIFICATE
        return None

    def lists(self, entity, address):
        """Whether this is an address of the device itself."""
        return any(canonical(address) in network for network in _networks(entity))

    def _refresh(self):
        if time.monotonic() - self._read_at < self._fresh_seconds:
            return
        with self._lock:
            if time.monotonic() - self._read_at < self._fresh_seconds:
                return
            self._read()
            self._read_at = time.monotonic()

    def _read(self):
        close_old_connections()
        try:
            found = list(ApplicationEntity.objects.select_related("site", "room"))
        except Error:
            log.warning("dicom.peers_not_read")
            return
        finally:
            close_old_connections()
        self._by_title = {entity.title: entity for entity in found}
        self._networks = tuple(
            network for entity in found if entity.is_active for network in _networks(entity)
        )


def _networks(entity):
    return [ip_network(address, strict=False) for address in entity.addresses]
