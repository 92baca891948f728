from datetime import timedelta

import pytest

from reporting import worklist
from reporting.models import Report
from reporting.services import drafting, locks, signing
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=7)


def reads(order, at):
    found = locks.reader(drafting.of(order), at)
    return found and (found.user.username, found.since)


def test_the_first_open_page_has_the_report_and_no_draft_is_begun(order, resident):
    report = locks.stay(order, by=resident, now=NOW)
    assert (reads(order, NOW), report.is_begun) == (("rob", NOW), False)
    assert [row.state for row in worklist.rows(worklist.in_state(resident, "none"), now=NOW)] == ["none"]


def test_the_second_is_told_who_reads_since_when_and_changes_nothing(order, resident, attending):
    locks.stay(order, by=resident, now=NOW)
    soon = NOW + timedelta(minutes=1)
    report = locks.stay(order, by=attending, now=soon)
    assert reads(order, soon) == ("rob", NOW)
    assert locks.why_not_edit(report, attending, soon) == "Rob Vance reads this report since 15:00."
    assert locks.why_not_edit(report, resident, soon) is None


def test_an_open_page_stays_the_reader_and_keeps_its_since(order, resident):
    for seconds in range(0, 600, 30):
        locks.stay(order, by=resident, now=NOW + timedelta(seconds=seconds))
    assert reads(order, NOW + timedelta(seconds=600)) == ("rob", NOW)


def test_a_page_that_is_gone_lets_the_next_one_in(order, resident, attending):
    locks.stay(order, by=resident, now=NOW)
    assert reads(order, NOW + locks.GONE_AFTER) is None
    locks.stay(order, by=attending, now=LATER)
    assert reads(order, LATER) == ("ada", LATER)


def test_a_page_that_is_closed_frees_its_own_report_only(order, resident, attending):
    locks.stay(order, by=resident, now=NOW)
    locks.leave(order, by=attending)
    assert reads(order, NOW) == ("rob", NOW)
    locks.leave(order, by=resident)
    assert reads(order, NOW) is None


def test_taking_over_keeps_what_the_other_has_saved_and_is_audited(report, order, resident, attending):
    locks.stay(order, by=resident, now=NOW)
    soon = NOW + timedelta(minutes=1)
    taken = locks.take_over(order, by=attending, now=soon)
    assert (reads(order, soon), taken.findings) == (("ada", soon), LIKELY["findings"])
    event = AuditEvent.objects.get(action="report.taken_over")
    assert (event.data, event.patient_ids) == ({"since": "rob"}, [order.patient_id])
    again = drafting.save(taken, draft_version=2, findings="Mine.", by=attending, now=LATER)
    assert (again.findings, again.category) == ("Mine.", LIKELY["category"])


def test_taking_over_ones_own_report_is_nothing(order, resident):
    locks.stay(order, by=resident, now=NOW)
    locks.take_over(order, by=resident, now=NOW + timedelta(seconds=5))
    assert reads(order, NOW) == ("rob", NOW)
    assert not AuditEvent.objects.filter(action="report.taken_over").exists()


def test_nobody_holds_what_nobody_may_write(report, order, site, attending, technologist):
    with pytest.raises(NotAllowed):
        locks.stay(order, by=technologist, now=NOW)
    with pytest.raises(Conflict, match="is vetted"):
        locks.stay(department.order(site), by=attending, now=NOW)
    signing.sign(report, draft_version=2, by=attending, now=NOW)
    with pytest.raises(Conflict, match="A signed report cannot be changed"):
        locks.stay(order, by=attending, now=LATER)
    assert Report.objects.filter(read_by__isnull=False).count() == 0


class TestTheNextOne:
    @pytest.fixture
    def three(self, site):
        """STAT first, then the older one."""
        return [
            department.performed(site, priority="stat", first_day=department.TODAY + timedelta(days=2)),
            department.performed(site),
            department.performed(site, first_day=department.TODAY + timedelta(days=1)),
        ]

    def test_is_the_first_of_the_list_and_then_the_one_behind(self, three, attending):
        first, second, third = (order.pk for order in three)
        found = [
            worklist.next_unread(attending, after=after, now=NOW) for after in (None, first, second, third)
        ]
        assert found == [first, second, third, first]

    def test_is_never_one_that_somebody_else_has_open_or_has_drafted(self, three, attending, resident):
        locks.stay(three[0], by=resident, now=NOW)
        drafting.write(three[1], draft_version=1, **LIKELY, by=resident, now=NOW)
        assert worklist.next_unread(attending, now=NOW) == three[2].pk
        assert worklist.next_unread(attending, now=NOW + locks.GONE_AFTER) == three[0].pk
        assert worklist.next_unread(attending, after=three[2].pk, now=NOW) is None

    def test_is_nothing_where_nothing_waits(self, site, attending):
        assert worklist.next_unread(attending, now=NOW) is None


def test_drafts_are_mine_or_others_and_a_preliminary_report_is_neither(report, site, attending, resident):
    department.performed(site)
    ours = [
        [row.order for row in worklist.rows(tab(resident), now=NOW)]
        for tab in (worklist.mine, worklist.others)
    ]
    theirs = [
        [row.order for row in worklist.rows(tab(attending), now=NOW)]
        for tab in (worklist.mine, worklist.others)
    ]
    assert (ours, theirs) == ([[report.order], []], [[], [report.order]])
    signing.sign(report, draft_version=2, by=resident, now=NOW)
    assert worklist.counts(resident) == {
        "unread": 2,
        "mine": 0,
        "others": 0,
        "preliminary": 1,
    }


def test_the_list_has_another_version_when_somebody_opens_a_report(order, attending, resident):
    def version():
        return worklist.version(worklist.rows(worklist.unread(attending), now=NOW))

    before = version()
    assert version() == before
    locks.stay(order, by=resident, now=NOW)
    assert version() != before
