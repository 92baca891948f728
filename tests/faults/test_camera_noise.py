"""Whatever comes over the line, the worklist answers or hangs up, keeps its size, and serves the next camera."""

import os
import random
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from scheduling.dicom.simulated import Camera
from tests.faults import wire
from tests.faults.senders import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3600, func_only=True)]

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
CALLS = 100_000 if SOAK else 2_000
AT_ONCE = 4
MOST_GROWTH_MB = 120
TITLE = "CAMERA1"


@pytest.fixture
def answering(stack):
    """The running worklist: (host, port), and its process."""
    stack.start("dicom")
    address = ("127.0.0.1", stack.dicom_port)
    wait_until(lambda: _answers(address), why=lambda: "the worklist does not answer")
    yield address, stack.processes["dicom"]
    stack.stop("dicom")


def _answers(address):
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True


def camera(address):
    host, port = address
    return Camera(TITLE, called="VQFLOW", host=host, port=port)


def size_mb(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def noise(address, good, seed):
    """One call: the association whole or broken, then what a camera says, broken somewhere."""
    dice = random.Random(seed)
    broken = dice.randrange(len(good))
    try:
        with socket.create_connection(address, 5) as line:
            line.settimeout(0.3)
            for number, pdu in enumerate(good):
                line.sendall(wire.mutated(pdu, dice) if number == broken else pdu)
                if number == 0 and broken and not wire.read_pdu(line):
                    return
            while line.recv(65536):
                pass
    except OSError:
        return


def test_noise_neither_ends_nor_bloats_the_worklist(answering):
    address, process = answering
    with wire.recorded(address) as (port, good):
        camera(("127.0.0.1", port)).worklist(date(2026, 11, 23))
    assert len(good) >= 3
    before = size_mb(process)
    with ThreadPoolExecutor(AT_ONCE) as callers:
        list(callers.map(lambda seed: noise(address, good, seed), range(CALLS)))
    assert process.poll() is None
    assert size_mb(process) - before < MOST_GROWTH_MB
    wait_until(lambda: _lists(address), why=lambda: "no camera is answered any more")


def _lists(address):
    try:
        camera(address).worklist(date(2026, 11, 23))
    except Exception:
        return False
    return True


def test_announced_giant_is_hung_up_on_before_it_takes_memory(answering):
    address, process = answering
    before, sent = size_mb(process), 0
    with socket.create_connection(address, 5) as line:
        line.sendall(struct.pack(">BBL", 1, 0, 512 * 1024 * 1024))
        line.settimeout(5)
        try:
            while sent < 200 * 1024 * 1024:
                sent += line.send(b"\0" * 65536)
        except OSError:
            pass
    assert sent < 20 * 1024 * 1024
    assert size_mb(process) - before < 30


def test_half_a_pdu_does_not_hold_a_place(answering):
    address, _ = answering
    lines = [socket.create_connection(address, 5) for _ in range(8)]
    for line in lines:
        line.sendall(b"\x01\x00\x00\x00")
    wait_until(lambda: _lists(address), seconds=40, why=lambda: "no camera is answered")
    for line in lines:
        line.close()
