"""Rows of messages that are changed together are locked in one order: two who change the same ones never wait for
each other."""

from scheduling.models import Message


def locked(found):
    """These messages, locked in the order of their keys until the caller's transaction ends."""
    keys = found.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True)
    return Message.objects.filter(pk__in=list(keys))
