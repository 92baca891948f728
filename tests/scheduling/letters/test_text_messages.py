"""Text messages in every language: short, neutral by the stricter list, with day, time and link."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling import letters, sms_texts
from scheduling.models import Language, Site
from scheduling.services.department.messages import PLANNED_KINDS, TO_REFERRERS
from scheduling.telling import telling_words
from scheduling.templatetags import words
from vqflow import sms

# Whatever a department's plan may send by text message.
KINDS = [kind for kind in PLANNED_KINDS if kind not in TO_REFERRERS]
STARTS_AT = datetime(2027, 3, 15, 14, 5, tzinfo=UTC)
LINK = f"https://clinic.example/a/{'x' * 43}"
SITE = Site(name="Riverside Clinic", phone="+1 212 555 0100", time_zone="America/New_York", country="US")


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_message_is_one_message_and_says_nothing(kind, language):
    visit = letters.Visit(STARTS_AT, STARTS_AT + timedelta(hours=2))
    with words.in_language(language):
        text = sms_texts.written(kind, SITE, [visit], language, link=LINK)
    assert sms.fits(text)
    assert telling_words(text.replace(LINK, ""), language, strictly=True) == []
    assert "15" in text
    assert "10:05" in text


def test_the_scan_of_text_messages_would_find_a_word():
    """The negative control, by both lists."""
    visit = letters.Visit(STARTS_AT, STARTS_AT + timedelta(hours=2))
    for name in ("Lung Clinic", "Blood Clinic"):
        site = Site(name=name, phone="1", time_zone=SITE.time_zone, country="US")
        text = sms_texts.written("reminder", site, [visit], "en", link=LINK)
        assert telling_words(text.replace(LINK, ""), "en", strictly=True) == [name.split()[0]]
