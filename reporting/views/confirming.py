"""What the forms say that only the person at the keyboard may send."""

import uuid

from vqflow import proof


def proof_context(user, refusal=None):
    """What _proof.html shows: what to enter, and whether a passkey may be used instead."""
    wrong = refusal.sentence if isinstance(refusal, proof.NotShown) else ""
    return {
        "proof_asks": proof.asked(user),
        "has_passkey": proof.PASSKEY in proof.ways(user),
        "proof_error": wrong,
        "request_id": uuid.uuid4(),
    }
