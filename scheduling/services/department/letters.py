"""The department's own words in its letters, from a day on; what is sent or printed from then on has them."""

from scheduling import letter_texts
from scheduling.models import ChangeSubject, Language, LetterKind, LetterText
from scheduling.services.department import changes
from scheduling.telling import telling_words
from vqflow import policy
from vqflow.errors import Invalid

FIELDS = ("subject", "opening", "closing")
PLACES = ", ".join(f"{{{each}}}" for each in letter_texts.PLACES)


def languages(kind):
    """In which languages there are letters of a kind."""
    return list(Language)


def row_of(site, kind, language):
    """The row of a kind and language; a new one, not saved, where the department has the usual words."""
    found = LetterText.objects.filter(site=site, kind=kind, language=language).first()
    return found or LetterText(site=site, kind=kind, language=language)


def preview(site, kind, language, *, starts_on, now, **texts):
    """The differences; Invalid as change() raises it."""
    row = row_of(site, kind, language)
    _check(kind, language, texts)
    return changes.check(site, [(row, texts)], starts_on=starts_on, now=now)


def change(site, kind, language, *, starts_on, by, now, **texts):
    """From `starts_on` on letters have these words: subject, opening, closing; an empty one brings the usual back.

    Raises Invalid for braces that nothing stands for, and for mail that gives away what is examined.
    """
    policy.permit(by, changes.ACTION)
    _check(kind, language, texts)
    row, _ = LetterText.objects.get_or_create(site=site, kind=kind, language=language)
    return changes.plan(
        site, ChangeSubject.LETTER, row.pk, [(row, texts)], starts_on=starts_on, by=by, now=now
    )


def _check(kind, language, texts):
    if language not in languages(kind):
        _refuse("language", "There are no letters of this kind in this language yet. Choose another.")
    for name, text in texts.items():
        unknown = letter_texts.unknown_places(text)
        if unknown:
            _refuse(name, f"Nothing stands for {{{unknown[0]}}}. Use {PLACES}, or leave the braces out.")
        telling = [] if kind == LetterKind.LETTER else telling_words(text, language)
        if telling:
            _refuse(
                name,
                f"Anyone may see a mail: “{telling[0]}” gives away what is examined. Say it without that word.",
            )
    if "{first_name}" in texts.get("subject", ""):
        _refuse("subject", "Anyone may see a subject: leave {first_name} out of it.")
    if "\n" in texts.get("subject", ""):
        _refuse("subject", "Write the subject in one line.")


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
