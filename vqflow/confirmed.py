"""A form that only the person at the keyboard may send: it carries a proof (vqflow/proof.py), and is done once."""

from vqflow import idempotency, proof
from vqflow.errors import Conflict


def once(request, handle):
    """Answer with `handle(way)`, in one transaction, once the user has shown who it is. Raises proof.NotShown.

    For views `of_session`: a wrong try is counted, and the refusal must not take that back. The same form sent again
    is answered as before: a code or a passkey's answer is good for one time only.
    """
    user = request.user
    if idempotency.is_answered(request, user):
        return idempotency.once(request, user, _gone)
    typed, passkey = request.POST.get(proof.FIELD, ""), request.POST.get(proof.PASSKEY, "")
    way = proof.show(user, typed=typed[: proof.LONGEST], passkey=passkey)
    return idempotency.once(request, user, lambda: handle(way))


def _gone():
    raise Conflict("This was answered already. Load the page again.")
