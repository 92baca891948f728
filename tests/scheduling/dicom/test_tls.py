"""TLS with certificates on both sides: which device is let in, and what the guard still does (PS3.15 B.12)."""

import socket
import ssl
import struct
import subprocess
import time

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from scheduling.dicom import calls, guard, simulated
from scheduling.dicom.server import Limits
from scheduling.models import RefusedAssociation
from tests import cameras, department
from tests.scheduling.dicom.certificates import Authority
from tests.scheduling.dicom.listening import TITLE, listening

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def authority(tmp_path):
    return Authority.made(tmp_path, "authority")


@pytest.fixture
def server_pair(authority):
    return authority.issued("server")


@pytest.fixture
def tls(authority, server_pair):
    return guard.tls_context(server_pair.certificate, server_pair.key, authority.pair.certificate)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def camera(site):
    return cameras.camera(site)


def shown(authority, pair=None):
    """What a device calls with that trusts this authority, and shows this pair."""
    context = ssl.create_default_context(cafile=authority.pair.certificate)
    context.check_hostname = False
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


def echoed(address, context=None):
    """The status of a C-ECHO; None where no association comes about."""
    entity = AE(ae_title="CAMERA1")
    entity.add_requested_context(Verification)
    entity.acse_timeout = entity.network_timeout = entity.connection_timeout = 10
    association = entity.associate(
        *address, ae_title=TITLE, tls_args=(context, "vqflow") if context else None
    )
    if not association.is_established:
        simulated.hang_up(association)
        return None
    status = association.send_c_echo().Status
    association.release()
    return status


class TestWhoIsLetIn:
    def test_device_with_a_certificate_of_our_authority_is_answered(self, tls, camera, authority):
        with listening(tls=tls) as address:
            assert echoed(address, shown(authority, authority.issued("device"))) == 0

    def test_device_without_a_certificate_is_not(self, tls, camera, authority):
        with listening(tls=tls) as address:
            assert echoed(address, shown(authority)) is None

    def test_certificate_of_another_authority_is_refused(self, tls, camera, authority, tmp_path):
        stranger = Authority.made(tmp_path, "other").issued("stranger")
        with listening(tls=tls) as address:
            assert echoed(address, shown(authority, stranger)) is None

    def test_expired_certificate_is_refused(self, tls, camera, authority):
        with listening(tls=tls) as address:
            assert echoed(address, shown(authority, authority.issued("expired", days=-1))) is None

    def test_call_without_tls_is_hung_up_on_and_the_next_is_answered(self, tls, camera, authority):
        with listening(tls=tls) as address:
            assert echoed(address) is None
            assert echoed(address, shown(authority, authority.issued("device"))) == 0

    def test_certificate_that_is_not_the_one_listed_is_refused_and_said(self, tls, site, authority):
        device, other = authority.issued("device"), authority.issued("other")
        cameras.camera(site, certificate_sha256=device.fingerprint())
        with listening(tls=tls) as address:
            assert echoed(address, shown(authority, device)) == 0
            assert echoed(address, shown(authority, other)) is None
        refused = RefusedAssociation.objects.get()
        assert refused.reason == "The device shows another certificate than the one listed for it."

    @pytest.mark.parametrize(("version", "is_spoken"), [("1_1", False), ("1_2", True), ("1_3", True)])
    def test_tls_is_spoken_from_version_1_2(self, tls, camera, authority, version, is_spoken):
        pair = authority.issued("device")
        own = ["-cert", pair.certificate, "-key", pair.key, "-cipher", "ALL:@SECLEVEL=0"]
        with listening(tls=tls) as (host, port):
            done = subprocess.run(
                ["openssl", "s_client", "-connect", f"{host}:{port}", f"-tls{version}", *own],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        assert ("Cipher is (NONE)" not in done.stdout) == is_spoken, done.stderr


class TestClients:
    """Programs that nobody here wrote."""

    @pytest.fixture
    def arguments(self, authority):
        pair = authority.issued("device")
        return ["+tls", pair.key, pair.certificate, "+cf", authority.pair.certificate, "-aet", "CAMERA1"]

    def test_echoscu_is_answered_with_its_certificate_only(self, tls, camera, dcmtk, arguments):
        with listening(tls=tls) as (host, port):
            to = ["-aec", TITLE, host, str(port)]
            assert subprocess.run(["echoscu", *arguments, *to], check=False).returncode == 0
            anonymous = ["+tla", *arguments[3:]]
            assert subprocess.run(["echoscu", *anonymous, *to], check=False).returncode != 0

    def test_findscu_reads_the_worklist(self, tls, site, camera, dcmtk, arguments):
        booked = department.booked(site)
        with listening(tls=tls) as (host, port):
            asked = ["-W", "-k", "PatientName", "-k", "ScheduledProcedureStepSequence[0].Modality=NM"]
            done = subprocess.run(
                ["findscu", *arguments, "-aec", TITLE, *asked, host, str(port)],
                capture_output=True,
                text=True,
                check=True,
            )
        name = f"Moreno^{booked.procedure.order.patient.given_name}"
        assert (done.stdout + done.stderr).count(name) == 2

    def test_our_own_page_asks_as_a_device(self, tls, site, authority, server_pair, settings):
        far = cameras.camera(site, title="FAR", addresses=["10.9.9.9"])
        department.booked(site)
        settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY = server_pair.certificate, server_pair.key
        settings.DICOM_TLS_AUTHORITIES = authority.pair.certificate
        with listening(tls=tls, own=["127.0.0.1"]) as (host, port):
            settings.DICOM_BIND = f"{host}:{port}"
            called = calls.ask_as(far, department.TODAY)
        assert (called.ok, len(called.items)) == (True, 3), called.sentence


class TestGuard:
    def test_stranger_is_hung_up_on_before_the_handshake(self, tls, site):
        cameras.camera(site, addresses=["10.9.9.9"])
        with listening(tls=tls) as address:
            assert _is_closed(address)

    def test_giant_is_hung_up_on_at_its_first_six_bytes(self, tls, camera, authority):
        context = shown(authority, authority.issued("device"))
        with listening(tls=tls) as address, _greeted(address, context) as line:
            line.sendall(struct.pack(">BBL", 1, 0, 512 * 1024 * 1024) + b"\0" * 4096)
            assert _is_at_its_end(line)

    @pytest.mark.parametrize(("seconds", "is_free"), [(1, True), (60, False)])
    def test_handshake_that_does_not_come_holds_a_place_for_seconds_only(
        self, tls, camera, authority, monkeypatch, seconds, is_free
    ):
        monkeypatch.setattr(guard, "HANDSHAKE_SECONDS", seconds)
        context = shown(authority, authority.issued("device"))
        with listening(tls=tls, limits=Limits(most=20, most_of_one=2)) as address:
            silent = [socket.create_connection(address, 5) for _ in range(2)]
            assert _is_closed(address)
            time.sleep(2)
            assert _is_greeted(address, context) == is_free
            for line in silent:
                line.close()


def _greeted(address, context):
    return context.wrap_socket(socket.create_connection(address, 5))


def _is_greeted(address, context):
    try:
        _greeted(address, context).close()
    except OSError:
        return False
    return True


def _is_closed(address):
    with socket.create_connection(address, 5) as line:
        line.settimeout(5)
        return _is_at_its_end(line)


def _is_at_its_end(line):
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
