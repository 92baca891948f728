"""The pages of the numbers: who sees them, what they link to, what they audit, and what a spreadsheet gets."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from reporting.numbers import panels, sheets
from reporting.services import drafting, signing
from reporting.services.facts import keeping
from scheduling.models import Order
from tests import department
from tests.reporting.browser import html
from tests.reporting.conftest import LIKELY, NOW
from vqflow.models import AuditEvent

NUMBERS = "/numbers/"
DAYS = "period=own&first=2027-03-01&last=2027-03-31"


@pytest.fixture
def lead(site):
    return department.lead(site)


@pytest.fixture
def counted(order, site, attending):
    """One examination, reported and counted."""
    found = drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
    signing.sign(found, draft_version=2, by=attending, now=NOW)
    keeping.renew(site, now=NOW + timedelta(days=1))
    order.refresh_from_db()
    return order


def listed():
    return list(AuditEvent.objects.filter(action="list.viewed").values_list("data", "patient_ids"))


class TestTheDashboard:
    @pytest.mark.parametrize("section", panels.SECTIONS)
    def test_shows_every_panel_of_a_section_with_its_definition(self, section, counted, lead, page_of):
        answer = page_of(lead).get(f"{NUMBERS}?{DAYS}&section={section}")
        text = answer.content.decode()
        assert answer.status_code == 200
        for panel in panels.ALL:
            assert (f'id="{panel.key}"' in text) == (panel.section == section)
        assert text.count("What is counted") == sum(panel.section == section for panel in panels.ALL)

    def test_draws_what_it_counts_and_says_until_when_it_is_counted(self, counted, lead, page_of):
        text = page_of(lead).get(f"{NUMBERS}?{DAYS}").content.decode()
        assert '<svg class="chart"' in text
        assert "Counted from what was recorded until 9 Mar 2027" in text
        assert "style=" not in text

    def test_names_nobody(self, counted, lead, page_of):
        client = page_of(lead)
        for section in panels.SECTIONS:
            text = client.get(f"{NUMBERS}?{DAYS}&section={section}").content.decode()
            assert counted.patient.family_name not in text
            assert counted.accession_number not in text
        assert listed() == []

    def test_of_an_empty_department_says_that_nothing_is_there(self, lead, page_of):
        answer = page_of(lead).get(NUMBERS)
        assert b"Nothing is counted yet" in answer.content
        assert b"Nothing to count in these days" in answer.content

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("period=own&first=2027-03-31&last=2027-03-01", "The first day lies after the last"),
            ("period=own&first=2027-03-01", "Enter both days"),
            ("period=own&first=nonsense&last=2027-03-01", "Enter a valid date"),
            ("period=own&first=0001-01-01&last=2027-03-01", "There were no examinations then"),
            ("period=none", "Select a valid choice"),
            ("protocol=NONE", "Select a valid choice"),
            ("site=all&period=365", "at most 92 days at once"),
            ("site=hillside", "Select a valid choice"),
        ],
    )
    def test_says_what_is_wrong_with_a_choice_and_shows_the_usual_one(self, query, sentence, lead, page_of):
        answer = page_of(lead).get(f"{NUMBERS}?{query}")
        assert answer.status_code == 422
        assert sentence in answer.content.decode()

    def test_all_sites_together_are_the_leads(self, lead, attending, page_of):
        assert page_of(lead).get(f"{NUMBERS}?site=all").status_code == 200
        assert page_of(attending).get(f"{NUMBERS}?site=all").status_code == 422

    def test_a_reader_sees_it_and_others_do_not(self, attending, technologist, page_of):
        assert page_of(attending).get(NUMBERS).status_code == 200
        assert page_of(technologist).get(NUMBERS).status_code == 403

    @pytest.mark.parametrize("panel", panels.ALL, ids=lambda each: each.key)
    def test_every_panel_has_a_page_and_a_sheet_of_its_own(self, panel, counted, lead, page_of):
        client = page_of(lead)
        alone = client.get(f"{NUMBERS}{panel.key}/?{DAYS}")
        sheet = client.get(f"{NUMBERS}{panel.key}/csv/?{DAYS}")
        assert (alone.status_code, sheet.status_code) == (200, 200)
        assert escape(panel.definition) in html(alone)
        rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
        assert rows[0] == [panel.title]
        assert rows[1] == ["2027-03-01", "2027-03-31", "riverside"]

    def test_a_panel_that_is_not_there_is_not_found(self, lead, page_of):
        client = page_of(lead)
        for address in ("none/", "none/csv/", "none/cases/", "none/cases/csv/"):
            assert client.get(f"{NUMBERS}{address}").status_code == 404
        assert client.get(f"{NUMBERS}order-to-scan/csv/?period=none").status_code == 404


class TestTheCases:
    def test_of_a_figure_are_a_list_of_patients_and_audited(self, counted, lead, page_of):
        answer = page_of(lead).get(f"{NUMBERS}categories/cases/?{DAYS}&c-group=likely")
        text = answer.content.decode()
        assert counted.accession_number in text
        assert reverse("reporting:report", args=[counted.pk]) in text
        assert listed() == [
            ({"list": "numbers.categories", "picks": {"group": "likely"}}, [counted.patient_id])
        ]

    def test_of_another_figure_are_others(self, counted, lead, page_of):
        client = page_of(lead)
        assert b"No cases" in client.get(f"{NUMBERS}categories/cases/?{DAYS}&c-group=unclear").content
        assert b"No cases" in client.get(f"{NUMBERS}categories/cases/?{DAYS}&c-group=nonsense").content

    def test_of_another_site_are_never_shown(self, counted, elsewhere, page_of):
        other = department.lead(elsewhere)
        text = page_of(other).get(f"{NUMBERS}categories/cases/?site=all&period=90&c-group=likely").content
        assert counted.accession_number.encode() not in text

    def test_as_a_sheet_have_no_names_and_are_audited(self, counted, lead, page_of):
        answer = page_of(lead).get(f"{NUMBERS}order-to-scan/cases/csv/?{DAYS}")
        text = b"".join(answer.streaming_content).decode()
        header, row = csv.reader(io.StringIO(text))
        told = dict(zip(header, row, strict=True))
        assert (told["accession_number"], told["category"], told["day"]) == (
            counted.accession_number,
            "pe_present",
            "2027-03-08",
        )
        assert counted.patient.family_name not in text
        assert listed() == [
            ({"list": "numbers.order-to-scan", "picks": {}, "exported": True}, [counted.patient_id])
        ]

    @pytest.mark.parametrize("count", [1, 3])
    def test_of_three_cost_as_many_queries_as_of_one(
        self, count, site, lead, page_of, django_assert_num_queries
    ):
        for _ in range(count):
            department.performed(site)
        keeping.renew(site, now=NOW)
        client = page_of(lead)
        client.get(NUMBERS)
        with django_assert_num_queries(QUERIES):
            assert client.get(f"{NUMBERS}order-to-scan/cases/?{DAYS}").status_code == 200
        assert Order.objects.count() == count


QUERIES = 11


class TestASheet:
    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+1",
            "-1",
            "@sum",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\xa0@sum",
            "\uff1d1",
            "\uff0b1",
            "\uff0d1",
            "\uff20sum",
        ],
    )
    def test_never_holds_a_formula(self, text):
        assert sheets.safe(text) == f"'{text}"

    def test_leaves_numbers_and_other_text_as_they_are(self):
        assert [sheets.safe(value) for value in (-5, 2.5, "Technegas", None)] == [-5, 2.5, "Technegas", ""]

    def test_quotes_what_a_comma_or_a_line_break_would_part(self):
        assert list(sheets.lines([["a,b", 'c"d', "e\nf"]])) == ['"a,b","c""d","e\nf"\r\n']
