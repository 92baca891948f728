"""Critical results: identified with a save or a signature, told by voice, escalated until then."""

from reporting.services.critical.escalating import escalate_due
from reporting.services.critical.identifying import identified
from reporting.services.critical.recipients import must_be_told, recipients
from reporting.services.critical.telling import (
    told,
    tried,
    who_may_tell,
    why_not_tell,
    why_not_withdraw,
    withdraw,
)

__all__ = [
    "escalate_due",
    "identified",
    "must_be_told",
    "recipients",
    "told",
    "tried",
    "who_may_tell",
    "why_not_tell",
    "why_not_withdraw",
    "withdraw",
]
