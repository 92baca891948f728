"""What stands before pynetdicom: it reads a PDU before it knows the peer, and as much as the peer announces.

Strangers are hung up on, connections are counted, TLS is negotiated outside the accept loop, and a PDU or a message
that is too long, or comes too slowly, ends the connection before it takes memory.
"""

import hashlib
import ssl
import threading
import time
from collections import Counter

import structlog
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from scheduling.dicom.peers import TOO_MANY

log = structlog.get_logger(__name__)

# We announce 16 KiB; an A-ASSOCIATE-RQ with every context of a big device is under 64 KiB.
MOST_PDU_BYTES = 128 * 1024
# A worklist identifier has a few KiB, an MPPS with its series a few hundred at most.
MOST_MESSAGE_BYTES = 4 * 1024 * 1024
PDU_SECONDS = 15.0
HANDSHAKE_SECONDS = 10.0


class TooLong(OSError):
    """The peer announces more than anybody here reads."""


class GuardedSocket(AssociationSocket):
    """Reads no more, and waits no longer, than a device with good intentions needs."""

    _of_message = 0

    def recv(self, nr_bytes):
        self._of_message += nr_bytes
        if nr_bytes > MOST_PDU_BYTES or self._of_message > MOST_MESSAGE_BYTES:
            raise TooLong("announced more than is read here")
        return self._within(nr_bytes, time.monotonic() + PDU_SECONDS)

    def _within(self, nr_bytes, deadline):
        found = bytearray()
        while len(found) < nr_bytes:
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError("a PDU came too slowly")
            self.socket.settimeout(left)
            if not (piece := self.socket.recv(min(65536, nr_bytes - len(found)))):
                return found
            found += piece
        self.socket.settimeout(PDU_SECONDS)
        return found

    def message_ended(self):
        """The next message may be as long again."""
        self._of_message = 0


class GuardedRequest(RequestHandler):
    """Takes a connection that was let in; with TLS the handshake comes first, in this connection's own thread."""

    def handle(self):
        if self.server.tls is not None and not self._wrapped():
            return
        super().handle()

    def _create_association(self):
        association = super()._create_association()
        # The library makes the socket inside, and to make a second one would announce the connection twice.
        association.dul.socket.__class__ = GuardedSocket
        association.certificate_sha256 = self._certificate()
        return association

    def _wrapped(self):
        self.request.settimeout(HANDSHAKE_SECONDS)
        try:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        except OSError as error:
            log.warning("dicom.handshake_failed", address=self.client_address[0], why=type(error).__name__)
            self.server.shutdown_request(self.request)
            return False
        return True

    def _certificate(self):
        if not isinstance(self.request, ssl.SSLSocket):
            return None
        return hashlib.sha256(self.request.getpeercert(binary_form=True) or b"").hexdigest()


class GuardedServer(ThreadedAssociationServer):
    """Listens. `peers`: who may call; `most` and `most_of_one`: connections at once, in all and of one address."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments, peers, most, most_of_one, tls=None, on_refused, **options):
        self.peers, self.most, self.most_of_one, self.tls = peers, most, most_of_one, tls
        self._on_refused, self._waiting, self._lock = on_refused, Counter(), threading.Lock()
        super().__init__(*arguments, request_handler=GuardedRequest, **options)

    def verify_request(self, request, client_address):
        """Called for each connection before anything is read of it (socketserver)."""
        address = client_address[0]
        if not self.peers.knows_address(address):
            self._on_refused("", "", address, "No device is listed at this address.")
            return False
        with self._lock:
            if self._has_room_for(address):
                self._waiting[address] += 1
                return True
        self._on_refused("", "", address, TOO_MANY.sentence)
        return False

    def _has_room_for(self, address):
        open_now = Counter(each.requestor.address for each in self.active_associations) + self._waiting
        return open_now.total() < self.most and open_now[address] < self.most_of_one

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            # From here on it is one of the associations that run, or it has gone.
            with self._lock:
                self._waiting[client_address[0]] -= 1

    def handle_error(self, request, client_address):
        log.exception("dicom.connection_failed", address=client_address[0])

    def server_bind(self):
        super().server_bind()
        self.socket.settimeout(None)


def tls_context(certificate, key, authorities):
    """TLS 1.2 or newer, in which every device shows a certificate of our own authority (PS3.15 B.12)."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    return context
