"""Calls that the department's pages make: to a device, whether it answers; and to our own worklist, as a device."""

import socket
import ssl
import time
from dataclasses import dataclass

from django.conf import settings
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import ModalityWorklistInformationFind, Verification

from scheduling.dicom import proof
from scheduling.dicom.simulated import PENDING, asked_for, hang_up

SECONDS = 5
NO_ANSWER = "Nothing answers at {host}:{port}. Is the device on, and does the network let us through?"
REFUSES = "The device answers but does not let us in: enter our AE title, {title}, there."
ECHOED = "The device answers ({milliseconds:.0f} ms)."
NO_HOST = "Enter under which host and port the device answers first."
NOT_RUNNING = "The worklist does not answer at {bind}. Does `manage.py dicom` run?"
NOT_SET = "The worklist is not set up on this machine (DICOM_BIND)."
REFUSED_HERE = "The worklist does not let this device in. The reason stands under Not let in."
FAILED = "The worklist answered with the status {status:04X}: {comment}"


@dataclass(frozen=True, slots=True)
class Called:
    """How a call went. `items`: what the worklist answered, as data sets."""

    ok: bool
    sentence: str
    items: tuple[Dataset, ...] = ()


def echo(device):
    """C-ECHO to the device."""
    if not device.host:
        return Called(False, NO_HOST)
    if not _listens(device.host, device.port):
        return Called(False, NO_ANSWER.format(host=device.host, port=device.port))
    begun = time.perf_counter()
    association = _entity(settings.DICOM_AE_TITLE, Verification).associate(
        device.host, device.port, ae_title=device.title, tls_args=_tls(device.host)
    )
    if not association.is_established:
        hang_up(association)
        sentence = REFUSES if association.is_rejected else NO_ANSWER
        about = {"host": device.host, "port": device.port, "title": settings.DICOM_AE_TITLE}
        return Called(False, sentence.format(**about))
    association.send_c_echo()
    association.release()
    return Called(True, ECHOED.format(milliseconds=(time.perf_counter() - begun) * 1000))


def ask_as(device, day):
    """A whole query of this day through our own worklist, as this device would send it."""
    host, _, port = settings.DICOM_BIND.rpartition(":")
    if not port:
        return Called(False, NOT_SET)
    host = "127.0.0.1" if host in ("", "0.0.0.0", "[::]") else host  # noqa: S104  (what it listens on, not us)
    if not _listens(host, int(port)):
        return Called(False, NOT_RUNNING.format(bind=settings.DICOM_BIND))
    association = _entity(device.title, ModalityWorklistInformationFind).associate(
        host,
        int(port),
        ae_title=settings.DICOM_AE_TITLE,
        ext_neg=[proof.item(device.title)],
        tls_args=_tls(host),
    )
    if not association.is_established:
        hang_up(association)
        refused = REFUSED_HERE if association.is_rejected else NOT_RUNNING.format(bind=settings.DICOM_BIND)
        return Called(False, refused)
    try:
        return _answers(association, device, day)
    finally:
        association.release()


def _answers(association, device, day):
    begun, found = time.perf_counter(), []
    for status, item in association.send_c_find(asked_for(day, modality=""), ModalityWorklistInformationFind):
        if status and status.Status in PENDING:
            found.append(item)
        elif not status or status.Status:
            code, comment = (status.Status, status.get("ErrorComment", "")) if status else (0, "no answer")
            return Called(False, FAILED.format(status=code, comment=comment))
    took = (time.perf_counter() - begun) * 1000
    return Called(True, f"{device.title} is answered {len(found)} in {took:.0f} ms.", tuple(found))


def _listens(host, port):
    """A look first: pynetdicom leaves its socket open where nobody listens."""
    try:
        socket.create_connection((host, port), SECONDS).close()
    except OSError:
        return False
    return True


def _entity(title, spoken):
    entity = AE(ae_title=title)
    entity.add_requested_context(spoken)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = SECONDS
    entity.connection_timeout = SECONDS
    return entity


def _tls(host):
    """What pynetdicom wants to call by TLS; None where the network is plain."""
    if not settings.DICOM_TLS_CERTIFICATE:
        return None
    context = ssl.create_default_context(cafile=settings.DICOM_TLS_AUTHORITIES)
    context.check_hostname = False  # devices are known by their certificates, not by names of hosts
    context.load_cert_chain(settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY)
    return context, host
