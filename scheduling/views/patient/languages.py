"""Which language a patient's page is in: the one chosen on the page, else the patient's own, else the browser's."""

from django.utils import translation

from scheduling.services import links
from scheduling.templatetags import words

USUAL = "en"


def known(code):
    """The code as Django writes it, or nothing when there are no pages in this language."""
    return code.lower() if code.lower() in {each.lower() for each, _ in words.languages()} else ""


def of(request):
    """The language of this request."""
    visitor = request.visitor
    chosen = known(visitor.language)
    if chosen:
        return chosen
    if visitor.link:
        return known(links.patient_of(visitor.link).language) or USUAL
    return known(translation.get_language_from_request(request)) or USUAL


def choices(present):
    """Every language by its own name, which is how somebody finds it who does not read the present one."""
    return [
        {
            "code": code,
            "name": name,
            "direction": words.direction(code),
            "is_present": code.lower() == present,
        }
        for code, name in words.languages()
    ]
