"""What a page that saves by itself is answered: the version that is saved, or why it is not."""

from django.http import HttpResponse


def is_autosave(request):
    return "X-VQFlow-Autosave" in request.headers


def saved(draft, said=""):
    """204; with something to be said about it, that."""
    headers = {"X-VQFlow-Version": draft.draft_version}
    return plain(said, headers=headers) if said else HttpResponse(status=204, headers=headers)


def plain(sentence, **about):
    return HttpResponse(sentence, content_type="text/plain; charset=utf-8", **about)
