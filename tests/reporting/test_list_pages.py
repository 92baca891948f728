import pytest
from django.urls import reverse
from django.utils import timezone

from reporting.services import drafting, locks, signing
from tests import department
from tests.reporting.browser import address, html
from tests.reporting.conftest import LIKELY, NOW
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


class TestTheList:
    def test_shows_the_tabs_with_counts_and_audits_the_patients(self, order, attending, page_of):
        answer = page_of(attending).get(reverse("reporting:reports"))
        assert answer.status_code == 200
        assert [(tab["label"], tab["count"], tab["current"]) for tab in answer.context["tabs"]] == [
            ("To report", 1, True),
            ("My drafts", 0, False),
            ("Others' drafts", 0, False),
            ("To sign", 0, False),
            ("Final", None, False),
            ("Critical", 0, False),
        ]
        assert order.patient.family_name in html(answer)
        event = AuditEvent.objects.get(action="list.viewed")
        assert (event.patient_ids, event.data) == ([order.patient_id], {"list": "reports.unread"})

    @pytest.mark.parametrize("tab", ["unread", "mine", "others", "preliminary", "final", "nonsense"])
    def test_opens_every_tab_without_a_row(self, site, attending, page_of, tab):
        answer = page_of(attending).get(reverse("reporting:reports"), {"tab": tab})
        assert (answer.status_code, answer.context["rows"]) == (200, [])

    def test_is_not_for_technologists(self, technologist, page_of):
        assert page_of(technologist).get(reverse("reporting:reports")).status_code == 403

    @pytest.mark.parametrize("how_many", [1, 3])
    def test_takes_the_same_queries_for_one_row_and_for_three(
        self, site, resident, attending, page_of, how_many, django_assert_num_queries
    ):
        for _ in range(how_many):
            order = department.performed(site)
            drafting.write(order, draft_version=1, **LIKELY, by=resident, now=NOW)
            signing.sign(drafting.of(order), draft_version=2, by=resident, now=NOW)
        page = page_of(attending)
        page.get(reverse("reporting:reports"))
        with django_assert_num_queries(LIST_QUERIES):
            answer = page.get(reverse("reporting:reports"), {"tab": "preliminary"})
        assert len(answer.context["rows"]) == how_many


# Session, user, begin of the transaction, count of the page, orders, versions, audit, who waits for a release,
# two counts of the tabs, end.
LIST_QUERIES = 12


class TestTheReferrersPages:
    @pytest.fixture
    def referrer(self, site, order):
        user = department.user("referrer", site)
        order.referrer.user = user
        order.referrer.save(update_fields=["user"])
        return user

    def test_list_and_show_final_results_of_own_patients(self, report, order, referrer, attending, page_of):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        page = page_of(referrer)
        listed = page.get(reverse("reporting:results"))
        assert [each["row"].order for each in listed.context["rows"]] == [order]
        shown = html(page.get(address("result", order)))
        assert ("PE present" in shown, LIKELY["impression"] in shown) == (True, True)
        seen = AuditEvent.objects.filter(action="report.view_own_patients").values_list(
            "patient_ids", flat=True
        )
        assert list(seen) == [[order.patient_id]]

    def test_hold_back_what_is_not_final(self, report, order, referrer, resident, page_of):
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        page = page_of(referrer)
        assert page.get(reverse("reporting:results")).context["rows"] == []
        assert page.get(address("result", order)).status_code == 404

    def test_hold_back_other_referrers_patients(self, report, order, site, referrer, attending, page_of):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        other = department.user("referrer", site)
        department.referrer(site, name="Dr Olu Bello", user=other)
        page = page_of(other)
        assert page.get(reverse("reporting:results")).context["rows"] == []
        assert page.get(address("result", order)).status_code == 404

    def test_are_for_referrers_and_the_readers_pages_are_not(self, order, referrer, attending, page_of):
        assert page_of(attending).get(reverse("reporting:results")).status_code == 403
        page = page_of(referrer)
        assert page.get(address("report", order)).status_code == 403
        assert page.get(reverse("reporting:reports")).status_code == 403


class TestReadingOn:
    def test_read_next_leads_to_the_first_free_report(self, order, attending, page_of):
        answer = page_of(attending).get(reverse("reporting:next"))
        assert (answer.status_code, answer.url) == (302, address("report", order))

    def test_where_nothing_else_waits_it_leads_to_the_list(self, order, attending, page_of):
        page = page_of(attending)
        answer = page.get(reverse("reporting:next"), {"after": order.pk}, follow=True)
        assert "Nothing else waits for you to report." in html(answer)
        assert page.get(reverse("reporting:next"), {"after": "x'"}).url == address("report", order)

    def test_is_for_physicians_only(self, site, page_of):
        page = page_of(department.lead(site))
        assert page.get(reverse("reporting:next")).status_code == 403
        assert "Read next" not in html(page.get(reverse("reporting:reports")))

    def test_the_rows_come_again_only_when_they_changed(self, order, attending, resident, page_of):
        page = page_of(attending)
        version = page.get(reverse("reporting:reports")).context["version"]
        rows, asked = reverse("reporting:rows"), {"tab": "unread", "version": version}
        assert page.get(rows, asked).status_code == 204
        locks.stay(order, by=resident, now=timezone.now())
        answer = page.get(rows, asked)
        assert (answer.status_code, "Rob Vance reads since" in html(answer)) == (200, True)
        assert AuditEvent.objects.filter(action="list.viewed").count() == 2
