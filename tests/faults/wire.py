"""What a camera sends, byte for byte as its library made it, and what happens to bytes on the way."""

import random
import socket
import struct
import threading
from contextlib import closing, contextmanager

HEADER = struct.Struct(">BBL")


@contextmanager
def recorded(to):
    """A relay to (host, port): yields its own port and the list into which the bytes of the caller's PDUs go."""
    found = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=_relay, args=(listening, to, found), daemon=True).start()
        yield listening.getsockname()[1], found


def _relay(listening, to, found):
    caller, _ = listening.accept()
    with caller, socket.create_connection(to) as server:
        back = threading.Thread(target=_pump, args=(server, caller, None), daemon=True)
        back.start()
        _pump(caller, server, found)
        back.join(timeout=5)


def _pump(source, target, found):
    try:
        while pdu := read_pdu(source):
            if found is not None:
                found.append(pdu)
            target.sendall(pdu)
    except OSError:
        return


def read_pdu(source):
    """One PDU whole; nothing at the end."""
    head = _exactly(source, HEADER.size)
    return head + _exactly(source, HEADER.unpack(head)[2]) if len(head) == HEADER.size else b""


def _exactly(source, size):
    found = b""
    while len(found) < size and (piece := source.recv(size - len(found))):
        found += piece
    return found


def mutated(pdu, dice: random.Random):
    """The PDU as noise, a bad length, a cut or a repetition leave it."""
    found = bytearray(pdu)
    kind = dice.randrange(5)
    if kind == 0:
        for _ in range(dice.randint(1, 8)):
            found[dice.randrange(len(found))] = dice.randrange(256)
    elif kind == 1:
        found[2:6] = struct.pack(">L", dice.choice((0, 1, 5, len(found), 70_000, 0x7FFFFFFF, 0xFFFFFFFF)))
    elif kind == 2:
        del found[dice.randrange(len(found)) :]
    elif kind == 3:
        at = dice.randrange(len(found))
        found[at:at] = dice.randbytes(dice.randint(1, 300))
    else:
        # Lengths of items and elements are two or four bytes somewhere inside.
        at = dice.randrange(6, max(7, len(found) - 4))
        found[at : at + 2] = dice.choice((b"\xff\xff", b"\x00\x00", b"\x7f\xff"))
    return bytes(found)
