"""Who is warned of whom: names that are alike on one day, on the list, at the check-in and on paper."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import day_sheets, namesakes, worklist
from scheduling.models import Appointment, Patient
from tests import department
from tests.callers import Clock
from tests.department import NOW, TODAY

ALERT = "Name alert: another MORENO, P… is on the list of this day. Compare date of birth and record number."


def called(*names):
    """Patients that nobody keeps: "Moreno, Pat"."""
    split = [name.partition(", ") for name in names]
    return [
        Patient(pk=number, family_name=family, given_name=given)
        for number, (family, _, given) in enumerate(split)
    ]


@pytest.mark.parametrize(
    "others",
    [
        ["Moreno, Pat"],
        ["MORENO, Petra"],
        ["Moréno, Paul"],
        ["Mo-reno, Pia"],
        ["Moreno"],
        ["Holm, Bo", "Moreno, Pat"],
    ],
)
def test_alike_is_the_same_family_name_and_first_letter(others):
    assert namesakes.among(called("Moreno, Pat", *others))[0] == ALERT


@pytest.mark.parametrize("other", ["Moreno, Ada", "Morena, Pat", "Pat, Moreno", "Holm, Bo"])
def test_others_are_told_apart_without_a_warning(other):
    assert namesakes.among(called("Moreno, Pat", other)) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ødegård, Bo", "Odegard, Björn"), ("Weiß, Ute", "WEISS, Ulla"), ("王, 秀英", "王, 秀兰")],
)
def test_letters_of_all_scripts_are_compared(one, other):
    assert set(namesakes.among(called(one, other))) == {0, 1}


def test_how_many_others_there_are_is_said_and_nobody_is_his_own_namesake():
    [pat] = called("Moreno, Pat")
    assert namesakes.among([pat, pat]) == {}
    sentence = namesakes.among(called("Moreno, Pat", "Moreno, Paul", "Moreno, Pia"))[0]
    assert sentence.startswith("Name alert: 2 others named MORENO, P… are on the list of this day.")


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def two(site, settings, monkeypatch):
    """Two appointments of one day: Pat and Paula Moreno; the clock stands."""
    settings.REQUIRE_MFA_ROLES = []
    Clock(monkeypatch)
    return [
        department.booked(site, of=department.patient(site, family_name="Moreno", given_name=given, mrn=mrn))
        for given, mrn in (("Pat", "A1"), ("Paula", "A2"))
    ]


@pytest.fixture
def browser(site, two):
    client = Client()
    client.force_login(department.user("lead", site))
    return client


@pytest.mark.django_db
def test_the_list_and_the_pages_of_the_examination_warn(site, two, browser):
    answers = [
        browser.get(address).content.decode()
        for address in (
            f"{reverse('scheduling:worklist')}?day={TODAY.isoformat()}",
            reverse("scheduling:examination", args=[two[0].pk]),
            reverse("scheduling:check-in", args=[two[0].pk]),
        )
    ]
    for answer in answers:
        assert ALERT in answer
    rows = browser.get("/api/v1/worklist", {"day": TODAY.isoformat()}).json()["rows"]
    assert [row["name_alert"] for row in rows] == [ALERT, ALERT]
    prepared = browser.get("/api/v1/worklist/preparation", {"day": TODAY.isoformat()}).json()["rows"]
    assert all("Name alert" in each["needs"] for each in prepared)


@pytest.mark.django_db
def test_who_does_not_come_on_that_day_is_nobodys_namesake(site, two):
    one, other = two
    assert namesakes.of_visit(one) == ALERT
    Appointment.objects.filter(pk=other.pk).update(
        starts_at=other.starts_at + timedelta(days=1), ends_at=other.ends_at + timedelta(days=1)
    )
    assert namesakes.of_visit(one) == ""


@pytest.mark.django_db
def test_a_changed_name_takes_the_warning_off_the_other_row(site, two):
    caller = department.user("lead", site)
    assert [row.name_alert for row in worklist.day(site, TODAY, by=caller, now=NOW)] == [ALERT, ALERT]
    patient = two[1].procedure.order.patient
    patient.family_name = "Holm"
    patient.save(update_fields=["family_name"])
    assert [row.name_alert for row in worklist.day(site, TODAY, by=caller, now=NOW)] == ["", ""]


@pytest.mark.django_db
def test_paper_warns_too(site, two):
    for sheet in day_sheets.sheets(site, [TODAY], (day_sheets.DAY, day_sheets.ROOMS), now=NOW):
        cells = [
            cell for section in sheet.sections for row in section.rows for cell in row if "MORENO" in cell
        ]
        assert cells
        assert all(cell.endswith("Name alert") for cell in cells)
