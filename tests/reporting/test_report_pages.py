from datetime import timedelta

import pytest

from reporting.models import Report
from reporting.services import drafting, reading, signing
from scheduling.models import Decision
from tests import department
from tests.reporting.browser import address, html, put
from tests.reporting.conftest import LIKELY, NOW
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
FORM = {**LIKELY, "version": 1}


# Session, user, begin, order, audit, steps and protocol as the criteria see them, rules, report; the examination, and
# in one statement all that hangs on it; earlier results; presets, what is critical; end.
PAGE_QUERIES = 15


class TestTheReportsPage:
    def test_offers_the_ten_terms_in_their_three_groups(self, order, attending, page_of):
        answer = page_of(attending).get(address("report", order))
        assert answer.status_code == 200
        assert [(label, len(terms)) for _, label, terms in answer.context["terms"]] == [
            ("PE unlikely", 4),
            ("Could not tell", 3),
            ("PE likely", 3),
        ]
        assert html(answer).count('type="radio" name="category"') == 10
        assert Report.objects.count() == 0  # looking writes no draft

    def test_shows_what_helps_to_read(self, site, resident, attending, page_of):
        patient = department.patient(site)
        before = department.performed(site, of=patient)
        drafting.write(before, draft_version=1, **LIKELY, by=attending, now=NOW)
        signing.sign(drafting.of(before), draft_version=2, by=attending, now=NOW)
        order = department.performed(
            site,
            of=patient,
            first_day=department.TODAY + timedelta(days=2),
            answers={**department.SAFE_ANSWERS, "claustrophobia": "yes"},
            clinical_question="New dyspnoea, embolism?",
            wells_score=4.5,
            d_dimer_ng_per_ml=1800,
        )
        decision = Decision.objects.create(
            order=order,
            kind="override",
            rule="CXR-2",
            reason="Clinical urgency",
            physician=attending,
            recorded_by=attending,
            decided_at=NOW,
        )
        answer = page_of(attending).get(address("report", order))
        case, shown = answer.context["case"], html(answer)
        assert [(step.step.kind, bool(step.place)) for step in case.steps] == [
            ("xray", True),
            ("ventilation", True),
            ("perfusion", True),
        ]
        assert (case.overrides, [prior.term.label for prior in case.priors]) == ([decision], ["PE present"])
        assert "Fear of narrow places: explain the mask and the camera beforehand, plan more time." in (
            case.warnings
        )
        for fact in ("New dyspnoea, embolism?", "4.5", "1800 ng/mL", "Clinical urgency", case.xray.place):
            assert fact in shown

    @pytest.mark.parametrize("how_many", [1, 3])
    def test_takes_the_same_queries_for_one_earlier_result_and_for_three(
        self, site, attending, page_of, how_many, django_assert_num_queries
    ):
        patient, day = department.patient(site), department.TODAY
        orders = [
            department.performed(site, of=patient, first_day=day + timedelta(days=n))
            for n in range(how_many + 1)
        ]
        for order in orders[1:]:
            drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
            signing.sign(drafting.of(order), draft_version=2, by=attending, now=NOW)
        page = page_of(attending)
        page.get(address("report", orders[0]))
        with django_assert_num_queries(PAGE_QUERIES):
            answer = page.get(address("report", orders[0]))
        assert len(answer.context["case"].priors) == how_many

    def test_a_critical_term_says_whom_to_phone(self, order, attending, page_of):
        drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
        shown = html(page_of(attending).get(address("report", order)))
        for fact in ("Critical: tell", "Call, and write it down", "An e-mail does not count as telling."):
            assert fact in shown

    def test_an_unlikely_embolism_is_no_critical_result(self, order, attending, page_of):
        drafting.write(order, draft_version=1, **{**LIKELY, "category": "normal"}, by=attending, now=NOW)
        assert "Critical: tell" not in html(page_of(attending).get(address("report", order)))

    def test_choosing_a_critical_term_brings_the_callout_at_once(self, order, attending, page_of):
        answer = put(page_of(attending), "evaluate", order, {"scheme": "TRINARY", "category": "pe_present"})
        shown = html(answer)
        assert (answer.status_code, shown.count('type="radio"'), "A critical result" in shown) == (
            200,
            3,
            True,
        )

    def test_another_scheme_brings_its_terms_and_no_choice(self, order, attending, page_of):
        answer = put(page_of(attending), "evaluate", order, {"scheme": "PISAPED", "category": "normal"})
        assert (html(answer).count('type="radio"'), " checked" in html(answer)) == (3, False)

    def test_before_the_end_of_the_examination_it_says_why_not(self, site, attending, page_of):
        order = department.order(site)
        shown = html(page_of(attending).get(address("report", order)))
        assert "This examination is vetted. A report can be written once all its steps are finished." in shown
        assert "report-form" not in shown

    def test_a_technologist_reads_final_reports_and_neither_drafts_nor_preliminary_ones(
        self, report, order, resident, attending, technologist, page_of
    ):
        def shown():
            return html(page_of(technologist).get(address("report", order)))

        assert "There is no signed report yet" in shown()
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        assert LIKELY["impression"] not in shown()
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        assert LIKELY["impression"] in shown()
        assert "report-form" not in shown()

    def test_the_lead_reads_preliminary_reports(self, report, order, site, resident, page_of):
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        assert LIKELY["impression"] in html(page_of(department.lead(site)).get(address("report", order)))

    def test_a_final_report_is_shown_without_a_form(self, report, order, attending, page_of):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        answer = page_of(attending).get(address("report", order))
        assert "report-form" not in html(answer)
        assert [each.is_intact for each in answer.context["signed"]] == [True]

    def test_another_sites_order_is_not_found(self, elsewhere, attending, page_of):
        order = department.performed(elsewhere)
        page = page_of(attending)
        for name in ("report", "sign"):
            assert page.get(address(name, order)).status_code == 404
        assert put(page, "draft", order, FORM).status_code == 404

    def test_every_look_is_audited(self, order, attending, page_of):
        page_of(attending).get(address("report", order))
        event = AuditEvent.objects.get(action="report.view")
        assert (event.agent_name, event.patient_ids) == ("ada", [order.patient_id])


def test_a_version_older_than_the_schemes_is_shown_in_its_own_words():
    term = reading.term(Report(scheme="LOCAL_1999", category="probable"))
    assert (term.label, term.scheme, term.is_critical) == ("probable", "LOCAL_1999", False)
