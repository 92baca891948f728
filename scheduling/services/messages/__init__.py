"""Mail as rows: written with the booking (planning), sent by whoever finds them due (sending)."""

from scheduling.services.messages.planning import (
    aftercare,
    call_us,
    cancelled,
    critical_result,
    letter,
    moved,
    offered,
    order_cancelled,
    plan,
    result_changed,
    result_ready,
    result_withdrawn,
    texts_too,
    unchanged,
    why_not_ask_to_call,
)
from scheduling.services.messages.sending import send_due

__all__ = [
    "aftercare",
    "call_us",
    "cancelled",
    "critical_result",
    "letter",
    "moved",
    "offered",
    "order_cancelled",
    "plan",
    "result_changed",
    "result_ready",
    "result_withdrawn",
    "send_due",
    "texts_too",
    "unchanged",
    "why_not_ask_to_call",
]
