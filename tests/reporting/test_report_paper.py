"""The report on paper: its labels are in the report's language, from right to left where it is written so."""

import json
from datetime import timedelta

import pytest
from django.utils.translation import override

from reporting import lungs, paper
from reporting.engine.critical import METHODS
from reporting.engine.findings import Perfusion, Ventilation, Xray
from reporting.engine.schemes import Group
from reporting.models import VersionKind
from reporting.paper.labels import LABELS, said
from reporting.services import drafting, evaluation, reading, signing, versions
from reporting.views import papers
from scheduling.engine.xrays import XrayView
from scheduling.models import ChestXray, Language, Priority, Sex, StepKind
from tests.reporting.conftest import NOW
from tests.reporting.test_drafting import NORMAL, TWO_MISMATCHES

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=7)
ENGLISH = ("Patient number", "Signed by", "Impression", "not given", "Chest X-ray", "Printed")


@pytest.fixture
def signed(order, attending):
    """In a language: a report with its map, against the criteria, then an addendum and the retraction."""

    def make(language):
        content = {
            "scheme": "MOD_PIOPED_II",
            "category": "nondiagnostic",
            "override_reason": "x" * 5,
            "reading": TWO_MISMATCHES,
            "findings": "—",
            "impression": "—",
            "language": language,
        }
        saved = drafting.write(order, draft_version=1, **content, by=attending, now=NOW)
        signing.sign(saved, draft_version=2, by=attending, now=NOW)
        begun = versions.begin(drafting.current(saved), "addendum", by=attending, now=LATER)
        begun = drafting.save(begun, draft_version=begun.draft_version, addendum="—", by=attending, now=LATER)
        signing.sign(begun, draft_version=begun.draft_version, by=attending, now=LATER)
        found = drafting.current(begun)
        versions.retract(found, number=2, reason="—", by=attending, now=LATER)
        return drafting.current(found)

    return make


def facts(report):
    found = list(report.versions.select_related("signed_by").order_by("number"))
    standing = versions.standing(found)
    kept = evaluation.kept_reading(standing.base)
    drawn = lungs.pictures(kept, papers.PICTURED)
    case = reading.case(report.order, now=NOW)
    return paper.data(report.order, standing, found, case, now=NOW, drawings=drawn)


@pytest.mark.parametrize("language", Language.values)
def test_every_label_is_in_the_reports_language(language, signed):
    found = facts(signed(language))
    text = json.dumps(found, ensure_ascii=False)
    assert {each for each in ENGLISH if each in text} == (set(ENGLISH) if language == "en" else set())
    with override(language):
        assert found["title"] == said("title")
        assert next(row[0] for row in found["about"]) == said("patient")
    assert found["direction"] == ("rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize("language", Language.values)
def test_terms_and_segments_are_too(language, signed):
    found = facts(signed(language))
    names = {"en": "Nondiagnostic", "de": "Nicht diagnostisch"}
    assert (found["term"] == "Nondiagnostic") == (language == "en")
    assert found["term"].startswith(names.get(language, found["term"]))
    assert found["segments"][0][0].startswith("RB1 ")
    assert ("Right upper lobe, apical" in found["segments"][0][0]) == (language == "en")


@pytest.mark.parametrize("language", Language.values)
def test_the_file_is_made_in_every_language(language, signed):
    assert paper.pdf(facts(signed(language))).startswith(b"%PDF")


def test_from_right_to_left_what_people_wrote_and_figures_keep_their_own_order(signed):
    """Each is laid out by itself (Unicode isolates): 722 ng/mL is never read as ng/mL 722."""
    report = signed("ar")
    report.order.d_dimer_ng_per_ml, report.order.clinical_question = 722, "Acute embolism?"
    about = [text for _, text in facts(report)["about"]]
    assert "\u2068722 ng/mL\u2069" in about
    assert "\u2068Acute embolism?\u2069" in about
    report = drafting.current(report)
    assert "\u2068" not in json.dumps(facts_in("de", report), ensure_ascii=False)


def facts_in(language, report):
    """The same report as if it had been written in this language."""
    found = list(report.versions.select_related("signed_by").order_by("number"))
    standing = versions.standing(found)
    standing.base.language = language
    return paper.data(report.order, standing, found, reading.case(report.order, now=NOW), now=NOW)


def test_the_language_of_the_page_does_not_matter(signed):
    report = signed("de")
    with override("fr"):
        assert facts(report) == facts(report)
        assert facts(report)["title"].endswith("Befund")


def test_a_word_of_a_newer_vocabulary_is_shown_as_it_is(order, attending):
    """A term, an X-ray or a kind that the table of labels does not know yet never stops a report from being printed."""
    content = {"scheme": "TEN_TERMS", "category": "normal", "impression": "Normal.", "reading": NORMAL}
    saved = drafting.write(order, draft_version=1, **content, language="de", by=attending, now=NOW)
    version = signing.sign(saved, draft_version=2, by=attending, now=NOW)
    version.scheme, version.category = "OLD_TERMS", "likely"
    case = reading.case(order, now=NOW)
    found = paper.data(order, versions.Standing(version), [version], case, now=NOW)
    assert (found["scheme"], found["term"], found["group"]) == ("OLD_TERMS", "likely", "")


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("kind", VersionKind),
        ("view", papers.PICTURED),
        ("value", [*Perfusion, *Ventilation, *Xray]),
        ("sex", Sex),
        ("priority", Priority),
        ("step", StepKind),
        ("film", [*ChestXray.Finding, *XrayView]),
        ("method", METHODS),
        ("group", Group),
        ("status", versions.BASES),
    ],
)
def test_there_is_a_label_for_every_word_that_may_stand_there(kind, keys):
    assert {f"{kind}.{key}" for key in keys if str(key)} <= LABELS.keys()
