"""The worklist listening on a port of its own, in this process, as `manage.py dicom` runs it."""

import threading
import time
from contextlib import contextmanager

from django.db import connections

from scheduling.dicom import server
from scheduling.dicom.peers import Peers
from scheduling.dicom.recorder import Recorder

TITLE = "VQFLOW"


@contextmanager
def listening(*, tls=None, own=(), limits=None):
    """Yields the (host, port). Afterwards what was asked is written, and no connection to the database is left."""
    recorder, database = Recorder(), connections.settings["default"]
    # As in production: a thread's connection is given back after each use.
    before, database["CONN_MAX_AGE"] = database["CONN_MAX_AGE"], 0
    peers = Peers(TITLE, own=own, fresh_seconds=0)
    made = server.make(
        ("127.0.0.1", 0), peers=peers, recorder=recorder, tls=tls, limits=limits or server.Limits()
    )
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    recorder.start()
    thread.start()
    try:
        yield made.server_address[:2]
    finally:
        _wait_until_idle(made)
        made.shutdown()
        for association in made.active_associations:
            association.abort()
            association.join(timeout=5)
        thread.join(timeout=5)
        recorder.stop()
        database["CONN_MAX_AGE"] = before


def _wait_until_idle(made):
    """Callers have hung up; what the server still has to close it closes by itself."""
    until = time.monotonic() + 5
    while made.active_associations and time.monotonic() < until:
        time.sleep(0.02)
