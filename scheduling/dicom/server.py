"""The process's one server: what it speaks, whom it lets in, and which handler answers what."""

from dataclasses import dataclass
from functools import partial

import structlog
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    Verification,
)

from scheduling.dicom import find, performed, sockets
from scheduling.dicom.guard import GuardedServer

log = structlog.get_logger(__name__)

SPOKEN = (Verification, ModalityWorklistInformationFind, ModalityPerformedProcedureStep)
# No deflated one: a few bytes of it may unfold to all of the memory.
SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian]
IDLE_SECONDS = 60
ASSOCIATE_SECONDS = 15
DIMSE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections at once: in all, and of one address."""

    most: int = 20
    most_of_one: int = 8


def make(address, *, peers, recorder, tls=None, limits=Limits()):
    """A server bound to (host, port), 0 for any; `serve_forever()` runs it, `shutdown()` ends it.

    `recorder` keeps what was asked and who was refused (recorder.py); `tls` is guard.tls_context's.
    """
    entity = AE(ae_title=peers.title)
    for spoken in SPOKEN:
        entity.add_supported_context(spoken, SYNTAXES)
    # Who may call, and how often at once, is decided in peers.py and guard.py.
    entity.require_called_aet = False
    entity.maximum_associations = limits.most * 2
    entity.network_timeout = IDLE_SECONDS
    entity.acse_timeout = ASSOCIATE_SECONDS
    entity.dimse_timeout = DIMSE_SECONDS
    _config.ENFORCE_UID_CONFORMANCE = True
    server = GuardedServer(
        entity,
        address,
        peers.title,
        entity.supported_contexts,
        evt_handlers=_handlers(peers, recorder),
        peers=peers,
        most=limits.most,
        most_of_one=limits.most_of_one,
        tls=tls,
        on_refused=recorder.refused,
    )
    entity._servers.append(server)  # where its shutdown() looks for it
    return server


def _handlers(peers, recorder):
    return [
        (evt.EVT_REQUESTED, partial(_requested, peers=peers, recorder=recorder)),
        (evt.EVT_C_ECHO, lambda event: 0x0000),
        (evt.EVT_C_FIND, partial(find.answer, peers=peers, noted=partial(_noted, peers, recorder))),
        (evt.EVT_N_CREATE, partial(performed.create, peers=peers)),
        (evt.EVT_N_SET, partial(performed.change, peers=peers)),
        (evt.EVT_DIMSE_RECV, lambda event: event.assoc.dul.socket.message_ended()),
        *sockets.HANDLERS,
    ]


def _noted(peers, recorder, entity, address, **about):
    """What our own pages ask as a device is none of its queries."""
    if peers.lists(entity, address):
        recorder.asked(entity, address, **about)


def _requested(event, *, peers, recorder):
    """Whoever is not let in is told by an A-ASSOCIATE-RJ; the department reads why."""
    asked, address = event.assoc.requestor.primitive, event.assoc.requestor.address
    refusal = peers.why_not(
        calling=asked.calling_ae_title.strip(),
        called=asked.called_ae_title.strip(),
        address=address,
        certificate=event.assoc.certificate_sha256,
        identity=event.assoc.requestor.user_identity,
    )
    if refusal:
        recorder.refused(asked.calling_ae_title, asked.called_ae_title, address, refusal.sentence)
        event.assoc.acse.send_reject(refusal.result, refusal.source, refusal.diagnostic)
