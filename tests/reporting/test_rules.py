"""What a department chooses for its reports: service, page and API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from reporting.engine.criteria import TABLES
from reporting.engine.findings import Study, Technique
from reporting.models import ReportingRules
from reporting.services import rules
from tests import department
from tests.reporting.conftest import NOW
from vqflow.errors import Invalid, NotAllowed
from vqflow.models import AuditEvent

PLANAR = Study(Technique.PLANAR, ventilation_done=True, xray_known=True)
PAGE, CHANGE, API = "/department/reporting/", "/department/reporting/change/", "/api/v1/department/reporting"


@pytest.fixture
def lead(site):
    return department.lead(site)


def change(site, by, **values):
    return rules.change(site, **values, by=by, now=NOW)


def test_rules_hold_for_what_is_read_from_now_on(site, lead):
    change(
        site,
        lead,
        low_in_trinary="unclear",
        high_from_equivalents=Decimal("2.5"),
        offered_schemes=["PIOPED_I", "TRINARY"],
        default_scheme="TRINARY",
        tell_within=timedelta(minutes=30),
        escalate_after=[20, 5, 10],
    )
    site.refresh_from_db()
    found = rules.of(site)
    assert rules.options(found).low_in_trinary == "unclear"
    assert rules.options(found).high_from_equivalents == Decimal("2.5")
    assert rules.schemes_for(found, PLANAR) == ("PIOPED_I", "TRINARY")
    assert (rules.default_scheme(site), found.tell_within) == ("TRINARY", timedelta(minutes=30))
    assert found.escalate_after == [5, 10, 20]


def test_change_is_on_record_with_before_and_after(site, lead):
    change(site, lead, language="de", default_scheme="PIOPED_I")
    event = AuditEvent.objects.get(action="reporting_rules.changed")
    assert event.data["changed"] == {"default_scheme": ["TEN_TERMS", "PIOPED_I"], "language": ["en", "de"]}


def test_what_stays_the_same_leaves_no_trace(site, lead):
    change(site, lead, language="en", tell_within=timedelta(minutes=60))
    assert not ReportingRules.objects.exists()
    assert not AuditEvent.objects.filter(action="reporting_rules.changed").exists()


def test_second_change_leaves_the_rest_as_it_was(site, lead):
    change(site, lead, language="de")
    change(site, lead, double_reading_percent=10)
    found = rules.of(site)
    assert (found.language, found.double_reading_percent) == ("de", 10)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"default_scheme": "NONE_SUCH"}, "default_scheme"),
        ({"offered_schemes": ["PIOPED_I"]}, "default_scheme"),
        ({"offered_schemes": ["NONE_SUCH", "TEN_TERMS"]}, "offered_schemes"),
        ({"offered_schemes": ["TEN_TERMS", "TEN_TERMS"]}, "offered_schemes"),
        ({"low_in_trinary": "likely"}, "low_in_trinary"),
        ({"high_from_equivalents": Decimal(3)}, "high_from_equivalents"),
        ({"language": "tlh"}, "language"),
        ({"critical_terms": ["PIOPED_I:high_probability"]}, "critical_terms"),
        ({"critical_findings": ["dragon"]}, "critical_findings"),
        ({"tell_within": timedelta(0)}, "tell_within"),
        ({"tell_within": timedelta(days=2)}, "tell_within"),
        ({"escalate_after": [0]}, "escalate_after"),
        ({"escalate_after": [5, 10, 15, 20]}, "escalate_after"),
        ({"double_reading_percent": 101}, "double_reading_percent"),
    ],
)
def test_rules_that_cannot_be_right_are_refused_at_their_field(site, lead, values, field):
    with pytest.raises(Invalid) as refused:
        change(site, lead, **values)
    assert list(refused.value.fields) == [field]
    assert not ReportingRules.objects.exists()


def test_only_the_lead_changes_rules(site, attending):
    with pytest.raises(NotAllowed):
        change(site, attending, language="de")


def form_of(**values):
    usual = {
        "default_scheme": "TEN_TERMS",
        "low_in_trinary": "unlikely",
        "high_from_equivalents": "2.0",
        "language": "en",
        "tell_within_minutes": "60",
        "escalate_after": "",
        "double_reading_percent": "0",
    }
    return {**usual, **values}


def test_page_shows_the_rules_and_their_history(site, lead, page_of):
    change(site, lead, language="de", offered_schemes=["TEN_TERMS", "PISAPED"])
    change(site, lead, language="fr")
    shown = page_of(lead).get(PAGE).content.decode()
    assert "Ten terms in three groups; PISAPED, perfusion and chest X-ray" in shown
    assert "Language of the prose: German → <strong>French</strong>" in shown
    assert CHANGE in shown


def test_history_has_the_first_change_and_the_scheme_that_a_report_begins_with(site, lead, page_of):
    change(site, lead, double_reading_percent=10, default_scheme="PIOPED_I")
    history = page_of(lead).get(PAGE).context["history"]
    assert {line for entry in history for line in entry.lines} == {
        ("Read by a second physician (percent)", "0", "10"),
        ("A report begins with", "Ten terms in three groups", "PIOPED I"),
    }


def test_page_is_for_looking_without_the_right_to_change(attending, page_of):
    browser = page_of(attending)
    assert CHANGE not in browser.get(PAGE).content.decode()
    assert browser.get(CHANGE).status_code == 403


def test_form_saves(site, lead, page_of):
    answer = page_of(lead).post(
        CHANGE,
        form_of(
            high_from_equivalents="2.5",
            escalate_after="10, 20",
            tell_within_minutes="45",
            critical_findings=["pneumothorax"],
        ),
    )
    assert (answer.status_code, answer.url) == (302, PAGE)
    found = rules.of(site)
    assert (found.high_from_equivalents, found.escalate_after) == (Decimal("2.5"), [10, 20])
    assert (found.tell_within, found.critical_findings) == (timedelta(minutes=45), ["pneumothorax"])


def test_form_shows_what_holds(site, lead, page_of):
    change(site, lead, high_from_equivalents=Decimal("2.5"), escalate_after=[10, 20], language="es")
    form = page_of(lead).get(CHANGE).context["form"]
    assert form["escalate_after"].value() == "10, 20"
    assert [each.data["selected"] for each in form["high_from_equivalents"]] == [False, True]
    assert form["language"].value() == "es"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"escalate_after": "soon"}, "Enter minutes with commas between, such as 15, 30, 60."),
        ({"tell_within_minutes": "0"}, "Enter 1 or more."),
        ({"offered_schemes": ["PIOPED_I"]}, "The default is not among the schemes offered."),
        ({"low_in_trinary": "x"}, "Choose from the list."),
    ],
)
def test_form_says_what_cannot_be_right(lead, page_of, values, sentence):
    answer = page_of(lead).post(CHANGE, form_of(**values))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_criteria_can_be_read_row_by_row(attending, page_of):
    shown = page_of(attending).get(reverse("reporting:criteria")).content.decode()
    assert 'id="MOD_PIOPED_II-3g"' in shown
    assert "Sostman and others" in shown
    for key, table in TABLES.items():
        assert all(f'id="{key}-{row.key}"' in shown for row in table.rows)


def test_api_gives_and_takes_rules(site, lead, client):
    client.force_login(lead)
    answer = client.post(
        API, {"language": "de", "high_from_equivalents": "2.5"}, content_type="application/json"
    )
    assert answer.status_code == 200
    assert answer.json() == client.get(API).json()
    assert answer.json() == {
        "default_scheme": "TEN_TERMS",
        "offered_schemes": [],
        "low_in_trinary": "unlikely",
        "high_from_equivalents": "2.5",
        "language": "de",
        "critical_terms": [],
        "critical_findings": [],
        "tell_within_minutes": 60,
        "escalate_after": [],
        "double_reading_percent": 0,
    }


@pytest.mark.parametrize("values", [{"language": "tlh"}, {"surprise": 1}, {"escalate_after": ["5"] * 4}])
def test_api_refuses_what_cannot_be_right(lead, client, values):
    client.force_login(lead)
    assert client.post(API, values, content_type="application/json").status_code in (400, 422)


def test_api_is_not_for_everybody(attending, client):
    client.force_login(attending)
    assert client.post(API, {"language": "de"}, content_type="application/json").status_code == 403
