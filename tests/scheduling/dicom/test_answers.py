"""Matches on their way to a device, through real associations with pynetdicom and our own small client."""

import socket
import time
from contextlib import contextmanager
from io import BytesIO

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.dimse_messages import C_FIND_RSP
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.dsutils import encode
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.sop_class import ModalityWorklistInformationFind, Verification

from scheduling.dicom import answers, sockets
from scheduling.dicom.answers import End, Pdus, Progress
from scheduling.dicom.encoding import plan
from scheduling.dicom.signatures import signature
from tests.scheduling.dicom.items import identifier, item
from tests.scheduling.dicom.rawclient import EXPLICIT, IMPLICIT, RawClient, association

QUERY = identifier(
    "PatientName", "PatientID", "StudyInstanceUID", step=("Modality", "ScheduledStationAETitle")
)
SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]


class Server:
    """A worklist of so many items, each of its own patient; `ends` and `writes` are what happened."""

    def __init__(self, count, *, slow_seconds=0.0):
        self.items = [item(family_name=f"Miller{n}", mrn=f"MRN-{n}") for n in range(count)]
        self.slow_seconds, self.ends, self.writes = slow_seconds, [], []

    def find(self, event):
        syntax = event.context.transfer_syntax
        if syntax.is_deflated:
            asked = signature(encode(QUERY, False, True), implicit=False)
        else:
            asked = signature(event.request.Identifier.getvalue(), implicit=syntax.is_implicit_VR)
        progress = Progress()
        end = yield from answers.pending(event, self.items, self._plan(asked, syntax), progress)
        self.ends.append((end, progress.sent))
        if end is not End.SENT:
            yield 0xFE00, None

    def _plan(self, asked, syntax):
        made = plan(asked, syntax.is_implicit_VR, "ISO_IR 192")
        return Slow(made, self.slow_seconds) if self.slow_seconds else made

    def sent(self, event):
        self.writes.append(len(event.data))


class Slow:
    def __init__(self, made, seconds):
        self.made, self.seconds = made, seconds

    def encoded(self, row):
        time.sleep(self.seconds)
        return self.made.encoded(row)


@contextmanager
def serving(served):
    entity = AE("VQFLOW")
    for syntax in (ModalityWorklistInformationFind, Verification):
        entity.add_supported_context(syntax, SYNTAXES)
    handlers = [(evt.EVT_C_FIND, served.find), (evt.EVT_DATA_SENT, served.sent), *sockets.HANDLERS]
    running = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield running.server_address[1]
    finally:
        running.shutdown()


def asked_by_pynetdicom(port, syntax):
    client = AE("CAMERA1")
    client.add_requested_context(ModalityWorklistInformationFind, syntax)
    opened = client.associate("127.0.0.1", port)
    try:
        return list(opened.send_c_find(QUERY, ModalityWorklistInformationFind))
    finally:
        opened.release()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_pynetdicom_reads_all_matches_in_every_transfer_syntax(syntax):
    with serving(Server(120)) as port:
        found = asked_by_pynetdicom(port, syntax)
    assert [status.Status for status, _ in found] == [0xFF00] * 120 + [0]
    assert [str(each.PatientID) for _, each in found[:-1]] == [f"MRN-{n}" for n in range(120)]


@pytest.mark.parametrize("maximum", [0, 64, 131, 1024, 16382, 2**31])
def test_no_pdu_is_longer_than_the_device_takes(maximum):
    served = Server(7)
    with serving(served) as port, association(port, maximum=maximum) as client:
        client.longest_pdu = 0
        found, status = client.datasets(QUERY)
        assert (len(found), status) == (7, 0)
        assert not maximum or client.longest_pdu <= maximum
    assert [str(each.PatientName) for each in found] == [f"Miller{n}^Joan" for n in range(7)]


@pytest.mark.parametrize("maximum", [0, 30, 64, 127, 16382])
@pytest.mark.parametrize("length", [2, 56, 58, 60, 5000])
def test_the_bytes_on_the_wire_are_those_of_pynetdicom(maximum, length):
    data = bytes(range(256)) * 20
    primitive = C_FIND()
    primitive.MessageIDBeingRespondedTo, primitive.Status = 513, 0xFF00
    primitive.AffectedSOPClassUID, primitive.Identifier = (
        ModalityWorklistInformationFind,
        BytesIO(data[:length]),
    )
    message = C_FIND_RSP()
    message.primitive_to_message(primitive)
    theirs = b"".join(P_DATA_TF(each).encode() for each in message.encode_msg(5, maximum))
    ours = Pdus(5, 513, maximum).of(data[:length])
    # Theirs may cut at an odd length, which PS3.8 Annex E forbids; what is put together is the same.
    assert ours == theirs or maximum % 2


def test_fifty_matches_go_out_in_one_write():
    served = Server(120)
    with serving(served) as port, association(port) as client:
        client.find(QUERY)
    # Beside them only the association's own PDUs and the final answer: pynetdicom still is what this way needs.
    of_matches = [size for size in served.writes if size > 1000]
    assert len(of_matches) == 3
    assert of_matches[0] > 50 * 200


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_the_documented_way_gives_the_same_bytes(monkeypatch, syntax):
    with serving(Server(60)) as port:
        with association(port, syntax=syntax) as client:
            directly = client.find(QUERY)
        monkeypatch.setattr(answers, "AssociationSocket", type(None))
        with association(port, syntax=syntax) as client:
            documented = client.find(QUERY)
    assert documented == directly
    assert len(directly[0]) == 60


def test_a_cancelled_query_stops_between_chunks():
    served = Server(1000, slow_seconds=0.001)
    with serving(served) as port, association(port) as client:
        client.ask(QUERY, message_id=9)
        client.answer()
        client.cancel(9)
        found = [client.answer()[0]]
        while found[-1] == 0xFF00:
            found.append(client.answer()[0])
        assert client.echo() == 0
    assert (found[-1], served.ends[0][0]) == (0xFE00, End.CANCELLED)
    assert served.ends[0][1] == len(found) < 1000


def test_a_cancel_that_comes_with_the_query_is_not_forgotten():
    served = Server(1000, slow_seconds=0.001)
    with serving(served) as port, association(port) as client:
        client.ask(QUERY, message_id=9)
        client.cancel(9)
        while (status := client.answer()[0]) == 0xFF00:
            pass
    assert status == 0xFE00
    assert served.ends[0][1] <= 50


def test_an_earlier_cancel_does_not_hold_for_a_later_query_of_the_same_number():
    with serving(Server(3)) as port, association(port) as client:
        client.cancel(9)
        assert len(client.find(QUERY, message_id=9)[0]) == 3


@pytest.mark.parametrize("leave", ["abort", "close"])
def test_a_device_that_goes_away_in_between_ends_its_own_association_only(leave):
    served = Server(1000, slow_seconds=0.001)
    with serving(served) as port:
        client = RawClient(port)
        client.associate("CAMERA1", "VQFLOW")
        client.ask(QUERY)
        client.answer()
        if leave == "abort":
            client.abort()
        client.socket.shutdown(socket.SHUT_RDWR)
        client.close()
        with association(port) as other:
            served.slow_seconds = 0
            assert len(other.find(QUERY)[0]) == 1000
        wait_until(lambda: len(served.ends) == 2)
    assert (End.GONE in dict(served.ends), min(sent for _, sent in served.ends) < 1000) == (True, True)


def wait_until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()
