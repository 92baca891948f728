"""Lists of a day: who stands on which, in which order, on the page and in the PDF."""

import shutil
import subprocess
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import day_sheets, paper
from scheduling.models import PatientClass, Shift
from scheduling.services import booking
from tests import department
from tests.callers import Clock
from tests.department import NOW, TODAY
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
KINDS = ("day", "rooms", "transport")


@pytest.fixture(autouse=True)
def _clock(settings, monkeypatch):
    settings.REQUIRE_MFA_ROLES = []
    Clock(monkeypatch)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def walking(site):
    patient = department.patient(site, family_name="Moreno", given_name="Ada", mrn="A1")
    return department.booked(site, of=patient)


@pytest.fixture
def in_bed(site):
    patient = department.patient(site, family_name="Ødegård", given_name="Bo", mrn="B2")
    fields = {"patient_class": PatientClass.INPATIENT, "ward": "Ward 4", "transport": "bed"}
    return department.booked(site, of=patient, **fields)


@pytest.fixture
def browser(site):
    client = Client()
    client.force_login(department.scheduler(site))
    return client


def cells(sheet):
    return [cell for section in sheet.sections for row in section.rows for cell in row]


def test_the_day_list_has_everybody_with_two_things_to_know_them_by(site, walking, in_bed):
    sheet = day_sheets.sheet("day", site, TODAY, now=NOW)
    [section] = sheet.sections
    assert [row[1] for row in section.rows] == [
        "MORENO, Ada\nborn 17 May 1960, A1",
        "ØDEGÅRD, Bo\nborn 17 May 1960, B2",
    ]
    assert section.rows[1][2] == "Inpatient\nWard 4"
    assert "Camera" in section.rows[0][4]
    assert sheet.patients == {each.procedure.order.patient_id for each in (walking, in_bed)}


def test_the_room_list_has_one_table_for_each_room_in_the_order_of_time(site, walking, in_bed):
    sheet = day_sheets.sheet("rooms", site, TODAY, now=NOW)
    names = [section.heading for section in sheet.sections]
    assert names == sorted(names)
    assert {"Bay 1", "X-ray 1"} <= set(names)
    for section in sheet.sections:
        assert [row[0] for row in section.rows] == sorted(row[0] for row in section.rows)
    bay = next(section for section in sheet.sections if section.heading.startswith("Bay"))
    assert bay.rows[0][2].startswith("Preparation for")


def test_the_transport_list_has_who_is_fetched_and_nobody_who_walks_in(site, walking, in_bed):
    sheet = day_sheets.sheet("transport", site, TODAY, now=NOW)
    rows = sheet.sections[0].rows
    assert {row[1].partition(",")[0] for row in rows} == {"ØDEGÅRD"}
    # The X-ray is an hour before the lungs at least: two ways.
    assert [row[2:4] for row in rows] == [["Bed", "Ward 4"]] * 2
    assert [row[4].split()[0] for row in rows] == ["X-ray", "Bay"]
    assert sheet.patients == {in_bed.procedure.order.patient_id}


def test_who_is_cancelled_stands_on_no_list(site, in_bed):
    booking.cancel(in_bed, reason="Went home", by=department.scheduler(site), now=NOW)
    for kind in KINDS:
        sheet = day_sheets.sheet(kind, site, TODAY, now=NOW)
        assert (sheet.sections, sheet.note) == ([], day_sheets.NOBODY[kind])


def test_the_next_working_day_is_the_next_on_which_somebody_is_booked(site):
    assert day_sheets.next_working_day(site, TODAY) == TODAY + timedelta(days=1)
    Shift.objects.filter(span__startswith__lt=NOW + timedelta(days=3)).delete()
    department.booked(site)
    assert day_sheets.next_working_day(site, TODAY) == TODAY + timedelta(days=3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_takes_the_same_queries_for_one_and_for_three(
    site, browser, kind, django_assert_num_queries, django_assert_max_num_queries
):
    department.booked(site, patient_class=PatientClass.INPATIENT, ward="W1")
    path = reverse(f"scheduling:sheet-{kind}")
    browser.get(path)
    with django_assert_max_num_queries(25) as one:
        browser.get(path)
    for _ in range(2):
        department.booked(site, patient_class=PatientClass.INPATIENT, ward="W1")
    with django_assert_num_queries(len(one)):
        browser.get(path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_and_the_pdf_are_shown_and_audited(site, browser, in_bed, kind):
    page = browser.get(reverse(f"scheduling:sheet-{kind}"), {"day": TODAY.isoformat()}).content.decode()
    assert "ØDEGÅRD, Bo" in page
    event = AuditEvent.objects.get(data__list=f"sheet.{kind}")
    assert event.patient_ids == [in_bed.procedure.order.patient_id]
    answer = browser.get(reverse(f"scheduling:sheet-{kind}-pdf"), {"day": TODAY.isoformat()})
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert "ØDEGÅRD" not in answer["Content-Disposition"]


def text_of(path):
    return subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not on this machine")
def test_a_sign_without_a_font_keeps_no_other_name_off_the_paper(site, browser, tmp_path):
    rare, other = "Ka\U000f1234ra\U000f1235", "王秀英"
    for number, name in (("M77", rare), ("M78", other)):
        department.booked(site, of=department.patient(site, family_name=name, mrn=number))
    answer = browser.get(reverse("scheduling:sheet-day-pdf"), {"day": TODAY.isoformat()})
    path = tmp_path / "list.pdf"
    path.write_bytes(answer.content)
    text = text_of(path)
    assert "KA?RA?" in text
    assert "M77" in text
    assert other in text
    assert paper.REPLACED in text


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not on this machine")
def test_the_pdf_says_what_the_page_says(site, walking, in_bed, tmp_path):
    sheets = day_sheets.sheets(site, [TODAY], now=NOW)
    path = tmp_path / "lists.pdf"
    path.write_bytes(paper.lists(day_sheets.pages(sheets)))
    text = text_of(path)
    for sheet in sheets:
        assert f"{sheet.title}, Monday 8 Mar 2027" in text
        for cell in cells(sheet):
            for word in cell.split():
                assert word in text


def test_no_day_and_a_strange_day_are_today(browser, walking):
    for day in ("", "yesterday", "9999-01-01"):
        page = browser.get(reverse("scheduling:sheet-day"), {"day": day}).content.decode()
        assert "Monday 8 Mar 2027" in page
