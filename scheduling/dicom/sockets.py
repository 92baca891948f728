"""What the sockets of associations are told, so that no message waits for an acknowledgement.

pynetdicom and most devices write a message in two pieces. With Nagle's algorithm at either end and delayed
acknowledgements at the other, each message stalls for 40 ms; TCP_QUICKACK holds for a moment only, so it is set
again at every PDU. A PDU that never ends is guard.py's matter.
"""

import socket

from pynetdicom import evt

from scheduling.dicom import cancels

_QUICK = getattr(socket, "TCP_QUICKACK", None)  # Linux
_NOT_ASKED = "Sta2"  # awaiting A-ASSOCIATE-RQ (PS3.8 Table 9-2)


def opened(event):
    _set(event, socket.TCP_NODELAY)
    acknowledge_at_once(event)


def acknowledge_at_once(event):
    if _QUICK is not None:
        _set(event, _QUICK)


def closed(event):
    """Whoever goes before asking for an association leaves its place at once: pynetdicom would wait for it."""
    dul = event.assoc.dul
    if dul.state_machine.current_state == _NOT_ASKED:
        dul.to_user_queue.put(None)  # as if the time for it were over


def _set(event, option):
    found = event.assoc.dul.socket
    if found is None or found.socket is None:
        return
    try:
        found.socket.setsockopt(socket.IPPROTO_TCP, option, 1)
    except OSError:
        return  # it has been closed meanwhile


HANDLERS = [
    (evt.EVT_CONN_OPEN, opened),
    (evt.EVT_CONN_CLOSE, closed),
    (evt.EVT_PDU_RECV, acknowledge_at_once),
    (evt.EVT_PDU_SENT, acknowledge_at_once),
    (evt.EVT_DIMSE_RECV, cancels.note),
]
