"""No more reminders, or reminders after all: what waits already follows the wish."""

from django.db import transaction

from scheduling.services import links
from scheduling.services.messages import again


@transaction.atomic
def stop_reminders(link, *, now):
    """No more reminders to this patient; the appointment stands. True when it was not so already."""
    stopped = links.stop_reminders(link, now=now)
    if stopped:
        again.hold_back(links.patient_of(link), now=now)
    return stopped


@transaction.atomic
def resume_reminders(link, *, now):
    """The patient wants reminders after all: those that are still to come go out. True when they had been stopped."""
    resumed = links.resume_reminders(link, now=now)
    if resumed:
        again.resume(links.patient_of(link), now=now)
    return resumed
