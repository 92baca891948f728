import pytest

from reporting.models import Attempt, CriticalResult, Told
from reporting.services import critical
from tests import department
from tests.reporting.conftest import NOW
from tests.reporting.critical.conftest import MINUTE, says
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    """The pages ask the clock themselves: ten minutes after the result was identified."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + 10 * MINUTE)


def url(order, deed=""):
    return f"/reports/{order.pk}/critical/{deed}"


def call(result, **changed):
    return {
        "whom": "0",
        "method": "phone",
        "finding": "PE present.",
        "read_back": "on",
        "seen": str(result.pk),
    } | changed


class TestTheList:
    def test_it_shows_until_when_whom_to_tell_and_the_way_to_the_call(
        self, result, order, attending, page_of
    ):
        page = page_of(attending).get("/reports/critical/")
        text = page.content.decode()
        assert order.patient.mrn in text
        assert "Dr Rita Moss" in text
        assert f'href="{url(order)}"' in text
        assert 'data-countdown="2027-03-08T16:00:00-05:00"' in text
        event = AuditEvent.objects.get(action="list.viewed")
        assert event.patient_ids == [order.patient_id]

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_asks_as_much_for_three_as_for_one(
        self, result, site, attending, page_of, count, django_assert_num_queries
    ):
        report = result.report
        for number in range(1, count):
            CriticalResult.objects.create(
                report=report, key=f"finding:{number}", finding="Mass", stage="draft", identified_at=NOW,
                identified_by=attending, due_at=NOW + 60 * MINUTE,
            )  # fmt: skip
        client = page_of(attending)
        client.get("/reports/critical/")
        with django_assert_num_queries(13):
            client.get("/reports/critical/")

    def test_an_unchanged_list_is_not_sent_again_and_not_audited(self, result, attending, page_of):
        client = page_of(attending)
        version = client.get("/reports/critical/").context["version"]
        assert client.get(f"/reports/critical/?version={version}").status_code == 204
        assert AuditEvent.objects.filter(action="list.viewed").count() == 1

    def test_what_was_told_stays_there_for_a_week(self, empty, result, attending, page_of):
        page_of(attending).post(url(empty.order, "told/"), call(result))
        page = page_of(attending).get("/reports/critical/").content.decode()
        assert "Every critical result has been told" in page
        assert "told Dr Rita Moss" in page

    def test_another_site_sees_nothing_of_it(self, result, order, elsewhere, page_of):
        client = page_of(department.attending(elsewhere))
        assert order.patient.mrn not in client.get("/reports/critical/").content.decode()
        assert client.get(url(order)).status_code == 404
        assert client.post(f"/critical/{result.pk}/withdraw/", {"reason": "x"}).status_code == 404


class TestTheBar:
    def test_the_reader_who_found_it_sees_it_at_once_and_others_when_they_are_asked(
        self, result, attending, resident, lead, page_of
    ):
        asked = {}
        for minutes in (0, 30):
            critical.escalate_due(now=NOW + minutes * MINUTE)
            for user in (attending, resident, lead):
                text = page_of(user).get("/reports/critical/bar/").content.decode()
                asked[user.username, minutes] = "Critical result not told yet" in text
        assert asked == {
            ("ada", 0): True, ("rob", 0): False, ("lia", 0): False,
            ("ada", 30): True, ("rob", 30): True, ("lia", 30): True,
        }  # fmt: skip

    def test_it_names_nobody_and_is_sent_once(self, result, order, attending, page_of):
        answer = page_of(attending).get("/reports/critical/bar/")
        assert order.patient.family_name not in answer.content.decode()
        version = f"{result.pk}.0"
        assert page_of(attending).get(f"/reports/critical/bar/?version={version}").status_code == 204

    def test_every_page_of_a_reader_asks_for_it_and_a_scheduler_s_does_not(self, site, attending, page_of):
        assert 'data-poll-url="/reports/critical/bar/"' in page_of(attending).get("/orders/").content.decode()
        scheduler = department.scheduler(site)
        assert "/reports/critical/bar/" not in page_of(scheduler).get("/orders/").content.decode()


class TestTheCall:
    def test_the_page_has_everybody_who_can_be_told_and_what_to_say(self, result, order, attending, page_of):
        text = page_of(attending).get(url(order)).content.decode()
        assert 'href="tel:+1 212 555 0177"' in text
        assert "PE present (Ten terms in three groups)." in text
        assert 'value="0" checked' in text

    def test_told_and_read_back_it_is_closed(self, result, order, attending, page_of):
        answer = page_of(attending).post(url(order, "told/"), call(result), follow=True)
        row = Told.objects.get()
        assert (row.told_to, row.told_by, row.told_at, row.finding) == (
            "Dr Rita Moss", attending, NOW + 10 * MINUTE, "PE present.",
        )  # fmt: skip
        assert "Dr Rita Moss has been told. The result is closed." in answer.content.decode()

    def test_without_the_read_back_it_stays_open_and_says_so(self, result, order, attending, page_of):
        sent = call(result)
        del sent["read_back"]
        answer = page_of(attending).post(url(order, "told/"), sent)
        assert answer.status_code == 422
        assert "Have it read back, then say so." in answer.content.decode()
        assert CriticalResult.objects.open().exists()

    @pytest.mark.parametrize(
        ("changed", "told_to"),
        [
            ({"whom": "1", "name": "Nurse Kim"}, "Nurse Kim, 4 West"),
            ({"whom": "other", "name": "Dr Ono"}, "Dr Ono"),
            ({"whom": "0", "name": "Dr Li for Dr Moss"}, "Dr Li for Dr Moss"),
        ],
    )
    def test_a_ward_or_somebody_else_is_written_by_name(
        self, result, order, attending, page_of, changed, told_to
    ):
        order.__class__.objects.filter(pk=order.pk).update(ward="4 West")
        page_of(attending).post(url(order, "told/"), call(result, **changed))
        assert Told.objects.get().told_to == told_to

    @pytest.mark.parametrize("whom", ["1", "other", "", "9"])
    def test_without_a_name_there_it_stays_open(self, result, order, attending, page_of, whom):
        order.__class__.objects.filter(pk=order.pk).update(ward="4 West")
        answer = page_of(attending).post(url(order, "told/"), call(result, whom=whom))
        assert answer.status_code == 422
        assert not Told.objects.exists()

    @pytest.mark.parametrize(("clock", "minutes"), [("15:04", 4), ("", 10), ("14:58", -2)])
    def test_the_time_is_the_last_one_that_the_clock_showed(
        self, result, order, attending, page_of, clock, minutes
    ):
        page_of(attending).post(url(order, "told/"), call(result, time=clock))
        assert Told.objects.get().told_at == NOW + minutes * MINUTE

    def test_a_time_that_is_still_to_come_is_yesterday_s_and_refused(self, result, order, attending, page_of):
        answer = page_of(attending).post(url(order, "told/"), call(result, time="16:00"))
        assert "This is long before the result was seen." in answer.content.decode()

    def test_one_press_writes_an_attempt_down(self, result, order, attending, page_of):
        sent = call(result, outcome="no_answer", whom="0")
        answer = page_of(attending).post(url(order, "tried/"), sent, follow=True)
        assert Attempt.objects.get().whom == "Dr Rita Moss"
        assert "The attempt is written down. The result is still open." in answer.content.decode()

    def test_an_attempt_at_a_ward_needs_no_name(self, result, order, attending, page_of):
        order.__class__.objects.filter(pk=order.pk).update(ward="4 West")
        page_of(attending).post(url(order, "tried/"), call(result, outcome="busy", whom="1"))
        assert Attempt.objects.get().whom == "4 West"

    def test_what_became_critical_meanwhile_is_shown_before_it_is_closed(
        self, result, order, attending, page_of
    ):
        client = page_of(attending)
        answer = client.post(url(order, "told/"), call(result, seen="0"))
        assert (answer.status_code, Told.objects.exists()) == (409, False)
        assert f'name="seen" value="{result.pk}"' in answer.content.decode()

    def test_pressed_twice_it_is_told_once(self, result, order, attending, page_of):
        client = page_of(attending)
        sent = call(result, request_id="one-key")
        assert [client.post(url(order, "told/"), sent).status_code for _ in range(2)] == [302, 302]
        assert Told.objects.count() == 1

    def test_a_colleague_who_was_slower_reads_who_told_whom(
        self, result, order, attending, resident, page_of
    ):
        page_of(attending).post(url(order, "told/"), call(result))
        answer = page_of(resident).post(url(order, "told/"), call(result))
        assert answer.status_code == 409
        assert "Ada Lund told Dr Rita Moss on 8 Mar 2027 at 15:10." in answer.content.decode()

    def test_where_nothing_is_critical_the_report_opens(self, order, attending, page_of):
        answer = page_of(attending).get(url(order))
        assert answer["Location"] == f"/reports/{order.pk}/"

    @pytest.mark.parametrize("deed", ["", "told/", "tried/"])
    def test_a_technologist_may_not(self, result, order, technologist, page_of, deed):
        client = page_of(technologist)
        answer = client.post(url(order, deed)) if deed else client.get(url(order))
        assert answer.status_code == 403


class TestWithdrawing:
    def test_a_slip_is_withdrawn_with_its_reason(self, empty, result, attending, page_of):
        says(empty, "normal")
        page_of(attending).post(f"/critical/{result.pk}/withdraw/", {"reason": "Wrong button."})
        assert CriticalResult.objects.get().withdrawal.reason == "Wrong button."

    def test_while_the_report_says_it_the_page_says_why_not(self, result, order, attending, page_of):
        sentence = "The report still says it. Change the report first, or tell it."
        assert sentence in page_of(attending).get(url(order)).content.decode()
        answer = page_of(attending).post(f"/critical/{result.pk}/withdraw/", {"reason": "Wrong button."})
        assert answer.status_code == 409
        assert sentence in answer.content.decode()

    def test_without_a_reason_it_is_asked_for(self, empty, result, attending, page_of):
        says(empty, "normal")
        answer = page_of(attending).post(f"/critical/{result.pk}/withdraw/", {"reason": ""})
        assert answer.status_code == 422
        assert "Say why nobody has to be told." in answer.content.decode()
