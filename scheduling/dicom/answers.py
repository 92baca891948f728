"""The matches of a query on their way to the device.

pynetdicom takes 5 ms for each: it builds a data set, prints it, encodes it and the command anew, and polls a queue.
Here fifty go out in one write on the association's own socket; command and PDU are plain bytes, equal to
pynetdicom's (a test compares them). Where its inside is not as expected, and for TLS, whose sockets two threads may
not use at once, the matches go the documented way.
"""

import ssl
import struct
from dataclasses import dataclass
from enum import Enum
from io import BytesIO

import structlog
from pynetdicom.dsutils import decode
from pynetdicom.transport import AssociationSocket

from scheduling.dicom.cancels import is_cancelled

log = structlog.get_logger(__name__)
AT_ONCE = 50
PENDING = 0xFF00
_FIND = b"1.2.840.10008.5.1.4.31"
_HAS_DATA, _NO_MORE_COMMAND, _MORE_DATA, _NO_MORE_DATA = 0x0001, 0x03, 0x00, 0x02
_ELEMENT = struct.Struct("<HHL").pack
_HEAD = struct.Struct(">BBLLBB").pack


class End(Enum):
    """How the sending of matches ended."""

    SENT = "sent"
    CANCELLED = "cancelled"
    GONE = "gone"


@dataclass(slots=True)
class Progress:
    """How many matches have gone out, and how many of them in UTF-8 because the device's set could not hold them."""

    sent: int = 0
    in_utf8: int = 0


def pending(event, items, plan, progress):
    """Send each item as `plan` (encoding.py) writes it; a generator of what pynetdicom has to send, that returns an
    End and keeps `progress`."""
    if goes_directly(event):
        return _directly(event, items, plan, progress)
    return (yield from _documented(event, items, plan, progress))


def goes_directly(event):
    """Whether the association is one that we may write to ourselves: plain TCP, and nothing else waiting to be
    written."""
    association = event.assoc
    try:
        found, waiting = association.dul.socket, association.dul.to_provider_queue
        as_expected = isinstance(found, AssociationSocket) and callable(found.send) and waiting.empty()
        is_plain = found.socket is not None and not isinstance(found.socket, ssl.SSLSocket)
        syntax = event.context.transfer_syntax
        return (
            as_expected and is_plain and not syntax.is_deflated and association.requestor.maximum_length >= 0
        )
    except (AttributeError, TypeError):
        log.warning("dicom.pynetdicom_has_changed")
        return False


def _directly(event, items, plan, progress):
    write = event.assoc.dul.socket.send
    pdus = Pdus(event.context.context_id, event.request.MessageID, event.assoc.requestor.maximum_length)
    for first in range(0, len(items), AT_ONCE):
        if end := _ended(event):
            return end
        chunk = [plan.encoded(item) for item in items[first : first + AT_ONCE]]
        write(b"".join([pdus.of(data) for data, _ in chunk]))
        _count(progress, chunk)
    return _ended(event) or End.SENT


def _documented(event, items, plan, progress):
    implicit = event.context.transfer_syntax.is_implicit_VR
    for item in items:
        if end := _ended(event):
            return end
        data, in_its_set = plan.encoded(item)
        _count(progress, [(data, in_its_set)])
        yield PENDING, decode(BytesIO(data), implicit, True)
    return _ended(event) or End.SENT


def _ended(event):
    if is_cancelled(event):
        return End.CANCELLED
    return End.GONE if event.assoc.acse.is_aborted() else None


def _count(progress, chunk):
    progress.sent += len(chunk)
    progress.in_utf8 += sum(not in_its_set for _, in_its_set in chunk)


class Pdus:
    """The P-DATA-TF PDUs of pending answers to one query (PS3.8 9.3.5, PS3.7 9.3.2.2).

    `maximum`: the longest that the device takes, without its first six bytes; 0 is any.
    """

    def __init__(self, context_id, message_id, maximum):
        self._context_id = context_id
        # A fragment has an even length, and is never empty however little the device takes.
        self._most = max((maximum - 6) & ~1, 2) if maximum else None
        self._command = self._split(_command(message_id), 0x01, _NO_MORE_COMMAND)

    def of(self, data):
        """The command and the data set as bytes for the wire."""
        return self._command + self._split(data, _MORE_DATA, _NO_MORE_DATA)

    def _split(self, data, more, last):
        if self._most is None or len(data) <= self._most:
            return self._pdu(data, last)
        parts = [data[at : at + self._most] for at in range(0, len(data), self._most)]
        return b"".join([*(self._pdu(part, more) for part in parts[:-1]), self._pdu(parts[-1], last)])

    def _pdu(self, fragment, control):
        return _HEAD(4, 0, len(fragment) + 6, len(fragment) + 2, self._context_id, control) + fragment


def _command(message_id):
    """A C-FIND-RSP with a data set, Pending; commands are in implicit VR little endian."""
    elements = b"".join(
        [
            _ELEMENT(0, 0x0002, len(_FIND)) + _FIND,
            *(
                _ELEMENT(0, element, 2) + number.to_bytes(2, "little")
                for element, number in (
                    (0x0100, 0x8020),
                    (0x0120, message_id),
                    (0x0800, _HAS_DATA),
                    (0x0900, PENDING),
                )
            ),
        ]
    )
    return _ELEMENT(0, 0, 4) + len(elements).to_bytes(4, "little") + elements
