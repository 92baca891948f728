"""What a mail tells to who has agreed to it, and to nobody else."""

from datetime import timedelta

import pytest

from scheduling.letters import details
from scheduling.models import Language, MessageKind, Protocol
from scheduling.services import booking, vetting
from scheduling.telling import telling_words
from scheduling.templatetags import words
from tests import department
from tests.department import NOW, SAFE_ANSWERS, TODAY
from tests.scheduling.letters.written import calendars, html_of, mail

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def site():
    return department.site()


def agreed(site, *, key="V_THEN_Q", answers=SAFE_ANSWERS, **of):
    """An appointment, by this protocol, of a patient who has agreed to mail that names the examination."""
    patient = department.patient(site, given_name="Mia", detailed_email_consent=True, **of)
    order = department.order(site, of=patient, vetted=False, answers=answers)
    chosen, physician = Protocol.objects.get(site=site, key=key), department.attending(site)
    vetting.vet(order, protocol=chosen, reason="As asked", by=physician, now=NOW)
    best = department.proposal(order, first_day=NEXT_WEEK)
    return booking.book(order, starts=best.starts, by=department.scheduler(site), now=NOW)


def lines(appointment):
    return [line for section in details.sections(appointment, now=NOW) for line in section.lines]


def test_who_has_agreed_reads_what_happens_and_how_to_get_ready(site):
    site.own_advice = "Please do not smoke on the day."
    site.save(update_fields=["own_advice"])
    composed = mail(agreed(site), MessageKind.CONFIRMATION)
    for text in (composed.body, html_of(composed)):
        assert "Chest X-ray: Monday 15 March 2027, 07:00" in text
        assert "you breathe in a little of a weak radioactive gas or mist" in text
        assert "you get a small injection" in text
        assert "Eat, drink and take your medicines as usual." in text
        assert "Please do not smoke on the day." in text
        assert "call 112." in text


def test_the_subject_the_calendar_and_the_files_stay_neutral(site):
    appointment = agreed(site)
    for language in Language.values:
        appointment.procedure.order.patient.language = language
        composed = mail(appointment, MessageKind.REMINDER)
        assert telling_words(composed.body, language) != []
        names = [part.get_filename() for part in composed.attachments]
        neutral = "\n".join([composed.subject, composed.from_email, *names, *calendars(composed)])
        assert telling_words(neutral, language) == []


@pytest.mark.parametrize("kind", [MessageKind.CANCELLED, MessageKind.AFTERCARE, MessageKind.CALL_US])
def test_mails_that_prepare_for_nothing_stay_neutral(site, kind):
    composed = mail(agreed(site), kind)
    assert telling_words(composed.subject + composed.body.partition("http")[0]) == []
    assert "Get ready" not in composed.body


def test_a_protocol_of_one_part_does_not_speak_of_the_other(site):
    told = " ".join(lines(agreed(site, key="Q_ONLY")))
    assert "injection" in told
    assert "breathe in" not in told


def test_who_breastfeeds_is_told_before_the_visit_how_long_to_pause(site):
    answers = {**SAFE_ANSWERS, "breastfeeding": "yes"}
    mother = agreed(site, answers=answers, sex="female", born_on=TODAY.replace(year=1990))
    assert any("should not breastfeed for 24 hours" in line for line in lines(mother))
    assert not any("You have told us that you breastfeed" in line for line in lines(agreed(site)))


@pytest.mark.parametrize(
    "of",
    [{"born_on": TODAY.replace(year=2011)}, {"guardian_name": "Eva Moreno"}],
    ids=["a minor", "a guardian"],
)
def test_what_a_mother_has_said_in_private_is_in_no_mail_that_others_may_read(site, of):
    mother = {"sex": "female", "born_on": TODAY.replace(year=1990), **of}
    told = lines(agreed(site, answers={**SAFE_ANSWERS, "breastfeeding": "yes"}, **mother))
    assert told
    assert not any("breastfeed" in line for line in told)


def test_who_is_past_the_age_is_not_told_to_call_about_a_pregnancy(site):
    assert "You are pregnant, or might be." not in lines(
        agreed(site, sex="female", born_on=TODAY.replace(year=1950))
    )


def test_nobody_asks_a_child_or_a_guardian_by_mail_about_pregnancy(site):
    woman, girl = {"sex": "female", "born_on": TODAY.replace(year=1990)}, {"sex": "female"}
    asked = "You are pregnant, or might be."
    assert asked in lines(agreed(site, **woman))
    assert asked not in lines(agreed(site, **girl, born_on=TODAY.replace(year=2012)))
    assert asked not in lines(agreed(site, **woman, guardian_email="parent@mail.example"))
    assert asked not in lines(agreed(site))


@pytest.mark.parametrize("language", Language.values)
def test_every_line_is_in_the_language(site, language):
    appointment = agreed(site)
    english = lines(appointment)
    with words.in_language(language):
        other = lines(appointment)
    assert len(english) == len(other)
    assert all(one != two for one, two in zip(english, other, strict=True)) == (language != "en")
