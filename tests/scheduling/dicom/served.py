"""The DICOM server of a test, in a thread, with what it keeps of queries."""

import threading
from contextlib import contextmanager

from django.db import connections

from scheduling.dicom import server
from scheduling.dicom.peers import Peers
from scheduling.models import ApplicationEntity, Resource


def camera(site, title="CAMERA1", *, room="Camera 1", **fields):
    """A device of this room that may call from this machine."""
    return ApplicationEntity.objects.create(
        site=site,
        title=title,
        room=Resource.objects.get(site=site, name=room) if room else None,
        addresses=["127.0.0.1"],
        **fields,
    )


class Kept:
    """What a recorder was told, in order."""

    def __init__(self):
        self.queries, self.refusals = [], []

    def asked(self, entity, address, **about):
        self.queries.append({"title": entity.title, "address": address, **about})

    def refused(self, *about):
        self.refusals.append(about)


@contextmanager
def serving(**options):
    """(port, what was kept) of a server of today's devices, called VQFLOW."""
    kept, database = Kept(), connections.settings["default"]
    # As in production: a thread's connection is given back after each use.
    before, database["CONN_MAX_AGE"] = database["CONN_MAX_AGE"], 0
    made = server.make(("127.0.0.1", 0), peers=Peers("VQFLOW", fresh_seconds=0), recorder=kept, **options)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made.server_address[1], kept
    finally:
        made.shutdown()
        thread.join()
        for association in made.active_associations:
            association.abort()
            association.join(5)
        made.server_close()
        database["CONN_MAX_AGE"] = before
