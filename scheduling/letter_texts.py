"""A department's own words in its letters: what may stand in them, and how they are filled in. Reads only."""

import re
from dataclasses import dataclass

from scheduling.models import LetterText

PLACES = ("first_name", "clinic", "place", "phone")
"""What a text may name in braces: {first_name}."""
_KEPT = "own_letter_texts"
PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Own:
    """The department's own subject, first and last paragraph; empty where it keeps the usual words."""

    subject: str = ""
    opening: str = ""
    closing: str = ""


def own(site, kind, language="en"):
    """The Own words of a site for a kind of letter in a language. One query, kept with this very `site` object."""
    if _KEPT not in site.__dict__:
        rows = LetterText.objects.filter(site=site)
        kept = {(row.kind, row.language): Own(row.subject, row.opening, row.closing) for row in rows}
        setattr(site, _KEPT, kept)
    return getattr(site, _KEPT).get((kind, language), Own())


def filled(texts, *, site, first_name):
    """The words with a patient's and the site's own facts in place of what stands in braces."""
    facts = {"first_name": first_name, "clinic": site.name, "place": site.place, "phone": site.phone}

    def fill(text):
        return PLACE.sub(lambda found: facts.get(found[1], found[0]), text)

    return Own(*(fill(text) for text in (texts.subject, texts.opening, texts.closing)))


def unknown_places(text):
    """What stands in braces and is none of PLACES."""
    return [each for each in PLACE.findall(text) if each not in PLACES]
