"""The frame of a patient's page: its link, the date of birth, the language, and refusals in words.

Nothing here knows who is signed in (vqflow/middleware.py: MailedLinks), and no context processor of the staff's
pages runs. GET and HEAD write nothing, however often a mail scanner opens them.
"""

import functools

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseNotAllowed
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from scheduling.models.links import Purpose
from scheduling.services import links
from scheduling.services.links import Standing
from scheduling.templatetags import words
from scheduling.views.patient import languages, visitors
from vqflow.errors import DomainError
from vqflow.pages import SAFE

GONE = 410
HOME, STOP = "scheduling:link-home", "scheduling:link-stop"


def patient_page(*purposes, methods=("GET",), unlocked=True):
    """Decorate a view(request, link, now): it runs with a live link of one of these purposes only.

    `unlocked`: only after the date of birth. A form carries the link's mark (patient/_form.html), so that a form of
    one link is never taken for another's. What a service refuses is shown as its sentence. The view answers with
    `show(...)` or `done(...)`, in the patient's language.
    """

    def decorate(view):
        @functools.wraps(view)
        def guarded(request, *args, **kwargs):
            link = request.visitor.link
            if link is None:
                return ended(request, None)
            if links.standing(link, now=request.now) != Standing.LIVE:
                return ended(request, link)
            if link.purpose not in purposes or (unlocked and not request.visitor.is_unlocked):
                return redirect(entrance(link))
            if request.method not in SAFE and request.POST.get("link") != request.visitor.mark:
                return show(request, "patient/other_link.html", status=409)
            return view(request, link, request.now, *args, **kwargs)

        return framed(methods=methods)(guarded)

    return decorate


def entrance(link):
    """The name of the first page behind a link."""
    return STOP if link is not None and link.purpose == Purpose.STOP else HOME


def framed(*, methods):
    """Decorate a view(request) that needs no link: visitor, clock, language and refusals, and the cookie kept."""

    def decorate(view):
        @login_not_required
        @functools.wraps(view)
        def framing(request, *args, **kwargs):
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return HttpResponseNotAllowed(methods)
            request.now, request.visitor = timezone.now(), visitors.of(request)
            with words.in_language(languages.of(request)):
                try:
                    response = view(request, *args, **kwargs)
                except DomainError as refusal:
                    response = refused(request, refusal)
            request.visitor.keep(response)
            return response

        framing.methods = methods
        return framing

    return decorate


def show(request, template, context=None, *, status=200):
    """The page: its own context, and what every patient's page shows around it."""
    visitor = request.visitor
    page = render_to_string(template, {**around(request), **(context or {})})
    visitor.notice = ""
    return HttpResponse(page, status=status)


def done(request, sentence="", *, to=HOME):
    """After a form: on to a page, which says the sentence once."""
    request.visitor.notice = str(sentence)
    return redirect(to)


def ended(request, link):
    """There is nothing behind this link any more, and why; whom to call is the one thing that is left."""
    standing = links.standing(link, now=request.now) if link else None
    sentence = links.sentence_of(standing) if link else ""
    return show(request, "patient/ended.html", {"sentence": sentence, "standing": standing}, status=GONE)


def refused(request, refusal):
    """A service's refusal, in the patient's language where its sentence is in the catalogue."""
    sentence = words.said(refusal.sentence)
    return show(request, "patient/refused.html", {"sentence": sentence}, status=refusal.status)


def around(request):
    """What every page shows around its own content. Before the date of birth nothing about the person."""
    visitor = request.visitor
    link, language = visitor.link, translation.get_language()
    patient = links.patient_of(link) if link and visitor.is_unlocked else None
    return {
        "csrf_token": get_token(request),
        "mark": visitor.mark,
        "link": link,
        "site": links.site_of(link) if link else None,
        "first_name": patient.given_name if patient else "",
        "to_guardian": bool(patient and patient.guardian_email),
        "is_unlocked": visitor.is_unlocked,
        "notice": visitor.notice,
        "language": language,
        "direction": words.direction(),
        "languages": languages.choices(language),
        "home": reverse(HOME),
        "now": request.now,
    }
