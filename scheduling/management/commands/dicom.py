"""`manage.py dicom`: the worklist for cameras, and what they say they did; until SIGTERM or SIGINT."""

import signal
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from scheduling.dicom import guard, patience, server
from scheduling.dicom.peers import Peers
from scheduling.dicom.recorder import Recorder

# A database that was away is looked for again within seconds, and a camera is told rather than kept waiting.
POOL = {
    "min_size": 2,
    "max_size": 10,
    "timeout": 5,
    "reconnect_timeout": 5,
    "connection_class": patience.Impatient,
}


class Command(BaseCommand):
    help = "Answer cameras: the modality worklist, and performed procedure steps."

    def add_arguments(self, parser):
        parser.add_argument("--bind", default=settings.DICOM_BIND, help="HOST:PORT to listen on.")

    def handle(self, *, bind, **options):
        host, _, port = bind.rpartition(":")
        if not port.isdecimal():
            raise CommandError("Say where to listen: --bind HOST:PORT, or DICOM_BIND. 11112 is usual.")
        share_connections()
        recorder = Recorder()
        listening = server.make(
            (host.strip("[]") or "0.0.0.0", int(port)),  # noqa: S104  (who may call is a list of addresses)
            peers=Peers(settings.DICOM_AE_TITLE, own=settings.DICOM_WEB_ADDRESSES),
            recorder=recorder,
            tls=_tls(),
            limits=server.Limits(settings.DICOM_MOST, settings.DICOM_MOST_OF_ONE),
        )
        self._serve(listening, recorder)

    def _serve(self, listening, recorder):
        for number in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for serve_forever(), which runs in this thread.
            signal.signal(number, lambda *_: threading.Thread(target=listening.shutdown).start())
        recorder.start()
        host, port = listening.server_address[:2]
        self.stdout.write(f"{settings.DICOM_AE_TITLE} listens on {host}:{port}")
        listening.serve_forever(poll_interval=0.5)
        for association in listening.active_associations:
            association.abort()
        recorder.stop()


def share_connections():
    """An association has a thread of its own, and to connect anew for each would cost it 10 ms: a pool does not."""
    database = connections.settings["default"]
    database["OPTIONS"] = {**database["OPTIONS"], "pool": POOL}
    database["CONN_MAX_AGE"] = 0  # a pool takes them back after each use
    connections.close_all()


def _tls():
    given = (settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY, settings.DICOM_TLS_AUTHORITIES)
    if not any(given):
        return None
    if not all(given):
        raise CommandError("TLS needs DICOM_TLS_CERTIFICATE, DICOM_TLS_KEY and DICOM_TLS_AUTHORITIES.")
    return guard.tls_context(*given)
