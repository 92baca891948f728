"""The department's periodic jobs. Each asks the database what is due."""

from celery import shared_task
from django.utils import timezone

from scheduling.services import downtime, messages, occupancy, reservations, solving, tracers
from scheduling.services.department import changes
from scheduling.services.waitlist import filling
from vqflow import clock


@shared_task(name="scheduling.send_due_messages")
def send_due_messages() -> int:
    return messages.send_due(now=clock.now())


@shared_task(name="scheduling.release_expired_holds")
def release_expired_holds() -> int:
    return reservations.release_expired(now=timezone.now())


@shared_task(name="scheduling.fill_from_waitlist")
def fill_from_waitlist() -> int:
    return filling.fill(now=timezone.now())


@shared_task(name="scheduling.release_expired_doses")
def release_expired_doses() -> int:
    return tracers.release_expired(now=timezone.now())


@shared_task(name="scheduling.lay_out_tracers")
def lay_out_tracers() -> int:
    return tracers.lay_out_all(now=timezone.now())


@shared_task(name="scheduling.apply_planned_changes")
def apply_planned_changes() -> int:
    return changes.apply_due(now=timezone.now())


@shared_task(name="scheduling.write_downtime_lists")
def write_downtime_lists() -> int:
    return downtime.write_due(now=timezone.now())


@shared_task(name="scheduling.solve_replans")
def solve_replans() -> int:
    return solving.solve_due(now=timezone.now())


@shared_task(name="scheduling.forget_changes")
def forget_changes() -> int:
    return occupancy.forget_changes(now=timezone.now())
