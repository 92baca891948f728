"""The key of one form as it was served: a write with it is done once, and the server knows how old its page is."""

import secrets
from datetime import UTC, datetime

from django.core.signing import BadSignature, Signer
from django.utils import timezone

_SIGNER = Signer(salt="vqflow.once")


def key():
    """A new key for a form that is served now: 75 characters, signed."""
    return _SIGNER.sign(f"{secrets.token_urlsafe(16)}.{int(timezone.now().timestamp()):x}")


def served_at(text):
    """When the form with this key was served, to the second; None for a key that is none of ours."""
    try:
        _, _, seconds = _SIGNER.unsign(text).rpartition(".")
        return datetime.fromtimestamp(int(seconds, 16), UTC)
    except (BadSignature, ValueError):
        return None
