"""One press or one small form about one visit: do it, and go back to where the person came from."""

from urllib.parse import urlsplit

from django.db import transaction
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import worklist
from scheduling.services import working
from scheduling.services.examination import lateness
from scheduling.templatetags import clock
from scheduling.views.line_problems import Problem
from scheduling.views.line_words import RULE_WORDS
from scheduling.views.list_drawing import override_context
from scheduling.views.list_views import view_of
from scheduling.views.worklist import shown
from vqflow.errors import Conflict, Invalid
from vqflow.pages import next_of, waited_since

LATER = "entered_later"


def pressed_at(request, appointment):
    """From when a press on this examination counts: now, or since the person pressed it without a network."""
    if not hasattr(request, LATER):
        since, now = waited_since(request), timezone.now()
        about = {"pressed_at": since, "by": request.user, "now": now}
        setattr(request, LATER, since and lateness.entered_later(appointment, **about))
    return getattr(request, LATER) or timezone.now()


def press(request, appointment, text, service, subject, *, undo=None):
    """One press, one service; a refusal is shown with the way round it that the rules leave."""
    now = pressed_at(request, appointment)
    try:
        service(subject, by=request.user, now=now)
    except Conflict as refusal:
        return refused(request, appointment, refusal, now)
    return done(request, appointment, text, undo)


def press_on(request, appointment, text, do, subject=None, *, undo=None):
    """One press on an examination by whoever works on it: refused while that is somebody else.

    What somebody has just done is said first, and only then that somebody else works on it.
    """

    def together(subject, *, by, now):
        done = do(subject, by=by, now=now)
        working.press(appointment, by=by, now=now)
        return done

    return press(request, appointment, text, together, subject or appointment, undo=undo)


def ask(request, appointment, form, do, *, template, text, undo, **context):
    """The page with a form; a POST that is right does it, one that is not shows the form with the reasons.

    `text` and `undo` may be functions, for what is known only after it is done.
    """
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                do()
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            return refused(request, appointment, refusal, timezone.now())
        else:
            return done(request, appointment, *(each() if callable(each) else each for each in (text, undo)))
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {**frame(request, appointment), "form": form, **context}, status=status)


def sent(request):
    return request.POST if request.method == "POST" else None


def frame(request, appointment):
    """What every page about one visit shows: who it is, and the way back to the list."""
    zone, patient = appointment.site.time_zone, appointment.procedure.order.patient
    age = patient.age_on(clock.local(timezone.now(), zone).date())
    return {
        "appointment": appointment,
        "order": appointment.procedure.order,
        "patient": patient,
        "age": "age unknown" if age is None else f"{age} y",
        "zone": zone,
        "next": back(request),
    }


def back(request):
    """The list that the person came from, with its day and filters."""
    return next_of(request, reverse("scheduling:worklist"))


def _is_from_list(request):
    """Sent by the list itself, which is refreshed in place; everything else is a page of its own."""
    return request.htmx and request.htmx.target == "worklist"


def done(request, appointment, text, undo):
    """Back to the list, with the undo within reach."""
    if later := getattr(request, LATER, None):
        text = f"{text}; entered later, it counts from {clock.time_at(later, appointment.site.time_zone)}"
    done = {"appointment": str(appointment.pk), "text": text, "undo": undo}
    if not _is_from_list(request):
        request.session["done"] = done
        return redirect(f"{back(request)}#exam-{appointment.pk}")
    query = QueryDict(urlsplit(back(request)).query)
    context = shown(request, view_of(request, query), timezone.now())
    context["done"] = {**done, "surname": appointment.procedure.order.patient.family_name}
    return render(request, "scheduling/_worklist_done.html", context)


def refused(request, appointment, refusal, now):
    """Status 409: the sentence and, where a physician may override the rule behind it, the form for that."""
    rule = worklist.rule_behind(refusal.sentence, appointment, now)
    problem = Problem(RULE_WORDS.get(rule, ""), refusal.sentence, rule or "")
    context = {
        **frame(request, appointment),
        **override_context(request.user, [problem]),
        "refusal": refusal,
        "problem": problem,
        "key": appointment.pk,
        "here_url": back(request),
        "may_take_over": working.why_not_press(appointment, request.user, now) == refusal.sentence,
    }
    if not _is_from_list(request):
        return render(request, "scheduling/visit_refused.html", context, status=refusal.status)
    # The list stays as it is: it asks for what has changed by itself within four seconds.
    response = render(request, "scheduling/_worklist_refused.html", context, status=refusal.status)
    response["HX-Reswap"] = "none"
    return response
