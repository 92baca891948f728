"""A strip of timers for the pages of whoever is at the camera: what they have begun, wherever they look now."""

import hashlib

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from scheduling import running_timers
from scheduling.engine.phases import Timer
from scheduling.views.examination_words import Timing
from vqflow.pages import page


@page("visit.perform")
def timers(request):
    """The strip, without those of the page that asks; 204 while the browser shows the current ones."""
    now, here = timezone.now(), request.GET.get("here", "")
    found = [each for each in running_timers.of(request.user, now) if str(each.appointment_pk) != here]
    version = hashlib.sha256(repr([each.pk for each in found]).encode()).hexdigest()[:12]
    if request.GET.get("version") == version:
        return HttpResponse(status=204)
    shown = [(each.appointment_pk, _timing(each, now)) for each in found]
    context = {"timers": shown, "version": version, "here": here}
    return render(request, "scheduling/_timers.html", context)


def _timing(running, now):
    phase = running.phase
    name = phase.name.replace(";", ",").split(",")[0]
    return Timing(
        key=f"{phase.key}-{running.pk}",
        label=f"{running.room}: {name}" if running.room else name,
        name=name,
        elapsed=max(0, int((now - running.started_at).total_seconds())),
        typical=phase.typical_seconds,
        most=phase.most_seconds,
        counts_down=phase.timer == Timer.DOWN,
    )
