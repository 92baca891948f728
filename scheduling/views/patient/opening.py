"""Opening a link: its token leaves the address at once, then the date of birth opens the details."""

from django.shortcuts import redirect

from scheduling.forms.birthday import BirthdayForm
from scheduling.models.links import Purpose
from scheduling.services import links
from scheduling.views.patient import languages
from scheduling.views.patient.frame import done, entrance, framed, patient_page, show
from vqflow.errors import Invalid

PERSONAL = (Purpose.VISIT, Purpose.OFFER, Purpose.AFTERCARE)


@framed(methods=("GET",))
def open_link(request, token):
    """From the mailed address to one without the token, which is then in no history, log or referrer.

    Nothing is written: programs that look for viruses open every link, some of them twice.
    """
    link = links.find(token)
    request.visitor.opens(link)
    response = redirect(entrance(link))
    # Pages themselves have "same-origin": with "no-referrer" browsers send "Origin: null" with their forms.
    response["Referrer-Policy"] = "no-referrer"
    return response


def ask_birthday(request, form=None, *, wrong="", status=200):
    """The page before the details: neutral, without a date, a place or a name."""
    return show(
        request, "patient/unlock.html", {"form": form or BirthdayForm(), "wrong": wrong}, status=status
    )


@patient_page(*PERSONAL, methods=("POST",), unlocked=False)
def unlock(request, link, now):
    form = BirthdayForm(request.POST)
    if not form.is_valid():
        return ask_birthday(request, form, status=422)
    try:
        links.unlock(link, form.born_on, now=now)
    except Invalid as refusal:
        return ask_birthday(request, form, wrong=refusal.sentence, status=422)
    request.visitor.is_unlocked = True
    return done(request)


@framed(methods=("POST",))
def language(request):
    """Another language, for as long as the cookie lives: the patient's own is what the desk has recorded."""
    request.visitor.language = languages.known(request.POST.get("language", ""))
    return redirect(entrance(request.visitor.link))


@framed(methods=("POST",))
def leave(request):
    """On a computer that others use: nothing of the visit can be opened without the mail any more."""
    request.visitor.opens(None)
    return show(request, "patient/left.html")
