"""Which queries a device has cancelled.

pynetdicom forgets a C-CANCEL that comes before the query's handler runs, so those are noted as they come.
"""

from pynetdicom.dimse_messages import C_CANCEL_RQ, C_FIND_RQ


def note(event):
    """Called for every message received."""
    noted, command = _noted(event.assoc), event.message.command_set
    if isinstance(event.message, C_CANCEL_RQ):
        noted.add(command.MessageIDBeingRespondedTo)
    elif isinstance(event.message, C_FIND_RQ):
        noted.discard(command.MessageID)


def is_cancelled(event):
    """Whether the query of this event has been cancelled."""
    return event.request.MessageID in _noted(event.assoc) or event.is_cancelled


def _noted(association):
    # At most one for each message ID: 65,536 small numbers.
    return association.__dict__.setdefault("cancelled_queries", set())
