"""A small DICOM client of its own: pynetdicom's is slower than what it would measure, and too polite to test with."""

import socket
import struct
from contextlib import contextmanager
from io import BytesIO

from pynetdicom.dsutils import decode, encode

WORKLIST, VERIFICATION = b"1.2.840.10008.5.1.4.31", b"1.2.840.10008.1.1"
IMPLICIT, EXPLICIT = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"
_CONTEXTS = {WORKLIST: 1, VERIFICATION: 3}


@contextmanager
def association(
    port, *, calling="CAMERA1", called="VQFLOW", syntax=IMPLICIT, maximum=16382, host="127.0.0.1"
):
    """An open association, released at the end."""
    client = RawClient(port, host=host)
    try:
        client.associate(calling, called, syntax=syntax, maximum=maximum)
        yield client
        client.release()
    finally:
        client.close()


class RawClient:
    def __init__(self, port, *, host="127.0.0.1", seconds=20):
        self.socket = socket.create_connection((host, port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=65536)
        self.implicit, self.longest_pdu = True, 0

    def associate(self, calling, called, *, syntax=IMPLICIT, maximum=16382):
        """Ask for worklist and verification; the type of the answer's PDU (2 accepted, 3 rejected)."""
        self.implicit = syntax == IMPLICIT
        items = _item(0x10, b"1.2.840.10008.3.1.1.1")
        for abstract, number in _CONTEXTS.items():
            inside = bytes([number, 0, 0, 0]) + _item(0x30, abstract) + _item(0x40, syntax)
            items += _item(0x20, inside)
        items += _item(0x50, _item(0x51, struct.pack(">L", maximum)) + _item(0x52, b"1.2.3.4"))
        titles = called.encode().ljust(16) + calling.encode().ljust(16)
        self._send(1, struct.pack(">HH", 1, 0) + titles + bytes(32) + items)
        kind, _ = self.pdu()
        return kind

    def find(self, identifier, *, message_id=1):
        """(data sets as bytes, final status, error comment) of a query; `identifier` as bytes or as a Dataset."""
        self.ask(identifier, message_id=message_id)
        found = []
        while True:
            status, data, comment = self.answer()
            if status not in (0xFF00, 0xFF01):
                return found, status, comment
            found.append(data)

    def datasets(self, identifier, **options):
        """(pydicom Datasets, final status)."""
        found, status, _ = self.find(identifier, **options)
        return [decode(BytesIO(data), self.implicit, True) for data in found], status

    def ask(self, identifier, *, message_id=1):
        data = identifier if isinstance(identifier, bytes) else encode(identifier, self.implicit, True)
        command = _command(WORKLIST, (0x0100, 0x0020), (0x0110, message_id), (0x0700, 0), (0x0800, 1))
        self.socket.sendall(_pdata(1, 3, command) + _pdata(1, 2, data))

    def cancel(self, message_id=1):
        command = _command(None, (0x0100, 0x0FFF), (0x0120, message_id), (0x0800, 0x0101))
        self.socket.sendall(_pdata(1, 3, command))

    def echo(self):
        command = _command(VERIFICATION, (0x0100, 0x0030), (0x0110, 7), (0x0800, 0x0101))
        self.socket.sendall(_pdata(3, 3, command))
        return self.answer()[0]

    def answer(self):
        """(status, data set or None, error comment) of the next message."""
        command = self._message()
        elements = dict(_elements(command))
        status = int.from_bytes(elements[0x0900], "little")
        has_data = int.from_bytes(elements[0x0800], "little") != 0x0101
        return status, self._message() if has_data else None, elements.get(0x0902, b"").decode().strip()

    def _message(self):
        parts = []
        while True:
            kind, body = self.pdu()
            assert kind == 4, f"PDU {kind} instead of data"
            parts.append(body[6:])
            if body[5] & 2:
                return b"".join(parts)

    def pdu(self):
        """(type, body) of the next PDU; (0, b"") where the connection has ended."""
        head = self.reader.read(6)
        if len(head) < 6:
            return 0, b""
        kind, _, length = struct.unpack(">BBL", head)
        self.longest_pdu = max(self.longest_pdu, length)
        return kind, self.reader.read(length)

    def release(self):
        self._send(5, bytes(4))
        kind, _ = self.pdu()
        assert kind == 6

    def abort(self):
        self._send(7, bytes(4))

    def close(self):
        self.reader.close()
        self.socket.close()

    def _send(self, kind, body):
        self.socket.sendall(struct.pack(">BBL", kind, 0, len(body)) + body)


def _item(kind, data):
    return struct.pack(">BBH", kind, 0, len(data)) + data


def _pdata(context, control, data):
    return struct.pack(">BBLLBB", 4, 0, len(data) + 6, len(data) + 2, context, control) + data


def _command(sop_class, *numbers):
    found = b""
    if sop_class:
        sop_class += b"\0" * (len(sop_class) & 1)
        found += struct.pack("<HHL", 0, 2, len(sop_class)) + sop_class
    for element, value in numbers:
        found += struct.pack("<HHLH", 0, element, 2, value)
    return struct.pack("<HHLL", 0, 0, 4, len(found)) + found


def _elements(command):
    at = 0
    while at < len(command):
        _, element, length = struct.unpack_from("<HHL", command, at)
        yield element, command[at + 8 : at + 8 + length]
        at += 8 + length
