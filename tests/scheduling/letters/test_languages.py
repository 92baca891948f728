"""Every mail in every language: complete, neutral, in the right direction."""

import re
from datetime import timedelta

import pytest

from scheduling import letters
from scheduling.models import Language, MessageKind, Offer
from scheduling.services.waitlist import entries, filling
from scheduling.telling import telling_words
from scheduling.templatetags import words
from tests import department
from tests.department import NOW, TODAY
from tests.scheduling.letters.written import LINK, calendars, html_of, mail, seen
from vqflow import catalogues

pytestmark = pytest.mark.django_db
LANGUAGES = Language.values
ABOUT_A_VISIT = [kind for kind in MessageKind if kind not in (MessageKind.OFFER, *letters.TO_REFERRER)]
REMINDERS = (MessageKind.REMINDER, MessageKind.XRAY_REMINDER)
# Full sentences without places for values: none of them may be left in another language.
ENGLISH = [
    msgid
    for _, msgid in catalogues.sentences()
    if isinstance(msgid, str) and "%" not in msgid and msgid.count(" ") > 2
]


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def mia(site):
    return department.patient(site, given_name="Mia", email="mia@mail.example")


@pytest.fixture
def appointment(site, mia):
    return department.booked(site, of=mia, first_day=TODAY + timedelta(days=7))


def speaking(appointment, language, **consent):
    patient = appointment.procedure.order.patient
    patient.language = language
    for name, value in consent.items():
        setattr(patient, name, value)
    return appointment


def own_script(text):
    """What stands in Latin letters, without names, links and what stands in the letters' frame."""
    plain = LINK.sub("", text)
    for name in ("Riverside Clinic", "Entrance B, level 2", "Mia"):
        plain = plain.replace(name, "")
    return re.findall(r"[A-Za-z]{3,}", plain)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_mail_gives_away_what_it_is_about(appointment, language):
    for kind in ABOUT_A_VISIT:
        composed = mail(speaking(appointment, language), kind)
        assert telling_words(seen(composed).replace("mia@mail.example", ""), language) == [], kind


def said_by(site, field, word):
    """The mail's place for `field` says the word: how the scan would meet it."""
    if field == "sender":
        return {"DEFAULT_FROM_EMAIL": f"{word}@clinic.example"}
    if field == "path":
        return {"PUBLIC_URL": f"https://clinic.example/{word}"}
    if field in ("name", "place"):
        setattr(site, field, f"{word} clinic")
    else:
        site.letter_texts.create(kind="reminder", language="de", **{field: word})
    return {}


@pytest.mark.parametrize("field", ["sender", "path", "name", "place", "subject", "opening", "closing"])
@pytest.mark.parametrize("word", ["lung", "X-ray", "Schwangerschaft"])
def test_the_scan_finds_a_word_wherever_a_mail_says_it(site, appointment, settings, field, word):
    """The negative control: what these tests look through holds every place where a word could stand."""
    appointment.procedure.order.site = appointment.site = site
    for name, value in said_by(site, field, word).items():
        setattr(settings, name, value)
    composed = mail(speaking(appointment, "de"), MessageKind.REMINDER)
    assert telling_words(word, "de")[0] in telling_words(seen(composed), "de")


@pytest.mark.parametrize("field", ["name", "place"])
def test_the_scan_looks_into_the_calendar_file(site, appointment, field):
    appointment.procedure.order.site = appointment.site = site
    said_by(site, field, "lung")
    [calendar] = calendars(mail(speaking(appointment, "de"), MessageKind.REMINDER))
    assert telling_words(calendar, "de") != []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_wholly_in_the_patients_language(appointment, language):
    for kind in ABOUT_A_VISIT:
        composed = mail(speaking(appointment, language), kind)
        said = f"{composed.subject}\n{composed.body}"
        if language in ("ar", "zh-Hans"):
            assert own_script(said) == [], kind
        if language != "en":
            assert [each for each in ENGLISH if each in said] == [], kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_and_page_name_the_language_and_its_direction(appointment, language):
    composed = mail(speaking(appointment, language), MessageKind.CONFIRMATION)
    direction = "rtl" if language == "ar" else "ltr"
    assert composed.extra_headers["Content-Language"] == language
    assert f'<html lang="{language}" dir="{direction}">' in html_of(composed)
    assert f'<main lang="{language}" dir="{direction}"' in html_of(composed)


def test_days_are_written_as_each_language_writes_them(appointment):
    days = {
        "en": "Monday 15 March 2027, 07:00",
        "es": "lunes, 15 de marzo de 2027, 07:00 h",
        "de": "Montag, 15. März 2027, 07:00 Uhr",
        "fr": "lundi 15 mars 2027 à 07:00",
        "ar": "الاثنين، 15 مارس 2027، الساعة 07:00",
        "zh-Hans": "2027年3月15日星期一 07:00",
    }
    for language, day in days.items():
        assert day in mail(speaking(appointment, language), MessageKind.REMINDER).body


def test_the_clerks_language_does_not_matter(appointment):
    with words.in_language("de"):
        assert "Your appointment" in mail(speaking(appointment, "en"), MessageKind.CONFIRMATION).subject


def test_an_offer_is_neutral_in_every_language(site, mia):
    by = department.scheduler(site)
    wishes = entries.Wishes(TODAY + timedelta(days=7), TODAY + timedelta(days=9))
    entries.join(department.order(site, of=mia, by=by), wishes=wishes, by=by, now=NOW)
    filling.fill(now=NOW)
    offer = Offer.objects.select_related("entry__order__patient", "entry__order__site").get()
    for language in LANGUAGES:
        offer.entry.order.patient.language = language
        composed = mail(None, MessageKind.OFFER, offer=offer)
        assert telling_words(seen(composed).replace("mia@mail.example", ""), language) == []
        assert len(LINK.findall(composed.body)) == 1
        if language in ("ar", "zh-Hans"):
            assert own_script(composed.body) == []


@pytest.mark.parametrize("kind", letters.TO_REFERRER)
def test_a_referrer_learns_that_there_is_something_to_see_and_not_about_whom(appointment, kind):
    composed = mail(appointment, kind, recipient="referrer")
    patient = appointment.procedure.order.patient
    # Whoever looks over a shoulder may read any of the languages.
    assert [telling_words(seen(composed), language) for language in LANGUAGES] == [[]] * len(LANGUAGES)
    for secret in (patient.family_name, patient.given_name, patient.mrn):
        assert secret not in composed.subject + composed.body + html_of(composed)
    assert composed.attachments == []
    assert "http://127.0.0.1:8000" in composed.body


def test_reminders_can_be_stopped_with_one_press_and_nothing_else_can(appointment):
    for kind in ABOUT_A_VISIT:
        headers = mail(appointment, kind).extra_headers
        if kind in REMINDERS:
            assert re.fullmatch(f"<{LINK.pattern}>", headers["List-Unsubscribe"])
            assert "/a/stop/" in headers["List-Unsubscribe"]
            assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        else:
            assert not [name for name in headers if name.startswith("List-")]


def test_each_attempt_of_a_mail_is_the_same_to_the_letter(appointment):
    mail(appointment, MessageKind.REMINDER)
    message = appointment.messages.get(dedupe_key__startswith="test-")
    one, other = (letters.compose(message, now=NOW) for _ in range(2))
    assert (one.extra_headers, one.body, html_of(one)) == (other.extra_headers, other.body, html_of(other))


def test_own_words_are_those_of_the_patients_language(site, appointment):
    site.letter_texts.create(kind="reminder", language="de", opening="Willkommen, {first_name}.")
    assert "Willkommen, Mia." in mail(speaking(appointment, "de"), MessageKind.REMINDER).body
    assert "Willkommen" not in mail(speaking(appointment, "fr"), MessageKind.REMINDER).body
