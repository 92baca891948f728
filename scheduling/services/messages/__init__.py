"""Mail as rows: written with the booking (planning), sent by whoever finds them due (sending)."""

from scheduling.services.messages.planning import (
    cancelled,
    letter,
    moved,
    offered,
    plan,
    result_ready,
    unchanged,
)
from scheduling.services.messages.sending import send_due

__all__ = ["cancelled", "letter", "moved", "offered", "plan", "result_ready", "send_due", "unchanged"]
