"""How many connections there may be at once, and that whoever has gone leaves its place to the next."""

import socket
import struct
import time
from contextlib import ExitStack, contextmanager

import pytest

from scheduling.dicom import guard
from scheduling.dicom.server import Limits
from tests import cameras, department
from tests.scheduling.dicom.listening import listening
from tests.scheduling.dicom.rawclient import RawClient, association

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

TWO = Limits(most=20, most_of_one=2)
ACCEPTED = 2


@pytest.fixture
def camera():
    return cameras.camera(department.site(), addresses=["127.0.0.0/8"])


@contextmanager
def lines(address, count, *, sources=("127.0.0.1",)):
    """So many connections, from these addresses in turn."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(address, 5, (sources[n % len(sources)], 0)))
            for n in range(count)
        ]


def is_open(line, seconds=0.2):
    line.settimeout(seconds)
    try:
        return line.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


def is_let_in(address):
    client = RawClient(address[1])
    try:
        return client.associate("CAMERA1", "VQFLOW") == ACCEPTED and client.echo() == 0
    except ConnectionError:
        return False
    finally:
        client.close()


def is_let_in_within(address, seconds):
    until = time.monotonic() + seconds
    while not (found := is_let_in(address)) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_of_sixty_connections_twenty_stay(camera):
    sources = [f"127.0.0.{last}" for last in range(2, 14)]
    with listening() as address, lines(address, 60, sources=sources) as found:
        assert sum(map(is_open, found)) == 20


def test_cameras_that_keep_their_association_hold_their_places_and_are_answered(camera):
    with listening(limits=TWO) as address, association(address[1]) as one, association(address[1]) as other:
        assert not is_let_in_within(address, 1)
        assert (one.echo(), other.echo()) == (0, 0)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x01\x00\x00\x00", struct.pack(">BBL", 1, 0, 512 * 1024 * 1024)],
    ids=["nothing", "half a PDU", "a giant"],
)
def test_place_is_free_once_the_caller_has_gone(camera, sent):
    with listening(limits=TWO) as address:
        with lines(address, 2) as found:
            for line in found:
                line.sendall(sent)
        assert is_let_in_within(address, 3)


@pytest.mark.parametrize(("seconds", "is_free"), [(0.3, True), (60, False)])
def test_half_a_pdu_holds_a_place_for_seconds_only(camera, monkeypatch, seconds, is_free):
    monkeypatch.setattr(guard, "PDU_SECONDS", seconds)
    with listening(limits=TWO) as address, lines(address, 2) as found:
        for line in found:
            line.sendall(b"\x01\x00\x00\x00")
        assert is_let_in_within(address, 3) == is_free


def test_place_is_free_after_an_abort(camera):
    with listening(limits=TWO) as address:
        for _ in range(2):
            client = RawClient(address[1])
            client.associate("CAMERA1", "VQFLOW")
            client.abort()
            client.close()
        assert is_let_in_within(address, 3)
