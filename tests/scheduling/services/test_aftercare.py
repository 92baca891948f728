"""The aftercare sheet: what it says to whom, that a child can read it, and who gets it by mail."""

import re
from datetime import date, timedelta

import pytest

from scheduling import letters, paper
from scheduling.models import Appointment, Language, Message, MessageKind, PatientClass
from scheduling.paper import aftercare as sheet
from scheduling.paper import texts
from scheduling.services import aftercare
from scheduling.services.messages import send_due
from tests import department
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WOMAN = {"sex": "female", "born_on": date(1990, 5, 17)}


def scanned(site, *, breastfeeding="no", patient=None, **fields):
    answers = {**department.SAFE_ANSWERS, "breastfeeding": breastfeeding}
    answers = {key: value for key, value in answers.items() if value}
    who = department.patient(site, **(patient or WOMAN))
    done = department.performed(site, of=who, answers=answers, **fields)
    return Appointment.objects.get(procedure__order=done)


def ended(appointment):
    return max(step.performed_end_at for step in appointment.steps.all())


def words(data):
    """Everything that the sheet says, as sentences."""
    lines = [line for section in data["sections"] for line in section["lines"]]
    emergency = data["emergency"]
    return [*lines, f"{emergency['text']} {'; '.join(emergency['signs'])}.", data["call"]]


def milk(data):
    return [line for section in data["sections"] if section.get("strong") for line in section["lines"]]


def test_a_mother_is_told_the_hour_from_the_last_tracer(site):
    done = scanned(site, breastfeeding="yes")
    injected = done.steps.get(kind="perfusion").performed_start_at
    told = milk(aftercare.data(done, now=ended(done)))
    until = (injected + 24 * HOUR).astimezone(department.ZONE)
    assert (
        told[0] == f"Do not breastfeed for 24 hours: until {until:%A} {until.day} March 2027, {until:%H:%M}."
    )
    assert "can have it from Wednesday 10 March 2027" in told[2]


def test_the_sites_policy_sets_the_hours(site):
    site.breastfeeding_policy = "icrp106"
    site.save(update_fields=["breastfeeding_policy"])
    done = scanned(site, breastfeeding="yes")
    injected = done.steps.get(kind="perfusion").performed_start_at
    until = (injected + 12 * HOUR).astimezone(department.ZONE)
    assert f"{until:%H:%M}." in milk(aftercare.data(done, now=ended(done)))[0]


def test_who_does_not_breastfeed_reads_nothing_of_it(site):
    assert milk(aftercare.data(scanned(site), now=department.NOW)) == []
    man = scanned(site, breastfeeding="", patient={"sex": "male"})
    assert milk(aftercare.data(man, now=department.NOW)) == []


def test_who_was_not_asked_is_told_in_case(site):
    told = milk(aftercare.data(scanned(site, breastfeeding="unknown"), now=department.NOW))
    assert told[0] == "Did nobody ask you if you breastfeed? Then read this."
    assert told[1].startswith("Do not breastfeed for 24 hours: until ")
    old = scanned(site, breastfeeding="unknown", patient={"sex": "female", "born_on": date(1950, 1, 1)})
    assert milk(aftercare.data(old, now=department.NOW)) == []


def test_what_a_minor_has_said_in_private_stands_on_paper_and_not_behind_a_link(site):
    girl = {"sex": "female", "born_on": date(2011, 1, 1), "guardian_email": "parent@mail.example"}
    by_answer = {}
    for answer in ("yes", "no", "unknown"):
        done = scanned(site, breastfeeding=answer, patient=girl)
        for_hand, for_link = aftercare.data(done, now=ended(done)), sheet.data(done, now=ended(done))
        by_answer[answer] = (milk(for_hand)[:1], milk(for_link)[:1])
        assert len(milk(for_link)) == 4
    asked = ["Did nobody ask you if you breastfeed? Then read this."]
    assert by_answer["yes"][0][0].startswith("Do not breastfeed for 24 hours: until ")
    assert by_answer["no"][0] == []
    assert {told for _, [told] in by_answer.values()} == set(asked)


def syllables(word):
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", word.lower()))))


def test_a_child_of_twelve_can_read_it(site):
    """Flesch-Kincaid grade 6 is what a child of eleven to twelve reads."""
    data = aftercare.data(scanned(site, breastfeeding="yes"), now=department.NOW)
    text = " ".join(words(data))
    sentences = [each for each in re.split(r"[.!?:;]\s", text) if each.strip()]
    found = re.findall(r"[A-Za-z]+", text)
    grade = 0.39 * len(found) / len(sentences) + 11.8 * sum(map(syllables, found)) / len(found) - 15.59
    assert grade < 6


def test_a_language_without_words_falls_back_to_english():
    assert texts.aftercare("xx") == texts.aftercare("en") == texts.AFTERCARE


def test_the_pdf_is_made_and_recorded(site, technologist):
    done = scanned(site, breastfeeding="yes")
    made = aftercare.pdf(done, by=technologist, now=ended(done))
    assert made.startswith(b"%PDF-")
    assert b"pdfuaid" in made
    assert AuditEvent.objects.get(action="aftercare.printed").subject_id == str(done.pk)


def test_there_is_no_sheet_before_the_end(site, technologist):
    booked = department.booked(site)
    with pytest.raises(Conflict, match="has not ended"):
        aftercare.pdf(booked, by=technologist, now=department.NOW)
    assert "has not ended" in aftercare.why_not_send(booked)


def test_a_scheduler_does_not_print_it(site):
    with pytest.raises(NotAllowed):
        aftercare.pdf(scanned(site), by=department.scheduler(site), now=department.NOW)


def test_inpatients_get_the_sheet_on_paper(site):
    assert aftercare.why_not_send(scanned(site)) is None
    ward = scanned(site, patient_class=PatientClass.INPATIENT)
    assert aftercare.why_not_send(ward) == "Inpatients get no mail. Print the sheet for the ward."


def test_who_has_not_agreed_to_details_gets_a_link_and_no_sheet(site, technologist, mailoutbox):
    done = scanned(site, breastfeeding="yes")
    aftercare.send(done, by=technologist, now=ended(done))
    send_due(now=ended(done))
    [mail] = [each for each in mailoutbox if each.subject.startswith("After")]
    assert mail.attachments == []
    assert "http://127.0.0.1:8000/a/" in mail.body
    assert letters.telling_words(mail.body.partition("http")[0]) == []


@pytest.fixture
def agreed(site):
    return scanned(site, patient={**WOMAN, "detailed_email_consent": True}, breastfeeding="yes")


def test_the_mail_says_nothing_and_has_the_sheet_beside_it(agreed, technologist, mailoutbox):
    now = ended(agreed)
    row = aftercare.send(agreed, by=technologist, now=now)
    assert (row.kind, row.state, row.not_after) == ("aftercare", "pending", now + 48 * HOUR)
    send_due(now=now)
    [mail] = [each for each in mailoutbox if each.subject.startswith("After")]
    assert mail.subject == "After your visit to Riverside Clinic"
    assert letters.telling_words(mail.body) == []
    assert [part.get_filename() for part in mail.attachments] == ["afterwards.pdf"]
    assert mail.attachments[0].get_payload(decode=True).startswith(b"%PDF-")


def test_a_second_sheet_waits_for_the_first(agreed, technologist):
    aftercare.send(agreed, by=technologist, now=ended(agreed))
    with pytest.raises(Conflict, match="on its way already"):
        aftercare.send(agreed, by=technologist, now=ended(agreed))
    assert Message.objects.filter(kind=MessageKind.AFTERCARE).count() == 1


def test_who_no_longer_agrees_gets_the_link_alone(agreed, technologist, mailoutbox):
    aftercare.send(agreed, by=technologist, now=ended(agreed))
    patient = agreed.procedure.order.patient
    patient.detailed_email_consent = False
    patient.save(update_fields=["detailed_email_consent"])
    send_due(now=ended(agreed))
    assert [each.attachments for each in mailoutbox if each.subject.startswith("After")] == [[]]


def test_a_name_that_no_font_has_is_told_at_once(site, technologist):
    done = scanned(site, patient={**WOMAN, "given_name": "\U000f1234", "detailed_email_consent": True})
    with pytest.raises(paper.CannotPrint):
        aftercare.send(done, by=technologist, now=ended(done))
    assert not Message.objects.filter(kind=MessageKind.AFTERCARE).exists()


@pytest.mark.parametrize("language", Language.values)
def test_the_sheet_is_printed_in_every_language(site, technologist, language):
    done = scanned(site, breastfeeding="yes", patient={**WOMAN, "language": language})
    data = aftercare.data(done, now=ended(done))
    assert data["direction"] == ("rtl" if language == "ar" else "ltr")
    assert (data["title"] == "After your scan") == (language == "en")
    assert aftercare.pdf(done, by=technologist, now=ended(done)).startswith(b"%PDF-")
