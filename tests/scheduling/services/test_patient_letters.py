"""The appointment letter: what it says, who may have it, and that a mail gives nothing away."""

from datetime import date, timedelta

import pytest

from scheduling import letters, paper
from scheduling.models import Language, LetterKind, LetterText, Message, MessageKind, PatientClass
from scheduling.paper import letter, texts
from scheduling.services import booking, patient_letters
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(site):
    return department.scheduler(site)


@pytest.fixture
def appointment(site, by):
    return department.booked(site, by=by)


def words_of(data):
    """Everything that the letter says, as one text."""
    visits = " ".join(value for visit in data["visits"] for value in visit.values())
    steps = " ".join(word for step in data["steps"] for word in step)
    own = " ".join(value for value in data.values() if isinstance(value, str))
    return f"{own} {visits} {steps}"


def test_the_letter_says_when_where_and_what(appointment):
    data = patient_letters.data(appointment, now=NOW)
    [visit] = data["visits"]
    assert (visit["name"], visit["day"]) == ("Your visit", "Monday 8 March 2027")
    assert data["place"] == "Entrance B, level 2"
    assert [name for name, _ in data["steps"]] == ["Chest X-ray", "Lung scan"]
    assert data["number"] == appointment.procedure.order.patient.mrn


def test_a_letter_speaks_of_pregnancy_to_who_reads_it_alone_and_may_be_pregnant(site, by):
    woman = {"sex": "female", "born_on": date(1990, 5, 17)}

    def speaks(**of):
        booked = department.booked(site, by=by, of=department.patient(site, **of))
        return "pregnant" in patient_letters.data(booked, now=NOW)["call"]

    assert speaks(**woman)
    assert not speaks(**woman, guardian_name="Eva Moreno")
    assert not speaks(sex="female", born_on=date(2011, 5, 17))
    assert not speaks()


def test_the_neutral_letter_names_nothing_that_is_examined(appointment):
    data = patient_letters.data(appointment, now=NOW, detailed=False)
    assert letters.telling_words(words_of(data)) == []
    patient = appointment.procedure.order.patient
    assert patient.family_name not in words_of(data)
    assert patient.mrn not in words_of(data)
    assert letters.telling_words(words_of(patient_letters.data(appointment, now=NOW))) != []


def test_the_department_s_own_words_stand_in_place_of_the_usual_on_paper_only(site, appointment):
    LetterText.objects.create(
        site=site,
        kind=LetterKind.LETTER,
        language="en",
        opening="Your lung scan at {clinic}.",
        closing="Your team",
    )
    on_paper = patient_letters.data(appointment, now=NOW)
    assert (on_paper["opening"], on_paper["closing"]) == ("Your lung scan at Riverside Clinic.", "Your team")
    assert "lung" not in patient_letters.data(appointment, now=NOW, detailed=False)["opening"]


def test_a_language_without_words_falls_back_to_english():
    assert texts.of("xx") == texts.of("en") == texts.LETTER


def test_the_pdf_is_made_and_recorded(appointment, by):
    made = patient_letters.pdf(appointment, by=by, now=NOW)
    assert made.startswith(b"%PDF-")
    assert b"pdfuaid" in made
    event = AuditEvent.objects.get(action="letter.printed")
    assert event.subject_id == str(appointment.pk)


@pytest.mark.parametrize(
    "name", ["Zoë Ångström", "Ελένη", "Жуковский", "محمد", "渡邉 喆", "김민수", "हिन्दी", "אברהמי"]
)
def test_names_of_many_scripts_are_printed(appointment, by, name):
    patient = appointment.procedure.order.patient
    patient.family_name = name
    assert patient_letters.pdf(appointment, by=by, now=NOW).startswith(b"%PDF-")


def test_a_name_is_text_whatever_it_says(appointment):
    data = letter.data(appointment, letters.visits(appointment), now=NOW) | {
        "name": '#panic("x") *b* #read("/etc/passwd")'
    }
    assert paper.pdf(letter.LETTER, data).startswith(b"%PDF-")


def test_a_character_that_no_font_has_is_said_and_nothing_is_sent(appointment, by):
    patient = appointment.procedure.order.patient
    patient.given_name = "\U000f1234"
    patient.save(update_fields=["given_name"])
    with pytest.raises(paper.CannotPrint, match="cannot be put on paper"):
        patient_letters.pdf(appointment, by=by, now=NOW)
    with pytest.raises(paper.CannotPrint):
        patient_letters.send(appointment, by=by, now=NOW)
    assert not Message.objects.filter(kind=MessageKind.LETTER_COPY).exists()


def test_sending_writes_one_row_and_a_second_one_has_to_wait(appointment, by):
    row = patient_letters.send(appointment, by=by, now=NOW)
    assert (row.kind, row.state, row.revision) == ("letter_copy", "pending", 1)
    with pytest.raises(Conflict, match="on its way already"):
        patient_letters.send(appointment, by=by, now=NOW)
    Message.objects.filter(pk=row.pk).update(state="sent", sent_at=NOW)
    again = patient_letters.send(appointment, by=by, now=NOW)
    assert again.dedupe_key != row.dedupe_key


def test_the_mail_carries_the_neutral_letter_and_says_nothing_itself(appointment, by):
    row = patient_letters.send(appointment, by=by, now=NOW)
    mail = letters.compose(Message.objects.get(pk=row.pk), now=NOW)
    assert letters.telling_words(mail.subject + mail.body) == []
    [pdf] = [part for part in mail.attachments if part.get_content_type() == "application/pdf"]
    assert pdf.get_filename() == "appointment.pdf"
    assert pdf.get_payload(decode=True).startswith(b"%PDF-")


def test_a_moved_appointment_s_letter_is_not_sent_any_more(appointment, by):
    row = patient_letters.send(appointment, by=by, now=NOW)
    later = {kind: at + timedelta(days=1) for kind, at in _starts(appointment).items()}
    booking.move(appointment, starts=later, by=by, now=NOW)
    row.refresh_from_db()
    assert row.state == "cancelled"


def _starts(appointment):
    return {step.kind: step.planned_start_at for step in appointment.steps.all()}


def test_who_gets_no_mail_gets_no_letter_by_mail(site, by, appointment):
    silent = department.booked(site, by=by, of=department.patient(site, email_consent=False))
    ward = department.booked(site, by=by, patient_class=PatientClass.INPATIENT, ward="4 B")
    for each, words in ((silent, "not agreed to e-mail"), (ward, "Inpatients get no mail")):
        with pytest.raises(Conflict, match=words):
            patient_letters.send(each, by=by, now=NOW)
    with pytest.raises(NotAllowed):
        patient_letters.send(appointment, by=department.technologist(site), now=NOW)
    assert not Message.objects.filter(kind=MessageKind.LETTER_COPY).exists()


def test_a_cancelled_appointment_s_letter_says_not_to_come(appointment, by):
    booking.cancel(appointment, reason="Better", by=by, now=NOW)
    appointment.refresh_from_db()
    data = patient_letters.data(appointment, now=NOW)
    assert data["visits"] == []
    assert data["ended"] == "This appointment is cancelled. Please do not come."
    with pytest.raises(Conflict, match="no letter is sent any more"):
        patient_letters.send(appointment, by=by, now=NOW)


@pytest.mark.parametrize("language", Language.values)
def test_the_letter_is_printed_in_every_language(appointment, by, language):
    appointment.procedure.order.patient.language = language
    data = patient_letters.data(appointment, now=NOW)
    assert data["direction"] == ("rtl" if language == "ar" else "ltr")
    assert (data["title"] == "Your appointment") == (language == "en")
    assert patient_letters.pdf(appointment, by=by, now=NOW).startswith(b"%PDF-")


@pytest.mark.parametrize("language", Language.values)
def test_the_neutral_letter_is_neutral_in_every_language(appointment, language):
    appointment.procedure.order.patient.language = language
    data = patient_letters.data(appointment, now=NOW, detailed=False)
    assert letters.telling_words(words_of(data), language) == []
