"""Signs of life of background jobs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from vqflow import housekeeping, tasks

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 8, 12, tzinfo=UTC)


def test_beat_says_every_fifteen_seconds_that_it_and_a_worker_are_there():
    entry = settings.CELERY_BEAT_SCHEDULE["note-beat"]
    assert (entry["task"], entry["schedule"]) == (tasks.note_beat.name, 15.0)
    tasks.note_beat()
    assert housekeeping.seconds_since(datetime.now(UTC))[housekeeping.BEAT] < 5


def test_a_job_is_quiet_after_two_minutes_and_the_hourly_list_after_two_hours():
    for name in (housekeeping.DISPATCH, housekeeping.DOWNTIME):
        housekeeping.beat(name, now=NOW)
    assert housekeeping.quiet_jobs(NOW + timedelta(minutes=2)) == []
    assert housekeeping.quiet_jobs(NOW + timedelta(minutes=3)) == ["dispatch"]
    assert housekeeping.quiet_jobs(NOW + timedelta(minutes=121)) == ["dispatch", "downtime-list"]


def test_a_job_that_was_asked_to_end_is_not_missed():
    housekeeping.beat(housekeeping.DISPATCH, now=NOW)
    housekeeping.ended(housekeeping.DISPATCH)
    assert housekeeping.quiet_jobs(NOW + timedelta(days=1)) == []
