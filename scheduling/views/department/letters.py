"""The department's own words in its letters, shown as an invented patient would get them."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import department_history, department_words, letter_texts, letters
from scheduling.forms.department.letters import LetterForm
from scheduling.models import ChangeSubject, Language, LetterKind, LetterText
from scheduling.paper import texts as paper_texts
from scheduling.services.department import days
from scheduling.services.department import letters as texts
from scheduling.views.department import frame
from vqflow.pages import page


@page("department.view")
def listing(request):
    """Every kind of letter and language, and which of them have words of the department's own."""
    context = frame.about(request)
    own = {(row.kind, row.language): row for row in LetterText.objects.filter(site=context["site"])}
    context["rows"] = [
        (
            kind,
            [(language, _words(own.get((kind, language)))) for language in texts.languages(kind)],
        )
        for kind in LetterKind
    ]
    context["planned"] = frame.planned(context)
    return render(request, "department/letters.html", context)


def _words(row):
    has_own = row is not None and any(getattr(row, name) for name in texts.FIELDS)
    return "own words" if has_own else "usual words"


@page("department.view")
def letter(request):
    """One letter (?kind=moved&language=en) as it is sent today, what is going to change, and its history."""
    kind, language = _asked(request)
    context = frame.about(request, kind=kind, lang=language)
    row = texts.row_of(context["site"], kind, language)
    own = letter_texts.Own(row.subject, row.opening, row.closing)
    context |= {
        "shown": _shown(context["site"], kind, language, own, context["today"]),
        "row": row,
        "planned": frame.planned(context, ChangeSubject.LETTER, row.pk or 0),
        "history": department_history.of_values((LetterText, [row.pk])) if row.pk else [],
    }
    return render(request, "department/letter.html", context)


@page("department.manage", methods=frame.BOTH)
def change(request):
    kind, language = _asked(request)
    after = f"{reverse('scheduling:department-letter')}?kind={kind.value}&language={language.value}"
    context, now = frame.about(request, kind=kind, lang=language, back=after), timezone.now()
    site = context["site"]
    form = LetterForm(
        frame.data_of(request), row=texts.row_of(site, kind, language), starts_on=days.tomorrow(site, now)
    )

    def values():
        return {**form.values(), "starts_on": form.cleaned_data["starts_on"], "now": now}

    def preview():
        lines = department_words.lines(texts.preview(site, kind, language, **values()))
        return frame.Preview(
            lines=lines,
            text=_shown(site, kind, language, letter_texts.Own(**form.values()), context["today"]),
        )

    def save():
        texts.change(site, kind, language, **values(), by=request.user)

    def said():
        return f"Saved. {frame.from_day(form.cleaned_data['starts_on'], context['today'])}"

    template = "department/letter_change.html"
    return frame.two_steps(
        request, form, template, context, preview=preview, save=save, said=said, after=after
    )


def _asked(request):
    """The letter that the address names; the confirmation in English where it names none that there is."""
    kind, language = request.GET.get("kind", ""), request.GET.get("language", "")
    if kind not in LetterKind.values or language not in texts.languages(kind):
        return LetterKind.CONFIRMATION, Language.EN
    return LetterKind(kind), Language(language)


def _shown(site, kind, language, own, today):
    """The mail, or the paragraphs of the paper letter, as an invented patient gets them."""
    zone = ZoneInfo(site.time_zone)
    begins = datetime.combine(today + timedelta(days=3), time(9), zone)
    visit = letters.Visit(begins, begins + timedelta(hours=2, minutes=30))
    if kind == LetterKind.LETTER:
        own, usual = (
            letter_texts.filled(own, site=site, first_name=letters.INVENTED),
            paper_texts.of(language),
        )
        opening = own.opening or usual["opening"] % {"clinic": site.name}
        return f"{own.subject or usual['title']}\n\n{opening}\n\n…\n\n{own.closing or usual['closing']}"
    subject, text = letters.shown(site, kind, own, visits=[visit], language=language)
    return f"{subject}\n\n{text}"
