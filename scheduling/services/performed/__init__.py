"""What devices say they performed (MPPS): kept as it came, and taken over to the examination where it fits.

`reports` answers the device's two messages, `taking` moves the examination's own steps, `matching` is what a person
does with what fits to nothing.
"""

from scheduling.services.performed.matching import SAY_WHY, match, set_aside, take_again
from scheduling.services.performed.reports import Answer, Said, change, create, refuse

__all__ = ["SAY_WHY", "Answer", "Said", "change", "create", "match", "refuse", "set_aside", "take_again"]
