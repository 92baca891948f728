"""Pages for what went wrong outside any view: in the staff's words, or in those of who opened a mailed link.

They stand alone: they must come when the database, the session or the user is out of reach.
"""

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from vqflow import logs


def fault(request, kind, *, status, usual):
    """The answer: the page `usual`, or to patients the words for `kind` ("form", "missing", "broken", "away")."""
    if not request.path.startswith(logs.LINKS):
        return HttpResponse(render_to_string(usual), status=status)
    language = translation.get_language_from_request(request)
    with translation.override(language):
        page = render_to_string(
            "patient/fault.html",
            {"kind": kind, "language": language, "is_rtl": translation.get_language_bidi()},
        )
    return HttpResponse(page, status=status)


def missing(request, exception=None):
    return fault(request, "missing", status=404, usual="404.html")


def broken(request):
    return fault(request, "broken", status=500, usual="500.html")


def forged(request, reason=""):
    """A form without its token: another site sent it, or it is older than its cookie."""
    return fault(request, "form", status=403, usual="403_csrf.html")
