"""What the desk does about messages: tries one anew, asks a patient to call."""

from contextlib import contextmanager

from django.contrib import messages as notes
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from scheduling.services import access, messages
from scheduling.services.messages import again
from vqflow.errors import Conflict
from vqflow.pages import next_of, page


@page("message.retry", methods=("POST",))
def retry(request, pk):
    """Back to the list in `next`, or to all messages."""
    message = access.message(pk, by=request.user)
    with _noted(request, "It goes out again now."):
        again.retry(message, by=request.user, now=timezone.now())
    return redirect(next_of(request, reverse("scheduling:messages")))


@page("message.ask_to_call", methods=("POST",))
def ask_to_call(request, pk):
    order = access.order(pk, by=request.user, action="message.ask_to_call")
    with _noted(request, "The patient is asked by mail to call. The mail gives no reason."):
        messages.call_us(order, by=request.user, now=timezone.now())
    return redirect("scheduling:order", order.pk)


@contextmanager
def _noted(request, done):
    """Say `done` on the next page, or why it was refused."""
    try:
        yield
    except Conflict as refusal:
        notes.error(request, refusal.sentence)
    else:
        notes.success(request, done)
